"""A file with mistakes of every kind tells each of them at once: with its file, its line, its key and what to do about it."""

from __future__ import annotations

from itertools import combinations

import pytest

from alerts.rules.load import RulesError, load_rules
from alerts.rules.mistakes import Mistake
from alerts.rules.timeline_grammar import load_timelines
from schemas.errors import UsageError
from tests.unit.rules.world import DIRECTORY, TOPICS

SHARED = {
    "shared.yaml": "sets:\n  many: [Nobody]\ndefaults:\n  severities: {high: {}}\n  labls: {}\n",
    "good.yaml": "sets:\n  shores: [Georgia, Russia]\n",
}


def included(name: str) -> str:
    if name in SHARED:
        return SHARED[name]
    raise UsageError("there is no such file")


def told(text: str) -> list[Mistake]:
    try:
        load_rules(text, "rules.yaml", DIRECTORY, topics=TOPICS, included=included)
    except RulesError as error:
        return list(error.mistakes)
    return []


MANY = """\
include: [shared.yaml, gone.yaml]
sets:
  Azerbaijan: [Rusia]
defaults:
  severity: high
  for: 5h
  colour: red
  template: {note: "{stories} of {nobody} and {noone}"}
rules:
  - name: Two Words
    watch: {pair: [AZE, RUS]}
    when: spike
    severities: {high: {stories: 3}}
  - name: one
    watch: {pair: [Azerbaijn, RUS], tone: {any: [conflict, wild], none: [conflict]}}
    when: [{new: {quiet_for: soon, known: [AZE], confirm: {within: 2h}}}, {spyke: {windows: [400d]}}]
    severites: {normal: {stories: x}}
    active: {days: [mon, mon, someday], hours: ["22:00-6:00", "5:00-7:00"]}
  - name: one
    watch: {keywords: {any: [{pattern: "(", case: maybe}, 12]}, scope: sentense, scope: nowhere}
    when: {threshold: {count: 0, within: 50d, only: {tone: loud}}}
    labels: {desk: !!str 5}
    template: {subject: "{sotries}"}
  - name: three
    watch: {tone: conflict, languages: english}
    when: {spike: {sensitivity: low, budget: {false_alarms: 1, per: month}, windows: [6h, soon, 400d]}}
    severity: loud
    severities: {high: {stories: 12}, critical: {stories: 3}}
  - name: four
    watch: {actor: {any: AZE, type: planet}, sources: {countries: [EU]}}
    when: {shift: {to: {}, window: 3d, baseline: 3d, for: 30h}}
    mode: life
    limit: none
"""

#: (line, key, what is said), in their order.
EXPECTED = [
    (1, "include", "'gone.yaml' cannot be included"),
    (3, "sets.Azerbaijan", "is already an actor"),
    (3, "sets.Azerbaijan[0]", "unknown actor 'Rusia'"),
    (7, "defaults", "unknown key 'colour'"),
    (8, "defaults.template.note", "no message fills {nobody}"),
    (8, "defaults.template.note", "no message fills {noone}"),
    (10, "rules[0].name", "'Two Words' is no name"),
    (13, "rules[0].severities", "high is no graver than the rule itself (high)"),
    (15, "rules[1].watch.pair[0]", "unknown actor 'Azerbaijn'"),
    (15, "rules[1].watch.tone", "wanted and refused at once: conflict"),
    (15, "rules[1].watch.tone.any[1]", "this is the text 'wild'"),
    (16, "rules[1].when", "for: 5h is longer than what is new stays new (2h)"),
    (16, "rules[1].when[0].new.quiet_for", "this is the text 'soon'"),
    (16, "rules[1].when[1]", "unknown detector 'spyke'"),
    (16, "rules[1].when[1].spyke.windows", "a window of 9600h is too long"),
    (17, "rules[1]", "unknown key 'severites'"),
    (17, "rules[1].severites.normal.stories", "this is the text 'x'"),
    (18, "rules[1].active.days", "mon is here twice"),
    (18, "rules[1].active.days[2]", "'someday' is no day of the week"),
    (18, "rules[1].active.hours", "spans overlap"),
    (19, "rules[2].name", "'one' is already on line 14"),
    (20, "rules[2].watch.keywords.any[0].case", "this is the text 'maybe'"),
    (20, "rules[2].watch.keywords.any[0].pattern", "no pattern that can be used"),
    (20, "rules[2].watch.keywords.any[1]", "this is the number 12"),
    (20, "rules[2].watch.scope", "this is the text 'nowhere'"),
    (20, "rules[2].watch.scope", "this is the text 'sentense'"),
    (20, "rules[2].watch.scope", "the key 'scope' is here twice"),
    (21, "rules[2].when.threshold.count", "this is the number 0"),
    (21, "rules[2].when.threshold.only.tone", "this is the text 'loud'"),
    (21, "rules[2].when.threshold.within", "50 days are more than is kept"),
    (22, "rules[2].labels.desk", "a tag (tag:yaml.org,2002:str) is not allowed"),
    (23, "rules[2].template.subject", "no message fills {sotries}"),
    (25, "rules[3].watch", "there is nothing to count"),
    (25, "rules[3].watch.languages", "'english' is no language"),
    (26, "rules[3].when.spike.budget", "sensitivity and budget exclude each other"),
    (26, "rules[3].when.spike.windows", "a window of 9600h is too long"),
    (26, "rules[3].when.spike.windows[1]", "this is the text 'soon'"),
    (27, "rules[3].severity", "this is the text 'loud'"),
    (28, "rules[3].severities.critical", "critical asks for no more than high"),
    (30, "rules[4].watch.actor.type", "any and type exclude each other"),
    (30, "rules[4].watch.actor.type", "unknown type 'planet'"),
    (30, "rules[4].watch.sources.countries[0]", "a country is needed here"),
    (31, "rules[4].when.shift.baseline", "72h of normal are too few"),
    (31, "rules[4].when.shift.for", "30h is more than a day"),
    (31, "rules[4].when.shift.to", "nothing says what the part is"),
    (32, "rules[4].mode", "this is the text 'life'"),
    (33, "rules[4].limit", "this is the text 'none'"),
]
EXPECTED_IN_SHARED = [
    (2, "sets.many[0]", "unknown actor 'Nobody'"),
    (4, "defaults.severities.high", "nothing says what is reached"),
    (5, "defaults", "unknown key 'labls'"),
]


