"""Mappings of a grammar: known keys, each with its reader; short forms; and what stands for later versions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from alerts.rules.mistakes import clipped, did_you_mean, one_of
from alerts.rules.readers import JsonSchema, Reader, Reading, described
from alerts.rules.yaml_tree import Mapping_, Node, Scalar
from schemas.ids import Json

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
S = TypeVar("S")


@dataclass(frozen=True)
class Key(Generic[T_co]):
    """A key of a mapping: its name, the reader of its value and a sentence for people."""

    name: str
    reader: Reader[T_co]
    about: str
    required: bool = False


@dataclass(frozen=True)
class Check:
    """What ``keys`` must hold together: ``note`` is asked when each of them is right or left out, whatever else is wrong."""

    keys: tuple[Key[Any], ...]  # Any: keys of different types
    note: Callable[[Values], None]


class Values:
    """What a mapping held: right values by key. A wrong value is absent and its mistake noted."""

    def __init__(self, node: Node, path: str, reading: Reading) -> None:
        self.node, self.path, self.reading = node, path, reading
        self.written: dict[str, Node] = {}
        self._values: dict[str, object] = {}

    def put(self, key: Key[Any], value: object) -> None:  # Any: a key of any type
        """Keep the value of ``key``."""
        self._values[key.name] = value

    def sure(self, key: Key[Any]) -> bool:  # Any: a key of any type
        """Tell whether it is known what ``key`` holds: it is right, or it may be left out and is."""
        return key.name in self._values or (key.name not in self.written and not key.required)

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
            self.reading.wrong(node, f"{self.path}.{key.name}", message, remedy)


class Fields(Reader[T]):
    """A mapping with known keys. ``build`` is called when every value is right; ``later`` are keys that come one day.

    What contradicts each other stands in ``checks``, so that it is noted together with what is wrong elsewhere.
    """

    def __init__(
        self,
        keys: Sequence[Key[Any]],  # Any: keys of different types
        build: Callable[[Values], T | None],
        *,
        about: str = "",
        may_be_empty: bool = False,
        later: Mapping[str, str] | None = None,
        checks: Sequence[Check] = (),
    ) -> None:
        self.keys, self._build, self._about = tuple(keys), build, about
        self.may_be_empty = may_be_empty
        self._later = later or {}
        self._checks = checks

    def read(self, node: Node, path: str, reading: Reading) -> T | None:
        """Return what ``build`` makes of the values."""
        if self.may_be_empty and isinstance(node, Scalar) and node.value is None:
            node = Mapping_(node.line)
        if not isinstance(node, Mapping_):
            names = one_of([key.name for key in self.keys])
            reading.wrong(node, path, f"a mapping is needed, this is {described(node)}", f"its keys are {names}")
            return None
        before = len(reading.mistakes)
        values = Values(node, path, reading)
        keys = {key.name: key for key in self.keys}
        for name, (place, value) in node.entries.items():
            inner = f"{path}.{name}" if path else name
            if name in keys:
                values.written[name] = value
                found = keys[name].reader.read(value, inner, reading)
                if found is not None:
                    values.put(keys[name], found)
            elif name in self._later:
                reading.wrong(place, inner, f"{name} is not supported by this version", self._later[name])
            else:
                reading.wrong(place, path, f"unknown key {clipped(name)!r}", did_you_mean(name, keys))
        for key in self.keys:
            if key.required and key.name not in node.entries:
                reading.wrong(node, path, f"the key {key.name!r} is missing", key.about)
        for check in self._checks:
            if all(values.sure(key) for key in check.keys):
                check.note(values)
        return self._build(values) if len(reading.mistakes) == before else None

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
