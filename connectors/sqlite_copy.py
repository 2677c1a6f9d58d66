"""A consistent copy of a SQLite file that others are writing to, by SQLite's own backup; checked before it counts."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from schemas.errors import FatalError, UsageError

#: Pages copied between two looks at Ctrl-C; the view of the source does not move meanwhile.
_PAGES = 2_000

Told = Callable[[int, int | None], None]


def copy_database(source: Path, target: Path, told: Told) -> None:
    """Copy ``source`` as it is at this moment to the new file ``target``, durably; ``told`` hears pages done and in all.

    Writers are not held up: a read transaction of the write-ahead log keeps the view still.

    :raises UsageError: there is no ``source``.
    :raises FatalError: it cannot be read, the copy cannot be written, or is not whole.
    """
    if not source.is_file():
        raise UsageError(f"there is no {source}", remedy="nothing ever ran here; start it with `tocsin run`")
    try:
        with (
            closing(sqlite3.connect(f"file:{quote(str(source))}?mode=rw", uri=True, isolation_level=None)) as origin,
            closing(sqlite3.connect(target, isolation_level=None)) as copy,
        ):
            origin.execute("BEGIN")
            origin.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            origin.backup(copy, pages=_PAGES, progress=lambda _, left, total: told(total - left, total))
            (answer,) = copy.execute("PRAGMA quick_check(1)").fetchone()
        if answer != "ok":
            raise FatalError(f"the copy of {source} is not whole: {answer}", remedy="check the file: is it damaged?")
        with target.open("rb+") as file:
            os.fsync(file.fileno())
    except (sqlite3.Error, OSError) as error:
        raise FatalError(
            f"{source} cannot be copied to {target}: {error}", remedy="make room there, then do it again"
        ) from error
