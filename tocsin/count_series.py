"""Reads a CSV of timestamp,count as a regular series; every mistake names its file and line."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TextIO

from schemas.durations import show_duration
from schemas.errors import UsageError
from schemas.timestamps import parse_timestamp

#: A series longer than this, gaps included, has a wrong timestamp in it: 5 minutes for 28 years.
_MOST_BUCKETS = 3_000_000


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

    :raises UsageError: a row that is none, is out of order, or does not lie on the grid of ``bucket``.
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
    try:
        value = float(text)
    except ValueError as error:
        raise UsageError(f"{place}: the count {text!r} is no number") from error
    if not math.isfinite(value) or value < 0:
        raise UsageError(f"{place}: the count {text} is not 0 or more", remedy="a count cannot be negative or infinite")
    return value


def _cells(file: TextIO, name: str) -> Iterator[tuple[int, str, str]]:
    """Yield line, timestamp and count of every row; columns are found by the header, where there is one."""
    reader = csv.reader(file)
    columns: tuple[int, int] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                columns = _columns(cells, name, reader.line_num)
                if columns is not None:
                    continue
                columns = (0, 1)
            if len(cells) <= max(columns):
                raise UsageError(f"{name}:{reader.line_num}: a row of {len(cells)} cells has no timestamp and count")
            yield reader.line_num, cells[columns[0]].strip(), cells[columns[1]].strip()
    except (csv.Error, UnicodeDecodeError) as error:
        raise UsageError(
            f"{name}:{reader.line_num + 1}: this is no CSV: {error}", remedy="save it as CSV in UTF-8, with commas"
        ) from error


def _columns(header: list[str], name: str, line: int) -> tuple[int, int] | None:
    """Return where timestamp and count stand; None where ``header`` is a row of data already."""
    names = [cell.strip().lower() for cell in header]
    if "timestamp" in names and "count" in names:
        return names.index("timestamp"), names.index("count")
    if len(header) >= 2 and names[1].replace(".", "", 1).isdigit():
        return None
    raise UsageError(
        f"{name}:{line}: the header {','.join(header)[:80]!r} has no columns timestamp and count",
        remedy="name the columns timestamp,count in the first line",
    )
