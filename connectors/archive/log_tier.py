"""The cold tier of a log: every record in Parquet files whose names say which offsets they hold.

    DIR/log/log_id=L/topic=T/partition=P/day=2025-01-22/0000000000000000-0000000000000731.parquet    (first-until)

The names are the truth: what a name claims is in its file, durably, and nothing else counts as archived. ``first`` is
where reading began and ``until`` the offset after the last record, so ranges that touch leave no gap even where a log
spends offsets on marks of its own. A day whose files are merged is made anew aside, in DIR/.merging, and put in the place of
the old one in one step: whoever reads sees the parts or the whole. A file within the range of another counts no more.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple

from connectors.archive.folder_exchange import ExchangeUnsupportedError, exchange_folders
from connectors.archive.log_file import merge_files, sync_folder, write_records
from connectors.archive.one_writer import only_writer
from schemas.errors import ArchiveUnavailableError, UsageError
from schemas.ids import from_milliseconds
from schemas.ports.log import LogRecord

_NAME = re.compile(r"([0-9]{16})-([0-9]{16})\.parquet")
_LOG_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class TierFile(NamedTuple):
    """One file: the records of ``first`` up to, not including, ``until``, all appended on ``day`` (UTC)."""

    first: int
    until: int
    day: date
    path: Path


class Span(NamedTuple):
    """Offsets of ``first`` up to, not including, ``until``."""

    first: int
    until: int


class LogTier:
    """The files of one log in an archive folder. Any number of processes may read, one writes at a time."""

    def __init__(self, folder: Path, log_id: str) -> None:
        if not _LOG_ID.fullmatch(log_id):
            raise UsageError(f"{log_id!r} is no id of a log", remedy="ids are letters, digits, _ and -")
        self.log_id = log_id
        self.folder = folder / "log" / f"log_id={log_id}"
        self._aside = folder / ".merging" / f"log_id={log_id}"

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the tier for writing and remove what a killed writer left half done.

        :raises ArchiveUnavailableError: another process writes, or the folder cannot be made.
        """
        with only_writer(self.folder, ".lock", "one archive job is enough: stop one"):
            for left in self.folder.glob("topic=*/partition=*/day=*/.*.unfinished"):
                left.unlink(missing_ok=True)
            self._clear_aside()
            yield

    def files(self, topic: str, partition: int) -> list[TierFile]:
        """Return the files that count, in order of their offsets; their ranges do not overlap."""
        found = [_tier_file(path) for path in self._partition(topic, partition).glob("day=*/*.parquet")]
        return _counting([file for file in found if file is not None])

    def partitions(self, topic: str) -> list[int]:
        """Return the partitions of ``topic`` that have a folder here."""
        names = [path.name.partition("=")[2] for path in (self.folder / f"topic={topic}").glob("partition=*")]
        return sorted(int(name) for name in names if name.isdecimal())

    def spans(self, topic: str, partition: int) -> list[Span]:
        """Return the unbroken stretches that are archived, in order; between two of them is a hole."""
        spans: list[Span] = []
        for file in self.files(topic, partition):
            if spans and spans[-1].until >= file.first:
                spans[-1] = Span(spans[-1].first, file.until)
            else:
                spans.append(Span(file.first, file.until))
        return spans

    def write(self, topic: str, partition: int, first: int, records: Sequence[LogRecord]) -> int:
        """Archive ``records``, read from ``first`` on and all of one day; return the offset to go on from.

        Doing it again replaces the file by the same. :raises ArchiveUnavailableError: it cannot be written now.
        """
        until = records[-1].offset + 1
        day = day_of(records[0].append_time_ms)
        write_records(self._path(topic, partition, day, first, until), records)
        return until

    def merge(self, topic: str, partition: int, groups: Sequence[Sequence[TierFile]]) -> None:
        """Make one file of each of ``groups``, whose files follow each other; all are of one day.

        For every reader all of it happens at once, wherever the process is killed.

        :raises ExchangeUnsupportedError: this file system cannot do that, or the day has folders in it; nothing has changed.
        :raises ArchiveUnavailableError: it cannot be done now; nothing has changed.
        """
        day = groups[0][0].path.parent
        coming = self._aside / day.relative_to(self.folder)
        parts = {part.path for group in groups for part in group}
        try:
            others = sorted(set(day.iterdir()) - parts)
            if not all(path.is_file() for path in others):
                raise ExchangeUnsupportedError(errno.ENOTEMPTY, f"{day} holds a folder that is none of ours")
            self._clear_aside()
            coming.mkdir(parents=True)
            for group in groups:
                name = self._path(topic, partition, group[0].day, group[0].first, group[-1].until).name
                merge_files(coming / name, [part.path for part in group])
            for path in others:
                os.link(path, coming / path.name)
            sync_folder(coming)
            exchange_folders(day, coming)
            sync_folder(day.parent)
            self._clear_aside()
        except ExchangeUnsupportedError:
            self._clear_aside()
            raise
        except OSError as error:
            raise ArchiveUnavailableError(
                f"the files of {day} cannot be merged: {error.strerror}",
                remedy=f"let this user write to the archive, and keep in {day} nothing but its files",
            ) from error

    def _clear_aside(self) -> None:
        """Remove the folder of merging: what was not put in place, or what was there before."""
        try:
            if self._aside.exists():
                shutil.rmtree(self._aside)
        except OSError as error:
            raise ArchiveUnavailableError(
                f"{self._aside} cannot be removed: {error.strerror}", remedy="let this user write to the archive"
            ) from error

    def remove_merged(self, topic: str, partition: int) -> int:
        """Remove parts that a larger file holds as well, as earlier versions left them when they were killed; return how many."""
        counting = {file.path for file in self.files(topic, partition)}
        every = [path for path in self._partition(topic, partition).glob("day=*/*.parquet") if _tier_file(path)]
        left = [path for path in every if path not in counting]
        self._remove(left)
        return len(left)

    def _remove(self, paths: Sequence[Path]) -> None:
        try:
            for path in paths:
                path.unlink(missing_ok=True)
            for folder in {path.parent for path in paths}:
                sync_folder(folder)
        except OSError as error:
            raise ArchiveUnavailableError(
                f"a merged file cannot be removed: {error}", remedy="let this user write to the archive"
            ) from error

    def _partition(self, topic: str, partition: int) -> Path:
        return self.folder / f"topic={topic}" / f"partition={partition}"

    def _path(self, topic: str, partition: int, day: date, first: int, until: int) -> Path:
        return self._partition(topic, partition) / f"day={day.isoformat()}" / f"{first:016d}-{until:016d}.parquet"


def day_of(append_time_ms: int) -> date:
    """Return the day (UTC) of an append time."""
    return from_milliseconds(append_time_ms).date()


def logs_in(folder: Path) -> list[str]:
    """Return the ids of the logs that have a tier in the archive ``folder``."""
    names = [path.name.removeprefix("log_id=") for path in (folder / "log").glob("log_id=*") if path.is_dir()]
    return sorted(name for name in names if _LOG_ID.fullmatch(name))


def _tier_file(path: Path) -> TierFile | None:
    """Return what the name of ``path`` says; None where it is none of ours."""
    found = _NAME.fullmatch(path.name)
    if found is None:
        return None
    try:
        day = date.fromisoformat(path.parent.name.removeprefix("day="))
    except ValueError:
        return None
    return TierFile(int(found[1]), int(found[2]), day, path)


def _counting(files: Sequence[TierFile]) -> list[TierFile]:
    """Leave out files within the range of another; what remains is in order."""
    counting: list[TierFile] = []
    for file in sorted(files, key=lambda one: (one.first, -one.until)):
        if not counting or file.until > counting[-1].until:
            counting.append(file)
    return counting
