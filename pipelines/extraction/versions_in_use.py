"""Which extractor made the signals of each partition, and the record that tells when it is another one than before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime

from schemas.control import ExtractorChanged
from schemas.ports.log import Entry
from schemas.ports.store import HeartbeatStore
from schemas.wire import encode

#: Before the number of a partition, in the detail of the job's sign of life.
_PREFIX = "version of "


class VersionsInUse:
    """Remembers by the job's sign of life, which all members of the group share. Forgetting writes a record twice, which is
    harmless."""

    def __init__(self, version: str, store: HeartbeatStore, job: str) -> None:
        self._version = version
        self._store = store
        self._job = job
        self._told: set[int] = set()

    def hold(self, partitions: AbstractSet[int]) -> None:
        """Take note of the partitions held now: of one that comes back, others may have made signals meanwhile."""
        self._told &= partitions

    def changes(self, partitions: Iterable[int], now: datetime) -> list[Entry]:
        """Return the records to write before the first signals of this extractor, for ``partitions`` not yet told of."""
        asked = [partition for partition in partitions if partition not in self._told]
        if not asked:
            return []
        before = self._remembered()
        entries = []
        for partition in asked:
            previous = before.get(f"{_PREFIX}{partition}")
            if previous != self._version:
                record = ExtractorChanged(
                    extractor_version=self._version,
                    previous=str(previous) if previous is not None else None,
                    partition=partition,
                    changed_at=now,
                )
                entries.append(Entry(0, encode(record)))
        return entries

    def written(self, partitions: Iterable[int]) -> bool:
        """Take note that the records for ``partitions`` are durable; return whether there is something new to remember."""
        new = set(partitions) - self._told
        self._told |= new
        return bool(new)

    def to_remember(self) -> dict[str, str]:
        """Return what the next sign of life must carry: what others told, and what is told here."""
        others = {name: str(value) for name, value in self._remembered().items() if name.startswith(_PREFIX)}
        return others | {f"{_PREFIX}{partition}": self._version for partition in sorted(self._told)}

    def _remembered(self) -> Mapping[str, str | int | float]:
        beat = self._store.heartbeats().get(self._job)
        return beat[1] if beat is not None else {}
