"""Actor files as text to checked entries. The one door to PyYAML: every scalar stays text, so ``no`` is a code, not false."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any

import yaml  # type: ignore[import-untyped]
from pydantic import ValidationError
from yaml.reader import ReaderError  # type: ignore[import-untyped]

from alerts.rules.lookalikes import mixes_alphabets, strange_letter
from pipelines.extraction.actors.entries import ActorEntry, ActorFile, AliasEntry, OfficialEntry

MAX_FILE_BYTES = 8_388_608

#: The C loader reads the built-in files ten times as fast; a PyYAML built without it has only the other.
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # Any: PyYAML's loaders are untyped

_KEYS_OF_FILES = sorted(field.alias or name for name, field in ActorFile.model_fields.items())
_KEYS = sorted({field.alias or name for model in (ActorFile, ActorEntry, OfficialEntry, AliasEntry)
                for name, field in model.model_fields.items()})  # fmt: skip


@dataclass(frozen=True, order=True)
class ActorMistake:
    """One mistake; ``line`` counts from 1, ``path`` is the key path, as ``actors[0].type``."""

    file: str
    line: int
    path: str
    message: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" + (f" {self.path}" if self.path else "")
        return f"{where}: {self.message} ({self.remedy})"


def read_actor_file(text: str, file: str) -> tuple[ActorFile, list[ActorMistake]]:
    """Return the entries of one file and its mistakes; with mistakes the file counts as empty."""
    if len(text) > MAX_FILE_BYTES:
        return ActorFile(), [ActorMistake(file, 1, "", "the file is larger than 8 MiB", "split it into several files")]
    try:
        refused = _refused(text, file)
        if refused:
            return ActorFile(), refused
        root = yaml.compose(text, Loader=_LOADER)
        refused = list(_given_twice(root, file))
        if refused:
            return ActorFile(), refused
        plain = None if root is None else _plain(root)
    except (yaml.YAMLError, RecursionError) as error:
        return ActorFile(), [_not_yaml(error, text, file)]
    if plain is None or plain == "":
        return ActorFile(), []
    try:
        return ActorFile.model_validate(plain), []
    except ValidationError as error:
        return ActorFile(), _wrong_entries(error, text, file)


class Lines:
    """Where values stand in the file ``text``, which is composed when the first is asked for, and once."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _root(self) -> Any:  # Any: PyYAML's nodes are untyped
        return yaml.compose(self._text, Loader=_LOADER)

    def of(self, path: Sequence[str | int]) -> int:
        """Return the line on which the value at ``path`` begins, as near as the file has it."""
        node, line = self._root, 1
        for step in path:
            following = _step(node, step)
            if following is None:
                break
            line, node = following
        return line


def line_behind_actors(text: str) -> tuple[int, str] | None:
    """Return behind how many lines an item can be added to the list ``actors``, and its indentation.

    None where there is no such list, or one that is not written with an item a line.
    """
    root = yaml.compose(text, Loader=_LOADER)
    found = _step(root, "actors")
    if found is None or not isinstance(found[1], yaml.SequenceNode) or found[1].flow_style or not found[1].value:
        return None
    first = found[1].value[0].start_mark
    dash = text.splitlines()[first.line].find("-")
    return _last_line(found[1]), " " * dash


