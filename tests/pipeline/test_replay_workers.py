"""Work over several processes: they really run side by side, an end of one is told, none outlives its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.replay.worker_processes import answers
from schemas.errors import FatalError

_ROOT = Path(__file__).resolve().parents[2]
_MEETING = "tests.pipeline.meeting_worker"


def waited(until: Callable[[], bool], timeout_s: float = 120.0) -> bool:
    end = time.monotonic() + timeout_s
    while not until():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def running(pid: int) -> bool:
    """Whether the process is there and not only waiting to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_processes_work_at_the_same_time(tmp_path: Path) -> None:
    """Each task waits for a process beside its own, so one after the other they would wait in vain."""
    opening = {"folder": str(tmp_path), "workers": 2}
    tasks = [{"round": f"r{number // 2}"} for number in range(2)]
    heard = list(answers(_MEETING, opening, tasks, workers=2))
    assert [answer.value["alone"] for answer in heard] == [False, False]
    assert len({answer.pid for answer in heard}) == 2
    assert {f"r0-{answer.pid}" for answer in heard} == set(heard[0].value["met"])  # type: ignore[call-overload]


def test_every_task_is_answered_once(tmp_path: Path) -> None:
    opening = {"folder": str(tmp_path), "workers": 1}
    heard = list(answers(_MEETING, opening, [{"round": f"r{number}"} for number in range(9)], workers=3))
    rounds = sorted(str(name).split("-")[0] for answer in heard for name in answer.value["met"])  # type: ignore[attr-defined]
    assert rounds == [f"r{number}" for number in range(9)]
    assert len({answer.pid for answer in heard}) <= 3


def test_no_task_starts_no_process(tmp_path: Path) -> None:
    assert list(answers("no.such.module", {}, [], workers=2)) == []


def test_a_process_that_ends_early_is_told(tmp_path: Path) -> None:
    opening = {"folder": str(tmp_path), "workers": 1}
    with pytest.raises(FatalError, match="ended with code 3 before its work was done"):
        list(answers(_MEETING, opening, [{"end": True}], workers=1))


def test_an_error_of_a_task_comes_with_its_remedy(tmp_path: Path) -> None:
    opening = {
        "archive": str(tmp_path),
        "version": "another",
        "actors": [str(tmp_path / "none.yaml")],
        "batch": 10,
        "beam_options": [],
    }
    with pytest.raises(FatalError, match=r"none\.yaml"):
        list(answers("pipelines.replay.extraction_worker", opening, [{"days": ["2020-01-01"]}], workers=1))


def test_processes_end_with_the_one_that_started_them(tmp_path: Path) -> None:
    """Killed, it can tell nobody: the end of its pipe does."""
    text = (
        "from pipelines.replay.worker_processes import answers\n"
        f"opening = {{'folder': {str(tmp_path)!r}, 'workers': 2}}\n"
        f"list(answers({_MEETING!r}, opening, [{{'round': 'r'}}], workers=1))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", text], cwd=_ROOT)
    try:
        assert waited(lambda: any(tmp_path.iterdir()))
        pid = int(next(tmp_path.iterdir()).name.split("-")[1])
        assert running(pid)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    (tmp_path / "r-somebody").touch()  # The process may finish its task: then it finds nobody to answer.
    assert waited(lambda: not running(pid))
    assert pid != os.getpid()
