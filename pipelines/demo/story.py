"""What came of the demonstration, read back from ledger and log: what rang and how it ended, what broke, odd items.

It reads and orders; the words are in :mod:`pipelines.demo.telling`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.explanation.carriers import headlines
from pipelines.demo.timeline import START
from pipelines.signal_history import read_range
from schemas.alert_event import AlertEvent, Evidence
from schemas.coverage import Coverage, FeedCoverage
from schemas.ids import milliseconds
from schemas.ports.log import Log
from schemas.ports.store import Store
from schemas.reasons import EventKind, EventTimeReason
from schemas.signal import Signal
from schemas.topics import SIGNALS
from schemas.wire import decode_signals

#: An item that appears so long after its date is late.
_LATE = timedelta(hours=6)


@dataclass(frozen=True)
class Rang:
    """One alert: its events in order, the first one the opening, and headlines of different publishers behind that."""

    events: Sequence[AlertEvent]
    headlines: Sequence[Evidence]

    @property
    def opened(self) -> AlertEvent:
        """Return the event it began with."""
        return self.events[0]

    @property
    def ended(self) -> AlertEvent | None:
        """Return the event it ended with; None while it is open."""
        last = self.events[-1]
        return last if last.event in (EventKind.RESOLVED, EventKind.RETRACTED) else None


@dataclass
class Outage:
    """A stretch in which no poll of a feed succeeded, until ``back`` (None: it did not come back).

    ``caught_up`` counts the items the first whole document brought; ``reached_back_to`` is from when on it is complete.
    """

    feed: str
    name: str
    began: datetime
    failed: int = 0
    back: datetime | None = None
    caught_up: int = 0
    reached_back_to: datetime | None = None

    @property
    def closed(self) -> bool:
        """Whether nothing of it was lost: what came back reaches to where it broke off."""
        return self.reached_back_to is not None and self.reached_back_to <= self.began


@dataclass(frozen=True)
class Blindness:
    """A stretch in which rules were blind: fewer than half of the feeds could be seen."""

    began: datetime
    ended: datetime | None
    rules: int
    feeds: Sequence[str]
    coverage: float


@dataclass
class Oddities:
    """Items that are not as they should be, in the order they came; ``edited`` holds their later wordings."""

    late: list[Signal] = field(default_factory=list)
    edited: list[Signal] = field(default_factory=list)
    undated: list[Signal] = field(default_factory=list)
    from_the_future: list[Signal] = field(default_factory=list)


@dataclass(frozen=True)
class Story:
    """All of it."""

    rang: Sequence[Rang]
    blind: Sequence[Blindness]
    outages: Sequence[Outage]
    oddities: Oddities
    signals: int
    hours: int  # of coverage


def read_story(log: Log, store: Store) -> Story:
    """Return what the ledger in ``store`` and the signals in ``log`` tell."""
    outages, oddities, counted = OutageBook(), Oddities(), Counter[str]()
    for record in read_range(log, log.start_offset(SIGNALS, 0), log.end_offset(SIGNALS, 0)):
        decoded = decode_signals(record.value)
        counted[decoded.kind] += 1
        if isinstance(decoded, Signal):
            _note(decoded, oddities)
        elif isinstance(decoded, Coverage):
            outages.take_in(decoded)
    events = list(store.events())
    return Story(
        rang=_rang(events, store),
        blind=list(_blind(events)),
        outages=outages.found,
        oddities=oddities,
        signals=counted["signal"],
        hours=counted["coverage"],
    )


def _rang(events: Sequence[AlertEvent], store: Store) -> list[Rang]:
    by_alert: dict[str, list[AlertEvent]] = {}
    for event in events:
        if event.alert_id:
            by_alert.setdefault(event.alert_id, []).append(event)
    found = []
    for of_alert in by_alert.values():
        evidence = store.evidence(of_alert[0].evidence)
        found.append(Rang(of_alert, headlines([evidence[name] for name in of_alert[0].evidence if name in evidence])))
    return sorted(found, key=lambda rang: (rang.opened.at, rang.opened.rule))


def _blind(events: Sequence[AlertEvent]) -> Iterator[Blindness]:
    """Yield one blindness for all rules that went blind at the same moment."""
    of_rules = [event for event in events if not event.alert_id]
    by_moment: dict[datetime, list[AlertEvent]] = {}
    for event in of_rules:
        if event.event is EventKind.BLIND:
            by_moment.setdefault(event.at, []).append(event)
    for began, together in sorted(by_moment.items()):
        ends = [e.at for e in of_rules if e.event is EventKind.SIGHTED and e.at > began]
        first = together[0]
        coverage = first.coverage if first.coverage is not None else 0.0
        yield Blindness(began, min(ends, default=None), len(together), first.blind_feeds, coverage)


class OutageBook:
    """Follows each feed from its first failed poll to the next that succeeds."""

    def __init__(self) -> None:
        self.found: list[Outage] = []
        self._open: dict[str, Outage] = {}
        self._succeeded: dict[str, datetime] = {}

    def take_in(self, coverage: Coverage) -> None:
        """Take note of the polls of one stretch; stretches come in order."""
        for feed in coverage.feeds:
            if feed.polls_succeeded:
                self._back(feed, coverage.at)
            elif feed.polls_due:
                outage = self._open.get(feed.feed_id)
                if outage is None:
                    began = self._succeeded.get(feed.feed_id, coverage.at)
                    outage = self._open[feed.feed_id] = Outage(feed.feed_id, feed.source.name, began)
                    self.found.append(outage)
                outage.failed += feed.polls_due

    def _back(self, feed: FeedCoverage, at: datetime) -> None:
        outage = self._open.pop(feed.feed_id, None)
        if outage is not None:
            outage.failed += feed.polls_due - feed.polls_succeeded
            outage.back, outage.caught_up, outage.reached_back_to = at, feed.items_seen, feed.reached_back_to
        self._succeeded[feed.feed_id] = at


def _note(signal: Signal, oddities: Oddities) -> None:
    if signal.revision > milliseconds(signal.observed_at):
        oddities.edited.append(signal)
    elif signal.event_time_reason is EventTimeReason.MISSING:
        oddities.undated.append(signal)
    elif signal.event_time_reason is EventTimeReason.FUTURE_CLAMPED:
        oddities.from_the_future.append(signal)
    elif signal.event_time > START and signal.observed_at - signal.event_time > _LATE:
        oddities.late.append(signal)
