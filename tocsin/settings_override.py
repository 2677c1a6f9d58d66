"""Settings by environment: ``TOCSIN_KEY`` for a key at the top, ``TOCSIN_SECTION__KEY`` for one in a section.

The value is written as without its quotes in the file; the items of a list are parted by commas, and empty means none.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import get_origin

from pydantic import BaseModel

from tocsin.settings_mistakes import Location, models_in

_PREFIX = "TOCSIN_"


def override(
    document: dict[str, object], environment: Mapping[str, str], settings: type[BaseModel]
) -> tuple[Mapping[Location, str], list[str]]:
    """Write what ``environment`` says into ``document``; return which variable set each place, and the mistakes.

    Variables that resemble no key are not ours: ``TOCSIN_PYTHON`` and secrets that receivers name may begin so too.
    """
    places: dict[Location, str] = {}
    mistakes: list[str] = []
    for variable, value in sorted(environment.items()):
        if not variable.startswith(_PREFIX):
            continue
        path = tuple(variable.removeprefix(_PREFIX).lower().split("__"))
        if path[0] not in settings.model_fields:
            close = difflib.get_close_matches(path[0], settings.model_fields, n=1, cutoff=0.8)
            if close:
                meant = _PREFIX + "__".join((close[0], *path[1:])).upper()
                mistakes.append(f"{variable}: unknown; did you mean {meant}?")
            continue
        problem = _write(document, path, value, settings)
        if problem:
            mistakes.append(f"{variable}: {problem}")
        else:
            places[path] = variable
    return places, mistakes


def _write(document: dict[str, object], path: tuple[str, ...], value: str, settings: type[BaseModel]) -> str:
    """Write ``value`` to ``path``; return what is wrong, or nothing."""
    field = settings.model_fields[path[0]]
    sections = models_in(field.annotation)
    if get_origin(field.annotation) is tuple and sections:
        return f"{path[0]} can be told only by the file: write [[{path[0]}]] there"
    if not sections:
        if len(path) > 1:
            return f"{path[0]} is no section of the settings"
        document[path[0]] = _read(value, settings, path[0])
        return ""
    section = sections[0]
    keys = ", ".join(section.model_fields)
    if len(path) != 2 or path[1] not in section.model_fields:
        return f"names no key of the section [{path[0]}], which has {keys}"
    inner = document.setdefault(path[0], {})
    if isinstance(inner, dict):  # Else the file says something wrong here, and that is told of the file.
        inner[path[1]] = _read(value, section, path[1])
    return ""


def _read(value: str, section: type[BaseModel], key: str) -> object:
    if get_origin(section.model_fields[key].annotation) is not tuple:
        return value
    return [item.strip() for item in value.split(",") if item.strip()]
