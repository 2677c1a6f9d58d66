"""One look into a watched folder: what was read before in, the entries of new rows and what is read now out.

It blocks; it moves, changes and deletes nothing. A file is read when two looks found it the same and, where it consists of
lines, when its last line has ended.
"""

from __future__ import annotations

import json
import os
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from connectors.archive.field_map import FieldMap
from connectors.archive.import_rows import Row, read_rows
from connectors.archive.presets import preset_map
from connectors.feeds.wire import WireDocument, WireEntry
from connectors.folders.rows import UnusableRowError, entry_of_row
from connectors.folders.settings import FolderSettings
from schemas.errors import RetriableError, TocsinError
from schemas.plain_text import plain_line, plural

#: Rows of one look; the next goes on from there.
ROWS_A_LOOK = 2_000
#: Files a folder may hold; what was read of each is kept in the store.
MOST_FILES = 5_000
#: Whole histories are imported (`tocsin archive import`), not watched.
LARGEST_FILE_BYTES = 268_435_456
#: Rows that columns are guessed from.
_FIRST_ROWS = 50
_LINES = (".jsonl", ".ndjson", ".csv", ".tsv")
#: Reasons kept of one file; further ones are counted together.
_REASONS_KEPT = 12
_KINDS = (*_LINES, ".json", ".parquet")
_PACKED = (".gz", ".xz", ".zst", ".bz2")


class FolderUnreadableError(RetriableError):
    """There is no such folder, or nobody may look into it."""


class Done(NamedTuple):
    """What was read of a file that had this size and this time of change (ns): so many rows, perhaps all. ``crc`` is of all
    its bytes, where it consists of lines and may grow. ``problem``: why it cannot be read; ``refused``: how many of its rows
    were none, by why, ``first`` of them where. A person is told while the file lies there."""

    size: int
    changed_ns: int
    rows: int
    whole: bool
    crc: int = 0
    problem: str = ""
    refused: Mapping[str, int] = {}
    first: str = ""

    def is_of(self, found: os.stat_result) -> bool:
        """Return whether the file is still the one that was read."""
        return (self.size, self.changed_ns) == (found.st_size, found.st_mtime_ns)


@dataclass
class Look:
    """What a look finds, as it is gathered. ``counts_only``: it takes nothing in, so it has no limit and waits for nothing
    that is seen the first time."""

    done: dict[str, Done]
    counts_only: bool = False
    usable: int = 0
    entries: list[WireEntry] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)  # rows by why they are none
    first_refused: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def room(self) -> int:
        """Return how many rows more this look takes."""
        return sys.maxsize if self.counts_only else ROWS_A_LOOK - self.usable - sum(self.refused.values())


@dataclass(frozen=True)
class Survey:
    """What lies in a folder: ``files`` of kinds that are read, of which ``known_files`` were read whole before, and
    ``other_files`` that are none of them, by name. ``usable`` rows, and those ``refused`` by why, are of all files together;
    ``notes`` say what is the matter with a file, each with one."""

    files: int
    known_files: int
    other_files: tuple[str, ...]
    usable: int
    refused: Mapping[str, int]
    first_refused: str
    notes: tuple[str, ...]

    @property
    def readable_files(self) -> int:
        """Return how many files were read to their end."""
        return self.files - len(self.notes)

    @property
    def rows(self) -> int:
        """Return how many rows they hold."""
        return self.usable + sum(self.refused.values())


