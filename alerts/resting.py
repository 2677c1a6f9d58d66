"""Rules at rest: nothing is open and no window can cross, so the ends of their hours wait until somebody looks or counts.

    an hour ends, the same feeds there and the same failing ──▶ rules that may rest are passed over
    an article, a change of feeds, midnight, a look ──▶ the hours passed over are closed, in one go, as they ended

What an hour's end is told is kept here, so a rule that wakes is what it would be had it never rested.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from alerts.coverage import CoverageBook, Covered
from alerts.rule_state import RuleState, failing_feeds
from alerts.rules.model import SourcesPart
from alerts.tracks.counting import PUBLISHERS_WITHIN_HOURS
from alerts.tracks.spike import RESTING_GUARD_H


class EndedHours:
    """The world as it was at the end of each hour since midnight: an :class:`alerts.tracks.port.Exposure` of a rule at rest.

    Of every hour that one asks for, the feeds that count now counted then. What was found missing of an hour when it
    ended, or when it was learnt, is not what it is now: a poll that reaches back may have restored it since.
    """

    def __init__(self) -> None:
        self._covered: dict[int, Covered] = {}  # by hour, 7 days before it
        self._short: dict[int, dict[str, float]] = {}
        self._counting: list[str] = []

    def take(self, hour: int, coverage: CoverageBook) -> None:
        """Take note that ``hour`` ends."""
        since = hour + 1 - PUBLISHERS_WITHIN_HOURS
        self._covered[since] = coverage.covered(since)
        self._counting = coverage.counting()
        for asked in (hour, hour + 1 - RESTING_GUARD_H):  # the one that ends and the one that is learnt
            self._short[asked] = coverage.shortfalls(asked)

    def forget(self) -> None:
        """Forget all hours."""
        self._covered.clear()
        self._short.clear()

    def shortfalls(self, hour: int) -> dict[str, float]:
        """See :class:`alerts.tracks.port.Exposure`."""
        return self._short[hour]

    def counting(self) -> Sequence[str]:
        """See :class:`alerts.tracks.port.Exposure`."""
        return self._counting

    def exposure(self, feed_id: str, hour: int) -> float:
        """See :class:`alerts.tracks.port.Exposure`; ``feed_id`` counts."""
        return self._short[hour].get(feed_id, 1.0)

    def source_id(self, feed_id: str) -> str:
        """Nobody asks: no feed comes or goes."""
        raise NotImplementedError(feed_id)

    def publishers_covered(self, since_hour: int, whose: tuple[SourcesPart, ...]) -> int:
        """See :class:`alerts.tracks.port.Exposure`."""
        return self._covered[since_hour].publishers(whose)


class Resting:
    """Which rules rest, and since when. No part of the state: before it is taken, all are awake."""

    def __init__(self) -> None:
        # Each rule at rest with the first hour that it has not closed.
        self._since: dict[str, tuple[RuleState, int]] = {}
        self._ended = EndedHours()
        self._failing: tuple[str, ...] | None = None

    def is_quiet(self, hour: int, coverage: CoverageBook) -> bool:
        """Tell whether rules may rest over the end of ``hour``, or from it on.

        They may not where a feed came or went or there is none, nor where rules go blind or see again. At midnight, when
        days are begun in many places, all of them are woken by this, and may lie down again at once.
        """
        failing = failing_feeds(hour, coverage)
        quiet = failing is not None and failing == self._failing and self._ended.counting() == coverage.counting()
        if quiet and (hour + 1) % 24 == 0:
            self._wake_everyone(hour)
        return quiet

    def take(self, hour: int, coverage: CoverageBook) -> None:
        """Take note that ``hour`` ends; whoever may not rest over its end was woken before, in the world until then."""
        if hour % 24 == 0:
            self._ended.forget()  # Whoever rests now lay down at midnight.
        self._failing = failing_feeds(hour, coverage)
        self._ended.take(hour, coverage)

    def lie_down(self, name: str, state: RuleState, hour: int) -> None:
        """Let a rule that has closed ``hour`` rest from the next on, if it may."""
        if state.may_rest():
            self._since[name] = state, hour + 1

    def awake(self, names: Iterable[str]) -> list[str]:
        """Return those of ``names`` that do not rest, in order."""
        return [name for name in names if name not in self._since]

    def wake(self, name: str, state: RuleState, open_hour: int) -> None:
        """Let a rule close what it passed over, the hours before ``open_hour``, if it rests."""
        if name in self._since:
            _, since = self._since.pop(name)
            if since < open_hour:
                state.catch_up(range(since, open_hour), self._ended)

    def wake_all(self, rules: Mapping[str, RuleState], open_hour: int | None) -> None:
        """Let all of ``rules`` do so."""
        if self._since and open_hour is not None:
            for name in sorted(self._since):
                self.wake(name, rules[name], open_hour)

    def _wake_everyone(self, open_hour: int) -> None:
        for name, (state, _) in sorted(self._since.items()):
            self.wake(name, state, open_hour)
