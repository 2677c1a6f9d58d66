"""What a person asks in the morning: what rang, what moved most without ringing, what is blind. A reading in, a brief out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pipelines.pages.ledger_view import AlertLife
from pipelines.pages.reading import Reading
from pipelines.pages.watch_rows import KeyState, WatchRow
from schemas.alert_event import AlertEvent


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


def brief_of(reading: Reading, *, since: datetime, most: int) -> Brief:
    """Return the brief of ``reading``; ``most`` keys are named that moved without ringing."""
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
        rang=(*ringing, *over),
        moved=tuple(moved[:most]),
        blind=tuple(ledger.blind),
        watches=len(reading.watches),
        problems=(*reading.status.problems, *([reading.live.problem] if reading.live.problem else [])),
    )
