"""Starts the workers as real processes and listens to them."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.contract.log.harness import LogHarness

_ROOT = Path(__file__).resolve().parents[3]
Line = dict[str, object]


class Worker:
    """A process running one role of :mod:`tests.contract.log.workers`; ``heard`` is what it has said so far."""

    def __init__(self, harness: LogHarness, role: str, topic: str, *arguments: object) -> None:
        command = [sys.executable, "-m", "tests.contract.log.workers", role, harness.url, topic, *map(str, arguments)]
        self._process = subprocess.Popen(
            command, cwd=_ROOT, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": "."}
        )
        self._lines: queue.Queue[Line | None] = queue.Queue()
        self.heard: list[Line] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.endswith(b"\n"):  # The last line of a killed process may be torn.
                self._lines.put(json.loads(line))
        self._process.stdout.close()
        self._lines.put(None)

    def listen(self, until: Callable[[Line], bool], timeout_s: float = 120.0) -> Line:
        """Return the next line for which ``until`` holds; fails when the process ends or says nothing of the kind."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            line = self._lines.get(timeout=max(0.01, deadline_s - time.monotonic()))
            assert line is not None, f"the worker ended with {self._process.wait()} after {len(self.heard)} lines"
            self.heard.append(line)
            if until(line):
                return line

    def finish(self, timeout_s: float = 180.0) -> list[Line]:
        """Wait for a clean end; return everything said."""
        assert self._process.wait(timeout=timeout_s) == 0
        self._drain()
        return self.heard

    def wake(self) -> None:
        """Let a process go on that has stopped itself, once it has."""
        while Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(") ")[2][0] != "T":
            time.sleep(0.02)
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> list[Line]:
        """SIGKILL; return everything said before."""
        self._process.kill()
        self._process.wait()
        self._drain()
        return self.heard

    def _drain(self) -> None:
        while (line := self._lines.get(timeout=60)) is not None:
            self.heard.append(line)


@contextlib.contextmanager
def workers() -> Iterator[Callable[..., Worker]]:
    """Give a starter of workers; whatever still runs at the end is killed."""
    started: list[Worker] = []

    def start(harness: LogHarness, role: str, topic: str, *arguments: object) -> Worker:
        started.append(Worker(harness, role, topic, *arguments))
        return started[-1]

    try:
        yield start
    finally:
        for worker in started:
            worker._process.kill()
            worker._process.wait()
