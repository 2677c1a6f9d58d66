"""The smallest parts of a grammar: each reads a node of the file and describes itself as JSON Schema, from one place.

A reader returns None after it has noted what is wrong; it never raises, so that all mistakes come at once.
"""

from __future__ import annotations

import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Sequence
from enum import StrEnum
from typing import Generic, TypeVar

from alerts.rules.lookalikes import strange_letter
from alerts.rules.mistakes import clipped, did_you_mean, one_of
from alerts.rules.reading import Reading
from alerts.rules.yaml_tree import Mapping_, Node, Scalar, Sequence_
from schemas.ids import Json
from schemas.latin_letters import in_latin

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
E = TypeVar("E", bound=StrEnum)
JsonSchema = dict[str, Json]

#: A decade: longer durations are typing mistakes.
_MAX_HOURS = 87_660
_NAME = "[a-z0-9][a-z0-9_.-]{0,79}"
_LABEL = "[A-Za-z][A-Za-z0-9_]{0,59}"

#: Control characters and halves of characters, which no record can carry.
_UNWRITABLE = frozenset({"Cc", "Cs"})

#: Of a list that is too long so many items are read, so that what is wrong with them is told too.
_READ_ANYWAY = 20

_HOURS_OF_UNIT = {"h": 1, "d": 24, "w": 168}


class Reader(ABC, Generic[T_co]):
    """Reads one value."""

    @abstractmethod
    def read(self, node: Node, path: str, reading: Reading) -> T_co | None:
        """Return the value, or None with a mistake noted."""

    @abstractmethod
    def schema(self) -> JsonSchema:
        """Return the JSON Schema of what it reads."""


def described(node: Node) -> str:
    """Say what ``node`` is, in words for a message."""
    if isinstance(node, Sequence_):
        return "a list"
    if isinstance(node, Mapping_):
        return "a mapping"
    value = node.value
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return f"{node.text} (true or false, not text)"
    if isinstance(value, (int, float)):
        return f"the number {clipped(node.text)}"
    return f"the text {clipped(node.text)!r}"


class Text(Reader[str]):
    """Text; what YAML takes for a number, true, false or nothing is an error: quote it."""

    def __init__(self, *, max_characters: int = 500) -> None:
        self._max = max_characters

    def read(self, node: Node, path: str, reading: Reading) -> str | None:
        """Return the text without white space around it."""
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            quote = isinstance(node, Scalar) and node.text
            remedy = f'quote it: "{clipped(node.text)}"' if isinstance(node, Scalar) and quote else "write a text here"
            reading.wrong(node, path, f"a text is needed, this is {described(node)}", remedy)
            return None
        text = node.value.strip()
        if not text:
            reading.wrong(node, path, "a text is needed, this is empty", "write a text here")
            return None
        if any(unicodedata.category(character) in _UNWRITABLE and not character.isspace() for character in text):
            reading.wrong(node, path, "a character that cannot be written or seen (a control character)", "remove it")
            return None
        if len(node.value) > self._max:
            reading.wrong(node, path, f"{len(node.value):,} characters, the limit is {self._max:,}", "shorten it")
            return None
        return text

    def schema(self) -> JsonSchema:
        """A string."""
        return {"type": "string", "minLength": 1, "maxLength": self._max}


class Name(Reader[str]):
    """A name of small letters, digits, dots, dashes and underscores."""

    _text = Text()

    def read(self, node: Node, path: str, reading: Reading) -> str | None:
        """Return the name."""
        name = self._text.read(node, path, reading)
        if name is None or re.fullmatch(_NAME, name):
            return name
        slug = re.sub(r"[^a-z0-9_.]+", "-", in_latin(name)).strip("-._")[:80]
        remedy = f"for example {slug}" if slug else "for example baku-moscow"
        message = f"{clipped(name)!r} is no name: small letters, digits, dots, dashes and underscores, at most 80"
        if strange := strange_letter(name):
            message = f"{clipped(name)!r} is no name: {strange}; small letters a to z, digits, dots, dashes and underscores are"
        reading.wrong(node, path, message, remedy)
        return None

    def schema(self) -> JsonSchema:
        """A string of those characters."""
        return {"type": "string", "pattern": rf"^\s*{_NAME}\s*$"}


class TextMap(Reader[dict[str, str]]):
    """A mapping of names to texts."""

    _text = Text()

    def read(self, node: Node, path: str, reading: Reading) -> dict[str, str] | None:
        """Return it, sorted by name."""
        if not isinstance(node, Mapping_):
            reading.wrong(node, path, f"a mapping is needed, this is {described(node)}", "write {desk: caucasus}")
            return None
        before = reading.noted
        found = {}
        for name, (place, value) in sorted(node.entries.items()):
            if not re.fullmatch(_LABEL, name):
                message = f"{clipped(name)!r} is no name: letters, digits and underscores, at most 60"
                reading.wrong(place, path, message, "for example desk")
            text = self._text.read(value, f"{path}.{name}", reading)
            found[name] = text or ""
        return found if reading.noted == before else None

    def schema(self) -> JsonSchema:
        """An object of strings."""
        return {
            "type": "object",
            "additionalProperties": self._text.schema(),
            "propertyNames": {"pattern": f"^{_LABEL}$"},
        }


