"""Tables of tocsin.toml as text that is appended: never a rewrite, so that what people wrote stays as it is. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

#: Values a key may have.
TomlValue = str | int | Sequence[str] | Mapping[str, str]


def toml_table(name: str, values: Mapping[str, TomlValue]) -> str:
    """Return ``[[name]]`` with its keys, a line each."""
    return "".join([f"[[{name}]]\n", *(f"{key} = {toml_value(value)}\n" for key, value in values.items())])


def toml_value(value: TomlValue) -> str:
    """Return ``value`` as it stands behind the equals sign."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{quoted(key)} = {quoted(text)}" for key, text in value.items()) + " }"
    return "[" + ", ".join(map(quoted, value)) + "]"


def quoted(text: str) -> str:
    """Return ``text`` as a string of TOML, and of YAML."""
    # A JSON string is a string of YAML and, but for DEL, of TOML.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
