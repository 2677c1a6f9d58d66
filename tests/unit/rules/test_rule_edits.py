"""A bar changed in the text of a rule file: the rule becomes what was wanted, and nothing else of the text changes."""

from __future__ import annotations

import pytest

from alerts.rules.directory import FixedDirectory
from alerts.rules.load import load_rules
from alerts.rules.model import Rule
from pipelines.backtest.variants import Setting, varied
from tocsin.rule_edits import with_bars

NAMES = FixedDirectory({"AZE": ("country", "Azerbaijan"), "RUS": ("country", "Russia")})


def rules_in(text: str) -> tuple[Rule, ...]:
    return load_rules(text, "rules.yaml", NAMES).rules


@pytest.mark.parametrize("bar", ["high", "low", "strict"])
@pytest.mark.parametrize(
    "when",
    [
        "when: spike",
        "when: {spike: {}}",
        "when: {spike: {min: {stories: 6}}}  # six, because of the wires",
        "when: {spike: {sensitivity: normal, windows: [6h]}}",
        "when: {spike: {budget: {false_alarms: 4, per: month}, min: {stories: 6}}}",
        "when: [{threshold: {count: 5, within: 24h}}, spike]",
        "when:\n      spike:\n        min: {stories: 6}\n        sensitivity: normal # as usual",
        "when:\n      - shift: {to: {tone: conflict}}\n      - spike:\n          windows: [12h]",
        "when: {ratio: {ratio: 2.5}}",
        "when: {zscore: {sd: 3}}",
    ],
)
def test_the_rule_becomes_what_was_wanted(when: str, bar: str) -> None:
    text = (
        "# The desk's rules.\nrules:\n  - name: other   # stays\n    watch: {pair: [Azerbaijan, Russia]}\n    when: spike\n"
        f"  - name: mine\n    watch: {{pair: [Azerbaijan, Russia]}}\n    {when}\n    severity: high # loud\n"
    )
    before = {rule.name: rule for rule in rules_in(text)}
    [variant] = varied([before["mine"]], [Setting("", bar, "windows as written", "floors as written")])
    after = with_bars(text, {"mine": (before["mine"], variant.rule)})
    found = {rule.name: rule for rule in rules_in(after)}
    for one, wanted in zip(found["mine"].when, variant.rule.when, strict=True):
        assert one == wanted
    assert found["other"] == before["other"]
    for comment in ("# The desk's rules.", "# stays", "# loud"):
        assert comment in after
    changed = [line for line in after.splitlines() if line not in text.splitlines()]
    assert 1 <= len(changed) <= 2
    assert with_bars(text, {}) == text
