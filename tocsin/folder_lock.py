"""One `tocsin run` a folder: a lock file that the supervisor and all its jobs hold, until the last of them has ended."""

from __future__ import annotations

import fcntl
import logging
import os
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from schemas.errors import TocsinError

logger = logging.getLogger(__name__)

#: The lock file, in the folder of the settings.
FILE_NAME = "tocsin.lock"

#: How long the jobs of a supervisor that was killed are waited for; they stop by themselves within 10 s.
_WAIT_S = 15.0


class FolderLock:
    """Keeps a second ``tocsin run`` out of a folder; the system releases it however the processes end.

    The jobs inherit :attr:`descriptor`. So after a kill of the supervisor the next one waits until its jobs have stopped:
    two deciders on one ledger would find each other, and both runs would end.
    """

    def __init__(self, folder: Path, *, wait_s: float = _WAIT_S) -> None:
        self._folder = folder
        self._wait_s = wait_s
        self._file: IO[str] | None = None

    @property
    def descriptor(self) -> int:
        """The open file that holds the lock, for the processes that are to hold it too."""
        assert self._file is not None, "the lock is held inside its with block only"
        return self._file.fileno()

    def __enter__(self) -> Self:
        file = _opened(self._folder)
        try:
            self._wait(file)
        except BaseException:
            file.close()
            raise
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()
            self._file = None

    def _wait(self, file: IO[str]) -> None:
        until = time.monotonic() + self._wait_s
        told = False
        while not _locked(file, fcntl.LOCK_EX):
            owner = _written(file)
            if _lives(owner):
                raise TocsinError(
                    f"`tocsin run` is at work in {self._folder} already (process {owner})",
                    remedy="stop that one first, or work in another folder (--folder)",
                )
            if time.monotonic() >= until:
                raise TocsinError(
                    f"jobs of an earlier `tocsin run` are still at work in {self._folder}, although it has ended itself",
                    remedy="end them (ps shows them as `tocsin run … --child`), then start again",
                )
            if not told:
                logger.warning("an earlier `tocsin run` here was killed; waiting until its jobs have stopped")
                told = True
            time.sleep(0.1)


def supervisor_at_work(folder: Path) -> int | None:
    """Return the process id of the ``tocsin run`` in ``folder``; None where there is none. Changes nothing."""
    try:
        with (folder / FILE_NAME).open("r", encoding="utf-8") as file:
            if _locked(file, fcntl.LOCK_SH):
                return None
            owner = _written(file)
    except OSError:
        return None
    return owner if _lives(owner) else None


def _opened(folder: Path) -> IO[str]:
    path = folder / FILE_NAME
    try:
        return path.open("a+", encoding="utf-8")
    except OSError as error:
        raise TocsinError(
            f"{path} cannot be written: {error.strerror}", remedy="let this user write to the folder, or use --no-lock"
        ) from error


def _locked(file: IO[str], how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _written(file: IO[str]) -> int | None:
    file.seek(0)
    text = file.read().strip()
    return int(text) if text.isdecimal() else None


def _lives(process: int | None) -> bool:
    if process is None:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # It is somebody else's, so it is there.
    return True
