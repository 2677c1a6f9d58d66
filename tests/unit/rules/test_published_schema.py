"""What the loader accepts the published JSON Schema accepts, so that no editor marks a right file; misspellings it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from alerts.rules.detector_grammar import DETECTOR_NAMES
from alerts.rules.json_schema import rules_schema
from alerts.rules.load import RulesError, load_rules
from alerts.rules.timeline_grammar import timelines_schema
from alerts.rules.yaml_tree import parse
from tests.unit.rules.schema_check import accepts, plain
from tests.unit.rules.test_loading import FULL
from tests.unit.rules.world import DIRECTORY, TOPICS

ROOT = Path(__file__).parents[3]
SCHEMA = rules_schema()
OF_TESTS = timelines_schema()
FILES = sorted(path for path in (ROOT / "examples").rglob("*.yaml") if "rules" in path.parts)
RULE = "rules: [{name: one, watch: {pair: [AZE, RUS]}, when: %s}]"


def fits(text: str) -> bool:
    return accepts(SCHEMA, plain(parse(text, "rules.yaml")), SCHEMA)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_examples_fit(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    schema = OF_TESTS if path.name.endswith(".test.yaml") else SCHEMA
    assert accepts(schema, plain(parse(text, path.name)), schema)


def test_there_are_examples_of_both() -> None:
    assert {path.name.endswith(".test.yaml") for path in FILES} == {True, False}


@pytest.mark.parametrize(
    "text", [FULL, (ROOT / "pipelines/demo/rules.yaml").read_text(encoding="utf-8")], ids=["full", "demo"]
)
def test_whole_files_fit(text: str) -> None:
    assert fits(text)


@pytest.mark.parametrize("name", DETECTOR_NAMES)
def test_the_name_of_a_detector_alone_fits_where_the_loader_takes_it(name: str) -> None:
    for text in (RULE % name, RULE % f"[{name}]", RULE % f"{{{name}: {{}}}}", RULE % f"[{{{name}: }}]"):
        try:
            load_rules(text, "rules.yaml", DIRECTORY, topics=TOPICS)
        except RulesError:
            assert not fits(text), text
        else:
            assert fits(text), text


EXTRAS = (
    "severity: high",
    "severities: {high: {stories: 12, times: 2.5}}",
    "for: 3h",
    "renotify: 0h",
    "active: {days: [mon-fri, sun], hours: '07:00-22:00', timezone: Europe/London}",
    "active: [{days: sat}, {hours: ['22:00-07:00', '9:00 - 10:00']}]",
    "labels: {desk: caucasus}",
    "corroborated_by: {source_countries: 2}",
    "mode: off",
    "limit: 5",
    "template: {subject: 'more on {name}', note: 'see {key}'}",
)
WRONG = (
    "severity: loud",
    "severities: {low: {stories: 3}}",
    "for: 3",
    "active: {hours: '7-8'}",
    "limit: no",
    "colour: red",
)


@pytest.mark.parametrize("extra", EXTRAS)
def test_what_a_rule_may_have_fits(extra: str) -> None:
    text = f"defaults: {{{extra}}}\nrules: [{{name: one, watch: {{pair: [AZE, RUS]}}, when: spike, {extra}}}]"
    load_rules(text, "rules.yaml", DIRECTORY, topics=TOPICS)
    assert fits(text)


@pytest.mark.parametrize("extra", WRONG)
def test_what_a_rule_cannot_have_does_not(extra: str) -> None:
    text = f"rules: [{{name: one, watch: {{pair: [AZE, RUS]}}, when: spike, {extra}}}]"
    with pytest.raises(RulesError):
        load_rules(text, "rules.yaml", DIRECTORY, topics=TOPICS)
    assert not fits(text)


WATCHES = (
    "{pair: AZE>RUS}",
    "{pair: {from: Russia, to: {any: [AZE, GEO]}}}",
    "{pair: [UKR, '*']}",
    "{pair: [UKR, {type: country, except: [RUS]}]}",
    "{each: pair, topics: sanctions}",
    "{actor: {any: [AZE, {type: company}], none: [UKR]}, tone: {none: conflict}}",
    "{keywords: {any: [a, {text: B, case: true}, {stem: corridor, language: en}], all: {near: [a, {any: [b, c]}], words: 5}}}",
    "{keywords: {pattern: 'Su-?(27|30)'}, sources: {ids: [a, b], except: {countries: RUS}}, languages: [en], scope: paragraph}",
)


@pytest.mark.parametrize("watch", WATCHES)
def test_forms_of_a_watch_fit(watch: str) -> None:
    text = f"rules: [{{name: one, watch: {watch}, when: spike}}]"
    load_rules(text, "rules.yaml", DIRECTORY, topics=TOPICS)
    assert fits(text)
    assert not fits(text.replace("watch: {", "watch: {colour: red, "))
