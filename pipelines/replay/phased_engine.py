"""The engine of some of the rules, which also tells in which part of a step each decision was made.

    one engine of all rules:      part 0: a, b, c   part 1: a, c   part 2: b
    engines of (a, c) and (b):    part 0: a, c      part 1: a, c
                                  part 0: b                        part 2: b

Within a part an engine decides by the names of the rules, so decisions of several engines on one record, sorted by part and
name, are those of one engine of all rules, in its order. Which parts a step has depends on the record and on what the feeds
were seen to do, never on the rules.
"""

from __future__ import annotations

from collections.abc import Iterable

from alerts.cards import Card
from alerts.engine import Engine
from schemas.alert_event import Decision


class PhasedEngine(Engine):
    """See above; :meth:`parts` tells of the last step."""

    def __init__(self) -> None:
        super().__init__()
        self._recounted = 0
        self._closed: list[int] = []

    def parts(self, decisions: list[Decision]) -> list[int]:
        """Return the part in which each of ``decisions``, those of the last step, was made, and begin anew.

        Counts that changed come first, then what is asked of all rules, then one hour after the other that ends.
        """
        others = len(decisions) - self._recounted - sum(self._closed)
        found = [0] * self._recounted + [1] * others
        for part, number in enumerate(self._closed, start=2):
            found += [part] * number
        self._recounted, self._closed = 0, []
        return found

    def _recount(self, changes: Iterable[tuple[Card | None, Card | None]]) -> list[Decision]:
        decisions = super()._recount(changes)
        self._recounted += len(decisions)
        return decisions

    def _close_hour(self, hour: int) -> list[Decision]:
        decisions = super()._close_hour(hour)
        self._closed.append(len(decisions))
        return decisions
