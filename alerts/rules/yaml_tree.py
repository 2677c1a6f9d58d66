"""YAML 1.2 text to a tree with line numbers and back. The one door to ruamel.yaml; nothing is built but text.

Aliases, anchors, tags, merge keys, directives, several documents, duplicate keys, deep nesting and large files are
refused, so that a tree is never larger than its file.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from alerts.rules.mistakes import Mistake, RulesError, clipped

MAX_FILE_BYTES = 1_048_576
MAX_LINE_CHARACTERS = 50_000
MAX_DEPTH = 50

#: Enough to see that a file is not meant as rules; the rest of it is not read.
_MAX_MISTAKES = 1_000

_ANCHORS = "anchors and aliases"

#: The core schema of YAML 1.2: everything else that is not quoted is text, ``no`` and ``22:00`` among it.
_NULL = re.compile(r"~|null|Null|NULL|")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_OTHER_INTEGER = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Scalar:
    """A single value; ``text`` as written, ``quoted`` where quotes or a block make it text whatever it looks like."""

    line: int
    text: str
    quoted: bool

    @property
    def value(self) -> Value:
        """What YAML 1.2 takes it for."""
        if self.quoted:
            return self.text
        if _NULL.fullmatch(self.text):
            return None
        if _TRUE.fullmatch(self.text):
            return True
        if _FALSE.fullmatch(self.text):
            return False
        if _INTEGER.fullmatch(self.text):
            return int(self.text)
        if _OTHER_INTEGER.fullmatch(self.text):
            return int(self.text, 0)
        if _NUMBER.fullmatch(self.text):
            return float(re.sub(r"\.(?=[a-zA-Z])", "", self.text))
        return self.text


@dataclass(frozen=True)
class Sequence_:
    """A list."""

    line: int
    items: list[Node] = field(default_factory=list)


@dataclass(frozen=True)
class Mapping_:
    """Keys and their values, in the order of the file; each key once."""

    line: int
    entries: dict[str, tuple[Scalar, Node]] = field(default_factory=dict)


Node = Scalar | Sequence_ | Mapping_


def parse(text: str, file_name: str) -> Node:
    """Return the tree of the one document in ``text``; an empty file is an empty scalar.

    :raises RulesError: no YAML, or something that is refused.
    """
    _refuse_large(text, file_name)
    builder = _Builder(file_name)
    try:
        for event in _events(text):
            builder.take(event)
            if builder.too_deep or len(builder.mistakes) >= _MAX_MISTAKES:
                break
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        problem = error.problem or error.context or "this is no YAML"
        remedy = "look at the indentation, at brackets that are not closed, and quote text with : or # in it"
        builder.mistakes.append(Mistake(file_name, line, "", f"no valid YAML: {problem}", remedy))
    except YAMLError as error:
        # A character YAML does not allow: the reader knows its position only.
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        message = "a character that YAML does not allow (a control character)"
        builder.mistakes.append(
            Mistake(file_name, line, "", message, "remove it; in a quoted text write it as an escape")
        )
    if builder.mistakes:
        raise RulesError(builder.all_mistakes())
    return builder.root or Scalar(1, "", quoted=False)


def _refuse_large(text: str, file_name: str) -> None:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_FILE_BYTES:
        message = f"the file has {size:,} bytes, the limit is {MAX_FILE_BYTES:,}"
        raise RulesError([Mistake(file_name, 1, "", message, "split it into several files")])
    for number, line in enumerate(text.splitlines(), start=1):
        if len(line) > MAX_LINE_CHARACTERS:
            message = f"the line has {len(line):,} characters, the limit is {MAX_LINE_CHARACTERS:,}"
            raise RulesError([Mistake(file_name, number, "", message, "write one item of a list on each line")])


def _events(text: str) -> Iterator[Any]:  # Any: ruamel.yaml's events share no typed base worth naming
    reader = YAML(typ="safe", pure=True)
    yield from reader.parse(text)


class _Builder:
    """Puts events together without recursion, so that no nesting can exhaust the stack."""

    def __init__(self, file_name: str) -> None:
        self._file = file_name
        self.root: Node | None = None
        self.mistakes: list[Mistake] = []
        self.too_deep = False
        self._open: list[Sequence_ | Mapping_] = []
        self._keys: list[Scalar | None] = []  # Beside every open mapping the key that waits for its value.
        self._documents = 0
        self._often: dict[str, list[int]] = {}  # by kind of mistake: which one stands for all, how many more there are

    def take(self, event: Any) -> None:  # Any: see _events
        """Put one event in its place."""
        line = event.start_mark.line + 1
        if isinstance(event, DocumentStartEvent):
            self._document(event, line)
        elif isinstance(event, AliasEvent):
            message = f"an alias (*{clipped(event.anchor)}) is not allowed"
            self._refuse(line, message, "write the value out where it is used", kind=_ANCHORS)
            self._place(Scalar(line, "", quoted=True))
        elif isinstance(event, (ScalarEvent, SequenceStartEvent, MappingStartEvent)):
            self._node(event, line)
        elif isinstance(event, (SequenceEndEvent, MappingEndEvent)):
            self._open.pop()
            self._keys.pop()

    def _document(self, event: Any, line: int) -> None:  # Any: see _events
        self._documents += 1
        if self._documents > 1:
            self._refuse(line, "a second document begins here", "one file holds one document: remove the ---")
        if event.version or event.tags:
            self._refuse(line, "directives (%YAML, %TAG) are not allowed", "remove the line that begins with %")

    def _node(self, event: Any, line: int) -> None:  # Any: see _events
        if event.anchor is not None:
            message = f"an anchor (&{clipped(event.anchor)}) is not allowed"
            self._refuse(line, message, "write the value out where it is used", kind=_ANCHORS)
        if event.tag is not None:
            message = f"a tag ({clipped(str(event.tag))}) is not allowed"
            self._refuse(line, message, "remove it; quote a value that is to be text", kind="tags")
        if isinstance(event, ScalarEvent):
            self._place(Scalar(line, event.value, quoted=event.style is not None))
            return
        node = Sequence_(line) if isinstance(event, SequenceStartEvent) else Mapping_(line)
        self._place(node)
        self._open.append(node)
        self._keys.append(None)
        if len(self._open) > MAX_DEPTH:
            self.too_deep = True
            self._refuse(line, f"nested more than {MAX_DEPTH} levels deep", "rules need six or seven: flatten it")

    def _place(self, node: Node) -> None:
        if not self._open:
            self.root = self.root or node
            return
        parent = self._open[-1]
        if isinstance(parent, Sequence_):
            parent.items.append(node)
            return
        key = self._keys[-1]
        if key is None:
            self._keys[-1] = self._as_key(node)
            return
        self._keys[-1] = None
        if key.text in parent.entries:
            first = parent.entries[key.text][0].line
            self._refuse(
                key.line, f"the key {clipped(key.text)!r} is here twice (first on line {first})", "keep one of them"
            )
        else:
            parent.entries[key.text] = (key, node)

    def _as_key(self, node: Node) -> Scalar:
        if not isinstance(node, Scalar):
            self._refuse(node.line, "a list or mapping cannot be a key", "a key is one word")
            return Scalar(node.line, "", quoted=True)
        if node.text == "<<" and not node.quoted:
            self._refuse(node.line, "a merge key (<<) is not allowed", "write the keys out")
        return node

    def _refuse(self, line: int, message: str, remedy: str, *, kind: str = "") -> None:
        """Note a mistake; of one ``kind`` the first stands for all, so that a bomb of them is one clear error."""
        if kind in self._often:
            self._often[kind][1] += 1
            return
        if kind:
            self._often[kind] = [len(self.mistakes), 0]
        self.mistakes.append(Mistake(self._file, line, "", message, remedy))

    def all_mistakes(self) -> list[Mistake]:
        """Return the mistakes, each that stands for several with how many more there are."""
        found = list(self.mistakes)
        for kind, (place, more) in self._often.items():
            if more:
                found[place] = replace(found[place], message=f"{found[place].message} (and {more:,} more {kind})")
        return found


Plain = Value | Sequence["Plain"] | Mapping[str, "Plain"]


def render(value: Plain) -> str:
    """Return ``value`` as YAML that :func:`parse` reads back; mappings as blocks, short lists of plain values in a row."""
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = None
    writer.representer.sort_base_mapping_type_on_output = False
    writer.allow_unicode = True
    writer.width = 120
    out = io.StringIO()
    writer.dump(value, out)
    return out.getvalue()
