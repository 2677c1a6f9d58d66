"""What an alert says would have silenced it is a setting as a rule file takes it, and with it no alert opens until it ended."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from alerts.engine import Engine
from alerts.lifecycle import Verdict
from alerts.rules.load import load_rules
from alerts.rules.model import Cusum, Detector, Drop, Rule
from alerts.standing import Condition, Need, Standing
from pipelines.explaining.crossings_of_life import CrossingsOfLife
from pipelines.explaining.silencers import detector_name, may_know, silencers
from schemas.alert_event import Counts
from schemas.reasons import EventKind
from schemas.signal import Signal
from schemas.wire import SignalsRecord
from tests.streams.records import activated
from tests.streams.world import START
from tests.unit.engine.test_standing import share_stream
from tests.unit.rules.world import DIRECTORY, TOPICS

#: A detector as a file writes it, the stream it rings on, and the settings of which something must be said.
RINGING: tuple[tuple[dict[str, Any], Detector | None, set[str]], ...] = (  # Any: as YAML gives it
    ({"spike": {"sensitivity": "high", "min": {"stories": 3, "publishers": 2}}}, None, {"min"}),
    ({"threshold": {"count": 4, "within": "8h", "min": {"stories": 2}}}, None, {"count", "min"}),
    ({"new": {"quiet_for": "12h", "confirm": {"stories": 1, "publishers": 1}}}, None, {"quiet_for"}),
    (
        {
            "shift": {
                "to": {"tone": "conflict"},
                "sensitivity": "high",
                "min": {"stories": 2, "part": 2, "publishers": 2},
            }
        },
        None,
        {"min"},
    ),
    ({"drop": {"sensitivity": "high", "min": {"expected": 2, "times": 1.5}}}, Drop(), {"min"}),
    ({"cusum": {"sensitivity": "high", "min": {"stories": 2, "publishers": 2, "times": 1.1}}}, Cusum(), {"min"}),
    ({"ratio": {"ratio": 1.5, "min": {"stories": 2, "publishers": 2}}}, None, {"ratio", "min"}),
    ({"zscore": {"sd": 1.5, "min": {"stories": 2, "publishers": 2}}}, None, {"sd", "min"}),
    ({"record": {"baseline": "14d", "min": {"stories": 2, "publishers": 2}}}, None, {"min"}),
)
IDS = [next(iter(written)) for written, _, _ in RINGING]


def rule_of(written: dict[str, Any], more: dict[str, Any]) -> Rule:
    document = {"rules": [{"name": "r", "watch": {"pair": ["AZE", "RUS"]}, "when": [written], **more}]}
    (rule,) = load_rules(yaml.safe_dump(document), "r.yaml", DIRECTORY, topics=TOPICS).rules
    return rule


def opened(rule: Rule, records: Sequence[SignalsRecord]) -> tuple[int, tuple[str, ...]] | None:
    """Return where the first alert that opens ends, and what would have silenced it; None: none opens."""
    engine, life, end = Engine(), None, len(records) + 1
    for offset, record in enumerate([activated(START, rule), *records]):
        for event in (decision.event for decision in engine.step(offset, record)):
            if event.event is EventKind.OPENED and life is None:
                life = CrossingsOfLife(event)
            elif event.event is EventKind.RESOLVED and life is not None:
                end = min(end, offset)
        if life is not None and offset < end:
            life.take(engine, touched=isinstance(record, Signal))
    return (
        None
        if life is None
        else (
            end,
            silencers(
                life.crossings, [detector.kind for detector in rule.when], may_be_known=may_know(rule, "AZE-RUS")
            ),
        )
    )


def with_setting(written: dict[str, Any], setting: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the detector and what else the rule says once ``setting`` is written into it."""
    changed, more = copy.deepcopy(written), {}
    (inside,) = changed.values()
    for key, value in yaml.safe_load(setting.partition(" (")[0]).items():
        if key == "corroborated_by":
            more[key] = value
        elif isinstance(value, dict):
            inside[key] = {**inside.get(key, {}), **value}
        else:
            inside[key] = value
    return changed, more


