"""`tocsin run` as a real process: started, listened to, killed, stopped."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.services.ports import free_port

#: The machine may be loaded; nothing here measures time but the clean stop.
PATIENCE_S = 240.0


def wait_for(what: str, condition: Callable[[], bool], *, patience_s: float = PATIENCE_S) -> None:
    """Return once ``condition`` holds; fail with ``what`` when patience ends."""
    until = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(0.02)


def lives(process: int) -> bool:
    """Return whether a process that may be no child of ours runs (one that only waits to be reaped does not)."""
    try:
        return state_of(process) not in "ZX"
    except OSError:
        return False


def state_of(process: int) -> str:
    """Return the letter by which the system tells what a process does, T where it is stopped."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0]


def own_ports(process: int, port: int) -> set[int]:
    """Return the own ports of all connections that a process has open to ``port`` of this machine."""
    links = [os.readlink(file) for file in Path(f"/proc/{process}/fd").iterdir()]
    sockets = {link[len("socket:[") : -1] for link in links if link.startswith("socket:[")}
    rows = [row.split() for row in Path(f"/proc/{process}/net/tcp").read_text().splitlines()[1:]]
    ends = [[int(end.rpartition(":")[2], 16) for end in row[1:3]] for row in rows if row[9] in sockets]
    return {own for own, other in ends if other == port}


class ServiceProcess:
    """A supervisor with its jobs in a folder. ``stderr`` and ``stdout`` grow while it runs."""

    def __init__(
        self, folder: Path, *jobs: str, environ: Mapping[str, str] | None = None, verbose: bool = True
    ) -> None:
        self._lines: dict[str, list[str]] = {"stdout": [], "stderr": []}
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tocsin", "run", *jobs, "--folder", str(folder)),
                *(["--verbose"] if verbose else []),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,  # as a shell starts it, so that a test can press Ctrl-C
            # Services of several tests may be at work at once, each with its own page.
            env={**os.environ, "TOCSIN_WEB__PORT": str(free_port()), **(environ or {})},
        )
        self._readers = [
            threading.Thread(target=self._read, args=(name,), daemon=True) for name in ("stdout", "stderr")
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, name: str) -> None:
        stream = self.process.stdout if name == "stdout" else self.process.stderr
        assert stream is not None
        for line in stream:
            self._lines[name].append(line)
        stream.close()

    @property
    def stdout(self) -> str:
        """What the service and its jobs have written to standard output so far."""
        return "".join(self._lines["stdout"])

    @property
    def stderr(self) -> str:
        """What they have written to standard error so far."""
        return "".join(self._lines["stderr"])

    def started(self, job: str) -> list[int]:
        """Return the process ids ``job`` has had, oldest first."""
        return [int(found) for found in re.findall(rf"{job} started \(process (\d+)\)", self.stderr)]

    def wait_started(self, *jobs: str, times: int = 1) -> None:
        """Wait until each of ``jobs`` has been started so often."""
        self.wait_for(
            f"{', '.join(jobs)} to be started {times} times",
            lambda: all(len(self.started(job)) >= times for job in jobs),
        )

    def wait_for(self, what: str, condition: Callable[[], bool]) -> None:
        """Wait for ``condition``; when it does not come, or the service ends first, show what the service said."""

        def come_or_ended() -> bool:
            assert self.process.poll() is None, f"the service ended while waiting for {what}:\n{self.stderr}"
            return condition()

        try:
            wait_for(what, come_or_ended)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.stderr[-6000:]}") from None

    def press_ctrl_c(self) -> None:
        """Send SIGINT to the foreground group, as a terminal does."""
        os.killpg(self.process.pid, signal.SIGINT)

    def kill(self) -> None:
        """Kill the supervisor alone, with no chance to tidy up."""
        self.process.kill()
        self.process.wait()

    def ended(self) -> int:
        """Wait for the end of supervisor and output; return the exit code."""
        code = self.process.wait(PATIENCE_S)
        for reader in self._readers:
            reader.join(PATIENCE_S)
        return code

    def end(self) -> None:
        """Stop it if it still runs, for the end of a test."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
