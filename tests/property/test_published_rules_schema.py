"""Values made of the published JSON Schema: each loads or is told with key and remedy; and nothing loads that it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.rules.inclusion import read_first
from alerts.rules.json_schema import rules_schema
from alerts.rules.load import FILE
from alerts.rules.mistakes import Mistake
from alerts.rules.model import RuleSet
from alerts.rules.reading import Reading
from alerts.rules.words import describe, keys_of
from alerts.rules.yaml_tree import Mapping_, Node, Scalar, Sequence_
from schemas.ids import Json
from tests.unit.rules.schema_check import accepts
from tests.unit.rules.world import DIRECTORY, TOPICS

SCHEMA = rules_schema()

#: Texts that mean something, by the key they stand under; the nearest key counts.
TEXTS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("pair", "actor", "from", "to", "sets", "except"), ("AZE", "Russia", "European Union", "*", "own")),
    **dict.fromkeys(("keywords", "near", "text", "stem", "subject", "note"), ("TRIPP", "two words", "газ", "{name}")),
    **dict.fromkeys(("ids", "groups", "sources"), ("apa", "bbc")),
    **dict.fromkeys(("topics", "known"), ("energy", "sanctions", "AZE-RUS")),
    "countries": ("Azerbaijan", "GBR"),
    "type": ("country", "company"),
    "timezone": ("UTC", "Europe/London"),
    "pattern": ("Su-?(27|30)", "(", "a|b"),
}

#: What the patterns of the schema let through, by a part of the pattern.
OF_PATTERN = {
    "[hdw]": ("6h", "1h", "24h", "3d", "28d", "60d", "0h"),
    ":00": ("07:00-22:00", "22:00-7:00", "00:00-24:00"),
    "[A-Za-z]{3,9}": ("mon", "Friday - monday", "xyz"),
    "|en|": ("en", "ru", "arz"),
    "[a-z0-9]": ("one", "two.b"),
}

#: Other ways to write a text, some of which mean the same.
REWRITTEN = (" {} ", "{}\n", "  {}", "[{}]", "{}\u200b", "{}{}", '"{}"')


def made(schema: Mapping[str, Json], random: Random, path: tuple[str, ...] = ()) -> Json:
    """Return a value that ``schema`` accepts, as often as not one that means something."""
    definitions = SCHEMA["$defs"]
    assert isinstance(definitions, dict)
    if "$ref" in schema:
        target = definitions[str(schema["$ref"]).removeprefix("#/$defs/")]
        assert isinstance(target, dict)
        return made(target, random, (*path, "$ref"))
    if "anyOf" in schema:
        choices = schema["anyOf"]
        assert isinstance(choices, list)
        choice = min(choices, key=lambda c: len(json.dumps(c))) if len(path) > 14 else random.choice(choices)
        assert isinstance(choice, dict)
        return made(choice, random, path)
    if "enum" in schema:
        words = schema["enum"]
        assert isinstance(words, list)
        word: Json = random.choice(words)
        return word
    match schema.get("type"):
        case "object":
            return _object(schema, random, path)
        case "array":
            least, item = schema.get("minItems", 0), schema["items"]
            assert isinstance(least, int)
            assert isinstance(item, dict)
            return [made(item, random, path) for _ in range(max(least, random.choice((1, 1, 2))))]
        case "integer" | "number":
            least, most = schema["minimum"], schema["maximum"]
            assert isinstance(least, (int, float))
            assert isinstance(most, (int, float))
            return min(most, least + random.choice((0, 1, 2, 50)))
        case "boolean":
            return random.random() < 0.5
        case "null":
            return None
    pattern = str(schema.get("pattern", ""))
    if pattern:
        return random.choice(next(texts for part, texts in OF_PATTERN.items() if part in pattern))
    nearest = next((TEXTS[key] for key in reversed(path) if key in TEXTS), ("desk", "x"))
    return random.choice(nearest)


def _object(schema: Mapping[str, Json], random: Random, path: tuple[str, ...]) -> Json:
    properties, required, others = (schema.get(word, {}) for word in ("properties", "required", "additionalProperties"))
    assert isinstance(properties, dict)
    assert isinstance(required, (list, dict))
    share = 0.15 if len(properties) > 4 else 0.5
    value: dict[str, Json] = {}
    for name, part in properties.items():
        if name in required or (random.random() < share and name != "include"):
            assert isinstance(part, dict)
            value[name] = made(part, random, (*path, name))
    if isinstance(others, dict) and others:
        value["own"] = made(others, random, path)
    return value


def node_of(value: Json) -> Node:
    """Return ``value`` as it is read from a file, without the way through YAML, which takes ten times as long."""
    if isinstance(value, dict):
        return Mapping_(1, {name: (Scalar(1, name, quoted=False), node_of(part)) for name, part in value.items()})
    if isinstance(value, list):
        return Sequence_(1, [node_of(part) for part in value])
    return Scalar(1, value, quoted=True) if isinstance(value, str) else Scalar(1, json.dumps(value), quoted=False)


def load(value: Json) -> RuleSet | Sequence[Mistake]:
    """Return what :func:`alerts.rules.load.load_rules` makes of a file with ``value`` in it, or its mistakes."""
    reading = Reading("rules.yaml", DIRECTORY, TOPICS, lambda language: language == "en")
    rules = FILE.read(read_first(node_of(value)), "", reading)
    return RuleSet.of(*rules) if rules is not None and not reading.mistakes else reading.mistakes


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(min_value=0, max_value=2**32))
def test_what_the_schema_accepts_loads_or_is_told_and_what_loads_can_be_said_and_stored(seed: int) -> None:
    value = made(SCHEMA, Random(seed))
    assert accepts(SCHEMA, value, SCHEMA)
    found = load(value)
    if not isinstance(found, RuleSet):
        assert found
        assert all(mistake.path and mistake.message and mistake.remedy for mistake in found), found
        return
    assert RuleSet.from_compiled(found.compiled()) == found
    for rule in found.rules:
        said = describe(rule)
        assert keys_of(rule) in said
        assert not re.search(
            r"None|  |\(\)|\b1 (?:stories|publishers|articles|countries|words|counts|alerts)\b", said
        ), said


def leaves(value: Json, put: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield put, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for place, inner in items:
        yield from leaves(inner, (*put, place))


def with_leaf(value: Json, place: tuple[str | int, ...], leaf: Json) -> Json:
    if not place:
        return leaf
    first, *rest = place
    if isinstance(value, dict):
        return {name: with_leaf(part, tuple(rest), leaf) if name == first else part for name, part in value.items()}
    assert isinstance(value, list)
    return [with_leaf(part, tuple(rest), leaf) if number == first else part for number, part in enumerate(value)]


RULE: dict[str, Json] = {
    "name": "one",
    "watch": {"pair": ["AZE", "RUS"], "languages": ["en"], "sources": {"countries": ["Azerbaijan", "GBR"]}},
    "when": [{"spike": {"windows": ["6h", "1d"]}}, {"new": {"quiet_for": "3d", "known": ["energy"]}}],
    "active": {"days": ["mon-fri"], "hours": "07:00-22:00", "timezone": "UTC"},
    "labels": {"desk": "caucasus"},
    "for": "2h",
}
RULES: Json = {"rules": [RULE, RULE | {"name": "two", "watch": {"keywords": {"stem": "corridor", "language": "en"}}}]}


def rewritten(text: str) -> Iterator[Json]:
    """Yield other ways to write ``text``."""
    yield from (way.replace("{}", text) for way in REWRITTEN)
    yield re.sub("(?<=[0-9a-z])([-hdw])(?![a-z])", r" \t\1  ", text)
    yield text.translate({ord(digit): chr(ord(digit) + 0xFEE0) for digit in "0123456789"})
    yield from (text.upper(), text.title(), "0" + text, " " + "x" * 500, {"any": [text]}, [text])


def test_however_a_text_is_written_the_schema_accepts_what_loads() -> None:
    assert isinstance(load(RULES), RuleSet)
    loaded = 0
    for place, text in leaves(RULES):
        for other in rewritten(text):
            changed = with_leaf(RULES, place, other)
            if isinstance(load(changed), RuleSet):
                loaded += 1
                assert accepts(SCHEMA, changed, SCHEMA), (place, other)
    assert loaded > 100
