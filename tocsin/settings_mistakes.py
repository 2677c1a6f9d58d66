"""Where a mistake in the settings stands, and what it is in plain words. Pure; repeats no value, which may be a secret."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin  # Any: annotations, read at run time

from pydantic import BaseModel

Location = tuple[int | str, ...]

_TABLE = re.compile(r"^\[{1,2}\s*([^\[\]]+?)\s*\]{1,2}\s*(?:#.*)?$")


def words_of(location: Location, mistake: Mapping[str, object], settings: type[BaseModel]) -> str:
    """Return what ``mistake`` (of pydantic, at ``location`` in ``settings``) is, with a suggestion where there is one."""
    if mistake["type"] == "extra_forbidden":
        known = known_keys(location[:-1], settings)
        close = difflib.get_close_matches(str(location[-1]), known, n=1)
        return "unknown key" + (f"; did you mean {close[0]}?" if close else f"; known here: {', '.join(known)}")
    if mistake["type"] == "union_tag_not_found":
        return f"the key type is missing: one of {', '.join(_tags(location, settings))}"
    if mistake["type"] == "union_tag_invalid":
        return f"type is none of {', '.join(_tags(location, settings))}"
    return str(mistake["msg"]).removeprefix("Value error, ")


def known_keys(location: Location, settings: type[BaseModel]) -> list[str]:
    """Return the keys of the section at ``location``; empty where it has no fixed ones."""
    models: list[type[BaseModel]] = [settings]
    for part in location:
        if isinstance(part, int):
            continue
        tagged = [model for model in models if _tag(model) == part]
        fields = [model.model_fields[part].annotation for model in models if part in model.model_fields]
        models = tagged or [model for annotation in fields for model in models_in(annotation)]
    return sorted({field.alias or key for model in models for key, field in model.model_fields.items()})


def models_in(annotation: Any) -> list[type[BaseModel]]:  # Any: a type or a typing construct
    """Return the models that stand in an annotation, in its order."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Annotated, Union, UnionType, tuple):
        return [model for argument in get_args(annotation) for model in models_in(argument)]
    return []


def _tag(model: type[BaseModel]) -> str | None:
    """Return the word by which a kind of receiver is told apart."""
    words = get_args(model.model_fields["type"].annotation) if "type" in model.model_fields else ()
    return str(words[0]) if words else None


def _tags(location: Location, settings: type[BaseModel]) -> Sequence[str]:
    field = settings.model_fields[str(location[0])]
    return [tag for model in models_in(field.annotation) if (tag := _tag(model)) is not None]


def line_of(text: str, location: Location) -> int | None:
    """Return the line on which the key at ``location`` most probably stands: the n-th table of its name, then the key in
    it; the line of the table where the key is missing there; None where nothing fits (inline tables)."""
    keys = [part for part in location if isinstance(part, str)]
    index = next((part for part in location if isinstance(part, int)), 0)
    if not keys:
        return None
    table, seen = "", -1
    head: int | None = None
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        found = _TABLE.match(line)
        if found is not None:
            table = found[1].strip()
            seen += table == keys[0]
            if table == keys[0] and seen == index:
                head = number
        elif line.partition("=")[0].strip().strip("\"'") == keys[-1] and _is_inside(table, keys, seen == index):
            return number
    return head


def _is_inside(table: str, keys: Sequence[str], of_index: bool) -> bool:
    """Return whether a line in ``table`` can be that of ``keys``."""
    if len(keys) == 1:
        return table == ""
    inner = table.split(".")
    return of_index and inner[0] == keys[0] and set(inner) <= set(keys)
