"""Events of a ledger gathered into alarms: one from its opening to its end; and the stretches in which a rule was blind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.alert_event import AlertEvent, Decision, Evidence
from schemas.reasons import EventKind


@dataclass(slots=True)
class Alarm:
    """An alert of ``rule`` for ``key``. ``ended`` is None while it is open at the end of the history."""

    rule: str
    key: str
    opening: AlertEvent
    evidence: tuple[Evidence, ...]
    escalated: list[datetime] = field(default_factory=list)
    ended: datetime | None = None
    retracted: bool = False

    @property
    def opened(self) -> datetime:
        """When it rang."""
        return self.opening.at

    @property
    def rings(self) -> list[datetime]:
        """Every time it rang: opening and escalations, in order."""
        return [self.opened, *self.escalated]


class AlarmBook:
    """The alarms and blind stretches of one rule."""

    def __init__(self) -> None:
        self.alarms: list[Alarm] = []
        self.blind: list[tuple[datetime, datetime | None]] = []
        self.ready: datetime | None = None
        self.refused = 0  # times too many alerts were open to open another
        self._open: dict[str, Alarm] = {}

    def take(self, decision: Decision, key: str) -> None:
        """Take in the next event of the rule; ``key`` is the event's, under the name of the rule that was written."""
        event = decision.event
        match event.event:
            case EventKind.OPENED:
                self._open[key] = alarm = Alarm(event.rule, key, event, decision.evidence)
                self.alarms.append(alarm)
            case EventKind.ESCALATED if key in self._open:
                self._open[key].escalated.append(event.at)
            case EventKind.RESOLVED | EventKind.RETRACTED if key in self._open:
                alarm = self._open.pop(key)
                alarm.ended, alarm.retracted = event.at, event.event is EventKind.RETRACTED
            case EventKind.BLIND if not key and (not self.blind or self.blind[-1][1] is not None):
                self.blind.append((event.at, None))
            case EventKind.SIGHTED if not key and self.blind:
                self.blind[-1] = (self.blind[-1][0], event.at)
            case EventKind.RULE_READY:
                self.ready = event.at
            case EventKind.OVERFLOW:
                self.refused += 1
            case _:
                pass  # Corrections and what happens to single keys while they are open change no score.


def overlap(stretches: Sequence[tuple[datetime, datetime | None]], first: datetime, last: datetime) -> timedelta:
    """Return how much of ``first..last`` lies in ``stretches``, which do not overlap each other."""
    total = timedelta()
    for begun, ended in stretches:
        total += max(timedelta(), min(ended or last, last) - max(begun, first))
    return total


def union(stretches: Sequence[tuple[datetime, datetime | None]]) -> list[tuple[datetime, datetime | None]]:
    """Return the same time as stretches that do not overlap, in order."""
    joined: list[tuple[datetime, datetime | None]] = []
    for begun, ended in sorted(stretches, key=lambda stretch: stretch[0]):
        if joined and (joined[-1][1] is None or joined[-1][1] >= begun):
            before = joined[-1][1]
            joined[-1] = (joined[-1][0], None if before is None or ended is None else max(before, ended))
        else:
            joined.append((begun, ended))
    return joined
