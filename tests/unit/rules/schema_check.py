"""A value against a JSON Schema, as far as the published schemas of rules and tests go; any other keyword is an error."""

from __future__ import annotations

import re

from alerts.rules.yaml_tree import Mapping_, Node, Scalar
from schemas.ids import Json

_ABOUT = {"$schema", "title", "description", "$defs"}
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}
_BOUNDS: dict[str, tuple[tuple[type, ...], str]] = {
    "minItems": ((list,), "least"),
    "maxItems": ((list,), "most"),
    "minLength": ((str,), "least"),
    "maxLength": ((str,), "most"),
    "minimum": ((int, float), "least"),
    "maximum": ((int, float), "most"),
}


def plain(node: Node) -> Json:
    """Return what an editor takes a node of a file for."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Mapping_):
        return {name: plain(value) for name, (_, value) in node.entries.items()}
    return [plain(item) for item in node.items]


def accepts(schema: Json, value: Json, whole: dict[str, Json]) -> bool:
    """Tell whether ``schema``, a part of ``whole``, accepts ``value``."""
    assert isinstance(schema, dict)
    return all(_holds(word, schema[word], schema, value, whole) for word in schema.keys() - _ABOUT)


def _holds(word: str, asked: Json, schema: dict[str, Json], value: Json, whole: dict[str, Json]) -> bool:
    if word == "$ref":
        definitions = whole["$defs"]
        assert isinstance(definitions, dict)
        return accepts(definitions[str(asked).removeprefix("#/$defs/")], value, whole)
    if word == "anyOf":
        assert isinstance(asked, list)
        return any(accepts(choice, value, whole) for choice in asked)
    if word == "type" and isinstance(asked, list):
        return any(_holds(word, one, schema, value, whole) for one in asked)
    if word == "type":
        return isinstance(value, _TYPES[str(asked)]) and (isinstance(value, bool) <= (asked == "boolean"))
    if word in ("enum", "const"):
        return value in asked if isinstance(asked, list) else value == asked
    if word in ("properties", "additionalProperties", "propertyNames", "required"):
        return not isinstance(value, dict) or _object_holds(word, asked, schema, value, whole)
    if word == "items":
        return not isinstance(value, list) or all(accepts(asked, item, whole) for item in value)
    if word == "pattern":
        return not isinstance(value, str) or re.search(str(asked), value) is not None
    kinds, bound = _BOUNDS[word]  # A keyword this does not know ends here.
    assert isinstance(asked, (int, float))
    if not isinstance(value, kinds) or isinstance(value, bool):
        return True
    size = len(value) if isinstance(value, (str, list)) else value
    assert isinstance(size, (int, float))
    return size >= asked if bound == "least" else size <= asked


def _object_holds(
    word: str, asked: Json, schema: dict[str, Json], value: dict[str, Json], whole: dict[str, Json]
) -> bool:
    known = schema.get("properties", {})
    assert isinstance(known, dict)
    if word == "properties":
        return all(accepts(known[name], part, whole) for name, part in value.items() if name in known)
    if word == "additionalProperties":
        others = [part for name, part in value.items() if name not in known]
        return not others if asked is False else all(accepts(asked, part, whole) for part in others)
    if word == "propertyNames":
        return all(accepts(asked, name, whole) for name in value)
    assert isinstance(asked, list)
    return all(name in value for name in asked)
