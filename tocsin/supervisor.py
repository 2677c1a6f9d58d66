"""Runs the jobs of one folder, each a process of its own: starts them, restarts what falls, stops all in good time.

    tocsin run ──┬─ poll ─┬─ extract ─┬─ decide ─┬─ notify
                 └────────┴── a pipe each: when the supervisor dies, the jobs see its end and stop

It looks at no data.
"""

from __future__ import annotations

import logging
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

logger = logging.getLogger(__name__)

#: Seconds from the wish to stop until the jobs are killed; a clean stop takes at most 10 s in all.
STOP_AFTER_S = 8.0

#: Seconds a job is waited for before the next one in the flow is asked to stop too.
TURN_S = 1.5

#: Seconds before the n-th restart in a row; a job that lived a minute starts from the beginning.
RESTART_AFTER_S = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0, 60.0)

#: A job that lived so long was well: its next fall counts as the first.
WELL_AFTER_S = 60.0

#: A job that says with this code that going on is useless is not restarted.
FATAL_CODES = frozenset({2, 3})


@dataclass
class _Child:
    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    falls: int = 0
    started_s: float = 0.0
    start_at_s: float = 0.0
    given_up: bool = False


class Supervisor:
    """Keeps the processes of ``commands`` (by job name, in the order of the flow) running until told to stop.

    ``keep_open`` are files that the jobs hold as well; ``tell`` says to a person what goes on. The jobs wait until
    ``prepare``, asked again and again, returns True; those in ``first`` do not.
    """

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        *,
        keep_open: Sequence[int] = (),
        tell: Callable[[str], None] = logger.info,
        stop_after_s: float = STOP_AFTER_S,
        turn_s: float = TURN_S,
        prepare: Callable[[], bool] = lambda: True,
        first: Collection[str] = (),
    ) -> None:
        self._children = [_Child(name, command) for name, command in commands.items()]
        self._keep_open = tuple(keep_open)
        self._tell = tell
        self._stop_after_s = stop_after_s
        self._turn_s = turn_s
        self._prepare = prepare
        self._first = frozenset(first)
        self._prepared = False
        self._unprepared = 0
        self._prepare_at_s = 0.0
        self._stop = threading.Event()

    def stop(self) -> None:
        """Ask for the end; safe in a signal handler."""
        self._stop.set()

    @property
    def given_up(self) -> Sequence[str]:
        """The jobs that ended for good."""
        return [child.name for child in self._children if child.given_up]

    def run(self) -> int:
        """Supervise until :meth:`stop` or until a job ends for good; return 0, or 1 where one did."""
        try:
            while not self._stop.is_set():
                for child in self._children:
                    if self._is_prepared() or child.name in self._first:
                        self._tend(child)
                if any(child.given_up for child in self._children):
                    break
                self._stop.wait(0.1)
        finally:
            self._end()
        return 1 if any(child.given_up for child in self._children) else 0

    def _is_prepared(self) -> bool:
        """Return whether every job may start; asks when it is time to ask again, after the same pauses as for a fall."""
        now = time.monotonic()
        if not self._prepared and now >= self._prepare_at_s:
            self._prepared = self._prepare()
            pause = RESTART_AFTER_S[min(self._unprepared, len(RESTART_AFTER_S) - 1)]
            self._unprepared += 1
            self._prepare_at_s = time.monotonic() + pause
        return self._prepared

    def _tend(self, child: _Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.start_at_s:
                self._start(child, now)
            return
        code = child.process.poll()
        if code is None:
            return
        _close(child.process)
        child.process = None
        if code in FATAL_CODES:
            logger.error("%s ended and says that going on is useless (code %d): everything stops", child.name, code)
            child.given_up = True
            return
        if now - child.started_s > WELL_AFTER_S:
            child.falls = 0
        logger.warning("%s ended (%s); it starts again in %.1f s", child.name, _end_of(code), self._pause(child, now))

    def _start(self, child: _Child, now: float) -> None:
        child.started_s = now
        try:
            # A process group of its own: Ctrl-C reaches the supervisor alone, which then asks in the order of the flow.
            child.process = subprocess.Popen(
                list(child.command), stdin=subprocess.PIPE, pass_fds=self._keep_open, process_group=0
            )
        except OSError as error:
            pause = self._pause(child, now)
            logger.warning("%s cannot be started (%s); it is tried again in %.1f s", child.name, error, pause)
            return
        logger.info("%s started (process %d)", child.name, child.process.pid)

    @staticmethod
    def _pause(child: _Child, now: float) -> float:
        """Count one more fall; return how long the next start waits."""
        pause = RESTART_AFTER_S[min(child.falls, len(RESTART_AFTER_S) - 1)]
        child.falls += 1
        child.start_at_s = now + pause
        return pause

    def _end(self) -> None:
        """Ask in the order of the flow, each once the one before has ended or had its turn; then wait, then kill."""
        running = [(child.name, child.process) for child in self._children if child.process is not None]
        if running:
            self._tell(f"stopping {', '.join(name for name, _ in running)}")
        deadline = time.monotonic() + self._stop_after_s
        for name, process in running:
            asked_s = time.monotonic()
            process.send_signal(signal.SIGTERM)
            if _ended(process, min(self._turn_s, deadline - asked_s)):
                logger.info("%s stopped in %.1f s", name, time.monotonic() - asked_s)
        for name, process in running:
            if not _ended(process, deadline - time.monotonic()):
                logger.warning("%s did not stop in %.0f s and is killed", name, self._stop_after_s)
                process.kill()
                process.wait()
            _close(process)
        for child in self._children:
            child.process = None


def _ended(process: subprocess.Popen[bytes], within_s: float) -> bool:
    try:
        process.wait(max(0.0, within_s))
    except subprocess.TimeoutExpired:
        return False
    return True


def _end_of(code: int) -> str:
    if code >= 0:
        return f"code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _close(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