@pytest.mark.parametrize(("file", "expected"), [("rules.yaml", EXPECTED), ("shared.yaml", EXPECTED_IN_SHARED)])
def test_mistakes_of_every_kind_come_at_once(file: str, expected: list[tuple[int, str, str]]) -> None:
    found = [mistake for mistake in told(MANY) if mistake.file == file]
    assert [(m.line, m.path) for m in found] == [(line, path) for line, path, _ in expected]
    for mistake, (_, _, message) in zip(found, expected, strict=True):
        assert message in mistake.message
        assert mistake.remedy, mistake


#: A file that is right, with places; each mistake below puts something wrong into some of them.
PLACES = {
    "include": "good.yaml",
    "set": "[AZE, shores]",
    "severity": "low",
    "for": "1h",
    "name": "one",
    "pair": "[AZE, shores]",
    "tone": "{any: [conflict]}",
    "detector": "new: {quiet_for: 1d, confirm: {within: 2h}}",
    "levels": "{high: {stories: 3}}",
    "days": "[mon, tue]",
    "note": '"{stories} stories"',
    "second": "two",
    "keywords": "{any: [gas]}",
    "windows": "[6h]",
    "bar": "low",
    "labels": "{desk: caucasus}",
}
TEXT = """\
include: {include}
sets: {{near: {set}}}
defaults:
  severity: {severity}
  for: {for}
rules:
  - name: {name}
    watch: {{pair: {pair}, tone: {tone}}}
    when: {{{detector}}}
    severities: {levels}
    active: {{days: {days}}}
    template: {{note: {note}}}
  - name: {second}
    watch: {{keywords: {keywords}}}
    when: {{spike: {{windows: {windows}, sensitivity: {bar}}}}}
    labels: {labels}
"""
WRONG: dict[str, dict[str, str]] = {
    "a file that is not there": {"include": "[good.yaml, gone.yaml]"},
    "a set of nobody": {"set": "[AZE, Ukrain]"},
    "a word that is none": {"severity": "loud"},
    "a level no graver than the default": {"severity": "high", "levels": "{high: {stories: 3}}"},
    "a level that is none": {"levels": "{high: {stories: 3}, loud: {stories: 5}}"},
    "levels upside down": {"levels": "{high: {stories: 9}, critical: {stories: 3}}"},
    "longer than what is new": {"for": "5h", "detector": "new: {quiet_for: 1d, confirm: {within: 2h}}"},
    "no name": {"name": "One Two"},
    "a name twice": {"name": "two", "second": "two"},
    "an actor that is none": {"pair": "[AZE, Rusia]"},
    "a pair of one": {"pair": "[AZE, AZE]"},
    "too many sides": {"pair": "[AZE, RUS, GEO]"},
    "a tone wanted and refused": {"tone": "{any: [conflict], none: [conflict]}"},
    "an unknown key": {"tone": "{any: [conflict], colour: red}"},
    "a key twice": {"tone": "{any: [conflict], any: [neutral]}"},
    "a detector that is none": {"detector": "spyke: {}"},
    "known for ever": {"detector": "new: {quiet_for: 1d, confirm: {within: 2h}, known: [AZE]}", "pair": "[AZE, RUS]"},
    "two detectors in one": {"detector": "spike: {}, drop: {}"},
    "a day twice": {"days": "[mon, mon]"},
    "a day that is none": {"days": "[mon, someday]"},
    "a place nothing fills": {"note": '"{sotries}"'},
    "a pattern that is none": {"keywords": "{any: [gas, {pattern: '('}]}"},
    "a term that is no text": {"keywords": "{any: [gas, 12]}"},
    "a stem of no language": {"keywords": "{any: [{stem: gas, language: xx}]}"},
    "a window too long": {"windows": "[6h, 400d]"},
    "a window that is none": {"windows": "[6h, soon]"},
    "too many windows": {"windows": "[1h, 2h, 3h, 4h, 5h]"},
    "two bars": {"bar": "low, budget: {false_alarms: 1, per: month}"},
    "a tag": {"labels": "{desk: !!str 5}"},
    "an anchor": {"labels": "&a {desk: caucasus}"},
    "an alias": {"labels": "{desk: *a}"},
    "a merge key": {"labels": "{<<: {a: b}}"},
}


