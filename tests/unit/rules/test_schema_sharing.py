"""Sharing says the same: with every reference written out again, the schema is the one it was made from."""

from __future__ import annotations

import json

from alerts.rules.actor_grammar import ACTORS, ACTORS_DEFINITION
from alerts.rules.load import FILE
from alerts.rules.readers import JsonSchema
from alerts.rules.schema_sharing import with_shared_parts
from schemas.ids import Json

WHOLE: JsonSchema = {**FILE.schema(), "$defs": {ACTORS_DEFINITION: ACTORS.definition()}}


def written_out(value: Json, definitions: dict[str, Json]) -> Json:
    if isinstance(value, list):
        return [written_out(part, definitions) for part in value]
    if not isinstance(value, dict):
        return value
    name = str(value.get("$ref", "")).removeprefix("#/$defs/")
    if name and name != ACTORS_DEFINITION:
        return written_out(definitions[name], definitions)
    return {key: written_out(part, definitions) for key, part in value.items()}


def definitions_of(schema: JsonSchema) -> dict[str, Json]:
    definitions = schema["$defs"]
    assert isinstance(definitions, dict)
    return definitions


def test_written_out_again_it_is_the_schema_it_was_made_from() -> None:
    shared = with_shared_parts(WHOLE)
    definitions = definitions_of(shared)
    rest: JsonSchema = {key: value for key, value in shared.items() if key != "$defs"}
    assert written_out(rest, definitions) == {key: value for key, value in WHOLE.items() if key != "$defs"}
    own = definitions_of(WHOLE)[ACTORS_DEFINITION]
    assert written_out(definitions[ACTORS_DEFINITION], definitions) == own


def test_it_is_much_shorter_and_the_same_each_time() -> None:
    once, again = json.dumps(with_shared_parts(WHOLE)), json.dumps(with_shared_parts(WHOLE))
    assert once == again
    assert len(once) < len(json.dumps(WHOLE)) / 3


def test_a_part_that_stands_once_or_is_short_stays_where_it_is() -> None:
    small: JsonSchema = {"type": "string"}
    long: JsonSchema = {"description": "x" * 300}
    schema: JsonSchema = {"properties": {"a": small, "b": small, "c": long}}
    assert with_shared_parts(schema) == {**schema, "$defs": {}}
    twice = with_shared_parts({"properties": {"c": long, "d": long}})
    assert twice == {"properties": {"c": {"$ref": "#/$defs/c"}, "d": {"$ref": "#/$defs/c"}}, "$defs": {"c": long}}
