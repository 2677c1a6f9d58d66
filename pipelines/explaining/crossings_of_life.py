"""Every window that crosses while an alert is open, as the engine sees it on the way: what a quieter rule must not reach.

An alert that began with four stories may go on to forty: a rule that asks for five rings an hour later, and is not silenced.
"""

from __future__ import annotations

from collections.abc import Iterable

from alerts.engine import Engine
from alerts.lifecycle import OPEN_TO_CHANGE_HOURS
from alerts.opening import may_ring, rings_since
from alerts.standing import Standing, standings
from schemas.alert_event import AlertEvent
from schemas.ids import hour_of


class CrossingsOfLife:
    """Give it the engine after each record that touches the key, from the one that opened ``opened`` on."""

    def __init__(self, opened: AlertEvent) -> None:
        self._opened = opened
        self._hour: int | None = None
        # By detector, window and what it has: an hour is looked at again and again, mostly without a change.
        self._found: dict[tuple[object, ...], Standing] = {}

    def take(self, engine: Engine, *, touched: bool) -> None:
        """Look at the windows of the last day, if the key was ``touched`` or an hour has ended: then it may ring."""
        state, open_hour = engine.rules.get(self._opened.rule), engine.open
        if state is None or open_hour is None or (open_hour == self._hour and not touched):
            return
        self._hour = open_hour
        if not may_ring(state.rule, open_hour):
            return
        life = state.lives.get(self._opened.key)
        # When a cool-down ends, an hour of it may open.
        rested = min(life.cooling_until, hour_of(self._opened.crossing or self._opened.at)) if life is not None else 0
        oldest = max(open_hour - OPEN_TO_CHANGE_HOURS, state.start_hour or open_hour)
        first = max(oldest, rested, rings_since(state.rule, open_hour))
        for hour in range(first, open_hour + 1):
            self._keep(one for one in standings(state, self._opened.key, hour) if not one.missing)

    @property
    def crossings(self) -> tuple[Standing, ...]:
        """Every window that crossed, alike ones once."""
        return tuple(self._found.values())

    def _keep(self, crossing: Iterable[Standing]) -> None:
        for one in crossing:
            had = tuple((c.need, c.has, c.most) for c in one.conditions)
            self._found.setdefault((one.verdict.track, one.verdict.window_h, one.verdict.expected, had), one)
