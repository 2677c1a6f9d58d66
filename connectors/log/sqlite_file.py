"""The SQLite file of a log: opening and laying it out, transactions, and its errors in the words of the port."""

from __future__ import annotations

import contextlib
import sqlite3
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from schemas.errors import FatalError, LogFullError, LogUnavailableError, TocsinError

#: Marks the file as a log of this project (the letters ``tlog``).
_APPLICATION_ID = 0x746C6F67
_LAYOUT_VERSION = 1
#: Pages hold a usual article whole; one of 1 MiB takes 64 of them instead of 256.
_PAGE_BYTES = 16_384
#: The WAL is copied into the file about every 16 MiB …
_CHECKPOINT_PAGES = 1_024
#: … and is cut back to this size afterwards; beyond it the writer insists on a truncating checkpoint.
_WAL_LIMIT_BYTES = 67_108_864

_LAYOUT = """
CREATE TABLE IF NOT EXISTS identity (log_id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS stream (
    stream_id INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    start_offset INTEGER NOT NULL DEFAULT 0,
    end_offset INTEGER NOT NULL DEFAULT 0,
    newest_append_ms INTEGER NOT NULL DEFAULT 0,
    UNIQUE (topic, partition)
);
CREATE TABLE IF NOT EXISTS member (
    consumer_group TEXT NOT NULL, topic TEXT NOT NULL, member_id TEXT NOT NULL, expires_ms INTEGER NOT NULL,
    PRIMARY KEY (consumer_group, topic, member_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lease (
    consumer_group TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL, member_id TEXT NOT NULL,
    PRIMARY KEY (consumer_group, topic, partition)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS position (
    consumer_group TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL,
    next_offset INTEGER NOT NULL, log_id TEXT NOT NULL,
    PRIMARY KEY (consumer_group, topic, partition)
) WITHOUT ROWID;
"""


