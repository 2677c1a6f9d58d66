"""One Parquet file (zstd) a day: rows of JSON records with the columns people search by. Written whole or not at all.

The only module that knows pyarrow, which has no types: every Any of the archive is here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import FatalError
from schemas.ids import digest

_INSTANT = pa.timestamp("ms", tz="UTC")
_DIGEST = b"tocsin_records_digest"
_MADE_FROM = b"tocsin_made_from"


class Kind(Enum):
    """What a day file holds; times are milliseconds since 1970, ``record`` is the JSON of the record."""

    ARTICLES = pa.schema(
        [
            ("revised_at", _INSTANT), ("observed_at", _INSTANT), ("event_time", _INSTANT), ("article_id", pa.string()),
            ("revision", pa.int64()), ("source", pa.string()), ("feed_id", pa.string()), ("content_hash", pa.string()),
            ("record", pa.string()),
        ]
    )  # fmt: skip
    SIGNALS = pa.schema([("revised_at", _INSTANT), ("article_id", pa.string()), ("record", pa.string())])
    COVERAGE = pa.schema([("at", _INSTANT), ("record", pa.string())])


#: A value of a column: text, or milliseconds.
Cell = str | int


def write_day(path: Path, kind: Kind, rows: Sequence[Mapping[str, Cell]], made_from: str = "") -> str:
    """Replace ``path`` by ``rows`` and return the digest of their records; ``made_from`` is kept beside it.

    :raises FatalError: the file cannot be written; the one there before stays.
    """
    of_records = digest(*(str(row["record"]) for row in rows))
    metadata = {_DIGEST: of_records.encode(), _MADE_FROM: made_from.encode()}
    arrays = [_array([row[field.name] for row in rows], field.type) for field in kind.value]
    table = pa.Table.from_arrays(arrays, schema=kind.value.with_metadata(metadata))
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        pq.write_table(table, unfinished, compression="zstd", write_page_checksum=True)
        with unfinished.open("rb+") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)
    except (OSError, pa.ArrowException) as error:
        unfinished.unlink(missing_ok=True)
        raise FatalError(f"{path} cannot be written: {error}", remedy="make room there, then do it again") from error
    return of_records


def read_columns(path: Path, names: Iterable[str]) -> list[tuple[Cell, ...]]:
    """Return the named columns of ``path``, row by row, times as milliseconds; :raises FatalError: no such file."""
    table = _table(path, names)
    columns = []
    for name in names:
        column = table.column(name)
        columns.append((column.cast(pa.int64()) if column.type == _INSTANT else column).to_pylist())
    return list(zip(*columns, strict=True))


def read_milliseconds(path: Path, names: Iterable[str]) -> list[npt.NDArray[np.int64]]:
    """Return the named columns of ``path``, which are times or milliseconds; :raises FatalError: no such file."""
    table = _table(path, names)
    return [table.column(name).cast(pa.int64()).to_numpy() for name in names]


def has_column(path: Path, name: str) -> bool:
    """Tell whether ``path`` has that column; files of earlier versions have fewer."""
    try:
        return name in pq.read_schema(path).names
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, error) from error


def read_records(path: Path) -> list[bytes]:
    """Return the JSON of every record of ``path``, in order; :raises FatalError: no such file."""
    found: list[bytes] = _table(path, ["record"]).column(0).cast(pa.binary()).to_pylist()
    return found


def read_text(path: Path) -> tuple[bytes, npt.NDArray[np.int32]]:
    """Return the JSON of all records of ``path`` one behind the other, and where each begins; the end of the last, too.

    Other threads run meanwhile. :raises FatalError: no such file.
    """
    column: Any = _table(path, ["record"]).column(0).combine_chunks()
    _, offsets, text = column.buffers()
    starts = np.frombuffer(offsets, dtype=np.int32)[column.offset : column.offset + len(column) + 1]
    return (text.to_pybytes() if text is not None else b""), starts


def about(path: Path) -> tuple[int, str, str]:
    """Return how many rows ``path`` has, the digest of its records, and what it was made from."""
    try:
        read: Any = pq.read_metadata(path)
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, error) from error
    metadata = read.metadata or {}
    return int(read.num_rows), metadata.get(_DIGEST, b"").decode(), metadata.get(_MADE_FROM, b"").decode()


def parquet_rows(path: Path) -> Iterable[dict[str, object]]:
    """Yield the rows of anybody's Parquet file; :raises FatalError: it is none."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            for batch in file.iter_batches(batch_size=2_000):
                yield from batch.to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, error) from error


def day_path(folder: Path, day: date) -> Path:
    """Return where the file of ``day`` lies in ``folder``."""
    return folder / f"{day.year:04d}" / f"{day.isoformat()}.parquet"


def days_in(folder: Path) -> list[date]:
    """Return the days with a file in ``folder``, in order."""
    return sorted(date.fromisoformat(path.stem) for path in folder.glob("[0-9]*/????-??-??.parquet"))


def _array(values: list[Cell], kind: Any) -> Any:
    return pa.array(values, type=pa.int64()).cast(kind) if kind == _INSTANT else pa.array(values, type=kind)


def _table(path: Path, names: Iterable[str]) -> Any:
    try:
        # read_table() makes the table of a data set first, which costs as much again.
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            return file.read(columns=list(names), use_threads=False)
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> FatalError:
    return FatalError(
        f"{path} cannot be read as Parquet: {error}", remedy="restore it, or remove it and import what it held again"
    )
