"""What the engine saw of each watched key, day by day: counts, what was expected, and the windows that nearly rang.

It reads the engine between two records and changes nothing in it.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.detectors.negative_binomial import minus_log10_tail
from alerts.engine import Engine
from alerts.rule_state import RuleState
from alerts.rules.model import Rule
from alerts.standing import Need, Standing, standings
from alerts.tracks.baseline import BaselineTrack
from alerts.tracks.port import Track
from pipelines.backtest.variants import has_fixed_keys
from schemas.alert_event import Evidence
from schemas.ids import hour_start

DAY_H = 24

#: One day in twenty has more than the upper edge of the band by chance.
_BAND_LOG10 = 1.3010299956639813

#: Near misses kept of a whole history, and how long a key must not have rung around one.
NEAR_MISSES = 90
_QUIET_H = 72

#: Articles shown of a near miss, and stories below which nothing is near.
_ARTICLES_SHOWN = 6
_FEWEST_STORIES = 2

#: Keys of rules with a wildcard whose days are kept; those of the others always are.
_MOST_KEYS = 5_000


@dataclass(frozen=True, slots=True)
class Day:
    """The 24 hours before ``end``: stories, what was expected (None: nothing is), and the upper edge of normal."""

    end: datetime
    count: int
    expected: float | None = None
    upper: float | None = None


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A window that lacked something; ``lacking`` says what, in words."""

    rule: str
    key: str
    end: datetime
    window_h: int
    stories: int
    expected: float | None
    lacking: str
    evidence: tuple[Evidence, ...]


@dataclass
class DayBook:
    """Days by (rule, key), and near misses. ``rules`` are those that are looked at."""

    rules: dict[str, Rule]
    days: dict[tuple[str, str], list[Day]] = field(default_factory=dict)
    _near: list[tuple[float, int, NearMiss]] = field(default_factory=list)
    _rang: dict[tuple[str, str], int] = field(default_factory=dict)
    _number: int = 0

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> DayBook:
        """Return an empty book for ``rules``."""
        return cls({rule.name: rule for rule in rules})

    def rang(self, rule: str, key: str, hour: int) -> None:
        """Note that an alert is open."""
        self._rang[rule, key] = hour

    def take(self, engine: Engine) -> None:
        """Look at the day that has just ended."""
        assert engine.open is not None
        hour = engine.open - 1
        for name in self.rules:
            state = engine.rules.get(name)
            if state is not None and state.start_hour is not None:
                self._take_rule(engine, state, hour)

    def without_gaps(self) -> dict[tuple[str, str], list[Day]]:
        """Return the days of each key from its first to its last, those nobody kept as empty ones.

        Of a wildcard's keys only those that rang are in it.
        """
        return {
            (rule, key): _filled(days)
            for (rule, key), days in self.days.items()
            if (rule, key) in self._rang or has_fixed_keys(self.rules[rule])
        }

    def near_misses(self) -> list[NearMiss]:
        """Return what came nearest without ringing, the nearest first; a key that rang within three days is left out."""
        found = sorted(self._near, key=lambda item: (-item[0], item[1]))
        return [near for _, _, near in found]

    def _take_rule(self, engine: Engine, state: RuleState, hour: int) -> None:
        track = state.tracks[0]
        name = state.rule.name
        keys = set(track.alive(hour))
        # Of a wildcard's thousands of keys only days with news are kept, until one rings.
        known = [key for key in state.keys if has_fixed_keys(state.rule) or (name, key) in self._rang]
        for key in sorted({*keys, *known}):
            if (name, key) not in self.days and len(self.days) >= _MOST_KEYS and not has_fixed_keys(state.rule):
                continue
            self.days.setdefault((name, key), []).append(_day(track, key, hour))
        for key in sorted(keys):
            self._look_for_near_miss(engine, state, key, hour)

    def _look_for_near_miss(self, engine: Engine, state: RuleState, key: str, hour: int) -> None:
        name = state.rule.name
        life = state.lives.get(key)
        if state.learning(hour) or (life is not None and not life.is_blank()):
            return
        if hour - self._rang.get((name, key), hour - _QUIET_H) < _QUIET_H:
            return
        windows = [s for s in standings(state, key, hour) if s.verdict.counts.stories >= _FEWEST_STORIES and s.missing]
        if not windows:
            return
        best = max(windows, key=lambda s: s.nearness)
        nearness = sum(c.share for c in best.conditions) / len(best.conditions)
        if len(self._near) >= NEAR_MISSES and nearness <= self._near[0][0]:
            return
        self._number += 1
        entry = (nearness, -self._number, _near_miss(engine, state, best))
        if len(self._near) < NEAR_MISSES:
            heapq.heappush(self._near, entry)
        else:
            heapq.heapreplace(self._near, entry)


def _filled(days: list[Day]) -> list[Day]:
    found: list[Day] = []
    for day in days:
        while found and day.end - found[-1].end > timedelta(days=1):
            found.append(Day(found[-1].end + timedelta(days=1), 0))
        found.append(day)
    return found


def _day(track: Track, key: str, hour: int) -> Day:
    end = hour_start(hour + 1)
    count = sum(1 for article, story in track.counted(key, hour - DAY_H + 1, hour) if article == story)
    if not isinstance(track, BaselineTrack) or track.share is None:
        return Day(end, count)
    scores = track.share.scores(track.rows.get(key, 0), hour)
    score = min(scores, key=lambda one: abs(one.hours - DAY_H))
    expected, variance = score.expected * DAY_H / score.hours, score.variance * DAY_H / score.hours
    return Day(end, count, expected, upper_edge(expected, variance))


def upper_edge(expected: float, variance: float) -> float:
    """Return the largest count that 19 of 20 days with such a mean and variance do not pass."""
    if expected <= 0.0:
        return 0.0
    variance = max(variance, expected * 1.0001)
    low, high = 0, 4
    while minus_log10_tail(high + 1, expected, variance) < _BAND_LOG10:
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        if minus_log10_tail(middle + 1, expected, variance) < _BAND_LOG10:
            low = middle + 1
        else:
            high = middle
    return float(low)


def _near_miss(engine: Engine, state: RuleState, standing: Standing) -> NearMiss:
    verdict = standing.verdict
    track = state.tracks[verdict.track]
    first = verdict.hour - verdict.window_h + 1
    evidence = []
    for article, story in track.counted(standing.key, first, verdict.hour)[-_ARTICLES_SHOWN:]:
        card = engine.cards.get(article)
        if card is not None:
            evidence.append(card.evidence(state.rule.name, standing.key, story))
    return NearMiss(
        rule=state.rule.name,
        key=standing.key,
        end=hour_start(verdict.hour + 1),
        window_h=verdict.window_h,
        stories=verdict.counts.stories,
        expected=verdict.expected,
        lacking="; ".join(_lack(c.need, c.has, c.needs) for c in standing.missing),
        evidence=tuple(evidence),
    )


def _lack(need: Need, has: float, needs: float) -> str:
    if need is Need.TIMES:
        return f"{has:g} counted, {needs:.3g} would be enough times the expectation"
    return f"{need.value} {has:g} of {needs:.3g} needed"
