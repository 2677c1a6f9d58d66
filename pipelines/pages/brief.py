"""What a person asks in the morning: what rang, what moved most without ringing, what is blind. A reading in, a brief out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipelines.explaining.ledger_span import first_position_at
from pipelines.pages.ledger_view import AlertLife, read_alert
from pipelines.pages.reading import Reading
from pipelines.pages.watch_rows import KeyState, WatchRow
from schemas.alert_event import AlertEvent
from schemas.ports.store import LedgerStore
from schemas.reasons import EventKind


@dataclass(frozen=True)
class Brief:
    """``rang``: alerts that ring or rang since ``since``, those that still ring first; ``moved``: keys nearest to ringing."""

    since: datetime
    at: datetime
    rang: Sequence[AlertLife]
    moved: Sequence[WatchRow]
    blind: Sequence[AlertEvent]
    watches: int
    problems: Sequence[str]

    @property
    def ringing(self) -> int:
        """Return how many still ring."""
        return sum(1 for life in self.rang if life.is_open)


def events_since(store: LedgerStore, since: datetime) -> int:
    """Return how many events a reading needs for the brief: those at ``since`` or later, one at least."""
    head = store.decider_head()
    return max(1, head.events - first_position_at(store, since) + 1) if head is not None else 1


def whole_life(store: LedgerStore, life: AlertLife) -> AlertLife:
    """Return ``life`` from its opening on, which may lie before the events that were read."""
    if life.first.event is EventKind.OPENED:
        return life
    return read_alert(store, life.id) or life


def brief_of(
    reading: Reading, *, since: datetime, most: int, whole: Callable[[AlertLife], AlertLife] = lambda life: life
) -> Brief:
    """Return the brief of ``reading``; ``most`` keys are named that moved without ringing. ``whole`` completes a life."""
    ledger = reading.ledger
    ringing = ledger.open_alerts()
    over = [life for life in ledger.newest_first() if life.ended is not None and life.last.at >= since]
    moved = sorted(
        (row for row in reading.watches if row.state is not KeyState.FIRING and row.share > 0.0),
        key=lambda row: -row.share,
    )
    return Brief(
        since=since,
        at=reading.status.at,
        rang=tuple(whole(life) for life in (*ringing, *over)),
        moved=tuple(moved[:most]),
        blind=tuple(ledger.blind),
        watches=len(reading.watches),
        problems=(*reading.status.problems, *([reading.live.problem] if reading.live.problem else [])),
    )
