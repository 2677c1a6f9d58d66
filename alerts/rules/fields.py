"""Mappings of a grammar: known keys, each with its reader; short forms; and what has no place there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from alerts.rules.mistakes import clipped, did_you_mean, meant, one_of
from alerts.rules.readers import JsonSchema, Reader, described
from alerts.rules.reading import Reading
from alerts.rules.yaml_tree import Mapping_, Node, Scalar
from schemas.ids import Json

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
S = TypeVar("S")


@dataclass(frozen=True)
class Key(Generic[T_co]):
    """A key of a mapping: its name, the reader of its value and a sentence for people.

    ``example`` is how one that is required may be written, for where it is missing.
    """

    name: str
    reader: Reader[T_co]
    about: str
    required: bool = False
    example: str = ""


@dataclass(frozen=True)
class Check:
    """What ``keys`` must hold together: ``note`` is asked when each of them is right or left out, whatever else is wrong.

    ``of_parts``: a key of which only a part is right will do, because what the part contradicts the whole would too.
    """

    keys: tuple[Key[Any], ...]  # Any: keys of different types
    note: Callable[[Values], None]
    of_parts: bool = False


class Values:
    """What a mapping held: right values by key. A wrong value is absent and its mistake noted.

    ``written`` are the nodes of the keys that are there; one that is misspelt counts as the key that is meant.
    """

    def __init__(self, node: Mapping_, path: str, reading: Reading) -> None:
        self.node, self.path, self.reading = node, path, reading
        self.written: dict[str, Node] = {}
        self._values: dict[str, object] = {}
        self._parts: dict[str, object] = {}

    def take(self, key: Key[T], name: str, value: Node) -> None:
        """Read the value of ``key``, which is written as ``name``."""
        self.written[key.name] = value
        found = key.reader.read(value, self.inside(name), self.reading)
        if found is not None and name == key.name:
            self._values[key.name] = found
        elif (part := self.reading.part(value, key.reader)) is not None:
            self._parts[key.name] = part

    def inside(self, name: str) -> str:
        """Return the path to the key ``name``."""
        return f"{self.path}.{name}" if self.path else name

    def with_parts(self) -> Values:
        """Return the same, with what is right of wrong values as if it were all that is written."""
        if not self._parts:
            return self
        found = Values(self.node, self.path, self.reading)
        found.written, found._values = self.written, {**self._parts, **self._values}
        return found

    def sure(self, key: Key[Any]) -> bool:  # Any: a key of any type
        """Tell whether it is known what ``key`` holds: it is right, or it may be left out and is."""
        left_out = key.name not in self.written and not key.required and not self.node.partial
        return key.name in self._values or left_out

    def get(self, key: Key[T]) -> T | None:
        """Return the value of ``key``, None when it is not written or wrong."""
        return cast(T | None, self._values.get(key.name))

    def get_or(self, key: Key[T], default: T) -> T:
        """Return the value of ``key``, or ``default``."""
        return cast(T, self._values.get(key.name, default))

    def wrong(self, key: Key[Any] | None, message: str, remedy: str = "") -> None:  # Any: a key of any type
        """Note a mistake at the value of ``key``, or at the whole mapping."""
        if key is None:
            self.reading.wrong(self.node, self.path, message, remedy)
        else:
            node = self.written.get(key.name, self.node)
            self.reading.wrong(node, self.inside(key.name), message, remedy)


class Fields(Reader[T]):
    """A mapping with known keys. ``build`` is called when every value is right; ``elsewhere`` are keys that have no place in
    it, each with why and what to do.

    What contradicts each other stands in ``checks``, so that it is noted together with what is wrong elsewhere. ``part``
    makes something of the values that are right, for checks outside; ``nothing`` is noted where it is empty.
    ``instead`` says what to write for a text that stands in its place.
    """

    def __init__(
        self,
        keys: Sequence[Key[Any]],  # Any: keys of different types
        build: Callable[[Values], T | None],
        *,
        about: str = "",
        may_be_empty: bool = False,
        elsewhere: Mapping[str, tuple[str, str]] | None = None,
        checks: Sequence[Check] = (),
        part: Callable[[Values], object | None] | None = None,
        nothing: tuple[str, str] | None = None,
        instead: Callable[[str, Reading], str] | None = None,
    ) -> None:
        self.keys, self._build, self._about = tuple(keys), build, about
        self.may_be_empty = may_be_empty
        self._elsewhere = elsewhere or {}
        self._checks, self._part, self._nothing, self._instead = checks, part, nothing, instead

    def read(self, node: Node, path: str, reading: Reading) -> T | None:
        """Return what ``build`` makes of the values."""
        if self.may_be_empty and isinstance(node, Scalar) and node.value is None:
            node = Mapping_(node.line)
        if not isinstance(node, Mapping_):
            words = node.value if self._instead is not None and isinstance(node, Scalar) else None
            remedy = self._as_a_mapping()
            if self._instead is not None and isinstance(words, str):
                remedy = self._instead(words, reading)
            reading.wrong(node, path, f"a mapping is needed, this is {described(node)}", remedy)
            return None
        before = reading.noted
        values = Values(node, path, reading)
        self._take_all(node, values)
        for key in self.keys:
            if key.required and key.name not in values.written and not node.partial:
                remedy = f"add for example {key.example}" if key.example else key.about
                reading.wrong(node, path, f"the key {key.name!r} is missing", remedy)
        if self._nothing is not None and not node.entries and not node.partial:
            values.wrong(None, *self._nothing)
        for check in self._checks:
            seen = values.with_parts() if check.of_parts else values
            if all(seen.sure(key) for key in check.keys):
                check.note(seen)
        if reading.noted == before and not node.partial:
            return self._build(values)
        if self._part is not None and (part := self._part(values.with_parts())) is not None:
            reading.keep_part(node, self, part)
        return None

    def _as_a_mapping(self) -> str:
        needed = [key.example for key in self.keys if key.required and key.example]
        if needed and not any("…" in example for example in needed):
            return f"write for example {{{', '.join(needed)}}}"
        return f"its keys are {one_of([key.name for key in self.keys])}"

    def _take_all(self, node: Mapping_, values: Values) -> None:
        keys = {key.name: key for key in self.keys}
        for name, (place, value) in node.entries.items():
            if name in keys:
                values.take(keys[name], name, value)
                continue
            inner = values.inside(name)
            if name in self._elsewhere:
                values.reading.wrong(place, inner, *self._elsewhere[name])
                continue
            values.reading.wrong(place, values.path, f"unknown key {clipped(name)!r}", did_you_mean(name, keys))
            likely = meant(name, keys)
            if likely is not None and likely not in node.entries and likely not in values.written:
                values.take(keys[likely], name, value)
        for again, value in node.again:
            if again.text in keys:  # Which of the two is kept is not known: what is wrong with this one is told too.
                keys[again.text].reader.read(value, values.inside(again.text), values.reading)

    def schema(self) -> JsonSchema:
        """An object without other keys."""
        properties: dict[str, Json] = {key.name: {"description": key.about, **key.reader.schema()} for key in self.keys}
        schema: JsonSchema = {"type": "object", "properties": properties, "additionalProperties": False}
        required = [key.name for key in self.keys if key.required]
        if required:
            schema["required"] = required
        if self._about:
            schema["description"] = self._about
        return {"anyOf": [schema, {"type": "null"}]} if self.may_be_empty else schema


class Shorthand(Reader[T]):
    """A mapping, or a shorter form (a word or a list) that ``make`` turns into what the mapping would be."""

    def __init__(self, full: Reader[T], short: Reader[S], make: Callable[[S], T]) -> None:
        self._full = full
        self._schema = short.schema
        self._short: Callable[[Node, str, Reading], T | None] = lambda node, path, reading: (
            None if (value := short.read(node, path, reading)) is None else make(value)
        )

    def read(self, node: Node, path: str, reading: Reading) -> T | None:
        """Return the same value from either form."""
        if isinstance(node, Mapping_):
            return self._full.read(node, path, reading)
        return self._short(node, path, reading)

    def schema(self) -> JsonSchema:
        """Either form."""
        return {"anyOf": [self._full.schema(), self._schema()]}
