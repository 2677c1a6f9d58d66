"""What an archived log holds, in numbers: per topic and partition its records by kind, offsets, days, files and holes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

from connectors.archive.archived_log import ArchivedLog
from connectors.archive.log_file import read_column
from connectors.archive.log_tier import Span, TierFile
from pipelines.import_history import Told, nobody
from schemas.topics import ALL_TOPICS


@dataclass(frozen=True)
class PartitionSummary:
    """One partition; ``until`` is the offset after its last record. A hole is a stretch of offsets in no file."""

    topic: str
    partition: int
    records: Mapping[str, int]  # by kind; "unreadable" for what is no record
    first: int
    until: int
    first_day: str
    last_day: str
    files: int
    bytes: int
    holes: Sequence[Span]

    def as_json(self) -> dict[str, object]:
        """Return the same as plain values."""
        return {**asdict(self), "holes": [list(hole) for hole in self.holes]}


def log_summary(log: ArchivedLog, told: Told = nobody) -> list[PartitionSummary]:
    """Return every partition that has files; reads one column of each file. ``told`` hears files done and files in all."""
    places = [(topic, partition) for topic in ALL_TOPICS for partition in range(log.partitions(topic))]
    by_place = {place: files for place in places if (files := log.files(*place))}
    every, done = sum(map(len, by_place.values())), 0
    found = []
    for (topic, partition), files in by_place.items():
        kinds: Counter[str] = Counter()
        for file in files:
            told(done, every)
            kinds.update(kind or "unreadable" for kind in read_column(file.path, "kind"))
            done += 1
        found.append(_partition(topic, partition, files, kinds))
    return found


def _partition(topic: str, partition: int, files: Sequence[TierFile], kinds: Counter[str]) -> PartitionSummary:
    pairs = pairwise(files)
    return PartitionSummary(
        topic=topic,
        partition=partition,
        records=dict(sorted(kinds.items())),
        first=files[0].first,
        until=files[-1].until,
        first_day=files[0].day.isoformat(),
        last_day=files[-1].day.isoformat(),
        files=len(files),
        bytes=sum(file.path.stat().st_size for file in files),
        holes=[Span(one.until, other.first) for one, other in pairs if other.first > one.until],
    )
