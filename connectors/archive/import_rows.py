"""Rows out of the files people have: JSON Lines, JSON arrays, CSV, Parquet, each also packed. Read as a stream."""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import io
import json
import lzma
import re
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO, BinaryIO, TextIO, cast

import zstandard

from schemas.errors import UsageError

#: A cell of CSV may hold a whole article.
csv.field_size_limit(min(sys.maxsize, 64 * 1024 * 1024))

_PACKED = (".gz", ".xz", ".zst", ".bz2", ".zip")

#: What may stand between cells, the usual one first.
_BETWEEN_CELLS = (",", "\t", ";")

#: The columns of a file of GDELT's Global Knowledge Graph 2.1, which has no line that names them
#: (http://data.gdeltproject.org/documentation/GDELT-Global_Knowledge_Graph_Codebook-V2.1.pdf), and how each of its lines begins.
_GKG_COLUMNS = (
    "GKGRECORDID", "V2.1DATE", "V2SOURCECOLLECTIONIDENTIFIER", "V2SOURCECOMMONNAME", "V2DOCUMENTIDENTIFIER", "V1COUNTS",
    "V2.1COUNTS", "V1THEMES", "V2ENHANCEDTHEMES", "V1LOCATIONS", "V2ENHANCEDLOCATIONS", "V1PERSONS",
    "V2ENHANCEDPERSONS", "V1ORGANIZATIONS", "V2ENHANCEDORGANIZATIONS", "V1.5TONE", "V2.1ENHANCEDDATES", "V2GCAM",
    "V2.1SHARINGIMAGE", "V2.1RELATEDIMAGES", "V2.1SOCIALIMAGEEMBEDS", "V2.1SOCIALVIDEOEMBEDS", "V2.1QUOTATIONS",
    "V2.1ALLNAMES", "V2.1AMOUNTS", "V2.1TRANSLATIONINFO", "V2EXTRASXML",
)  # fmt: skip
_GKG_LINE = re.compile(r"[0-9]{14}-T?[0-9]+\t[0-9]{14}\t")


#: Lines that tell whether a file is JSON Lines or one document.
_FIRST_LINES = 20


@dataclass(frozen=True, slots=True)
class Row:
    """A row and its place, for messages; ``values`` is None where the line is no row, and ``mistake`` says why."""

    place: str
    values: Mapping[str, object] | None
    mistake: str = ""


def read_rows(path: Path, told: Callable[[int, int], None] = lambda done, total: None) -> Iterator[Row]:
    """Yield the rows of ``path``; ``told`` hears bytes read and bytes in all.

    A line that is no row is yielded with its mistake.

    :raises UsageError: the file cannot be read, or is of no known kind.
    """
    names = path.name.lower()
    kind = Path(names.removesuffix(next((end for end in _PACKED if names.endswith(end)), ""))).suffix
    if kind in (".xlsx", ".xls", ".ods"):
        raise UsageError(f"{path} is a spreadsheet", remedy="save it as CSV in UTF-8 from the program that opens it")
    if kind == ".parquet":
        # Forty megabytes that the poll job, which watches folders, does without unless there is such a file.
        from connectors.archive.day_files import parquet_rows

        for number, values in enumerate(parquet_rows(path), start=1):
            yield Row(f"{path}:{number}", values)
        return
    try:
        with _opened(path, told) as text:
            if kind in (".csv", ".tsv"):
                yield from _csv_rows(text, path)
            elif kind in (".jsonl", ".ndjson", ".json"):
                yield from _json_rows(text, path)
            else:
                raise UsageError(
                    f"{path} is of no known kind",
                    remedy="name it .jsonl, .json, .csv, .tsv or .parquet, and .gz, .xz, .bz2, .zst or .zip behind it if packed",
                )
    except (
        OSError, EOFError, UnicodeDecodeError, lzma.LZMAError, zstandard.ZstdError, zipfile.BadZipFile, csv.Error,
    ) as error:  # fmt: skip
        raise UsageError(f"{path} cannot be read: {error}", remedy="is it whole, and in UTF-8?") from error


