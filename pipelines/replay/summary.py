"""What a replay found, in numbers: per rule the alerts that opened and grew, the first and the last. Events in, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from alerts.rules.model import Mode, Rule
from schemas.alert_event import AlertEvent, Decision
from schemas.reasons import EventKind


@dataclass
class RuleSummary:
    """One rule; ``first`` and ``last`` are the engine times of its first and last opening."""

    rule: str
    opened: int = 0
    while_learning: int = 0  # of those opened, how many before normal was known
    escalated: int = 0
    retracted: int = 0
    blind: int = 0
    keys: set[str] = field(default_factory=set)  # that rang
    first: datetime | None = None
    last: datetime | None = None

    def add(self, event: AlertEvent) -> None:
        """Count an event of this rule."""
        match event.event:
            case EventKind.OPENED:
                self.opened += 1
                self.while_learning += event.learning
                self.keys.add(event.key)
                self.first = self.first or event.at
                self.last = event.at
            case EventKind.ESCALATED:
                self.escalated += 1
            case EventKind.RETRACTED:
                self.retracted += 1
            case EventKind.BLIND if not event.key:
                self.blind += 1
            case _:
                pass  # Counted by kind for the ledger as a whole.

    def as_json(self) -> dict[str, object]:
        """Return the same as plain values."""
        return {
            "rule": self.rule,
            "opened": self.opened,
            "while_learning": self.while_learning,
            "escalated": self.escalated,
            "retracted": self.retracted,
            "blind": self.blind,
            "keys": sorted(self.keys),
            "first": self.first.isoformat() if self.first else None,
            "last": self.last.isoformat() if self.last else None,
        }


class ReplaySummary:
    """All rules that were tried, those that never rang among them."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = {rule.name: RuleSummary(rule.name) for rule in rules if rule.mode is not Mode.OFF}

    def counted(self, decisions: Iterable[Decision]) -> Iterator[Decision]:
        """Yield ``decisions`` on, and count each."""
        for decision in decisions:
            name = decision.event.rule
            self.rules.setdefault(name, RuleSummary(name)).add(decision.event)
            yield decision

    @property
    def opened(self) -> int:
        """Alerts that opened, of all rules."""
        return sum(rule.opened for rule in self.rules.values())
