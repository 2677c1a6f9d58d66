"""Timeline tests as files: what they compile to, all their mistakes at once, and a schema that agrees with the loader."""

from __future__ import annotations

import json

import pytest

from alerts.rules.mistakes import Mistake, RulesError
from alerts.rules.timeline_grammar import load_timelines, timelines_schema
from alerts.rules.timeline_model import Background, Expectation, Meeting, Outage, Outcome, Push, Timeline
from schemas.article import Source
from schemas.reasons import EventReason, Severity, Tone
from tests.unit.rules.world import DIRECTORY, TOPICS

RULES = ("azerbaijan-russia", "corridor")

GOOD = """
background: {stories_per_hour: 0.5, days: 20}
tests:
  - name: a burst rings
    rule: azerbaijan-russia
    steps:
      - {at: 1d 10h 30m, push: 6, stories: 2, over: 2h, pair: [Azerbaijan, Russia], tone: conflict, topics: energy}
      - at: 3h
        push: 2
        text: Azerbaijan protests
        sources: [tass, {id: apa, country: Azerbaijan, group: state}]
      - {at: 5h, outage: 3, for: 90m}
      - {between: [10h, 2d], expect: opened, key: Russia-Azerbaijan, reason: crossed, severity: high}
  - name: nothing else
    background: {seed: 7}
    starts: 2024-02-29
    steps:
      - {between: [0, 1d], expect: quiet}
"""


def load(text: str) -> tuple[Timeline, ...]:
    return load_timelines(text, "t.test.yaml", DIRECTORY, rules=RULES, topics=TOPICS)


def mistakes(text: str) -> list[Mistake]:
    with pytest.raises(RulesError) as caught:
        load(text)
    return list(caught.value.mistakes)


def step(text: str) -> str:
    return f"tests:\n  - name: one\n    steps:\n      - {text}\n      - {{between: [0, 1h], expect: quiet}}\n"


def test_a_file_becomes_tests() -> None:
    burst, other = load(GOOD)
    push, text, outage, expectation = burst.steps
    assert push == Push(
        line=7,
        at=1440 + 630,
        articles=6,
        stories=2,
        over=120,
        meeting=Meeting("AZE", "RUS"),
        topics=("energy",),
        tone=Tone.CONFLICT,
    )
    assert isinstance(text, Push)
    assert text.sources == (
        Source(id="tass", name="tass"),
        Source(id="apa", name="apa", country="AZE", group="state"),
    )
    assert outage == Outage(line=12, at=300, until=390, sources=3)
    assert expectation == Expectation(
        line=13,
        first=600,
        last=2880,
        outcome=Outcome.OPENED,
        key="AZE-RUS",
        reason=EventReason.CROSSED,
        severity=Severity.HIGH,
    )
    assert burst.background == Background(stories_per_hour=0.5, days=20)
    assert other.background == Background(seed=7)
    assert other.starts.isoformat() == "2024-02-29"


def test_all_mistakes_come_at_once_with_line_and_suggestion() -> None:
    found = mistakes(
        """tests:
  - name: one
    rule: azerbaijan-rusia
    steps:
      - {at: 10, push: 6, pair: [Azerbaijan, Rusia]}
      - {between: [2h, 1h], expect: opnd, tone: conflict}
"""
    )
    assert [(m.line, m.message.split(",")[0]) for m in found] == [
        (3, "there is no rule 'azerbaijan-rusia'"),
        (5, "a time since the start is needed"),
        (5, "unknown actor 'Rusia'"),
        (6, "it ends before it begins"),
        (6, "pending"),
        (6, "tone does not belong to between"),
    ]
    assert found[0].remedy == "did you mean azerbaijan-russia?"
    assert found[1].remedy == "write 10h or 10m"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{at: 1h}", "this one has none of them"),
        ("{at: 1h, push: 2, outage: 1, pair: AZE-RUS}", "this one has push and outage"),
        ("{push: 2, pair: AZE-RUS}", "the key 'at' is missing"),
        ("{at: 1h, push: 2}", "exactly one of text, pair and actor"),
        ("{at: 1h, push: 2, pair: AZE-RUS, text: words}", "exactly one of text, pair and actor"),
        ("{at: 1h, push: 2, pair: AZE-RUS, expect: quiet}", "expect does not belong to push"),
        ("{at: 1h, push: 2, text: words, tone: conflict}", "the text itself says"),
        ("{at: 1h, push: 2, stories: 3, pair: AZE-RUS}", "2 articles cannot tell 3 stories"),
        ('{at: 1h, push: 2, pair: [AZE, "*"]}', "two single actors"),
        ("{at: 1h, push: 9999999, pair: AZE-RUS}", "a whole number from 1"),
        ("{at: 999d, push: 1, pair: AZE-RUS}", "out of range"),
        ("{at: 1h, outage: 2}", "the key 'for' is missing"),
        ("{between: [0, 1h]}", "the key 'expect' is missing"),
        ("{between: [0, 1h], expect: quiet, severity: high}", "quiet has neither reason nor severity"),
        ("{between: [0, 1h], expect: opened, key: nobody}", "is no key"),
        ("{between: [0], expect: opened}", "1 items"),
    ],
)
def test_what_makes_no_sense_in_a_step(text: str, message: str) -> None:
    found = mistakes(step(text))
    assert message in found[0].message
    assert found[0].line == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tests: &a [*a]", "alias"),
        ("tests: !!python/object:os.system []", "tag"),
        ("tests: []\ntests: []", "here twice"),
        ("tests: " + "[" * 60 + "]" * 60, "deep"),
        ("x" * 60_000, "limit"),
        ("", "a mapping is needed"),
        ("tests: []", "0 items"),
        ("tests: [{name: a, steps: [{at: 1h, push: 1, pair: AZE-RUS}]}]", "nothing is expected"),
        (
            "background: {stories_per_hour: 50, days: 800}\n" + step("{at: 0, push: 1, pair: AZE-RUS}"),
            "more than 60,000",
        ),
    ],
)
def test_hostile_and_empty_files_are_refused_with_words(text: str, message: str) -> None:
    assert any(message in mistake.message for mistake in mistakes(text))


def test_the_schema_names_every_key() -> None:
    text = json.dumps(timelines_schema())
    for word in ("push", "between", "expect", "outage", "stories_per_hour", "prominence", "starts"):
        assert f'"{word}"' in text
