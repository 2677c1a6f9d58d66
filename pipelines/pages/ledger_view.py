"""The ledger as pages need it: events in memory, read on from where the last look ended; alerts with their lives.

It keeps the newest events only; an older alert is read from the store when somebody asks for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from pipelines.explaining.scorecards import Opened, opened_by
from schemas.alert_event import AlertEvent
from schemas.ports.store import LedgerStore, Opening, StandingStore
from schemas.reasons import EventKind

#: Events kept; at a few kilobytes each.
MOST_EVENTS = 20_000


class PagesStore(LedgerStore, StandingStore, Protocol):
    """What the pages read of the store."""


@dataclass(frozen=True)
class AlertLife:
    """One alert: its events, oldest first."""

    events: tuple[AlertEvent, ...]

    @property
    def id(self) -> str:
        """Return the alert's id."""
        return self.events[0].alert_id

    @property
    def first(self) -> AlertEvent:
        """Return the event that opened it, or the oldest one kept."""
        return self.events[0]

    @property
    def last(self) -> AlertEvent:
        """Return its newest event."""
        return self.events[-1]

    @property
    def strongest(self) -> AlertEvent:
        """Return the event with the most stories; the newest of them."""
        return max(self.events, key=lambda e: (e.window is not None, e.counts.stories, e.seq))

    @property
    def is_open(self) -> bool:
        """Whether it still rings."""
        return self.ended is None

    @property
    def ended(self) -> datetime | None:
        """Return when it was over; None while it is open."""
        ends = [e for e in self.events if e.event in (EventKind.RESOLVED, EventKind.RETRACTED)]
        return ends[-1].at if ends else None


@dataclass(frozen=True)
class LedgerReading:
    """What the ledger says at a moment: ``alerts`` by id in the order they opened, open ones, what is blind, what waits;
    ``edges``: the first and the newest event read; ``opened``: every alert there ever was by rule and mode."""

    events: int
    alerts: Mapping[str, AlertLife]
    open_ids: Sequence[str]
    blind: Sequence[AlertEvent]
    pending: Sequence[AlertEvent] = ()
    edges: Sequence[AlertEvent] = ()
    opened: Opened = field(default_factory=dict)

    def newest_first(self) -> list[AlertLife]:
        """Return every alert kept, newest first."""
        return sorted(self.alerts.values(), key=lambda life: life.first.at, reverse=True)

    def open_alerts(self) -> list[AlertLife]:
        """Return those that ring, gravest first, then newest."""
        order = ("critical", "high", "normal", "low")
        found = [self.alerts[one] for one in self.open_ids if one in self.alerts]
        found.sort(key=lambda life: life.last.at, reverse=True)
        return sorted(found, key=lambda life: order.index(life.last.severity.value))

    def of_key(self, rule: str, key: str) -> list[AlertLife]:
        """Return the alerts of one key, newest first."""
        return [life for life in self.newest_first() if (life.first.rule, life.first.key) == (rule, key)]


EMPTY_LEDGER = LedgerReading(0, {}, (), ())


class LedgerView:
    """Reads on in the ledger; belongs to one thread."""

    def __init__(self, most_events: int = MOST_EVENTS) -> None:
        self._events: deque[AlertEvent] = deque(maxlen=most_events)
        self._most_events = most_events
        self._read = 0
        self._first: AlertEvent | None = None
        self._opened: Opened = {}
        self.reading = EMPTY_LEDGER

    def refresh(self, store: PagesStore) -> bool:
        """Read what came since the last look, at the first no more than is kept; return whether there was anything."""
        standing = store.standing()
        if standing.position == self._read:
            return False
        begin = max(self._read, standing.position - self._most_events)
        fresh = list(store.events(first_position=begin + 1, limit=standing.position - begin))
        self._read = standing.position
        # The database counts faster than events are read; what it counts beyond ``fresh`` is counted again, as the same.
        self._opened = _and_fresh(self._opened, fresh) if self._first else opened_by(store.openings())
        self._first = self._first or (fresh[0] if begin == 0 else next(store.events(limit=1)))
        self._events.extend(fresh)
        alerts = lives_of(self._events)
        open_ids = [event.alert_id for event in standing.alerts]
        # An alert may have been open for longer than events are kept.
        older = {one: life for one in open_ids if one not in alerts and (life := read_alert(store, one))}
        self.reading = LedgerReading(
            events=self._read,
            alerts={**older, **alerts},
            open_ids=open_ids,
            blind=standing.blind,
            pending=standing.pending,
            edges=(self._first, fresh[-1]),
            opened=self._opened,
        )
        return True


def _and_fresh(opened: Opened, fresh: Sequence[AlertEvent]) -> Opened:
    """Return ``opened`` with the alerts that ``fresh`` open; what is in use elsewhere stays as it is."""
    openings = [Opening(e.rule, e.mode, e.alert_id) for e in fresh if e.event is EventKind.OPENED and e.alert_id]
    more = {place: {*opened.get(place, ()), *ids} for place, ids in opened_by(openings).items()}
    return {**opened, **more} if more else opened


def lives_of(events: Sequence[AlertEvent] | deque[AlertEvent]) -> dict[str, AlertLife]:
    """Return the alerts in ``events`` by id, in the order they opened."""
    found: dict[str, list[AlertEvent]] = {}
    for event in events:
        if event.alert_id:
            found.setdefault(event.alert_id, []).append(event)
    return {alert: AlertLife(tuple(mine)) for alert, mine in found.items()}


def read_alert(store: LedgerStore, alert_id: str) -> AlertLife | None:
    """Return the alert with this id from the store; None where there is none."""
    events = tuple(store.events(alert_id=alert_id)) if alert_id else ()
    return AlertLife(events) if events else None