class FolderScanner:
    """Looks into the folder of ``settings``, which lies at ``path``."""

    def __init__(self, settings: FolderSettings, path: Path) -> None:
        self._settings = settings
        self._path = path
        self._zone = ZoneInfo(settings.tz)
        self._seen: dict[str, tuple[int, int]] = {}
        self._noted: list[str] | None = None

    def look(self, done_before: str) -> tuple[WireDocument | None, str]:
        """Return the entries of rows that ``done_before`` (what the last look returned, or nothing) does not know, and
        what is known with them; no document: nothing has changed.

        :raises FolderUnreadableError: the folder cannot be looked into.
        """
        before = _done_of(done_before)
        files = self._files()
        look = Look({name: before[name] for name in files if name in before})
        for name, found in sorted(files.items(), key=lambda item: (item[1].st_mtime_ns, item[0])):
            if look.room <= 0:
                break
            self._file(name, found, look)
        self._seen = {name: (found.st_size, found.st_mtime_ns) for name, found in files.items()}
        if look.done == before and look.notes == self._noted:
            return None, done_before
        self._noted = look.notes
        document = WireDocument(
            form="folder",
            language=self._settings.language,
            entries=tuple(look.entries),
            note="; ".join([*_refusals(look.done), *look.notes]),
            complete=True,
        )
        return document, json.dumps(look.done, separators=(",", ":"))

    def survey(self, done_before: str, progress: Callable[[int, int], None] = lambda *_: None) -> Survey:
        """Return what lies in the folder now, whole, as looks would read it; nothing of it is kept. ``done_before`` is what
        the last look returned, or nothing; ``progress`` hears how many of how many files were read.

        :raises FolderUnreadableError: the folder cannot be looked into.
        """
        before = _done_of(done_before)
        others: list[str] = []
        files = self._files(others)
        look = Look({}, counts_only=True)
        for number, (name, found) in enumerate(sorted(files.items())):
            progress(number, len(files))
            self._file(name, found, look)
        progress(len(files), len(files))
        known = (one for name, one in before.items() if name in files and one.is_of(files[name]))
        return Survey(
            files=len(files),
            known_files=sum(one.whole for one in known),
            other_files=tuple(sorted(others)),
            usable=look.usable,
            refused=dict(sorted(look.refused.items())),
            first_refused=look.first_refused,
            notes=tuple(look.notes),
        )

    def _files(self, others: list[str] | None = None) -> dict[str, os.stat_result]:
        """Return the files to be read, by name; the names of those of other kinds are added to ``others``."""
        found = {}
        try:
            with os.scandir(self._path) as entries:
                for entry in entries:
                    if entry.name.startswith(".") or not entry.is_file():
                        continue
                    if _kind(entry.name) not in _KINDS:
                        if others is not None:
                            others.append(_shown(entry.name))
                    else:
                        with suppress(FileNotFoundError):  # It was moved away meanwhile.
                            found[entry.name] = entry.stat()
        except OSError as error:
            raise FolderUnreadableError(f"{self._path} cannot be looked into: {error.strerror}") from error
        if len(found) > MOST_FILES:
            raise FolderUnreadableError(
                f"{self._path} holds more than {MOST_FILES:,} files: move those away that were read"
            )
        return found

    def _file(self, name: str, found: os.stat_result, look: Look) -> None:
        size, changed_ns = found.st_size, found.st_mtime_ns
        before = look.done.get(name)
        same = before is not None and before.is_of(found)
        if same and before is not None and before.whole:
            if before.problem:
                look.notes.append(before.problem)
            return
        path = self._path / name
        lines = _kind(name) in _LINES and not name.lower().endswith(_PACKED)
        if not (same or look.counts_only) and self._seen.get(name) != (size, changed_ns):
            return  # It may still be being written: the next look sees.
        if size > LARGEST_FILE_BYTES:
            problem = f"{_shown(name)} is over {LARGEST_FILE_BYTES:,} bytes: `tocsin archive import` takes it"
            look.done[name] = Done(size, changed_ns, 0, whole=True, problem=problem)
            look.notes.append(problem)
            return
        if lines and size and not _ends_its_line(path):
            look.notes.append(f"{_shown(name)} waits for the end of its last line")
            return
        # A file that grew goes on where it was; one of another kind was written anew, and ids tell what is known of it.
        grew = before is not None and lines and size > before.size and before.crc == _crc(path, before.size)
        goes_on = before if same or grew else None
        file = Done(size, changed_ns, 0, whole=True) if goes_on is None else goes_on
        file = file._replace(size=size, changed_ns=changed_ns, whole=True, crc=_crc(path, size) if lines else 0)
        look.done[name] = self._read(path, file, look)

    def _read(self, path: Path, file: Done, look: Look) -> Done:
        read, problem, first_refused = 0, "", file.first
        refused = Counter(file.refused)
        try:
            rows = read_rows(path)
            first = list(islice(rows, _FIRST_ROWS))
            fields = self._fields(first)
            for row in chain(first, rows):
                if read >= file.rows:
                    if look.room <= 0:
                        return file._replace(rows=read, whole=False, refused=dict(refused), first=first_refused)
                    if why := self._row(row, fields, look):
                        refused[why if why in refused or len(refused) < _REASONS_KEPT else "other reasons"] += 1
                        first_refused = first_refused or _shown(row.place.rpartition("/")[2])
                read += 1
        except TocsinError as error:
            problem = plain_line(f"{_shown(path.name)}: {error.message.removeprefix(str(path))}", 300)
            look.notes.append(problem)
        return file._replace(rows=read, problem=problem, refused=dict(refused), first=first_refused)

    def _fields(self, rows: list[Row]) -> FieldMap:
        values = [row.values for row in rows if row.values is not None]
        if self._settings.map is not None:
            return FieldMap.parse(self._settings.map)
        if self._settings.preset is not None:
            return preset_map(self._settings.preset, values)
        return FieldMap.guessed(values)

    def _row(self, row: Row, fields: FieldMap, look: Look) -> str:
        """Take in a row; return why it is none, else nothing."""
        try:
            if row.values is None:
                raise UnusableRowError(row.mistake.partition(":")[0])
            entry = entry_of_row(row.values, fields, self._zone)
            look.usable += 1
            if not look.counts_only:
                look.entries.append(entry)
        except UnusableRowError as error:
            look.refused[error.message] += 1
            look.first_refused = look.first_refused or _shown(row.place.rpartition("/")[2])
            return plain_line(error.message.partition(":")[0], 80)
        return ""


def _done_of(text: str) -> dict[str, Done]:
    return {name: Done(*values) for name, values in json.loads(text).items()} if text else {}


def _kind(name: str) -> str:
    name = name.lower()
    return Path(name.removesuffix(next((end for end in _PACKED if name.endswith(end)), ""))).suffix


def _ends_its_line(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"
    except OSError:
        return False  # Gone, or not ours to read: the next look sees.


def _crc(path: Path, size: int) -> int:
    """Return the check sum of the first ``size`` bytes; 0 where they cannot be read."""
    found = 0
    try:
        with path.open("rb") as file:
            while size > 0 and (part := file.read(min(size, 1 << 20))):
                found = zlib.crc32(part, found)
                size -= len(part)
    except OSError:
        return 0
    return found


def _shown(name: str) -> str:
    return plain_line(name, 120)


def _refusals(done: Mapping[str, Done]) -> Iterator[str]:
    """Yield what is to be said of the rows of all files that lie there and were none."""
    refused: Counter[str] = Counter()
    for file in done.values():
        refused.update(file.refused)
    if refused:
        told = ", ".join(f"{reason}: {count:,}" for reason, count in sorted(refused.items()))
        first = next(done[name].first for name in sorted(done) if done[name].first)
        yield f"{plural(sum(refused.values()), 'row')} cannot be used ({told}; the first is {first})"