class Flag(Reader[bool]):
    """True or false."""

    def read(self, node: Node, path: str, reading: Reading) -> bool | None:
        """Return it."""
        value = node.value if isinstance(node, Scalar) else None
        if not isinstance(value, bool):
            reading.wrong(node, path, f"true or false is needed, this is {described(node)}", "write true or false")
            return None
        return value

    def schema(self) -> JsonSchema:
        """A boolean."""
        return {"type": "boolean"}


def _duration_meant(text: str) -> str:
    """Return what to write instead of ``text``, a duration in other words: 6, 6H, 90m, 3 days."""
    if re.fullmatch("[0-9]{1,6}", text):
        return f"write {text}h or {text}d"
    found = re.fullmatch(r"([0-9]{1,6})\s*(mi?n?|[hdw])[a-z]*", text.lower())
    if found is None:
        return "write for example 6h, 14d or 2w"
    number, unit = int(found[1]), found[2][0]
    return f"write for example {max(1, -(-number // 60))}h" if unit == "m" else f"write {number}{unit}"


class Hours(Reader[int]):
    """A duration in whole hours, days or weeks: ``6h``, ``14d``, ``2w``."""

    def __init__(self, *, least: int = 1) -> None:
        self._least = least

    def read(self, node: Node, path: str, reading: Reading) -> int | None:
        """Return it in hours."""
        text = node.text.strip() if isinstance(node, Scalar) else ""
        match = re.fullmatch(r"([0-9]{1,6})\s*([hdw])", text)
        if match is None:
            reading.wrong(
                node,
                path,
                f"a duration in whole hours, days or weeks is needed, this is {described(node)}",
                _duration_meant(text),
            )
            return None
        hours = int(match[1]) * _HOURS_OF_UNIT[match[2]]
        if not self._least <= hours <= _MAX_HOURS:
            reading.wrong(node, path, f"{text} is out of range", f"from {self._least}h to {_MAX_HOURS // 24}d")
            return None
        return hours

    def schema(self) -> JsonSchema:
        """A string such as 6h."""
        return {"type": "string", "pattern": r"^\s*[0-9]{1,6}\s*[hdw]\s*$"}


class Word(Reader[E]):
    """One of the words of an enum."""

    def __init__(self, words: type[E]) -> None:
        self._words = words

    def read(self, node: Node, path: str, reading: Reading) -> E | None:
        """Return the member."""
        text = node.text if isinstance(node, Scalar) else ""
        known = [member.value for member in self._words]
        if text in known:
            return self._words(text)
        message = f"{one_of(known)} is needed, this is {described(node)}"
        reading.wrong(node, path, message, did_you_mean(text, known))
        return None

    def schema(self) -> JsonSchema:
        """An enum."""
        return {"enum": [member.value for member in self._words]}


class Items(Reader[tuple[T, ...]]):
    """A list, or where ``or_one`` a single item that stands for a list of itself. Wrong items make the list wrong.

    The items that are right, or right in part, are kept as its part.
    """

    def __init__(self, item: Reader[T], *, or_one: bool = False, least: int = 1, most: int = 1_000) -> None:
        self._item, self._or_one, self._least, self._most = item, or_one, least, most

    def read(self, node: Node, path: str, reading: Reading) -> tuple[T, ...] | None:
        """Return the items."""
        if not isinstance(node, Sequence_):
            if not self._or_one:
                reading.wrong(
                    node, path, f"a list is needed, this is {described(node)}", "write it in brackets: [a, b]"
                )
                return None
            one = self._item.read(node, path, reading)
            if one is None:
                self._keep([node], [one], node, reading)
            return None if one is None else (one,)
        fit = self._least <= len(node.items) <= self._most
        if not fit:
            message = f"{len(node.items):,} items, from {self._least} to {self._most:,} are needed"
            remedy = f"keep at most {self._most:,}" if len(node.items) > self._most else f"write at least {self._least}"
            reading.wrong(node, path, message, remedy if node.items else f"{remedy}, or remove the key")
        items = node.items[: max(self._most, _READ_ANYWAY)]
        values = [self._item.read(item, f"{path}[{i}]", reading) for i, item in enumerate(items)]
        found = tuple(value for value in values if value is not None)
        if fit and len(found) == len(values):
            return found
        self._keep(items, values, node, reading)
        return None

    def _keep(self, items: Sequence[Node], values: Sequence[T | None], node: Node, reading: Reading) -> None:
        parts = [reading.part(i, self._item) if v is None else v for i, v in zip(items, values, strict=True)]
        if found := tuple(part for part in parts if part is not None):
            reading.keep_part(node, self, found)

    def schema(self) -> JsonSchema:
        """An array, or one of its items."""
        item = self._item.schema()
        many: JsonSchema = {"type": "array", "items": item, "minItems": self._least, "maxItems": self._most}
        return {"anyOf": [item, many]} if self._or_one else many