@pytest.mark.parametrize(("written", "like", "named"), RINGING, ids=IDS)
def test_with_each_of_them_it_does_not_open(written: dict[str, Any], like: Detector | None, named: set[str]) -> None:
    records = share_stream(like if like is not None else Drop())
    more = {} if "drop" in written else {"corroborated_by": {"source_countries": 2}}
    first = opened(rule_of(written, more), records)
    assert first is not None
    end, settings = first
    assert named <= {setting.partition(":")[0] for setting in settings}, settings
    assert more.keys() <= {setting.partition(":")[0] for setting in settings}, settings
    for setting in settings:
        later = opened(
            rule_of(*((changed := with_setting(written, setting))[0], {**more, **changed[1]})), records[: end - 1]
        )
        assert later is None, setting


def window(detector: str, track: int, *conditions: Condition) -> Standing:
    verdict = Verdict(detector, track, 0, 24, True, False, 0, Counts(), None, None, 1.0)
    return Standing("AZE-RUS", verdict, conditions)


def test_the_sensitivity_is_the_least_quiet_one_by_the_bars_of_the_detector() -> None:
    shift = [window("shift", 0, Condition(Need.SCORE, score, 2.2)) for score in (2.3, 2.9)]
    assert silencers(shift) == ("sensitivity: low (asks for 3.5; its highest score was 2.9)",)
    assert silencers(shift[:1]) == ("sensitivity: normal (asks for 2.6; its highest score was 2.3)",)
    assert silencers([window("spike", 0, Condition(Need.SCORE, 2.9, 2.5))]) == (
        "sensitivity: normal (asks for 3; its highest score was 2.9)",
    )
    assert silencers([window("spike", 0, Condition(Need.SCORE, 4.0, 2.5))]) == ()


def test_where_several_detectors_crossed_one_of_them_is_not_enough() -> None:
    countries = Condition(Need.COUNTRIES, 2, 2)
    spike = window("spike", 0, Condition(Need.STORIES, 4, 4), Condition(Need.PUBLISHERS, 3, 3), countries)
    threshold = window("threshold", 1, Condition(Need.COUNT, 6, 6), countries)
    kinds = ("spike", "threshold")
    assert silencers([spike], kinds)[:2] == ("spike: {min: {stories: 5}}", "spike: {min: {publishers: 4}}")
    assert silencers([threshold, spike], kinds) == (
        "spike: {min: {stories: 5}} and threshold: {count: 7}",
        "corroborated_by: {source_countries: 3}",
    )


def test_the_only_key_of_a_rule_is_not_proposed_as_known() -> None:
    new = {"new": {"quiet_for": "12h"}}
    assert not may_know(rule_of(new, {}), "AZE-RUS")
    assert may_know(rule_of(new, {"watch": {"pair": ["AZE", "*"]}}), "AZE-RUS")
    crossing = [window("new", 0, Condition(Need.HISTORY_HOURS, 900, 336), Condition(Need.QUIET_HOURS, 640, 336))]
    assert silencers(crossing, may_be_known=False) == ("quiet_for: 641h",)


def test_two_detectors_of_a_kind_are_told_apart() -> None:
    first, second = (window("threshold", track, Condition(Need.COUNT, 6, 6)) for track in (0, 2))
    kinds = ("threshold", "spike", "threshold")
    assert silencers([second], kinds) == ("threshold no. 2: {count: 7}",)
    assert silencers([first, second], kinds) == ("threshold no. 1: {count: 7} and threshold no. 2: {count: 7}",)
    assert detector_name(kinds, 1) == "spike"


def test_no_more_publishers_are_asked_for_than_there_are() -> None:
    few, many = (Condition(Need.PUBLISHERS, has, 2, most) for has, most in ((3, 3), (3, 5)))
    assert silencers([window("spike", 0, many)]) == ("min: {publishers: 4}",)
    assert silencers([window("spike", 0, many), window("spike", 0, few)]) == ()


def test_a_first_is_silenced_by_the_shortest_quiet_that_does() -> None:
    has = (Condition(Need.HISTORY_HOURS, 900, 336), Condition(Need.QUIET_HOURS, 640, 336))
    assert silencers([window("new", 0, *has)]) == ("quiet_for: 641h", "known: [AZE-RUS]")
    has = (Condition(Need.HISTORY_HOURS, 900, 336), Condition(Need.QUIET_HOURS, 647, 336))
    assert silencers([window("new", 0, *has)]) == ("quiet_for: 27d", "known: [AZE-RUS]")
