"""What contradicts each other is told in the same breath as what is misspelt beside it: no mistake hides another."""

from __future__ import annotations

import pytest

from alerts.rules.load import RulesError, load_rules
from alerts.rules.timeline_grammar import load_timelines
from tests.unit.rules.world import DIRECTORY, TOPICS

RULE = "rules:\n  - name: one\n    watch: {pair: [AZE, RUS]}\n    when: spike\n"
WATCH = "rules:\n  - name: one\n    watch: %s\n    when: spike\n"
WHEN = "rules:\n  - name: one\n    watch: {pair: [AZE, RUS]}\n    when: %s\n"


def told(text: str) -> list[str]:
    with pytest.raises(RulesError) as caught:
        load_rules(text, "rules.yaml", DIRECTORY, topics=TOPICS)
    return [mistake.message for mistake in caught.value.mistakes]


@pytest.mark.parametrize(
    ("text", "contradiction"),
    [
        (
            WATCH % "{pair: [AZE, RUS], colour: red, tone: {any: conflict, none: conflict}}",
            "wanted and refused at once",
        ),
        (WATCH % "{pair: [AZE, RUS], colour: red, tone: {none: [conflict, neutral, cooperation]}}", "every tone"),
        (WATCH % "{topics: {any: energy, none: energy}, colour: red}", "wanted and refused at once"),
        (WATCH % "{keywords: {any: gas, none: gas}, colour: red}", "wanted and refused at once"),
        (WATCH % "{actor: {any: AZE, none: AZE}, colour: red}", "everybody who is wanted is refused"),
        (WATCH % "{keywords: gas, prominence: title, colour: red}", "prominence is that of a pair or an actor"),
        (WATCH % "{actor: {any: AZE, type: country, colour: red}}", "any and type exclude each other"),
        (WATCH % "{actor: {type: country, except: {type: body}, colour: red}}", "only actors and sets of named actors"),
        (
            WHEN % "{spike: {colour: red, sensitivity: low, budget: {false_alarms: 1, per: month}}}",
            "exclude each other",
        ),
        (
            WHEN % "{cusum: {colour: red, sensitivity: low, budget: {false_alarms: 1, per: month}}}",
            "exclude each other",
        ),
        (WHEN % "{drop: {colour: red, windows: [400d]}}", "a window of 9600h is too long"),
        (WHEN % "{threshold: {colour: red, count: 1, within: 50d}}", "50 days are more than is kept"),
        (WHEN % "{new: {colour: red, quiet_for: 1d, confirm: {colour: red, within: 50d}}}", "50 days are more"),
        (WHEN % "{new: {colour: red, quiet_for: 1d, for: 5h, confirm: {within: 2h}}}", "for: 5h is longer than"),
        (WHEN % "{shift: {colour: red, to: {tone: conflict}, window: 400d}}", "a window of 9600h is too long"),
        (WHEN % "{shift: {colour: red, to: {tone: conflict}, baseline: 3d}}", "72h of normal are too few"),
        (WHEN % "{record: {colour: red, window: 3d, baseline: 3d}}", "72h of normal are too few"),
        (RULE + "    colour: red\n    active: {zone: UTC, days: [mon, mon]}\n", "mon is here twice"),
        (RULE + '    active: {zone: UTC, hours: ["1:00-5:00", "4:00-8:00"]}\n', "spans overlap"),
        (
            RULE + "    severities: {loud: 3, high: {stories: 3}, critical: {stories: 3}}\n",
            "asks for no more than high",
        ),
        (RULE + "    severities: {high: {stories: 3}}\n    severity: high\n    colour: red\n", "high is no graver"),
        (
            "defaults: {severity: high}\nsets: {AZE: [RUS]}\n" + RULE + "    severities: {high: {stories: 3}}\n",
            "graver",
        ),
        (
            "defaults: {for: 5h}\nsets: {AZE: [RUS]}\n" + WHEN % "{new: {quiet_for: 1d, confirm: {within: 2h}}}",
            "for: 5h",
        ),
        (WHEN % "{new: {quiet_for: 1d, known: [AZE]}}" + "    colour: red\n", "every key holds AZE, which is known"),
        (
            WHEN % "{new: {quiet_for: 1d, confirm: {within: 2h}}}" + "    for: 5h\n    colour: red\n",
            "for: 5h is longer",
        ),
    ],
)
def test_a_contradiction_is_told_beside_another_mistake(text: str, contradiction: str) -> None:
    messages = told(text)
    assert sum(contradiction in message for message in messages) == 1, messages
    assert len(messages) >= 2, "the other mistake is told too"


def test_what_hangs_on_a_wrong_value_is_not_guessed() -> None:
    assert told(WHEN % "{shift: {to: {tone: conflict}, window: soon, baseline: 2d}}") == [
        "a duration in whole hours, days or weeks is needed, this is the text 'soon'"
    ]
    (missing,) = told(WHEN % "{new: {for: 20h, confirm: {within: 24h}}}")
    assert missing == "the key 'quiet_for' is missing"


TESTS = "tests:\n  - name: t\n    rule: one\n    steps:\n      - {between: [1h, 2h], expect: quiet}\n      - %s\n"


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("{push: 1, stories: 3, colour: red, pair: [AZE, RUS]}", ["unknown key", "'at' is missing", "cannot tell 3"]),
        ("{at: soon, push: 2, text: a, tone: conflict}", ["a time since the start", "the text itself says"]),
        ("{at: 1h, push: 2, pair: [AZE, RUS], actor: AZE, over: x}", ["exactly one of text", "a time since"]),
        (
            "{between: [3h, 2h], expect: quiet, reason: crossed}",
            ["ends before it begins", "neither reason nor severity"],
        ),
        ("{outage: 2, at: 1h, for: 0h, push: 3}", ["this one has push and outage"]),
        ("{outage: 2, for: 0h}", ["an outage lasts some time", "'at' is missing"]),
        ("{outage: 2, at: 1h}", ["'for' is missing"]),
        ("{between: [1h, 2h], at: 1h, tone: conflict}", ["at does not belong", "tone does not", "'expect' is missing"]),
    ],
)
def test_all_that_is_wrong_with_a_step_of_a_test(step: str, expected: list[str]) -> None:
    with pytest.raises(RulesError) as caught:
        load_timelines(TESTS % step, "rules.test.yaml", DIRECTORY, rules=["one"], topics=TOPICS)
    messages = [mistake.message for mistake in caught.value.mistakes]
    for message in expected:
        assert sum(message in one for one in messages) == 1, messages
