"""What tuning tries of a rule does not depend on the bar that is written."""

from __future__ import annotations

from alerts.rules.model import Detector, Mode, New, Ratio, Sensitivity, Spike, Threshold, Zscore
from pipelines.backtest.tried_bars import COUNTS, RATIOS, bars_tried
from pipelines.backtest.variants import BARS
from tests.unit.backtest.test_judging import PAIR


def tried(*when: Detector) -> set[tuple[Detector, ...]]:
    return {variant.rule.when for variant in bars_tried([PAIR.model_copy(update={"name": "a", "when": when})])}


def test_the_same_is_tried_whatever_is_written() -> None:
    assert len(tried(Threshold(count=7, within_h=24))) == len(COUNTS)
    assert tried(Threshold(count=7, within_h=24)) == tried(Threshold(count=4, within_h=24))
    assert tried(Ratio(ratio=3.3)) == tried(Ratio(ratio=RATIOS[2]))
    assert tried(Zscore(sd=1.0)) == tried(Zscore(sd=7.0))
    assert tried(Spike()) == tried(Spike(sensitivity=Sensitivity.HIGH))
    assert len(tried(Spike(), Threshold(count=7, within_h=24))) == len(BARS) * len(COUNTS)


def test_what_is_tuned_is_among_what_is_tried_of_it() -> None:
    of_two = (Spike(), Threshold(count=7, within_h=24), Threshold(count=20, within_h=72))
    for when in tried(*of_two):
        assert when in tried(*when)


def test_settings_and_rules_that_are_run() -> None:
    written = PAIR.model_copy(update={"name": "a", "when": (Threshold(count=4, within_h=24),)})
    variants = bars_tried([written, written.model_copy(update={"name": "b", "mode": Mode.OFF})])
    assert {one.base for one in variants} == {"a"}
    assert len({one.setting for one in variants}) == len(variants) == len({one.rule.name for one in variants})
    same = next(one for one in variants if one.rule.when == written.when)
    assert (same.rule.name, same.setting.bar) == ("a", "count 4")
    assert not bars_tried([PAIR.model_copy(update={"when": (New(quiet_for_h=48),)})])
