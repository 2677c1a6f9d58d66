"""What a window needs before it crosses, and what it needs of ``shift``, ``drop``, ``cusum`` and the plain detectors. Pure.

The conditions are those of each track's verdict, one by one, in the same arithmetic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from alerts.chain import quantised_expected
from alerts.lifecycle import Verdict
from alerts.rules.model import Floors, Ratio, Zscore
from alerts.tracks.counting import PublishersFloor
from alerts.tracks.cusum import CusumTrack
from alerts.tracks.drop import BLIND_BELOW, DropTrack
from alerts.tracks.recent import RecentTrack
from alerts.tracks.shift import ShiftTrack


class Need(StrEnum):
    """What a window must have before it crosses."""

    ARTICLES = "articles"  # something was counted at all
    SCORE = "score"  # as far from normal as the sensitivity or the budget asks for
    STORIES = "stories"
    PUBLISHERS = "publishers"
    TIMES = "times"  # count over expectation
    COUNT = "count"  # of a threshold
    QUIET_HOURS = "quiet hours"  # not seen for so long before
    HISTORY_HOURS = "hours of history"
    NOT_KNOWN = "not known"  # 1 where the rule does not list the key as no news
    COUNTRIES = "countries"  # of the publishers, where the rule wants corroboration
    PART = "of the part"  # of a shift: how much of what is counted belongs to it
    EXPECTED = "expected"  # of a drop: enough is expected for its absence to mean something
    FEWER = "fewer"  # of a drop: so many times the count is no more than the expectation
    COVERAGE = "coverage"  # the share of the window in which feeds were seen
    MEAN_TIMES = "times the mean"  # of a ratio
    DEVIATIONS = "standard deviations"  # of a zscore
    RECORD = "record"  # one more than any window before


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: what there is and what is needed. ``most``: no rule can ask for more; None where it can."""

    need: Need
    has: float
    needs: float
    most: float | None = None

    @property
    def met(self) -> bool:
        """Whether there is enough."""
        return self.has >= self.needs

    @property
    def share(self) -> float:
        """How much of what is needed there is, 0 to 1."""
        return 1.0 if self.met else max(0.0, self.has / self.needs) if self.needs > 0 else 0.0


Found = tuple[Verdict, tuple[Condition, ...]]


def of_cusum(track: CusumTrack, key: str, hour: int) -> list[Found]:
    """Return the week that ends with ``hour``."""
    verdict, floors = track.verdict(key, hour), track.settings.floors
    needed = floors.times * quantised_expected(verdict.expected or 0.0)
    conditions = (
        Condition(Need.ARTICLES, verdict.counts.articles, 1),
        Condition(Need.SCORE, round(verdict.score or 0.0, 3), track.k_by_hour[hour]),
        *_floors(verdict, floors, track.floor, hour),
        Condition(Need.TIMES, verdict.count, needed),
    )
    return [(verdict, conditions)]


def of_drop(track: DropTrack, key: str, hour: int) -> list[Found]:
    """Return every window that ends with ``hour``; the open hour answers for the one before."""
    found: list[Found] = []
    for verdict in track.windows(key, hour):
        expected = quantised_expected(verdict.expected or 0.0)
        conditions = (
            Condition(Need.EXPECTED, expected, track.settings.expected),
            Condition(Need.SCORE, round(verdict.score or 0.0, 3), track.k_by_hour[verdict.hour]),
            Condition(Need.FEWER, expected, verdict.count * track.settings.floors.times),
            Condition(Need.COVERAGE, round(verdict.coverage, 3), BLIND_BELOW),
        )
        found.append((verdict, conditions))
    return found


def of_shift(track: ShiftTrack, key: str, hour: int) -> list[Found]:
    """Return the window that ends with ``hour``; the open hour answers for the one before."""
    bank, settings = track.bank, track.settings
    if bank is None:
        return []
    hour = max(bank.first_hour, min(hour, bank.open_hour - 1))
    verdict = track.verdict(key, hour)
    whole = track.articles.counts(key, hour - settings.window_h + 1, hour)
    conditions = [
        Condition(Need.SCORE, round(verdict.score or 0.0, 3), track.k_by_hour[hour]),
        Condition(Need.STORIES, whole.stories, settings.floors.stories),
        Condition(Need.PART, verdict.count, max(1, settings.part)),
        publishers_condition(verdict.counts.publishers, track.floor, hour),
        Condition(Need.COVERAGE, round(verdict.coverage, 3), BLIND_BELOW),
    ]
    if settings.floors.times:
        needed = settings.floors.times * quantised_expected(verdict.expected or 0.0)
        conditions.append(Condition(Need.TIMES, verdict.count, needed))
    return [(verdict, tuple(conditions))]


def of_recent(track: RecentTrack, key: str, hour: int) -> list[Found]:
    """Return the window that ends with ``hour`` beside those before it."""
    bank, settings = track.bank, track.settings
    if bank is None:
        return []
    verdict, found = track.verdict(key, hour), bank.score(track.rows.get(key, 0), hour)
    if isinstance(settings, Ratio):
        own = Condition(Need.MEAN_TIMES, round(found.times, 6), settings.ratio)
    elif isinstance(settings, Zscore):
        own = Condition(Need.DEVIATIONS, round(found.sd, 6), settings.sd)
    else:
        # Counts are whole: more than the highest is at least the next whole number.
        own = Condition(Need.RECORD, found.count, math.floor(round(found.highest, 6)) + 1)
    conditions = [
        Condition(Need.ARTICLES, verdict.counts.articles, 1),
        Condition(Need.HISTORY_HOURS, max(0, hour - bank.first_hour), track.needed_history_h),
        own,
        *_floors(verdict, settings.floors, track.floor, hour),
    ]
    if settings.floors.times:
        conditions.append(Condition(Need.TIMES, found.count, settings.floors.times * found.expected))
    return [(verdict, tuple(conditions))]


def publishers_condition(publishers: int, floor: PublishersFloor, hour: int) -> Condition:
    """Return the condition of a floor that asks for no more publishers than there are to be had."""
    return Condition(Need.PUBLISHERS, publishers, floor.at(hour), floor.most_at(hour))


def _floors(verdict: Verdict, floors: Floors, floor: PublishersFloor, hour: int) -> tuple[Condition, Condition]:
    return (
        Condition(Need.STORIES, verdict.counts.stories, floors.stories),
        publishers_condition(verdict.counts.publishers, floor, hour),
    )
