"""Imported history as the records the engine would have met, in one of two orders.

    arrival:      rules, then by day: signals, coverage of the archive ── by the time they arrived
    publication:  rules, then by day: signals re-timed, coverage by the rhythm of publication ── by the time they were published

Where an archive knows no arrivals, both are the same records.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from pathlib import Path
from typing import Protocol

from connectors.archive.folder import Archive
from connectors.archive.rhythm import ArchiveRhythm
from pipelines.possible_signals import PossibleSignals
from pipelines.replay.day_spool import DaySpool
from pipelines.replay.order import ChosenOrder, Order, by_publication, order_of_imports, published_ms
from pipelines.replay.replay import (
    Told,
    days_within,
    decoded,
    in_order,
    nobody,
    possible_under,
    records_by_day,
    seen_of,
)
from schemas.control import RulesActivated
from schemas.errors import FatalError
from schemas.ids import from_milliseconds, hour_of
from schemas.wire import SignalsRecord


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

    @property
    def articles(self) -> int:
        """How many articles and later wordings of some it has."""
        ...

    def by_day(
        self,
        version: str,
        rules: RulesActivated,
        sources: Collection[str] = (),
        told: Told = nobody,
        since: date | None = None,
    ) -> Iterator[tuple[date, Iterator[SignalsRecord]]]:
        """Yield :attr:`days`, those before ``since`` left out, with signals of extractor ``version`` and coverage as time goes
        by, the same each time; the records of a day are taken before the next is asked for.

        Signals that none of the ``rules`` can hit are left out, which changes no decision. With ``sources``, their ids, it is
        what would have been there had there been no others. ``told`` hears how many records were gone through, and how many
        there are. The signals of :attr:`files` are cached.
        """
        ...


def records_in(
    past: Past, version: str, rules: RulesActivated, sources: Collection[str] = (), told: Told = nobody
) -> Iterator[SignalsRecord]:
    """Yield ``rules``, then the records of all days of ``past``; see :meth:`Past.by_day`."""
    yield rules
    for _, records in past.by_day(version, rules, sources, told):
        yield from records


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

    @property
    def articles(self) -> int:
        """See :class:`Past`."""
        return sum(self.archive.count(day) for day in self.days)

    def by_day(
        self,
        version: str,
        rules: RulesActivated,
        sources: Collection[str] = (),
        told: Told = nobody,
        since: date | None = None,
    ) -> Iterator[tuple[date, Iterator[SignalsRecord]]]:
        """See :class:`Past`."""
        return records_by_day(self.archive, version, self.days, rules, sources, told, since)


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
                for (feed_id, _), times in zip(archive.feed_sightings(file), archive.times(file), strict=True):
                    at = from_milliseconds(published_ms(*times))
                    files.setdefault(file, set()).add(at.date())
                    wordings[at.date()] += 1
                    yield feed_id, at

        rhythm = ArchiveRhythm.of(sightings(), archive.feed_sources())
        every = range(hour_of(_midnight(min(wordings))) // 24, hour_of(_midnight(max(wordings))) // 24 + 1)
        days = days_within([_day(number) for number in every], first, last)
        wanted = set(days)
        read = [file for file, published in files.items() if published & wanted]
        return cls(archive, chosen, days, read, rhythm, wordings)

    @property
    def articles(self) -> int:
        """See :class:`Past`."""
        return sum(self.wordings[day] for day in self.days)

    def by_day(
        self,
        version: str,
        rules: RulesActivated,
        sources: Collection[str] = (),
        told: Told = nobody,
        since: date | None = None,
    ) -> Iterator[tuple[date, Iterator[SignalsRecord]]]:
        """See :class:`Past`."""
        left = [day for day in self.days if since is None or day >= since]
        if not left:
            return
        hours = self._hours(left)
        total = 1 + self.articles + len(self._hours(self.days))
        with tempfile.TemporaryDirectory(prefix="tocsin-order-") as scratch:
            spool, possible = DaySpool(Path(scratch)), possible_under(rules)
            looked_at = self._lay_out(version, left, possible, spool, lambda laid: told(laid, total))
            done = 1 + looked_at + len(self._hours(self.days)) - len(hours)
            for day, coverage in groupby(self.rhythm.coverage(hours), key=lambda record: record.since.date()):
                signals = [by_publication(signal) for signal in decoded((raw for _, raw in spool.lines(day)), sources)]
                signals.sort(key=lambda signal: (signal.revised_at, signal.article_id, signal.revision))
                seen = [seen_of(record, sources) for record in coverage]
                yield day, in_order(signals, seen)
                done += len(seen)
                told(done, total)

    def _hours(self, days: Sequence[date]) -> range:
        first, last = hour_of(_midnight(days[0])), hour_of(_midnight(days[-1])) + 24
        return range(max(first, self.rhythm.hours.start), min(last, self.rhythm.hours.stop))

    def _lay_out(
        self,
        version: str,
        days: Sequence[date],
        possible: PossibleSignals,
        spool: DaySpool,
        laid_out: Callable[[int], None],
    ) -> int:
        """Put what rules may hit to its day, if it is one of ``days``; return how many signals of all days were looked at."""
        every, wanted, looked_at = set(self.days), set(days), 0
        for file in self.files:
            if not self.archive.has_signals(version, file):
                raise FatalError(f"the signals of {file} are gone", remedy="replay again: they will be extracted")
            times = {
                (known.article_id, known.revised_ms): published_ms(known.observed_ms, known.event_ms, known.revised_ms)
                for known in self.archive.known(file)
            }
            ids, records = self.archive.signal_ids(version, file), self.archive.signal_records(version, file)
            for name, raw in zip(ids, records, strict=True):
                at = times[name]
                day = from_milliseconds(at).date()
                if day in every:
                    looked_at += 1
                    # Asked of every day's: later wordings of what passes have to pass.
                    if raw in possible and day in wanted:
                        spool.put(at, raw)
            laid_out(looked_at)
        return looked_at


def past_of(archive: Archive, asked: Order | None, first: date | None, last: date | None) -> Past:
    """Return the history in ``archive`` from ``first`` to ``last``, in the order ``asked`` or in the one that fits it.

    Days are of arrival or of publication, as the order is. Nothing needs to be extracted yet.

    :raises UsageError: there is nothing in those days.
    """
    return past_in_order(archive, order_of_imports(archive, asked), first, last)


def past_in_order(archive: Archive, chosen: ChosenOrder, first: date | None, last: date | None) -> Past:
    """Return the same in an order that was chosen before; :raises UsageError: there is nothing in those days."""
    if chosen.order is Order.ARRIVAL or not chosen.arrived:
        every = sorted({*archive.days(), *archive.coverage_days()})
        return ByArrival(archive, chosen, days_within(every, first, last))
    return ByPublication.of(archive, chosen, first, last)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _day(number: int) -> date:
    return date(1970, 1, 1) + timedelta(days=number)
