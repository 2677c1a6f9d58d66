"""The page docs/settings.md, made from the models: `python -m tocsin.settings_page > docs/settings.md`. A test compares."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import time, timedelta
from enum import Enum
from pathlib import Path, PurePath
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin  # Any: annotations, read at run time

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from connectors.channels.settings import ReceiverSettings
from schemas.durations import show_duration
from tocsin.settings import Settings
from tocsin.settings_mistakes import models_in

#: Where the page lies in the repository.
PAGE = Path("docs/settings.md")

_WORDS: dict[object, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    timedelta: "duration",
    time: "time of day",
}

_HEAD = """\
# Settings

*Made from the program by `python -m tocsin.settings_page`; do not edit.*

All settings of a folder stand in its file `tocsin.toml`. Everything is checked at start, and all mistakes are told at
once, each with its line. Relative paths start at the folder of the file.

**By environment.** `TOCSIN_KEY` overrides a key at the top, `TOCSIN_SECTION__KEY` one in a section: `TOCSIN_LOG`,
`TOCSIN_WEB__PORT`. The value is written without quotes; the items of a list are parted by commas, and an empty value is
an empty list. Feeds and receivers stand in the file only.

**Secrets** never stand in the file: it names an environment variable (`…_env`) or a file (`…_file`) that holds one. The
password of a PostgreSQL store comes by `PGPASSWORD`, a pgpass file, or with the whole address by `TOCSIN_STORE`. The one
exception is a feed's address, in which a user and a password may stand; they are never shown.

```toml
rules = ["rules/*.yaml"]

[[feeds]]
id = "example-news"
url = "https://news.example/rss"
country = "GBR"

[[receivers]]
type = "ntfy"
name = "phone"
topic_env = "NTFY_TOPIC"
min_severity = "high"
```
"""


def settings_page() -> str:
    """Return the whole page."""
    plain = {name: field for name, field in Settings.model_fields.items() if not models_in(field.annotation)}
    parts = [_HEAD, "## At the top\n", _table(plain)]
    for name, field in Settings.model_fields.items():
        models = models_in(field.annotation)
        if not models:
            continue
        if issubclass(models[0], ReceiverSettings):
            parts += _receivers(name, models)
        elif get_origin(field.annotation) is tuple:
            parts += [f"## `[[{name}]]`: one section each\n", _doc(models[0]), _table(models[0].model_fields)]
        else:
            parts += [f"## `[{name}]`\n", _doc(models[0]), _table(models[0].model_fields)]
    return "\n".join(parts)


def _receivers(name: str, models: Sequence[type[BaseModel]]) -> Iterator[str]:
    common = ReceiverSettings.model_fields
    yield f"## `[[{name}]]`: one section each\n"
    yield "The key `type` says which kind it is. Every kind has:\n"
    yield _table(common)
    for key, field in common.items():
        for model in models_in(field.annotation):
            yield f"### `{key}`: a table in each of them\n"
            yield _doc(model)
            yield _table(model.model_fields)
    for model in models:
        (kind,) = get_args(model.model_fields["type"].annotation)
        own = {
            key: field
            for key, field in model.model_fields.items()
            if key not in common or field.default != common[key].default
        }
        yield f'### `type = "{kind}"`\n'
        yield _doc(model)
        yield _table(own)


def _doc(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").replace("``", "`").split()) + "\n"


def _table(fields: dict[str, FieldInfo]) -> str:
    rows = ["| key | value | default | meaning |", "|---|---|---|---|"]
    for name, field in fields.items():
        if not field.description:
            raise ValueError(f"the setting {name} has no description")
        cells = (f"`{field.alias or name}`", _kind(field), _default(field), field.description)
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _kind(field: FieldInfo) -> str:
    words = _kind_of(field.annotation)
    least, above, most = (
        next((getattr(limit, name) for limit in field.metadata if hasattr(limit, name)), None)
        for name in ("ge", "gt", "le")
    )
    if least is not None and most is not None:
        return f"{words}, {least} to {most}"
    if above is not None and most is not None:
        return f"{words} above {above}, at most {most}"
    return words


def _kind_of(annotation: Any) -> str:  # Any: a type or a typing construct
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind_of(arguments[0])
    if origin is Literal:
        return " or ".join(f'`"{word}"`' for word in arguments)
    if origin in (Union, UnionType):
        return " or ".join(_kind_of(argument) for argument in arguments if argument is not NoneType)
    if origin is tuple:
        return f"list of {_kind_of(arguments[0])}"
    if origin is dict:
        return "table of text"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"table of {', '.join(f'`{field.alias or name}`' for name, field in annotation.model_fields.items())}"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " or ".join(f'`"{member.value}"`' for member in annotation)
    if isinstance(annotation, type) and issubclass(annotation, PurePath):
        return "path"
    return _WORDS[annotation]


def _default(field: FieldInfo) -> str:
    value = field.default
    if field.is_required():
        return "**must be given**"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, timedelta):
        return f'`"{show_duration(value)}"`'
    if isinstance(value, tuple):
        return f"`[{', '.join(_quoted(item) for item in value)}]`"
    if isinstance(value, dict):
        return "`{}`"
    return f"`{value:g}`" if isinstance(value, int | float) else f"`{_quoted(value)}`"


def _quoted(value: object) -> str:
    return f'"{value.value if isinstance(value, Enum) else value}"'


if __name__ == "__main__":
    sys.stdout.write(settings_page())