class LogFile:
    """An open log file. Not shared by threads, though it may be handed from one to another.

    :param timeout_s: how long a call waits for another process's write before it gives up with LogUnavailableError.
    :param max_pages: a bound for the file in pages of 16 KiB (a full disk on demand); None is no bound.
    :raises FatalError: the path is no log of this project, is damaged, or may not be opened.
    """

    def __init__(self, path: Path, *, timeout_s: float, max_pages: int | None) -> None:
        self.path = path
        self._wal_path = path.with_name(path.name + "-wal")
        self._wal_checked_bytes = 0
        self._timeout_ms = int(timeout_s * 1000)
        with self.errors():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise FatalError(f"the folder {path.parent} cannot be made: {error.strerror}") from error
            self._connection = sqlite3.connect(path, timeout=timeout_s, isolation_level=None, check_same_thread=False)
            try:
                self._prepare(timeout_s, max_pages)
                (log_id,) = self._connection.execute("SELECT log_id FROM identity").fetchone()
                self.log_id = str(log_id)
                self._inode = path.stat().st_ino
            except BaseException:
                self._connection.close()
                raise

    def _prepare(self, timeout_s: float, max_pages: int | None) -> None:
        run = self._connection.execute
        run(f"PRAGMA page_size = {_PAGE_BYTES}")
        self._switch_to_wal(timeout_s)
        run("PRAGMA synchronous = FULL")
        run("PRAGMA fullfsync = ON")  # macOS: a plain fsync there does not reach the disk.
        run(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        run(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")
        run("PRAGMA secure_delete = FAST")  # Some builds default to ON, which makes trimming rewrite what it frees.
        run("PRAGMA cell_size_check = ON")
        if max_pages is not None:
            run(f"PRAGMA max_page_count = {max_pages}")
        run("BEGIN")  # One view for all of it: between two statements another first opener may lay the file out.
        try:
            laid_out = self._laid_out()
        finally:
            run("ROLLBACK")
        if not laid_out:
            with self.writing() as connection:
                self._lay_out(connection)

    def _switch_to_wal(self, timeout_s: float) -> None:
        """Switching takes an exclusive lock for which SQLite does not wait: several first openers must take turns."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            try:
                (mode,) = self._connection.execute("PRAGMA journal_mode = WAL").fetchone()
            except sqlite3.OperationalError as error:
                if _primary(error) != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline_s:
                    raise
                time.sleep(0.01)
                continue
            if mode != "wal":
                raise FatalError(
                    f"{self.path} cannot be kept in write-ahead mode (it is in {mode!r})",
                    remedy="Put the log on a local disk; network and some virtual file systems cannot carry it.",
                )
            return

    def _laid_out(self) -> bool:
        run = self._connection.execute
        (application_id,) = run("PRAGMA application_id").fetchone()
        (version,) = run("PRAGMA user_version").fetchone()
        if application_id == _APPLICATION_ID and version == _LAYOUT_VERSION:
            return True
        (tables,) = run("SELECT count(*) FROM sqlite_schema").fetchone()
        if application_id == _APPLICATION_ID:
            raise FatalError(
                f"{self.path} is a log of layout {version}, this version reads {_LAYOUT_VERSION}",
                remedy="Use the version of the program that wrote it.",
            )
        if tables:
            raise FatalError(f"{self.path} is an SQLite file, but not a log", remedy="Name another file in `log`.")
        return False

    def _lay_out(self, connection: sqlite3.Connection) -> None:
        for statement in _LAYOUT.split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {_LAYOUT_VERSION}")
        # Another opener may have been first: the identity is made once.
        connection.execute(
            "INSERT INTO identity SELECT ? WHERE NOT EXISTS (SELECT * FROM identity)", (uuid.uuid4().hex,)
        )

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give the connection for single statements; each sees the newest committed state."""
        with self.errors():
            yield self._connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give the connection in a transaction that is durable after the block and undone if the block raises."""
        with self.errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # SQLite itself rolls back after some errors.
                    self._connection.execute("ROLLBACK")
                raise

    def check_same_file(self) -> None:
        """:raises FatalError: the path no longer leads to the open file, so what is written now would be lost."""
        try:
            inode = self.path.stat().st_ino
        except FileNotFoundError:
            inode = -1
        if inode != self._inode:
            raise FatalError(
                f"the log {self.path} was deleted or replaced while it was in use",
                remedy="Stop all jobs before moving or restoring a log, then start them again.",
            )

    def bound_wal(self) -> None:
        """Cut a WAL that automatic checkpoints could not reset because readers never paused."""
        try:
            wal_bytes = self._wal_path.stat().st_size
        except FileNotFoundError:
            return
        if wal_bytes <= max(_WAL_LIMIT_BYTES, self._wal_checked_bytes):
            return
        run = self._connection.execute
        try:
            run("PRAGMA busy_timeout = 200")
            (busy, *_) = run("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:
            busy = True  # What was appended is durable in the WAL; a full or failing disk stops the next append.
        finally:
            run(f"PRAGMA busy_timeout = {self._timeout_ms}")
        # While a reader holds on, try again only after the WAL has grown on.
        self._wal_checked_bytes = wal_bytes + _WAL_LIMIT_BYTES // 4 if busy else 0

    def close(self) -> None:
        """Close the file; idempotent."""
        self._connection.close()

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Say SQLite's errors in the words of the port."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._translated(error) from error

    def _translated(self, error: sqlite3.Error) -> TocsinError:
        code = _primary(error)
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return LogUnavailableError(
                f"the log {self.path} is locked by another process",
                remedy="It is tried again; if it stays so, look for a program that holds the file open.",
            )
        if code == sqlite3.SQLITE_FULL:
            return LogFullError(
                f"no space left for the log {self.path}; nothing of the group was written",
                remedy="Free space on its disk (or let the archive job trim the log); work goes on by itself then.",
            )
        if code == sqlite3.SQLITE_IOERR:
            return LogUnavailableError(
                f"the disk under the log {self.path} answers with an error: {error}",
                remedy="It is tried again; if it stays so, check the disk and the mount.",
            )
        if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            return damaged(self.path, str(error))
        if code in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}:
            return FatalError(
                f"the log {self.path} cannot be opened for writing: {error}",
                remedy="Check that the path is a file on a local disk and that this user may write it and its folder.",
            )
        return FatalError(f"the log {self.path} failed: {error}")


def damaged(path: Path, what: str) -> FatalError:
    """Return the error for a file whose content cannot be trusted."""
    return FatalError(
        f"the log {path} is damaged: {what}",
        remedy="Bring log and store back together with `tocsin restore` from the last backup. Without one, move"
        f" {path.name} (with {path.name}-wal and {path.name}-shm), the store and the snapshots away together, because"
        " the ledger goes with its log: both begin anew, and feeds are read again.",
    )


def _primary(error: sqlite3.Error) -> int:
    """Return the primary result code; extended ones carry it in the low byte. -1: not an answer of SQLite."""
    code = getattr(error, "sqlite_errorcode", None)
    return -1 if code is None else int(code) & 0xFF
