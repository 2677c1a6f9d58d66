"""What an engine held of each hour when nothing could change it any more: which keys crossed, and what they counted.

engine ──an hour is a day old──▶ its crossings, and the articles each key counts in it
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from alerts.cards import Card, KeyHit
from alerts.engine import Engine
from alerts.rules.model import Rule


class Crossing(NamedTuple):
    """A key of a rule whose opening condition holds over a window that ends with ``hour``."""

    rule: str
    key: str
    hour: int


@dataclass(frozen=True, slots=True)
class Counted:
    """An article in a key's count: its hour, and all a count depends on. ``seen`` is False where its feed had no exposure."""

    hour: int
    seen: bool
    detectors: tuple[int, ...]
    parts: tuple[int, ...]
    fingerprint: str
    observed_ms: int = field(compare=False)  # of the revision that counts

    @classmethod
    def of(cls, card: Card, hit: KeyHit) -> Counted:
        """Return what ``card`` counts by ``hit``."""
        return cls(card.hour, card.counted, hit.detectors, hit.parts, card.fingerprint, card.revision)


@dataclass
class Settled:
    """Everything that settled. Give :meth:`take` to an :class:`~alerts.engine.Engine`; the same hour may be told again.

    ``crossed`` holds the longest window, in hours, of each crossing. ``in_force`` names by rule the settings it had, each
    with the first hour that settled under them; ``full`` are rules that refused keys.
    """

    crossed: dict[Crossing, int] = field(default_factory=dict)
    counted: dict[tuple[str, str], dict[str, Counted]] = field(default_factory=dict)
    in_force: dict[str, list[tuple[int, Rule]]] = field(default_factory=dict)
    full: set[str] = field(default_factory=set)
    first: int | None = None
    last: int | None = None

    def take(self, engine: Engine, hour: int) -> None:
        """Take note of ``hour``, of which ``engine`` takes in nothing more."""
        self.first = hour if self.first is None else min(self.first, hour)
        self.last = hour if self.last is None else max(self.last, hour)
        for name, state in engine.rules.items():
            for key, verdicts in state.crossed(hour).items():
                self.crossed[Crossing(name, key, hour)] = max(verdict.window_h for verdict in verdicts)
            known = self.in_force.setdefault(name, [])
            if not known or known[-1][1] != state.rule:
                known.append((hour, state.rule))
            if state.keys_overflowed:
                self.full.add(name)
        for card in engine.cards.of_hour(hour):
            for name, hits in card.hits.items():
                for hit in hits:
                    self.counted.setdefault((name, hit.key), {})[card.article_id] = Counted.of(card, hit)

    def rule_at(self, name: str, hour: int) -> Rule | None:
        """Return the rule of that name as it was when ``hour`` settled; None: there was none."""
        known = [rule for since, rule in self.in_force.get(name, ()) if since <= hour]
        return known[-1] if known else None
