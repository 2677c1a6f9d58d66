"""A sweep's settings as points on curves, and the best one for a budget: chosen on one part of time, judged on another. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.rules.directory import ActorDirectory
from pipelines.backtest.alarms import AlarmBook
from pipelines.backtest.judging import Matching, Stretch, judge_rule
from pipelines.backtest.scores import Score, score_all
from pipelines.backtest.truth import TrueEvent
from pipelines.backtest.variants import Setting, Variant


@dataclass(frozen=True)
class Point:
    """All rules (or one) under one setting: over the whole time, on the part to choose on and on the part to judge on."""

    setting: Setting
    whole: Score
    chosen_on: Score
    judged_on: Score


@dataclass(frozen=True)
class Choice:
    """The setting that keeps to ``budget`` alerts a week on the first part with the most events found; None: none keeps to it."""

    budget_a_week: float
    split: datetime
    point: Point | None


@dataclass(frozen=True)
class Judge:
    """What settings are judged by."""

    truth: Sequence[TrueEvent] | None
    matching: Matching
    names: ActorDirectory
    stretch: Stretch
    split: datetime
    learnt: datetime

    @property
    def parts(self) -> tuple[Stretch, Stretch, Stretch]:
        """The whole time, the part to choose on, the part to judge on."""
        return (
            self.stretch,
            Stretch(self.stretch.first, self.split),
            Stretch(self.split, self.stretch.last),
        )


def points(variants: Sequence[Variant], books: Mapping[str, AlarmBook], judge: Judge) -> list[Point]:
    """Return one point a setting, in the order of the settings."""
    by_setting: dict[Setting, list[Variant]] = {}
    for variant in variants:
        by_setting.setdefault(variant.setting, []).append(variant)
    return [Point(setting, *_scores(group, books, judge)) for setting, group in by_setting.items()]


def _scores(group: Sequence[Variant], books: Mapping[str, AlarmBook], judge: Judge) -> tuple[Score, Score, Score]:
    found = []
    for stretch in judge.parts:
        judgements = []
        own: dict[str, AlarmBook] = {}
        for variant in group:
            # Truth names rules as they are written, whatever they are called while they are tried.
            rule = variant.rule.model_copy(update={"name": variant.base})
            own[variant.base] = books[variant.rule.name]
            judgements.append(
                judge_rule(
                    rule, own[variant.base], judge.truth, judge.matching, stretch, judge.names, learnt=judge.learnt
                )
            )
        found.append(score_all(judgements, own, judge.truth, stretch))
    whole, first, second = found
    return whole, first, second


def choose(candidates: Sequence[Point], budget_a_week: float, split: datetime) -> Choice:
    """Return the best of ``candidates`` that rings at most ``budget_a_week`` on the part to choose on.

    The one that finds most listed events, and of those that find as many the keenest: lists are short, so many find all
    of them, the budget says how many alerts one can bear, and a keener watch finds more of what is not listed. (On two
    years of headlines the strictest of them found none of the events of the other part, the keenest all.)
    """
    kept = [point for point in candidates if point.chosen_on.a_week <= budget_a_week]

    def worth(point: Point) -> tuple[int, float, float]:
        score = point.chosen_on
        return (score.recall.part if score.judged else 0), score.a_week, score.precision.value or 0.0

    return Choice(budget_a_week, split, max(kept, key=worth, default=None))