def with_wrong(*kinds: str) -> str:
    wrong = {place: text for kind in kinds for place, text in WRONG[kind].items()}
    return TEXT.format(**{**PLACES, **wrong})


def test_the_file_is_right_without_them() -> None:
    assert told(with_wrong()) == []


ALONE = {kind: {str(mistake) for mistake in told(with_wrong(kind))} for kind in WRONG}


@pytest.mark.parametrize("kind", WRONG)
def test_each_of_them_alone_is_one_mistake(kind: str) -> None:
    assert len(ALONE[kind]) == 1, ALONE[kind]


def apart(one: str, other: str) -> bool:
    return not WRONG[one].keys() & WRONG[other].keys()


@pytest.mark.parametrize("kind", WRONG)
def test_of_any_two_of_them_both_are_told_and_nothing_else(kind: str) -> None:
    for other in (other for one, other in combinations(WRONG, 2) if one == kind and apart(one, other)):
        both = {str(mistake) for mistake in told(with_wrong(kind, other))}
        expected = ALONE[kind] | ALONE[other]
        if {"an anchor", "an alias"} == {kind, other}:
            continue
        assert both == expected, (kind, other)


@pytest.mark.parametrize("nothing", ["[soon]", "[[]]", "soon", "{}", "~"])
def test_of_what_is_wrong_altogether_nothing_more_is_said(nothing: str) -> None:
    for place in ("windows", "days", "tone", "pair", "keywords", "levels"):
        found = told(TEXT.format(**{**PLACES, place: nothing}))
        assert all(mistake.remedy for mistake in found)
        assert len(found) <= 1 or place == "pair", (place, found)


def test_what_is_whole_before_the_end_of_yaml_is_told_with_it() -> None:
    text = with_wrong("an actor that is none", "a day twice").replace(
        "    labels: {desk: caucasus}\n", "    labels: {a\n"
    )
    messages = [mistake.message for mistake in told(text)]
    assert len(messages) == 3, messages
    assert sum("no valid YAML" in message for message in messages) == 1


def test_what_stands_behind_the_end_of_yaml_is_not_guessed() -> None:
    text = "rules:\n  - name: one\n    watch: {pair: [AZE, shores]}\n    when: spike\n  x: [\nsets: {shores: [GEO]}\n"
    (only,) = told(text)
    assert "no valid YAML" in only.message


def test_a_set_of_a_file_that_is_missing_is_no_mistake_of_its_own() -> None:
    text = with_wrong().replace("include: good.yaml", "include: gone.yaml")
    (only,) = told(text)
    assert only.path == "include"
    both = told(text.replace("pair: [AZE, shores]", "pair: [Azerbaijn, shores]"))
    assert [mistake.message for mistake in both][1:] == ["unknown actor 'Azerbaijn'"]


TIMELINES = """\
background: {days: 800, stories_per_hour: 50, seed: x}
tests:
  - name: one
    rule: on
    steps:
      - {at: 1h, push: 2, stories: 3, pair: [AZE, Rusia], colour: red}
      - {at: soon, outage: 0}
  - name: two
    rule: one
    rule: two
    steps:
      - {between: [3h, 2h, 1x], expect: ring}
"""


def test_mistakes_of_every_kind_in_a_file_of_tests_come_at_once() -> None:
    with pytest.raises(RulesError) as caught:
        load_timelines(TIMELINES, "rules.test.yaml", DIRECTORY, rules=["one"], topics=TOPICS)
    found = [(mistake.line, mistake.message) for mistake in caught.value.mistakes]
    expected = [
        (1, "more than 60,000 stories"),
        (1, "a whole number from 0"),
        (4, "there is no rule 'on'"),
        (6, "nothing is expected"),
        (6, "unknown key 'colour'"),
        (6, "2 articles cannot tell 3 stories"),
        (6, "unknown actor 'Rusia'"),
        (7, "a time since the start"),
        (7, "the key 'for' is missing"),
        (7, "a whole number from 1 to 200"),
        (10, "is here twice"),
        (10, "there is no rule 'two'"),
        (12, "3 items"),
        (12, "this is the text '1x'"),
        (12, "this is the text 'ring'"),
    ]
    for line, message in expected:
        assert any(line == at and message in text for at, text in found), (line, message, found)
    assert len(found) == len(expected), found
