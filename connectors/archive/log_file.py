"""One Parquet file of log records, in log order: written whole or not at all, with checksums; read in small pieces.

Like :mod:`connectors.archive.day_files` it knows pyarrow, which has no types.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.archive.log_columns import row_of
from schemas.errors import ArchiveUnavailableError, FatalError
from schemas.ports.log import LogRecord

_INSTANT = pa.timestamp("ms", tz="UTC")

#: Every column; ``record`` is the JSON as it lay in the log, ``raw`` its bytes where they are no text.
SCHEMA = pa.schema(
    [
        ("offset", pa.int64()), ("append_time", _INSTANT), ("key", pa.binary()), ("kind", pa.string()),
        ("article_id", pa.string()), ("revision", pa.int64()), ("status", pa.string()), ("source", pa.string()),
        ("feed_id", pa.string()), ("url", pa.string()), ("title", pa.string()), ("language", pa.string()),
        ("observed_at", _INSTANT), ("revised_at", _INSTANT), ("event_time", _INSTANT), ("at", _INSTANT),
        ("extractor_version", pa.string()), ("record", pa.string()), ("raw", pa.binary()),
    ]
)  # fmt: skip

#: Columns of few different values, and those whose least and greatest let a reader skip what it does not look for.
_DICTIONARIES = ["kind", "status", "source", "feed_id", "language", "extractor_version"]
_STATISTICS = ["offset", "append_time", "kind", "source", "observed_at", "revised_at", "event_time", "at"]

#: Rows read or written in one piece: enough to compress well, few enough to keep memory small.
_ROW_GROUP = 2_000


def write_records(path: Path, records: Sequence[LogRecord]) -> None:
    """Write ``records`` to the new file ``path``; :raises ArchiveUnavailableError: it cannot be written now."""
    pieces = (records[start : start + _ROW_GROUP] for start in range(0, len(records), _ROW_GROUP))
    _write(path, (_table(piece) for piece in pieces))


def merge_files(path: Path, parts: Sequence[Path]) -> None:
    """Write the records of ``parts``, in their order, to the new file ``path``, holding little of them at a time."""
    _write(path, (batch for part in parts for batch in _batches(part, SCHEMA.names)))


def read_records(path: Path, partition: int) -> Iterator[LogRecord]:
    """Yield the records of ``path``, byte for byte as they were.

    :raises FileNotFoundError: there is no such file any more: it was merged with others.
    :raises FatalError: it is damaged.
    """
    for batch in _batches(path, ["offset", "key", "append_time", "record", "raw"]):
        columns = [batch.column(n).to_pylist() for n in ("offset", "key")]
        times = batch.column("append_time").cast(pa.int64()).to_pylist()
        texts, raws = batch.column("record").to_pylist(), batch.column("raw").to_pylist()
        for offset, key, at, text, raw in zip(*columns, times, texts, raws, strict=True):
            yield LogRecord(partition, offset, key, raw if text is None else text.encode(), at)


def read_column(path: Path, name: str) -> list[Any]:
    """Return one column of ``path``, times as milliseconds; errors as :func:`read_records`."""
    values: list[Any] = []
    for batch in _batches(path, [name]):
        column = batch.column(name)
        values.extend((column.cast(pa.int64()) if column.type == _INSTANT else column).to_pylist())
    return values


def sync_folder(folder: Path) -> None:
    """Make what was renamed or made in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _table(records: Iterable[LogRecord]) -> Any:
    rows = [row_of(record) for record in records]
    arrays = [_array([row[field.name] for row in rows], field.type) for field in SCHEMA]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _array(values: list[Any], kind: Any) -> Any:
    return pa.array(values, type=pa.int64()).cast(kind) if kind == _INSTANT else pa.array(values, type=kind)


def _write(path: Path, pieces: Iterable[Any]) -> None:
    """Write aside, make it durable, give it its name: a kill at any moment leaves the whole file or none."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        made = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        for folder in made:
            sync_folder(folder.parent)
        with pq.ParquetWriter(
            unfinished,
            SCHEMA,
            compression="zstd",
            write_page_checksum=True,
            use_dictionary=_DICTIONARIES,
            write_statistics=_STATISTICS,
        ) as writer:
            for piece in pieces:
                writer.write(piece)
        with unfinished.open("rb+") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)
        sync_folder(path.parent)
    except (OSError, pa.ArrowException) as error:
        raise ArchiveUnavailableError(
            f"{path} cannot be written: {error}", remedy="make room there, or let this user write to it"
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
        # Else Arrow keeps it for the next file, which may be due in ten minutes: 35 MB after 20,000 articles.
        pa.default_memory_pool().release_unused()


def _batches(path: Path, names: Sequence[str]) -> Iterator[Any]:
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            yield from file.iter_batches(batch_size=_ROW_GROUP, columns=list(names), use_threads=False)
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException, KeyError) as error:
        raise FatalError(
            f"{path} cannot be read as records of a log: {error}", remedy="bring that file back from a backup"
        ) from error
