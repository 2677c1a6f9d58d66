"""For each rule the keenest bar that keeps to a budget of alerts a week, found on history. Cached signals in, bars out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alerts.rules.directory import ActorDirectory
from alerts.rules.model import Rule, RuleSet
from pipelines.backtest.backtest import pass_over
from pipelines.backtest.choosing import Judge, Point, choose, points
from pipelines.backtest.judging import Matching, Stretch
from pipelines.backtest.truth import TrueEvent
from pipelines.backtest.variants import BARS, FLOORS, WINDOWS, Setting, as_written, varied
from pipelines.replay.past import Past
from pipelines.replay.replay import Told


@dataclass(frozen=True)
class Tuned:
    """One rule: what it rings a week as written, and the bar that fits; ``point`` is None where no bar does."""

    rule: Rule
    tuned: Rule | None
    written_a_week: float
    point: Point | None

    @property
    def changes(self) -> bool:
        """Whether the rule would be another."""
        return self.tuned is not None and self.tuned.when != self.rule.when


def tune(
    past: Past,
    version: str,
    rules: RuleSet,
    truth: Sequence[TrueEvent] | None,
    names: ActorDirectory,
    budget_a_week: float,
    told: Told,
) -> list[Tuned]:
    """Return what to make of each rule; the week in which it learns what is normal is left out."""
    written = as_written(rules.rules)
    tried = varied(rules.rules, [Setting("", bar, WINDOWS[0], FLOORS[1]) for bar in BARS])
    passed = pass_over(past, version, [*written, *tried], (), told)
    first = min(passed.learnt, passed.last)
    judge = Judge(truth, Matching(), names, Stretch(first, passed.last), passed.last, first)
    found = []
    for variant in written:
        mine = [one for one in tried if one.base == variant.base]
        point = choose(points(mine, passed.books, judge), budget_a_week, passed.last).point
        rule = next((one.rule for one in mine if point is not None and one.setting == point.setting), None)
        before = points([variant], passed.books, judge)[0].whole.a_week
        tuned = None if rule is None else rule.model_copy(update={"name": variant.base})
        found.append(Tuned(variant.rule, tuned, before, point))
    return found
