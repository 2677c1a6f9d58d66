"""History through the engine, one record at a time, in the order the world was observed.

    RulesActivated, then by day: signals ─┐
                         coverage, hourly ─┴─in order of time──▶ engine.step ──▶ decisions

The engine is the live one; only where records come from differs. It reads no clock and notifies nobody.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from heapq import merge
from itertools import islice

import numpy as np
import numpy.typing as npt

from alerts.engine import Engine, History, no_history
from alerts.rules.model import RuleSet, rules_hash
from connectors.archive.folder import Archive
from pipelines.possible_signals import Found, PossibleSignals
from pipelines.replay.reading_ahead import read_ahead
from pipelines.stepping import step_or_fail
from schemas.alert_event import Decision
from schemas.control import RulesActivated
from schemas.coverage import Coverage
from schemas.errors import FatalError, UndecidableRecordError, UsageError
from schemas.signal import Signal
from schemas.wire import SignalsRecord, decode_signals

logger = logging.getLogger(__name__)

Told = Callable[[int, int | None], None]


def nobody(done: int, total: int | None) -> None:
    """Tell nobody."""


def days_between(archive: Archive, first: date | None, last: date | None) -> list[date]:
    """Return the days of the archive with articles or coverage from ``first`` to ``last``, both included.

    :raises UsageError: there are none, or the first lies after the last.
    """
    return days_within(sorted({*archive.days(), *archive.coverage_days()}), first, last)


def days_within(every: Sequence[date], first: date | None, last: date | None) -> list[date]:
    """Return those of the days ``every``, which are in order, from ``first`` to ``last``, both included.

    :raises UsageError: there are none, or the first lies after the last.
    """
    if first is not None and last is not None and first > last:
        raise UsageError(f"the first day {first} lies after the last day {last}", remedy="exchange them")
    days = [day for day in every if (first is None or day >= first) and (last is None or day <= last)]
    if not days:
        asked = " ".join([f"from {first}"] * (first is not None) + [f"to {last}"] * (last is not None))
        raise UsageError(f"the archive has nothing {asked}", remedy=f"it reaches from {every[0]} to {every[-1]}")
    return days


def activation(rules: RuleSet, text: str, first_day: date) -> RulesActivated:
    """Return the record that puts ``rules`` into force at the beginning of ``first_day``."""
    compiled = rules.compiled()
    return RulesActivated(
        rules_hash=rules_hash(compiled),
        text=text,
        compiled=compiled,
        activated_at=datetime.combine(first_day, time(), tzinfo=UTC),
        author="replay",
    )


def records_of(
    archive: Archive,
    version: str,
    days: Sequence[date],
    rules: RulesActivated,
    sources: Collection[str] = (),
    told: Told = nobody,
) -> Iterator[SignalsRecord]:
    """Yield what the topic ``signals`` would have held: the rules, then signals and coverage as time went by.

    See :func:`records_by_day`.
    """
    yield rules
    for _, records in records_by_day(archive, version, days, rules, sources, told):
        yield from records


def records_by_day(
    archive: Archive,
    version: str,
    days: Sequence[date],
    rules: RulesActivated,
    sources: Collection[str] = (),
    told: Told = nobody,
    since: date | None = None,
) -> Iterator[tuple[date, Iterator[SignalsRecord]]]:
    """Yield the ``days``, those before ``since`` left out, with the signals and coverage of each as time went by.

    The records of a day are taken before the next is asked for. Signals that no rule can hit are left out, which changes no
    decision. With ``sources``, their ids, it is what would have been there had there been no others. ``told`` hears records
    gone through, those left out too, and how many there are.
    """
    possible = possible_under(rules)
    total, done = number_of_records(archive, version, days), 1

    def read(day: date) -> tuple[bytes, npt.NDArray[np.int32], Found | None]:
        if not archive.has_signals(version, day):
            raise FatalError(f"the signals of {day} are gone", remedy="replay again: they will be extracted")
        text, starts = archive.signal_text(version, day)
        return text, starts, possible.look_for(text)

    for day, of_day in read_ahead(read, days):
        passed = possible.passed_of(*of_day)
        signals = len(of_day[1]) - 1
        if since is not None and day < since:
            # Later wordings of what passed here have to pass: it is gone through, at a tenth of the price of deciding.
            deque(passed, maxlen=0)
            done += signals + archive.coverage_count(day)
        else:
            coverage = archive.coverage(day)
            yield day, in_order(decoded(passed, sources), [seen_of(record, sources) for record in coverage])
            done += signals + len(coverage)
        told(done, total)


def possible_under(rules: RulesActivated) -> PossibleSignals:
    """Return which signals the rules of an activation may hit."""
    return PossibleSignals(RuleSet.from_compiled(rules.compiled).rules)


def decoded(raws: Iterable[bytes], sources: Collection[str]) -> Iterator[Signal]:
    """Yield the signals in ``raws``; with ``sources``, those of them alone."""
    for raw in raws:
        signal = decode_signals(raw)
        if isinstance(signal, Signal) and (not sources or signal.source.id in sources):
            yield signal


def seen_of(record: Coverage, sources: Collection[str]) -> Coverage:
    """Return ``record`` as if there were no feeds but those of ``sources``; with none named, as it is."""
    if not sources:
        return record
    return record.changed(feeds=tuple(feed for feed in record.feeds if feed.source.id in sources))


def named_sources(archive: Archive, days: Sequence[date], sources: Sequence[str]) -> frozenset[str]:
    """Return ``sources``; :raises UsageError: one of them has no article in those days."""
    wanted, missing, known = frozenset(sources), set(sources), set[str]()
    for day in archive.days():
        if not missing:
            break
        if day in days:
            known.update(source for source, _ in archive.sightings(day))
            missing -= known
    if missing:
        near = get_close_matches(min(missing), known, 3) or sorted(known)[:3]
        raise UsageError(
            f"no article of these days is from the source {min(missing)}",
            remedy=f"a source is named by its id, as {', '.join(near)}" if near else "choose other days",
        )
    return wanted


def number_of_records(archive: Archive, version: str, days: Sequence[date]) -> int:
    """Return how many records :func:`records_of` goes through, read off the files' own headers."""
    return 1 + sum(archive.signals_count(version, day) + archive.coverage_count(day) for day in days)


