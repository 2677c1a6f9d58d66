"""Reads a CSV of timestamp,count as a regular series; every mistake names its file and line."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TextIO

from schemas.durations import show_duration
from schemas.errors import UsageError
from schemas.timestamps import parse_timestamp

#: A series longer than this, gaps included, has a wrong timestamp in it: 5 minutes for 28 years.
_MOST_BUCKETS = 3_000_000

#: A count as people and programs write it: no 1_000, no digits of other scripts.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?", re.ASCII | re.IGNORECASE)

_AS_CSV = "save it as CSV in UTF-8, with commas"

#: A count larger than this is none: beyond it not every whole number can be told from the next.
_MOST_COUNTED = 1e15


@dataclass(frozen=True, slots=True)
class CountRow:
    """A row as it was written, and where it lies: ``bucket`` numbers the buckets from the first row."""

    timestamp: str
    shown: str
    count: float
    start: datetime
    bucket: int


def read_counts(file: TextIO, name: str, bucket: timedelta) -> list[CountRow]:
    """Return the rows of ``file`` in order; times without a zone are UTC.

    :raises UsageError: nothing at all, or a row that is none, is out of order, or does not lie on the grid of ``bucket``.
    """
    rows: list[CountRow] = []
    for line, timestamp, shown in _cells(file, name):
        place = f"{name}:{line}"
        try:
            start = parse_timestamp(timestamp)
        except ValueError as error:
            raise UsageError(f"{place}: {error}") from error
        first = rows[0].start if rows else start
        number, rest = divmod(start - first, bucket)
        if rest:
            raise UsageError(
                f"{place}: {timestamp} is not a whole number of {show_duration(bucket)} after the first row",
                remedy="round the timestamps to the bucket, or give the bucket they have with --bucket",
            )
        if rows and number <= rows[-1].bucket:
            raise UsageError(
                f"{place}: {timestamp} does not come after the row before it",
                remedy="sort the rows by time and add up rows of the same bucket",
            )
        if number > _MOST_BUCKETS:
            raise UsageError(f"{place}: {timestamp} lies {number:,} buckets after the first row: is it right?")
        rows.append(CountRow(timestamp, shown, _count(shown, place), start, number))
    return rows


def _count(text: str, place: str) -> float:
    remedy = "a count is 0 or more, in digits: 3, 0.5, 1e6"
    if not _NUMBER.fullmatch(text):
        raise UsageError(f"{place}: the count {text!r} is no number", remedy=remedy)
    value = float(text)
    if not 0.0 <= value <= _MOST_COUNTED:
        what = "is not 0 or more" if value < 0.0 else f"is more than {_MOST_COUNTED:g}"
        raise UsageError(f"{place}: the count {text} {what}", remedy=remedy)
    return value


def _cells(file: TextIO, name: str) -> Iterator[tuple[int, str, str]]:
    """Yield line, timestamp and count of every row; columns are found by the header, where there is one.

    :raises UsageError: what is read is no such table, or there is nothing in it at all.
    """
    reader = csv.reader(file)
    columns: tuple[int, int] | None = None
    width = 0
    try:
        for cells in reader:
            place = f"{name}:{reader.line_num}"
            if not any(cell.strip() for cell in cells):
                continue
            if any("\0" in cell for cell in cells):
                raise UsageError(f"{place}: this is no text: it holds a NUL", remedy=_AS_CSV)
            if columns is None:
                columns, width = _columns(cells, place), len(cells)
                if columns is not None:
                    continue
                columns = (0, 1)
            if len(cells) <= max(columns):
                raise UsageError(f"{place}: a row of {len(cells)} cells has no timestamp and count")
            if any(cell.strip() for cell in cells[width:]):
                raise UsageError(
                    f"{place}: a row of {len(cells)} cells under a first line of {width}",
                    remedy='write 1000, or "1,000" within quotes in a column that is not the count',
                )
            yield reader.line_num, cells[columns[0]].strip(), cells[columns[1]].strip()
    except (csv.Error, UnicodeDecodeError) as error:
        raise UsageError(f"{name}:{reader.line_num + 1}: this is no CSV: {error}", remedy=_AS_CSV) from error
    if columns is None:
        raise UsageError(f"{name}: there is nothing in it", remedy="write timestamp,count in the first line, then rows")


def _columns(first: list[str], place: str) -> tuple[int, int] | None:
    """Return where timestamp and count stand; None where the ``first`` line is a row of data already."""
    names = [cell.strip().lower() for cell in first]
    if "timestamp" in names and "count" in names:
        return names.index("timestamp"), names.index("count")
    if len(first) >= 2 and (_NUMBER.fullmatch(names[1]) or _is_time(first[0])):
        return None
    raise UsageError(
        f"{place}: the header {','.join(first)[:80]!r} has no columns timestamp and count",
        remedy="name the columns timestamp,count in the first line",
    )


def _is_time(text: str) -> bool:
    try:
        parse_timestamp(text.strip())
    except ValueError:
        return False
    return True
