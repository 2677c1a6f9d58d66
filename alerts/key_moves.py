"""What a key of a rule does, or the rule as a whole: a move with all that its event tells."""

from __future__ import annotations

from dataclasses import dataclass

from alerts.lifecycle import Move, Verdict
from schemas.alert_event import Counts
from schemas.reasons import EventKind, EventReason, Severity


@dataclass(frozen=True, slots=True)
class KeyMove:
    """A move of a key (empty for the rule as a whole)."""

    key: str
    move: Move
    crossing: int | None = None
    blind_feeds: tuple[str, ...] = ()
    learning: bool = False
    severity: Severity | None = None  # where it is not that of the rule


def overflow(reason: EventReason, hour: int, detail: str) -> KeyMove:
    """Return that something was left out, for there was too much."""
    return KeyMove("", Move(EventKind.OVERFLOW, reason, blank_verdict(hour, 1.0), detail))


def blank_verdict(hour: int, coverage: float) -> Verdict:
    """Return the verdict of an event that is about a rule rather than a key."""
    return Verdict("", 0, hour, 0, False, False, 0, Counts(), None, None, coverage)
