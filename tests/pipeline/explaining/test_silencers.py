"""What an alert says would have silenced it is a setting as a rule file takes it, and with it the alert does not open."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from alerts.engine import Engine
from alerts.rules.load import load_rules
from alerts.rules.model import Cusum, Detector, Drop, Rule
from alerts.standing import standings
from pipelines.explaining.silencers import silencers
from schemas.ids import hour_of
from schemas.reasons import EventKind
from schemas.wire import SignalsRecord
from tests.streams.records import activated
from tests.streams.world import START
from tests.unit.engine.test_standing import share_stream
from tests.unit.rules.world import DIRECTORY, TOPICS

#: A detector as a file writes it, the stream it rings on, and the settings of which something must be said.
RINGING: tuple[tuple[dict[str, Any], Detector | None, set[str]], ...] = (  # Any: as YAML gives it
    ({"spike": {"sensitivity": "high", "min": {"stories": 3, "publishers": 2}}}, None, {"min"}),
    ({"threshold": {"count": 4, "within": "8h", "min": {"stories": 2}}}, None, {"count", "min"}),
    ({"new": {"quiet_for": "12h", "confirm": {"stories": 1, "publishers": 1}}}, None, {"quiet_for", "known"}),
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
    """Return at which record an alert opens first, and what would have silenced it; None: none opens."""
    engine = Engine()
    for offset, record in enumerate([activated(START, rule), *records]):
        for event in (decision.event for decision in engine.step(offset, record)):
            if event.event is EventKind.OPENED:
                assert event.crossing is not None
                state = engine.rules["r"]
                every = standings(state, event.key, hour_of(event.crossing))
                return offset, silencers([one for one in every if not one.missing])
    return None


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
    offset, settings = first
    assert named <= {setting.partition(":")[0] for setting in settings}, settings
    assert more.keys() <= {setting.partition(":")[0] for setting in settings}, settings
    for setting in settings:
        later = opened(
            rule_of(*((changed := with_setting(written, setting))[0], {**more, **changed[1]})), records[:offset]
        )
        assert later is None, setting
