"""A JSON Schema with what it repeats written once, below ``$defs``, and referred to from there. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from alerts.rules.readers import JsonSchema
from schemas.ids import Json, canonical_json

#: A repeated part shorter than this is easier to read where it stands.
_WORTH_SHARING_BYTES = 200


def with_shared_parts(schema: JsonSchema) -> JsonSchema:
    """Return ``schema`` saying the same with its repeated parts in ``$defs``, each called as the key it first stands under."""
    counts = Counter(canonical_json(part) for _, part in _parts("", schema))
    sharing = _Sharing({text for text, count in counts.items() if count > 1 and len(text) >= _WORTH_SHARING_BYTES})
    own = schema.get("$defs", {})
    assert isinstance(own, dict)
    sharing.definitions.update({key: {} for key in own})  # their names are taken
    short = {key: sharing.shorten(key, value) for key, value in schema.items() if key != "$defs"}
    for name, value in own.items():
        sharing.definitions[name] = sharing.inside(name, value)
    return {**short, "$defs": dict(sharing.definitions)}


class _Sharing:
    """What was found worth sharing, and under which name it went."""

    def __init__(self, worth: set[bytes]) -> None:
        self._worth = worth
        self._names: dict[bytes, str] = {}
        self.definitions: dict[str, Json] = {}

    def shorten(self, key: str, value: Json) -> Json:
        """Return ``value``, or a reference to it where it is shared."""
        text = canonical_json(value) if isinstance(value, dict) else b""
        if text not in self._worth:
            return self.inside(key, value)
        if text not in self._names:
            name, number = key, 2
            while name in self.definitions:
                name, number = f"{key}_{number}", number + 1
            self._names[text] = name
            self.definitions[name] = {}  # keeps its place and its name while its own parts are shortened
            self.definitions[name] = self.inside(key, value)
        return {"$ref": f"#/$defs/{self._names[text]}"}

    def inside(self, key: str, value: Json) -> Json:
        """Return ``value`` with its parts shortened."""
        if isinstance(value, dict):
            return {inner: self._part(inner, key, part) for inner, part in value.items()}
        if isinstance(value, list):
            return [self.shorten(key, part) for part in value]
        return value

    def _part(self, inner: str, key: str, part: Json) -> Json:
        # What stands under "properties" is no schema but names of schemas: a reference in its place would be a name.
        if inner == "properties" and isinstance(part, dict):
            return {name: self.shorten(name, schema) for name, schema in part.items()}
        return self.shorten(_name(inner, key), part)


def _parts(key: str, value: Json) -> Iterator[tuple[str, Json]]:
    if isinstance(value, dict):
        yield key, value
        for inner, part in value.items():
            if inner == "properties" and isinstance(part, dict):
                for name, schema in part.items():
                    yield from _parts(name, schema)
            else:
                yield from _parts(inner, part)
    elif isinstance(value, list):
        for part in value:
            yield from _parts(key, part)


def _name(inner: str, outer: str) -> str:
    """Words of the schema language name nothing; a part below them is called as what they stand in."""
    return outer if inner in ("anyOf", "items", "additionalProperties") else inner
