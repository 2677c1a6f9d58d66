"""Imported history as the records the engine would have met, in one of two orders.

    arrival:      rules, then by day: signals, coverage of the archive ── by the time they arrived
    publication:  rules, then by day: signals re-timed, coverage by the rhythm of publication ── by the time they were published

Where an archive knows no arrivals, both are the same records.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from pathlib import Path
from typing import Protocol

from connectors.archive.folder import Archive
from connectors.archive.rhythm import ArchiveRhythm
from pipelines.replay.day_spool import DaySpool
from pipelines.replay.order import ChosenOrder, Order, by_publication, order_of_imports, published_ms
from pipelines.replay.replay import days_within, in_order, number_of_records, records_of, seen_of
from schemas.control import RulesActivated
from schemas.errors import FatalError
from schemas.ids import from_milliseconds, hour_of
from schemas.signal import Signal
from schemas.wire import SignalsRecord, decode_signals


class Past(Protocol):
    """History in an order. ``days`` are those it has in that order, ``files`` the archive's days whose signals it reads."""

    @property
    def archive(self) -> Archive:
        """Where it lies."""
        ...

    @property
    def chosen(self) -> ChosenOrder:
        """The order, and why it was taken."""
        ...

    @property
    def days(self) -> Sequence[date]:
        """The days it has, in order; never none."""
        ...

    @property
    def files(self) -> Sequence[date]:
        """The days of observation whose signals are read, in order."""
        ...

    def records(self, version: str, rules: RulesActivated, sources: Collection[str] = ()) -> Iterator[SignalsRecord]:
        """Yield the rules, then signals of extractor ``version`` and coverage as time goes by, the same each time.

        With ``sources``, their ids, it is what would have been there had there been no others. The signals of
        :attr:`files` are cached.
        """
        ...

    def number_of_records(self, version: str) -> int:
        """Return how many records there are without a choice of sources, read off the files' own headers."""
        ...


@dataclass(frozen=True)
class ByArrival:
    """History as it arrived."""

    archive: Archive
    chosen: ChosenOrder
    days: Sequence[date]

    @property
    def files(self) -> Sequence[date]:
        """The same days."""
        return self.days

    def records(self, version: str, rules: RulesActivated, sources: Collection[str] = ()) -> Iterator[SignalsRecord]:
        """See :class:`Past`."""
        return records_of(self.archive, version, self.days, rules, sources)

    def number_of_records(self, version: str) -> int:
        """See :class:`Past`."""
        return number_of_records(self.archive, version, self.days)


@dataclass(frozen=True)
class ByPublication:
    """History as it was published; ``wordings`` counts articles and their later wordings by day."""

    archive: Archive
    chosen: ChosenOrder
    days: Sequence[date]
    files: Sequence[date]
    rhythm: ArchiveRhythm
    wordings: Counter[date]

    @classmethod
    def of(cls, archive: Archive, chosen: ChosenOrder, first: date | None, last: date | None) -> ByPublication:
        """Return what was published from ``first`` to ``last``; :raises UsageError: nothing was."""
        files: dict[date, set[date]] = {}
        wordings: Counter[date] = Counter()

        def sightings() -> Iterator[tuple[str, datetime]]:
            for file in archive.days():
                for (source, _), known in zip(archive.sightings(file), archive.known(file), strict=True):
                    at = from_milliseconds(published_ms(known))
                    files.setdefault(file, set()).add(at.date())
                    wordings[at.date()] += 1
                    yield source, at

        rhythm = ArchiveRhythm.of(sightings())
        every = range(hour_of(_midnight(min(wordings))) // 24, hour_of(_midnight(max(wordings))) // 24 + 1)
        days = days_within([_day(number) for number in every], first, last)
        wanted = set(days)
        read = [file for file, published in files.items() if published & wanted]
        return cls(archive, chosen, days, read, rhythm, wordings)

    def records(self, version: str, rules: RulesActivated, sources: Collection[str] = ()) -> Iterator[SignalsRecord]:
        """See :class:`Past`."""
        yield rules
        with tempfile.TemporaryDirectory(prefix="tocsin-order-") as scratch:
            spool = DaySpool(Path(scratch))
            self._lay_out(version, spool)
            for day, coverage in groupby(self.rhythm.coverage(self._hours()), key=lambda record: record.since.date()):
                signals = _signals(spool, day, sources)
                yield from in_order(signals, [seen_of(record, sources) for record in coverage])

    def number_of_records(self, version: str) -> int:
        """See :class:`Past`."""
        return 1 + sum(self.wordings[day] for day in self.days) + len(self._hours())

    def _hours(self) -> range:
        first, last = hour_of(_midnight(self.days[0])), hour_of(_midnight(self.days[-1])) + 24
        return range(max(first, self.rhythm.hours.start), min(last, self.rhythm.hours.stop))

    def _lay_out(self, version: str, spool: DaySpool) -> None:
        wanted = set(self.days)
        for file in self.files:
            times = {(known.article_id, known.revised_ms): published_ms(known) for known in self.archive.known(file)}
            for article_id, revised_ms, raw in self.archive.signal_records(version, file):
                at = times.get((article_id, revised_ms))
                if at is None:
                    raise FatalError(f"the signals of {file} are of other articles", remedy="replay again")
                if from_milliseconds(at).date() in wanted:
                    spool.put(at, raw)


def past_of(archive: Archive, asked: Order | None, first: date | None, last: date | None) -> Past:
    """Return the history in ``archive`` from ``first`` to ``last``, in the order ``asked`` or in the one that fits it.

    Days are of arrival or of publication, as the order is. Nothing needs to be extracted yet.

    :raises UsageError: there is nothing in those days.
    """
    chosen = order_of_imports(archive, asked)
    if chosen.order is Order.ARRIVAL or not chosen.arrived:
        every = sorted({*archive.days(), *archive.coverage_days()})
        return ByArrival(archive, chosen, days_within(every, first, last))
    return ByPublication.of(archive, chosen, first, last)


def _signals(spool: DaySpool, day: date, sources: Collection[str]) -> list[Signal]:
    found = []
    for _, raw in spool.lines(day):
        signal = decode_signals(raw)
        if isinstance(signal, Signal) and (not sources or signal.source.id in sources):
            found.append(by_publication(signal))
    return sorted(found, key=lambda signal: (signal.revised_at, signal.article_id, signal.revision))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _day(number: int) -> date:
    return date(1970, 1, 1) + timedelta(days=number)
