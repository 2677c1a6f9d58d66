"""Runs the jobs of one folder, each a process of its own: starts them, restarts what falls, stops all in good time.

    tocsin run ──┬─ poll ─┬─ extract ─┬─ decide ─┬─ notify
                 └────────┴── a pipe each: when the supervisor dies, the jobs see its end and stop

It looks at no data. One supervisor a folder: a lock file keeps a second one out.
"""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO

from schemas.errors import TocsinError

logger = logging.getLogger(__name__)

#: Seconds from the wish to stop until the jobs are killed; a clean stop takes at most 10 s in all.
STOP_AFTER_S = 8.0

#: Seconds before the n-th restart in a row; a job that then lived a minute starts from the beginning.
RESTART_AFTER_S = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0, 60.0)

#: A job that says with this code that going on is useless is not restarted.
FATAL_CODES = frozenset({2, 3})


class FolderLock:
    """Keeps a second ``tocsin run`` out of a folder; the system releases it however the process ends."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "tocsin.lock"
        self._file: IO[str] | None = None

    def __enter__(self) -> FolderLock:
        file = self._path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            owner = file.read().strip() or "unknown"
            file.close()
            raise TocsinError(
                f"`tocsin run` is at work in {self._path.parent} already (process {owner})",
                remedy="stop that one first, or work in another folder (--folder)",
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


@dataclass
class _Child:
    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    falls: int = 0
    started_s: float = 0.0
    start_at_s: float = 0.0
    given_up: bool = False
    codes: list[int] = field(default_factory=list)


class Supervisor:
    """Keeps the processes of ``commands`` (by job name) running until told to stop."""

    def __init__(self, commands: dict[str, Sequence[str]], monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._children = [_Child(name, command) for name, command in commands.items()]
        self._monotonic_s = monotonic_s
        self._stop = threading.Event()

    def stop(self, *_: object) -> None:
        """Ask for the end; safe in a signal handler."""
        self._stop.set()

    def run(self) -> int:
        """Supervise until :meth:`stop` or until a job ends for good; return 0, or 1 where one did."""
        try:
            while not self._stop.is_set():
                for child in self._children:
                    self._tend(child)
                if any(child.given_up for child in self._children):
                    break
                self._stop.wait(0.1)
        finally:
            self._end()
        return 1 if any(child.given_up for child in self._children) else 0

    def _tend(self, child: _Child) -> None:
        now = self._monotonic_s()
        if child.process is None:
            if now >= child.start_at_s:
                child.process = subprocess.Popen(list(child.command), stdin=subprocess.PIPE)
                child.started_s = now
                logger.info("%s started (process %d)", child.name, child.process.pid)
            return
        code = child.process.poll()
        if code is None:
            return
        _close(child.process)
        child.process = None
        child.codes.append(code)
        if code in FATAL_CODES:
            logger.error("%s ended and says that going on is useless (code %d): everything stops", child.name, code)
            child.given_up = True
            return
        child.falls = 0 if now - child.started_s > 60 else child.falls + 1
        pause = RESTART_AFTER_S[min(child.falls, len(RESTART_AFTER_S) - 1)]
        child.start_at_s = now + pause
        logger.warning("%s ended (code %d); starting it again in %.1f s", child.name, code, pause)

    def _end(self) -> None:
        """Ask in the order of the flow, then wait, then kill."""
        deadline = self._monotonic_s() + STOP_AFTER_S
        for child in self._children:
            if child.process is not None:
                child.process.send_signal(signal.SIGTERM)
        for child in self._children:
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.1, deadline - self._monotonic_s()))
            except subprocess.TimeoutExpired:
                logger.warning("%s did not stop in %.0f s and is killed", child.name, STOP_AFTER_S)
                child.process.kill()
                child.process.wait()
            _close(child.process)


def _close(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()


def stop_with_parent(stop: Callable[[], None]) -> None:
    """In a job: call ``stop`` when the supervisor's end of the pipe closes, however it died."""

    def watch() -> None:
        os.read(sys.stdin.fileno(), 1)
        stop()

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def stop_on_signals(stop: Callable[[], None]) -> None:
    """Call ``stop`` on SIGTERM and SIGINT."""

    def handle(_signal: int, _frame: FrameType | None) -> None:
        stop()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