def _last_line(node: Any) -> int:  # Any: PyYAML's nodes are untyped
    """Return the number of the last line with something of ``node``; the mark of a block lies behind comments that follow."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last_line(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.line) + (0 if node.end_mark.column == 0 and node.end_mark.line > 0 else 1)


def _step(node: Any, step: str | int) -> tuple[int, Any] | None:  # Any: PyYAML's nodes are untyped
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        value = node.value[step]
        return value.start_mark.line + 1, value
    return None


def _refused(text: str, file: str) -> list[ActorMistake]:
    """Aliases would let a small file grow without bound, and tags say what nobody reads.

    They begin with ``&``, ``*`` and ``!``, which are rare: look only then.
    """
    if not any(sign in text for sign in "&*!"):
        return []
    refused = []
    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            refused.append(ActorMistake(file, line, "", "a YAML alias is not allowed", "write the value out"))
        elif getattr(event, "tag", None) is not None:
            message = f"a YAML tag ({event.tag[:60]}) is not allowed"
            refused.append(ActorMistake(file, line, "", message, "remove it; quote what is to be text"))
    return refused


def _plain(node: Any) -> Any:  # Any: PyYAML's nodes are untyped
    """Return text, lists and mappings: composing a file is most of the cost of loading it, and is done once."""
    if isinstance(node, yaml.MappingNode):
        return {
            _plain(key) if isinstance(key, yaml.ScalarNode) else str(key.value): _plain(value)
            for key, value in node.value
        }
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    return node.value


def _given_twice(node: Any, file: str) -> Iterator[ActorMistake]:  # Any: PyYAML's nodes are untyped
    """Yield the keys that a mapping has more than once; YAML would keep the last one and say nothing."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _given_twice(item, file)
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                message = f"the key {key.value!r} stands twice here"
                yield ActorMistake(file, key.start_mark.line + 1, key.value, message, "join the two, or remove one")
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else id(key))
            yield from _given_twice(value, file)


#: What no text of YAML may have in it.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def _not_yaml(error: Exception, text: str, file: str) -> ActorMistake:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark is not None else 1
    problem = getattr(error, "problem", None) or "this cannot be read"
    if isinstance(error, ReaderError):
        # Its position counts characters, or with the C loader bytes: what is on the same line is found either way.
        line = next((n for n, part in enumerate(text.split("\n"), start=1) if _UNWRITABLE.search(part)), 1)
        message = "a character that YAML does not allow (a control character)"
        return ActorMistake(file, line, "", message, "remove it")
    return ActorMistake(file, line, "", f"no valid YAML: {problem}", "look at the indentation and close every bracket")


def _wrong_entries(error: ValidationError, text: str, file: str) -> list[ActorMistake]:
    mistakes, lines = [], Lines(text)
    for part in error.errors():
        path = part["loc"]
        shown = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
        message, remedy = _told(part["type"], part["msg"], path, part["input"])
        mistakes.append(ActorMistake(file, lines.of(path), shown, message, remedy))
    return mistakes


def _told(kind: str, message: str, path: Sequence[str | int], value: object) -> tuple[str, str]:
    """Return a mistake in plain English, and what to do about it."""
    key = str(path[-1]) if path else ""
    if kind == "extra_forbidden":
        known = _KEYS if len(path) > 1 else _KEYS_OF_FILES
        close = get_close_matches(key, known, n=1)
        return (
            f"there is no key {key!r}",
            f"did you mean {close[0]!r}?" if close else f"the keys are {', '.join(known)}",
        )
    if kind == "missing":
        return f"the key {key!r} is missing", "add it"
    if kind == "literal_error":
        kinds = message.removeprefix("Input should be ").replace(" or ", ", ").replace("'", "")
        return f"{value!r} is none of those known here", f"take one of: {kinds}"
    if kind in {"model_type", "dict_type"}:
        return "keys with values are expected here", "write them as {key: value}, or indented below"
    if kind in {"list_type", "tuple_type"}:
        return f"{value!r} is no list", f"write it as [{value}], or each item on a line behind a dash"
    if kind.startswith("date_"):
        return f"{value!r} is no date", "write it as 2024-05-31"
    if kind == "bool_parsing":
        return f"{value!r} is neither true nor false", "write true or false"
    if key == "format":
        return f"format {value!r} is not known to this version of Tocsin", "update Tocsin, or take an older file"
    if key == "id" and isinstance(value, str):
        told = message.removeprefix("Value error, ")
        strange = strange_letter(value) if mixes_alphabets(value) else ""
        return f"{told}; {strange}" if strange else told, f"for example {as_id(value)}"
    return message.removeprefix("Value error, "), "correct the value"


def as_id(text: str) -> str:
    """Return an id that ``text`` suggests."""
    bare = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in text.upper()).strip("_")
    return bare if len(bare) > 1 and bare[0].isalpha() else f"X_{bare or 'NAME'}"
