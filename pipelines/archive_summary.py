"""What an archive holds, in numbers: its sources, their stretches and the holes found by their rhythm."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass

from connectors.archive.folder import Archive
from connectors.archive.rhythm import holes_in, presences
from connectors.archive.signal_caches import signal_caches
from pipelines.import_history import Told, nobody
from schemas.ids import EPOCH, hour_start


@dataclass(frozen=True)
class Hole:
    """A stretch nobody watched, ``first`` to ``last`` hour, as ISO 8601 without minutes."""

    first: str
    last: str
    hours: int

    @classmethod
    def of(cls, stretch: tuple[int, int]) -> Hole:
        """Return the hole of whole hours since 1970, both included."""
        return cls(_shown(stretch[0]), _shown(stretch[1]), stretch[1] - stretch[0] + 1)


@dataclass(frozen=True)
class SourceSummary:
    """One source: its articles and when it was watched."""

    source: str
    articles: int
    first: str
    last: str
    ended: bool
    holes: tuple[Hole, ...]


@dataclass(frozen=True)
class SignalsSummary:
    """The signals kept of one extractor version; times as ISO 8601."""

    extractor_version: str
    days: int
    first: str
    last: str
    bytes: int
    written_at: str


@dataclass(frozen=True)
class ArchiveSummary:
    """An archive in numbers."""

    articles: int
    days: int
    first: str
    last: str
    sources: tuple[SourceSummary, ...]
    shared_holes: tuple[Hole, ...]
    signals: tuple[SignalsSummary, ...]

    def as_json(self) -> dict[str, object]:
        """Return the same as plain values."""
        return asdict(self)


def summary_of(archive: Archive, told: Told = nobody) -> ArchiveSummary:
    """Return what ``archive`` holds; reads two columns of every day. ``told`` hears days done and days in all."""
    times: dict[str, list[float]] = defaultdict(list)
    days = archive.days()
    for number, day in enumerate(days):
        told(number, len(days))
        for source, at in archive.sightings(day):
            times[source].append((at - EPOCH).total_seconds() / 3600)
    sources = tuple(
        SourceSummary(
            source, len(times[source]), _shown(p.first), _shown(p.last), p.ended, tuple(Hole.of(h) for h in p.holes)
        )
        for source, p in presences(times).items()
    )
    everything = sorted(time for one in times.values() for time in one)
    shared = tuple(Hole.of(hole) for hole in holes_in(everything))
    signals = tuple(
        SignalsSummary(
            cache.version,
            cache.days,
            cache.first.isoformat(),
            cache.last.isoformat(),
            cache.size_bytes,
            cache.written_at.isoformat(timespec="seconds"),
        )
        for cache in signal_caches(archive.folder)
    )
    return ArchiveSummary(
        len(everything), len(days), days[0].isoformat(), days[-1].isoformat(), sources, shared, signals
    )


def _shown(hour: int) -> str:
    return hour_start(hour).strftime("%Y-%m-%dT%H")
