"""One process writes to a part of an archive at a time; the system lets go of the lock however that process ends."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import ArchiveUnavailableError


@contextmanager
def only_writer(folder: Path, lock: str, remedy: str) -> Iterator[None]:
    """Hold ``folder``, made where it is not there, for writing by the file named ``lock`` in it.

    :raises ArchiveUnavailableError: another process writes (``remedy`` says what to do), or the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / lock).open("a", encoding="utf-8")
    except OSError as error:
        raise ArchiveUnavailableError(
            f"the archive {folder} cannot be made: {error.strerror}", remedy="let this user write there"
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ArchiveUnavailableError(f"another process writes to the archive {folder}", remedy=remedy) from error
        yield