def in_order(signals: Iterable[Signal], coverage: Iterable[Coverage]) -> Iterator[Signal | Coverage]:
    """Merge by time, both sorted; a Coverage record comes after all that was observed before it ends, not at its end."""
    return merge(signals, coverage, key=_when)


def _when(record: Signal | Coverage) -> tuple[datetime, int]:
    return (record.at, 0) if isinstance(record, Coverage) else (record.revised_at, 1)


def replay(
    records: Callable[[], Iterable[SignalsRecord]],
    told: Told = nobody,
    total: int | None = None,
    *,
    begin: Callable[[], Engine] = Engine,
    history: Callable[[int], History] = lambda _: no_history,
) -> Iterator[Decision]:
    """Step an engine that ``begin`` makes through what ``records`` gives, the same each time, and yield what it decides.

    A record on which the engine fails counts for nothing, as in :mod:`pipelines.stepping`: an engine is stepped there anew
    without it. ``told`` hears records done and ``total``; ``history`` gives by a record's number what rules that it puts
    into force are warmed on.
    """
    engine = begin()
    done, left_out = 0, set[int]()
    for offset, record in enumerate(records()):
        try:
            yield from step_or_fail(engine, offset, record, history(offset))
        except UndecidableRecordError as error:
            logger.error("record %d of the history counts for nothing: %s", offset, error.message)
            left_out.add(offset)
            engine = begin()
            _step_until(engine, records(), offset, left_out, history)
        done = offset + 1
        if done % 500 == 0:
            told(done, total)
    told(done, total)


def _step_until(
    engine: Engine,
    records: Iterable[SignalsRecord],
    before: int,
    left_out: set[int],
    history: Callable[[int], History],
) -> None:
    for offset, record in enumerate(islice(records, before)):
        if offset in left_out:
            engine.pass_over(offset)
        else:
            engine.step(offset, record, history(offset))
    engine.pass_over(before)