@contextmanager
def _opened(path: Path, told: Callable[[int, int], None]) -> Iterator[TextIO]:
    total = path.stat().st_size
    with path.open("rb") as raw:
        counted = _Counted(raw, lambda done: told(done, total))
        packed = cast("BinaryIO", io.BufferedReader(counted, 1 << 18))
        match path.suffix.lower():
            case ".gz":
                plain = cast("BinaryIO", gzip.GzipFile(fileobj=packed))
            case ".xz":
                plain = cast("BinaryIO", lzma.LZMAFile(packed))  # noqa: SIM115  # closed with the text below
            case ".bz2":
                plain = cast("BinaryIO", bz2.BZ2File(packed))
            case ".zst":
                plain = cast("BinaryIO", zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True))
            case ".zip":
                plain = cast("BinaryIO", _only_file_in(raw, path))
            case _:
                plain = packed
        seen = io.BufferedReader(cast("io.RawIOBase", plain), 1 << 18)
        wide = seen.peek(2)[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        with io.TextIOWrapper(seen, encoding="utf-16" if wide else "utf-8-sig", newline="") as text:
            yield text


def _only_file_in(raw: BinaryIO, path: Path) -> IO[bytes]:
    archive = zipfile.ZipFile(raw)
    files = [one for one in archive.infolist() if not one.is_dir() and not one.filename.startswith("__MACOSX/")]
    if len(files) != 1 or files[0].flag_bits & 1:
        what = "is locked by a password" if len(files) == 1 else f"holds {len(files)} files"
        raise UsageError(f"{path} {what}", remedy="unpack it, and name the files in it")
    return archive.open(files[0])


class _Counted(io.RawIOBase):
    """Passes bytes on and tells how many there were."""

    def __init__(self, raw: BinaryIO, told: Callable[[int], None]) -> None:
        self._raw = raw
        self._told = told

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed: any writable buffer
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        self._told(self._raw.tell())
        return len(data)


def _csv_rows(text: TextIO, path: Path) -> Iterator[Row]:
    header = text.readline()
    lines = chain([header] if header else [], text)
    if _GKG_LINE.match(header):
        # Quotes are letters there like any other.
        reader = csv.DictReader(lines, _GKG_COLUMNS, delimiter="\t", quoting=csv.QUOTE_NONE)
    else:
        reader = csv.DictReader(lines, delimiter=max(_BETWEEN_CELLS, key=header.count))
    for cells in reader:
        place = f"{path}:{reader.line_num}"
        if None in cells:
            yield Row(place, None, "more cells than the header has")
        else:
            yield Row(place, {name: cell for name, cell in cells.items() if cell is not None})


def _json_rows(text: TextIO, path: Path) -> Iterator[Row]:
    """JSON Lines where each line is an object; else one document: an array, or an object with one array in it.

    Which of them it is, the first lines tell: broken ones may be among them, and a record of ours may have an array in it.
    """
    begin = list(islice(text, _FIRST_LINES))
    written = [line for line in begin if line.strip()]
    first = written[0] if written else ""
    alone = _json(first)
    if _are_lines(written, alone):
        yield from _lines(chain(begin, text), path)
        return
    if first.lstrip()[:1] not in ("[", "{", ""):
        raise UsageError(f"{path}:1: neither JSON Lines nor a JSON array: it begins with {first.strip()[:40]!r}")
    try:
        whole = "".join(chain(begin, text))
        if not whole.strip():
            raise UsageError(f"{path} is empty", remedy="write it out again where it comes from")
        document = alone if alone is not None and len(written) == 1 else json.loads(whole)
    except RecursionError as error:
        raise UsageError(f"{path}: its JSON is nested too deeply") from error
    except ValueError as error:
        raise UsageError(f"{path}: no JSON: {error}") from error
    rows = document if isinstance(document, list) else _rows_within(document) if isinstance(document, dict) else None
    if rows is None:
        raise UsageError(
            f"{path}: no array of articles in it", remedy='it should be [{…}, …] or {"articles": [{…}, …]}'
        )
    for number, values in enumerate(rows, start=1):
        yield _row(f"{path}[{number}]", values)


def _are_lines(written: Sequence[str], alone: object) -> bool:
    """Tell whether these first lines, the first of which is ``alone``, are lines of JSON, and not those of one document."""
    if isinstance(alone, dict):
        return len(written) > 1 or "schema_version" in alone or _rows_within(alone) is None
    if not written or (alone is None and (written[0].lstrip()[0] == "[" or written[0].rstrip()[-1] in "[{,:")):
        return False  # An array or an object that goes on in the next line.
    return any(isinstance(_json(line), dict) for line in written[1:])


def _json(text: str) -> object:
    """Return the JSON in ``text``; None where it is none."""
    try:
        return cast("object", json.loads(text)) if text.strip() else None
    except (ValueError, RecursionError):
        return None


def _lines(lines: Iterable[str], path: Path) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        try:
            values = json.loads(line)
        except ValueError as error:
            yield Row(place, None, f"no JSON: {error}")
            continue
        except RecursionError:
            yield Row(place, None, "no JSON: nested too deeply")
            continue
        yield _row(place, values)


def _row(place: str, values: object) -> Row:
    if isinstance(values, dict):
        return Row(place, values)
    return Row(place, None, f"not an object but {type(values).__name__}")


#: What services call the array of their articles.
_USUAL_ARRAYS = ("articles", "items", "documents")


def _rows_within(document: Mapping[str, object]) -> list[object] | None:
    """Return the one array of objects in ``document``, as exports wrap their articles; None where there is none.

    It may lie one level deeper: ``{"articles": {"results": […]}}``. An array of a usual name is taken whatever else there is: a
    page of one feed has the feed's title and addresses beside its ``items``.
    """
    for name in _USUAL_ARRAYS:
        value = document.get(name)
        if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            return value
    if any(name in document for name in ("title", "url", "text")):
        return None
    places = [document, *(value for value in document.values() if isinstance(value, dict))]
    lists = [
        value
        for place in places
        for value in place.values()
        if isinstance(value, list) and value and all(isinstance(one, dict) for one in value)
    ]
    return lists[0] if len(lists) == 1 else None
