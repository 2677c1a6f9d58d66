"""What the tests of a run have left behind: threads, processes and open ports, looked for once at its end; any is a failure.

One of them would go on during every test after it, and what it does then nobody expects.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

#: What is just about to end is waited for.
_PATIENCE_S = 60.0

#: Servants of multiprocessing, which go with the process.
_SERVANTS = (b"multiprocessing.forkserver", b"multiprocessing.resource_tracker")

#: How the system writes that a socket listens.
_LISTENS = "0A"


def left_behind() -> list[str]:
    """Return in words what is there besides the main thread and daemons among threads."""
    return [
        *_threads(),
        *(_processes() if sys.platform == "linux" else ()),
        *(_ports() if sys.platform == "linux" else ()),
    ]


def _threads() -> list[str]:
    others = [thread for thread in threading.enumerate() if not thread.daemon and thread is not threading.main_thread()]
    return [f"the thread {thread.name} is at work" for thread in others]


def _processes() -> list[str]:
    found = []
    for process in children_of(os.getpid()):
        try:
            words = Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").strip()
            # One that begins has no words for a moment, one that has ended has none any more.
            ended = not words and Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
        except OSError:
            continue  # It has ended by now.
        if not ended and not any(servant in words for servant in _SERVANTS):
            found.append(f"the process {process} runs: {words.decode(errors='replace')[:200]}")
    return found


def children_of(process: int) -> set[int]:
    """Return the processes that ``process`` has started and not yet buried; none where it has ended itself."""
    found = set()
    for thread in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):  # It has ended by now, and its children are those of another thread.
            found |= {int(child) for child in thread.read_text().split()}
    return found


def _ports() -> list[str]:
    mine = set()
    for file in Path("/proc/self/fd").iterdir():
        try:
            mine.add(os.readlink(file))
        except OSError:
            continue  # The descriptor by which the folder itself is read.
    found = []
    for table in ("tcp", "tcp6"):
        path = Path(f"/proc/self/net/{table}")
        rows = [row.split() for row in path.read_text().splitlines()[1:]] if path.exists() else []
        listening = [row[1].rpartition(":")[2] for row in rows if row[3] == _LISTENS and f"socket:[{row[9]}]" in mine]
        found += [f"the port {int(port, 16)} is listened on" for port in listening]
    return found


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run where something stays."""
    until = time.monotonic() + _PATIENCE_S
    while (left := left_behind()) and time.monotonic() < until:
        time.sleep(0.1)
    if left:
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        assert reporter is not None
        for what in left:
            reporter.write_line(f"LEFT BEHIND: {what}", red=True, bold=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
