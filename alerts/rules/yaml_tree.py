"""YAML 1.2 text to a tree with line numbers and back. The one door to ruamel.yaml; nothing is built but text.

Aliases, anchors, tags, merge keys, directives, several documents, duplicate keys, deep nesting and large files are
refused, so that a tree is never larger than its file.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from alerts.rules.mistakes import Mistake, RulesError
from alerts.rules.yaml_builder import TreeBuilder
from alerts.rules.yaml_nodes import Mapping_, Node, Scalar, Sequence_, Value

__all__ = ["MAX_FILE_BYTES", "Mapping_", "Node", "Plain", "Scalar", "Sequence_", "Value", "parse", "readable", "render"]

MAX_FILE_BYTES = 1_048_576
MAX_LINE_CHARACTERS = 50_000

#: What the rest of a file refers to: where one of these stands behind what is no YAML, nobody knows what names mean.
_REFERRED_TO = re.compile(r"^[\"']?(?:sets|defaults|include|background)\b", re.MULTILINE)


def parse(text: str, file_name: str) -> Node:
    """Return the tree of the one document in ``text``; an empty file is an empty scalar.

    :raises RulesError: no YAML, or something that is refused.
    """
    root, mistakes = readable(text, file_name)
    if mistakes:
        raise RulesError(mistakes)
    return root


def readable(text: str, file_name: str) -> tuple[Node, Sequence[Mistake]]:
    """Return the tree of what can be read of ``text`` and what is refused in it, which the tree says nothing more about.

    :raises RulesError: what is left is not worth reading: no YAML from the beginning, too large, too deep, a bomb.
    """
    _refuse_large(text, file_name)
    builder = TreeBuilder(file_name)
    ends_at: int | None = None  # line (from 1) at which it is no YAML any more
    try:
        for event in _events(text):
            builder.take(event)
            if builder.full:
                break
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        ends_at = mark.line + 1 if mark is not None else 1
        problem = error.problem or error.context or "this is no YAML"
        remedy = "look at the indentation, at brackets that are not closed, and quote text with : or # in it"
        if "'\\t'" in problem:
            problem, remedy = "a tab where the indentation or a value begins", "indent with spaces instead"
        builder.refuse(ends_at, f"no valid YAML: {problem}", remedy, path="")
    except YAMLError as error:
        # A character YAML does not allow: the reader knows its position only.
        ends_at = text.count("\n", 0, getattr(error, "position", 0)) + 1
        message = "a character that YAML does not allow (a control character)"
        builder.refuse(ends_at, message, "remove it; in a quoted text write it as an escape", path="")
    if ends_at is not None:
        builder.cut()
    mistakes = builder.all_mistakes()
    known = ends_at is None or (builder.root is not None and not _REFERRED_TO.search(_from_line(text, ends_at)))
    if builder.hopeless or not known:
        raise RulesError(mistakes)
    return builder.root or Scalar(1, "", quoted=False), mistakes


def _from_line(text: str, line: int) -> str:
    return "\n".join(text.split("\n")[line - 1 :])


def _refuse_large(text: str, file_name: str) -> None:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_FILE_BYTES:
        message = f"the file has {size:,} bytes, the limit is {MAX_FILE_BYTES:,}"
        raise RulesError([Mistake(file_name, 1, "", message, "split it into several files")])
    for number, line in enumerate(text.splitlines(), start=1):
        if len(line) > MAX_LINE_CHARACTERS:
            message = f"the line has {len(line):,} characters, the limit is {MAX_LINE_CHARACTERS:,}"
            raise RulesError([Mistake(file_name, number, "", message, "write one item of a list on each line")])


def _events(text: str) -> Iterator[Any]:  # Any: ruamel.yaml's events have no common base
    reader = YAML(typ="safe", pure=True)
    yield from reader.parse(text)


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
