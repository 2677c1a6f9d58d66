"""The events of a stretch of engine time, found in the ledger by halving: what came before is not read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from schemas.alert_event import AlertEvent
from schemas.ports.store import LedgerStore


def events_between(
    store: LedgerStore, since: datetime, until: datetime, *, rule: str | None = None
) -> Iterator[AlertEvent]:
    """Yield the events at ``since`` or later and not later than ``until``, of ``rule`` or of all, in their order.

    Engine time never goes back, so the times of events grow with their positions.
    """
    for event in store.events(rule=rule, first_position=first_position_at(store, since)):
        if event.at > until:
            return
        yield event


def first_position_at(store: LedgerStore, moment: datetime) -> int:
    """Return the position of the first event at ``moment`` or later."""
    head = store.decider_head()
    first, behind = 1, (head.events if head is not None else 0) + 1
    while first < behind:
        middle = (first + behind) // 2
        event = next(store.events(first_position=middle, limit=1), None)
        if event is not None and event.at < moment:
            first = middle + 1
        else:
            behind = middle
    return first
