"""Which process decides for which rules."""

from __future__ import annotations

import pytest

from alerts.rules.model import AnyActor, Mode, NamedActors, PairPart, Rule, RuleSet, Threshold
from pipelines.replay.shares import LEAST_RULE_DAYS, shares_of
from tests.streams.records import pair_rule

_TWO_YEARS = 750


def plain(number: int) -> list[Rule]:
    return [pair_rule(f"r{n:03}", Threshold(count=2, within_h=6)) for n in range(number)]


def wild(name: str) -> Rule:
    """Return a rule of nobody knows how many keys."""
    rule = pair_rule(name, Threshold(count=2, within_h=6))
    pair = PairPart(one=(NamedActors(ids=("AZE",)),), other=(AnyActor(),))
    return rule.model_copy(update={"watch": rule.watch.model_copy(update={"pair": pair})})


@pytest.mark.parametrize("workers", [1, 2, 3, 5])
def test_every_rule_is_in_one_share_and_shares_are_alike(workers: int) -> None:
    rules = plain(120)
    shares = shares_of(RuleSet.of(*rules), _TWO_YEARS, workers)
    assert len(shares) == workers
    assert sorted(name for share in shares for name in share) == [rule.name for rule in rules]
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert shares == shares_of(RuleSet.of(*reversed(rules)), _TWO_YEARS, workers)


def test_few_rules_or_few_days_are_one_share() -> None:
    rules = RuleSet.of(*plain(100))
    assert len(shares_of(rules, LEAST_RULE_DAYS // 100 * 2 - 1, 2)) == 1
    assert len(shares_of(rules, LEAST_RULE_DAYS // 100 * 2, 2)) == 2
    assert len(shares_of(RuleSet.of(*plain(12)), _TWO_YEARS, 2)) == 1


def test_rules_that_are_off_are_in_none() -> None:
    off = [rule.model_copy(update={"mode": Mode.OFF}) for rule in plain(100)]
    assert shares_of(RuleSet.of(*off), _TWO_YEARS, 4) == [[]]
    on = wild("on")
    assert shares_of(RuleSet.of(*off, on), 10 * _TWO_YEARS, 4) == [["on"]]


def test_a_rule_of_many_keys_counts_as_many_rules() -> None:
    """Else it would lie beside as many others as each of the light ones."""
    one, other = shares_of(RuleSet.of(*plain(60), wild("wild"), wild("wilder")), _TWO_YEARS, 2)
    assert {"wild" in one, "wild" in other} == {"wilder" in one, "wilder" in other} == {True, False}
    assert ("wild" in one) != ("wilder" in one)
    light = shares_of(RuleSet.of(*plain(20), wild("wild")), _TWO_YEARS, 2)
    assert light[0] == ["wild"]
    assert len(light[1]) == 20
