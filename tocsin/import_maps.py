"""A map of columns held against the first rows of a file: what is not there is told, with the columns that are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from schemas.errors import UsageError
from tocsin.event_lines import printable

if TYPE_CHECKING:
    from connectors.archive.field_map import FieldMap

#: Columns that are named, and how much of what stands in them.
_COLUMNS_SHOWN, _SHOWN_OF_VALUE = 30, 24


def check_map(fields: FieldMap, rows: Sequence[Mapping[str, object]]) -> None:
    """Print ``fields`` to stderr, and which of them none of ``rows`` has.

    :raises UsageError: that is the time of publication; the columns there are are named.
    """
    from connectors.archive.field_map import has_path

    click.echo(f"map: {str(fields) or 'no column is known by its name'}", err=True)
    if "published" not in fields.paths:
        raise UsageError(
            "no column with the time of publication",
            remedy=f"name it: --map published=COLUMN,…{columns_in_words(rows)}",
        )
    lost = {field: path for field, path in fields.paths.items() if not any(has_path(row, path) for row in rows)}
    if not rows or not lost:
        return
    said = f"none of the first {len(rows)} rows has {', '.join(f'{field}={path}' for field, path in lost.items())}"
    if "published" in lost:
        raise UsageError(said, remedy=f"correct --map{columns_in_words(rows)}")
    click.echo(said, err=True)


def columns_in_words(rows: Sequence[Mapping[str, object]]) -> str:
    """Return "; the columns are …", each with the first thing that stands in it; nothing where there are none."""
    found: dict[str, object] = {}
    for row in rows:
        for column, value in row.items():
            if found.get(column) in (None, ""):
                found[column] = value
    shown = [f"{printable(column)} ({_short(value)})" for column, value in list(found.items())[:_COLUMNS_SHOWN]]
    return f"; the columns are {', '.join(shown)}" if shown else ""


def _short(value: object) -> str:
    text = printable(str(value))
    return text if len(text) <= _SHOWN_OF_VALUE else f"{text[:_SHOWN_OF_VALUE]}…"
