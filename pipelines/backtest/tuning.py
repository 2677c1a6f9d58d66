"""For each rule the keenest bar that keeps to a budget of alerts a week, found on history. Cached signals in, bars out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alerts.rules.directory import ActorDirectory
from alerts.rules.model import Rule, RuleSet
from pipelines.backtest.backtest import pass_over
from pipelines.backtest.choosing import Judge, Point, choose, points
from pipelines.backtest.judging import Matching, Stretch
from pipelines.backtest.tried_bars import bars_tried
from pipelines.backtest.truth import TrueEvent
from pipelines.backtest.variants import as_written
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
    """Return what to make of each rule; the week in which it learns what is normal is left out.

    A rule that is as good as the best that is tried stays as it is: what was tuned is not tuned again.
    """
    written = as_written(rules.rules)
    tried = bars_tried(rules.rules)
    passed = pass_over(past, version, [*written, *tried], (), told)
    first = min(passed.learnt, passed.last)
    judge = Judge(truth, Matching(), names, Stretch(first, passed.last), passed.last, first)
    found = []
    for variant in written:
        mine = [variant, *(one for one in tried if one.base == variant.base)]
        of_each = [points([one], passed.books, judge)[0] for one in mine]
        point = choose(of_each, budget_a_week, passed.last).point
        rule = next((one.rule for one, its in zip(mine, of_each, strict=True) if its is point), None)
        tuned = None if rule is None else rule.model_copy(update={"name": variant.base})
        found.append(Tuned(variant.rule, tuned, of_each[0].whole.a_week, point))
    return found
