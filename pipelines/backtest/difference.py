"""Two sets of rules over the same history, in one pass: which alerts one has and the other has not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from alerts.rules.model import Rule, RuleSet
from pipelines.backtest.alarms import Alarm
from pipelines.backtest.backtest import pass_over
from pipelines.backtest.variants import AS_WRITTEN, Variant, as_written
from pipelines.replay.past import Past
from pipelines.replay.replay import Told

#: Stands behind the name of a rule of the set before, while both are run; no name in a rule file holds it.
_BEFORE = "@before"

#: Alerts of one key that open so near each other are the same alert, sooner or later.
_SAME = timedelta(hours=24)


@dataclass(frozen=True)
class Difference:
    """One rule: alerts that stay, come and go."""

    rule: str
    kept: int
    added: tuple[Alarm, ...]
    lost: tuple[Alarm, ...]


def differences(past: Past, version: str, before: RuleSet, after: RuleSet, told: Told) -> list[Difference]:
    """Return, by rule, what changes when ``after`` takes the place of ``before``; the same rule in both runs once."""
    new = as_written(after.rules)
    same = {variant.rule.name: variant.rule for variant in new}
    old = [_renamed(variant.rule, same) for variant in as_written(before.rules)]
    books = pass_over(past, version, [*new, *old], (), told).books
    names = sorted({variant.base for variant in (*old, *new)})
    found = []
    for name in names:
        was = next((books[variant.rule.name].alarms for variant in old if variant.base == name), [])
        is_ = next((books[variant.rule.name].alarms for variant in new if variant.base == name), [])
        lost, kept = _apart(was, is_)
        added, _ = _apart(is_, was)
        found.append(Difference(name, kept, tuple(added), tuple(lost)))
    return found


def _renamed(rule: Rule, same: dict[str, Rule]) -> Variant:
    if same.get(rule.name) == rule:
        return Variant(rule.name, AS_WRITTEN, rule)
    return Variant(rule.name, AS_WRITTEN, rule.model_copy(update={"name": f"{rule.name}{_BEFORE}"}))


def _apart(alarms: Sequence[Alarm], others: Sequence[Alarm]) -> tuple[list[Alarm], int]:
    """Return the alarms that have no like among ``others``, and how many have."""
    alone = [
        alarm
        for alarm in alarms
        if not any(other.key == alarm.key and abs(other.opened - alarm.opened) <= _SAME for other in others)
    ]
    return alone, len(alarms) - len(alone)
