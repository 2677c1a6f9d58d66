"""Two rule sets on the same history: the alerts that one rings and the other does not. Only rules that differ are tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from alerts.rules.model import Mode, Rule
from pipelines.explaining.engine_then import Progress, no_progress
from pipelines.explaining.rule_replay import Replayed, Rung, replay_rules
from schemas.ports.log import Log

#: Two alerts on one key are the same where they overlap, give or take so much: less than a key rests after an alert.
_SLACK = timedelta(hours=12)


@dataclass(frozen=True)
class RuleDifference:
    """One rule. ``before`` and ``after`` count all its alerts; None where the set has no such rule."""

    rule: str
    before: int | None
    after: int | None
    added: tuple[Rung, ...]
    lost: tuple[Rung, ...]


def rule_difference(
    log: Log, before: Mapping[str, Rule], after: Mapping[str, Rule], progress: Progress = no_progress
) -> tuple[list[RuleDifference], Replayed]:
    """Return the rules that differ between the sets, by name, with what that changes on the log's history."""
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    tried: dict[str, Rule] = {}
    for name in changed:
        for label, rules in (("before", before), ("after", after)):
            rule = rules.get(name)
            if rule is not None and rule.mode is not Mode.OFF:
                tried[f"{label} {name}"] = rule
    replayed = replay_rules(log, tried, progress) if tried else Replayed()
    found = []
    for name in changed:
        old, new = replayed.alerts.get(f"before {name}"), replayed.alerts.get(f"after {name}")
        found.append(
            RuleDifference(
                rule=name,
                before=None if old is None else len(old),
                after=None if new is None else len(new),
                added=tuple(one for one in new or () if not _among(one, old or ())),
                lost=tuple(one for one in old or () if not _among(one, new or ())),
            )
        )
    return found, replayed


def _among(one: Rung, others: Sequence[Rung]) -> bool:
    last = one.until or one.opened.at
    return any(
        other.key == one.key
        and other.opened.at <= last + _SLACK
        and (other.until or other.opened.at) >= one.opened.at - _SLACK
        for other in others
    )
