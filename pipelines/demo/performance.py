"""The real jobs on a clock that jumps: polls, extracts and decides from the demonstration's first hour to its last.

    clock ──▶ poll_due ──▶ write_coverage ──┬── every few days of it ──▶ extract.step ──▶ decide.step
      ▲                                     │
      └──────── next item or hour ◀─────────┘

On days with nothing in particular it looks at the feeds every few hours, else at every item and every full hour.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from connectors.clock import ManualClock, SystemClock
from connectors.feeds.fetch import Fetcher
from connectors.feeds.parsing import FeedParser
from pipelines.activate_rules import activate_rules
from pipelines.decide import DecideJob, DecideSettings
from pipelines.demo.desk import Desk
from pipelines.demo.finished import AUTHOR, COMMENT
from pipelines.demo.timeline import START, Timeline
from pipelines.demo.unrung import Bystanders
from pipelines.extract import ExtractJob, ExtractSettings
from pipelines.poll import PollJob, PollSettings
from schemas.ports.log import Log
from schemas.ports.store import Store
from schemas.topics import ARTICLES, DEAD_LETTERS, SIGNALS

_HOUR = timedelta(hours=1)
#: For how long things take; what time it is, only the demonstration's clock says.
_monotonic_s = SystemClock().monotonic_s
#: Hours between two looks at the feeds on a quiet day; at most as many as coverage may bridge (see ``_POLLING``).
_QUIET_LOOKS_H = 4
#: Own items and copies of a day that make it one to follow closely.
_BUSY_ITEMS = 3
#: All feeds lie on one host. Coverage tells of each hour, also where it is written for several at once.
_POLLING = PollSettings(max_per_host=10, host_gap_s=0.0, jitter=0.0, coverage_every_s=2 * 3600.0)
#: Records read and decided at a time; the clock, not this, says when.
_BATCH_RECORDS = 5_000


@dataclass
class Performance:
    """How it went: records by kind, seconds of real time by job, and what came near without ringing."""

    looks: int = 0
    articles: int = 0
    batches: int = 0
    seconds: dict[str, float] = field(default_factory=lambda: {"poll": 0.0, "extract": 0.0, "decide": 0.0})
    bystanders: Bystanders = field(default_factory=Bystanders)
    elapsed_s: float = 0.0


def looks(timeline: Timeline, until: datetime) -> Iterator[datetime]:
    """Yield the moments at which the feeds are looked at, in order; each full hour at least on busy days."""
    busy = busy_days(timeline)
    now = START
    yield now
    while now < until:
        hour = now.replace(minute=0, second=0, microsecond=0) + _HOUR
        if now.date() in busy:
            item = timeline.next_moment(now)
            now = hour if item is None else min(hour, item)
        else:
            while hour.hour % _QUIET_LOOKS_H:
                hour += _HOUR
            now = hour
        if now <= until:
            yield now


def busy_days(timeline: Timeline) -> frozenset[date]:
    """Return the days with much hand-written news, and those on which a feed is broken or comes back."""
    counted = Counter(p.appears.date() for mine in timeline.postings.values() for p in mine if not p.quiet)
    days = {day for day, count in counted.items() if count >= _BUSY_ITEMS}
    for outlet in timeline.outlets.values():
        for fault in outlet.faults:
            length = (fault.until.date() - fault.since.date()).days
            days |= {fault.since.date() + timedelta(days=number) for number in range(length + 1)}
    return frozenset(days)


async def perform(
    timeline: Timeline,
    desk: Desk,
    clock: ManualClock,
    log: Log,
    store: Store,
    *,
    until: datetime,
    extract_every: timedelta,
    progress: Callable[[datetime], None],
) -> Performance:
    """Run the jobs from :data:`START` to ``until`` and return how it went; ``progress`` is told the clock's time.

    :raises TocsinError: what a job cannot go on from.
    """
    for topic in (ARTICLES, SIGNALS, DEAD_LETTERS):
        log.create_topic(topic, 1)
    activate_rules(log, clock, desk.rules, desk.rules_text, author=AUTHOR, comment=COMMENT)
    done = Performance()
    began = _monotonic_s()
    extract = ExtractJob(log, store, clock, ExtractSettings(batch_records=_BATCH_RECORDS))
    decide = DecideJob(log, store, clock, DecideSettings(desk.snapshots, batch_records=_BATCH_RECORDS, notify=False))
    decide.recover()
    fetcher = Fetcher(clock, allowed_networks=("127.0.0.0/8",))
    try:
        async with FeedParser(workers=2) as parser:
            poll = PollJob(log, store, desk.feeds, clock=clock, fetcher=fetcher, parser=parser, settings=_POLLING)
            follow_at, busy = START, busy_days(timeline)
            for moment in looks(timeline, until):
                clock.advance_to(moment)
                progress(moment)
                await _look(poll, moment, done)
                # A day that was followed closely is decided when it ends, so that its hours can still be asked about.
                ends_busy_day = moment.hour == 0 and (moment - _HOUR).date() in busy
                if moment >= follow_at or moment >= until or ends_busy_day:
                    _follow(extract, decide, done)
                    follow_at = moment + extract_every
    finally:
        extract.close()
        await fetcher.close()
    decide.take_snapshot()
    done.elapsed_s = _monotonic_s() - began
    return done


async def _look(poll: PollJob, moment: datetime, done: Performance) -> None:
    began = _monotonic_s()
    done.articles += await poll.poll_due(moment)
    if moment == moment.replace(minute=0, second=0, microsecond=0):
        poll.write_coverage(moment)
    done.looks += 1
    done.seconds["poll"] += _monotonic_s() - began


def _follow(extract: ExtractJob, decide: DecideJob, done: Performance) -> None:
    """Extract and decide everything that lies in the log."""
    began = _monotonic_s()
    while extract.step():
        done.batches += 1
    extracted = _monotonic_s()
    while decide.step():
        pass
    done.bystanders.look(decide.engine)
    done.seconds["extract"] += extracted - began
    done.seconds["decide"] += _monotonic_s() - extracted
