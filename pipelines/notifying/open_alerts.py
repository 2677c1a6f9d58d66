"""Which alerts are open as of a position of the outbox: begun with what the store says stands, then event by event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from schemas.alert_event import AlertEvent
from schemas.ports.store import OutboxEntry, StandingEvents
from schemas.reasons import EventKind

_PAGE = 500
_SIGHT = frozenset({EventKind.BLIND, EventKind.SIGHTED})
_ENDS = frozenset({EventKind.RESOLVED, EventKind.RETRACTED})


class OpenAlertsStore(Protocol):
    """What is read of the store, here as in :mod:`schemas.ports.store`."""

    def standing(self) -> StandingEvents:
        """Return what stands after the newest event."""
        ...

    def events(self, *, alert_id: str | None = None) -> Iterator[AlertEvent]:
        """Yield the events of an alert in the order they were written."""
        ...

    def outbox_after(self, position: int, limit: int) -> Sequence[OutboxEntry]:
        """Return entries with a larger position, in order."""
        ...


class OpenAlerts:
    """Give it positions that never become smaller. It reads what stands once, and then only what is new.

    A rule that is removed leaves no open alert.
    """

    def __init__(self, store: OpenAlertsStore) -> None:
        self._store = store
        self._open: dict[str, AlertEvent] = {}
        self._position: int | None = None

    def as_of(self, position: int) -> Sequence[AlertEvent]:
        """Return the newest event of the life of each live alert that is open as of ``position``."""
        if self._position is None:
            self._begin(position)
            self._position = position
        for entry in self._between(self._position, position):
            self._take(entry.event)
        self._position = max(self._position, position)
        return tuple(self._open.values())

    def _begin(self, position: int) -> None:
        """Take what stands, and of the alerts that lie behind ``position`` what was true of them there."""
        standing = self._store.standing()
        later: dict[str, AlertEvent] = {}
        for entry in self._between(position, standing.position):
            later.setdefault(entry.event.alert_id, entry.event)
        found = [event for event in standing.alerts if event.alert_id not in later]
        for alert, first in later.items():
            life = [event for event in self._store.events(alert_id=alert) if event.seq < first.seq] if alert else []
            found += life
        for event in found:
            self._take(event)

    def _between(self, after: int, last: int) -> Iterator[OutboxEntry]:
        while after < last and (page := self._store.outbox_after(after, _PAGE)):
            yield from (entry for entry in page if entry.position <= last)
            after = page[-1].position

    def _take(self, event: AlertEvent) -> None:
        if event.event is EventKind.RULE_REMOVED:
            self._open = {alert: one for alert, one in self._open.items() if one.rule != event.rule}
        if not event.alert_id or event.mode != "live" or event.event in _SIGHT:
            return
        if event.event in _ENDS:
            self._open.pop(event.alert_id, None)
        else:
            self._open[event.alert_id] = event
