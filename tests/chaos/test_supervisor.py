"""The supervisor with real processes: what falls comes back, what is useless ends everything, everything ends in time."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from connectors.store.open import open_store
from schemas.errors import TocsinError
from tests.chaos.service_process import ServiceProcess, lives, wait_for
from tocsin.folder_lock import FolderLock, supervisor_at_work
from tocsin.supervisor import RESTART_AFTER_S, Supervisor

#: A job that writes what happens to it into a file, and then does as its second argument says.
_JOB = """
import os, signal, sys, time
path, name, deed = sys.argv[1:]
def write(what):
    with open(path, "a") as file:
        file.write(f"{name} {what} {os.getpid()} {time.monotonic()}\\n")
def asked(*_):
    write("asked")
    if deed != "refuse":
        write("ends")
        os._exit(0)
signal.signal(signal.SIGTERM, asked)
write("starts")
if deed.isdigit():
    os._exit(int(deed))
if deed == "crash":
    os.kill(os.getpid(), signal.SIGKILL)
while True:
    time.sleep(60)
"""


class Jobs:
    """A supervisor in a thread and the file its jobs write to."""

    def __init__(self, path: Path, deeds: Mapping[str, str], **more: object) -> None:
        self._path = path
        commands = {
            name: [sys.executable, "-S", "-E", "-c", _JOB, str(path), name, deed] for name, deed in deeds.items()
        }
        self.supervisor = Supervisor(commands, **more)  # type: ignore[arg-type]  # only the two times
        self.code: int | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        self.code = self.supervisor.run()

    def happened(self, name: str = "", what: str = "") -> list[Sequence[str]]:
        """Return (name, what, process, time) of everything that happened to ``name``, in order."""
        lines = self._path.read_text().splitlines() if self._path.exists() else []
        return [line.split() for line in lines if re.match(f"{name or '.*'} {what or '.*'} ", line)]

    def wait_starts(self, name: str, times: int = 1) -> list[float]:
        """Wait until ``name`` has started so often; return when it did."""
        wait_for(f"{name} to start {times} times", lambda: len(self.happened(name, "starts")) >= times)
        return [float(row[3]) for row in self.happened(name, "starts")]

    def stop(self) -> int | None:
        self.supervisor.stop()
        return self.wait()

    def wait(self) -> int | None:
        self._thread.join(60)
        assert not self._thread.is_alive()
        return self.code


def test_jobs_wait_until_what_they_need_is_there(tmp_path: Path) -> None:
    there = threading.Event()
    asked = threading.Event()

    def prepare() -> bool:
        if not there.is_set():
            asked.set()
            return False
        return True

    jobs = Jobs(tmp_path / "jobs", {"poll": "run", "notify": "run"}, prepare=prepare, first=("notify",))
    jobs.wait_starts("notify")
    assert asked.is_set()
    assert not jobs.happened("poll"), "only what tells people starts without it"
    there.set()
    jobs.wait_starts("poll")
    assert jobs.stop() == 0
    assert len(jobs.happened("notify", "starts")) == 1


def test_what_falls_is_started_again_after_growing_pauses(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    jobs = Jobs(tmp_path / "told", {"poll": "stay", "decide": "1", "notify": "crash"})
    times = jobs.wait_starts("decide", 3)
    jobs.wait_starts("notify", 2)
    jobs.wait_starts("poll")
    assert jobs.stop() == 0
    gaps = [later - earlier for earlier, later in pairwise(times)]
    for gap, least in zip(gaps, RESTART_AFTER_S, strict=False):
        assert gap >= least
    assert len(jobs.happened("poll", "starts")) == 1, "the others are left alone"
    assert "decide ended (code 1); it starts again in 0.5 s" in caplog.text
    assert "decide ended (code 1); it starts again in 1.0 s" in caplog.text
    assert "notify ended (SIGKILL)" in caplog.text


@pytest.mark.parametrize("code", ["2", "3"])
def test_a_job_that_says_it_is_useless_ends_everything(tmp_path: Path, code: str) -> None:
    jobs = Jobs(tmp_path / "told", {"poll": "stay", "decide": code})
    assert jobs.wait() == 1
    assert len(jobs.happened("decide", "starts")) == 1
    for row in jobs.happened("poll", "starts"):
        assert not lives(int(row[2]))


def test_jobs_are_asked_to_stop_in_the_order_of_the_flow(tmp_path: Path) -> None:
    flow = ("poll", "extract", "decide", "notify")
    jobs = Jobs(tmp_path / "told", dict.fromkeys(flow, "stay"), turn_s=60, stop_after_s=120)
    for name in flow:
        jobs.wait_starts(name)
    assert jobs.stop() == 0
    stops = [(name, what) for name, what, _, _ in jobs.happened() if what != "starts"]
    assert stops == [(name, what) for name in flow for what in ("asked", "ends")]


def test_a_job_that_does_not_stop_is_killed_and_keeps_no_other_from_stopping(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    jobs = Jobs(tmp_path / "told", {"poll": "refuse", "decide": "stay"}, turn_s=0.2, stop_after_s=5.0)
    jobs.wait_starts("poll")
    jobs.wait_starts("decide")
    assert jobs.stop() == 0
    assert jobs.happened("decide", "ends")
    assert "poll did not stop in 5 s and is killed" in caplog.text
    assert not any(lives(int(row[2])) for row in jobs.happened("", "starts"))


def test_a_job_that_cannot_be_started_is_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    supervisor = Supervisor({"poll": [str(tmp_path / "missing")]})
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    wait_for("a second try", lambda: caplog.text.count("poll cannot be started") >= 2)
    supervisor.stop()
    thread.join(60)
    assert not thread.is_alive()


def test_a_job_whose_supervisor_died_is_cut_off_where_it_does_not_stop(tmp_path: Path) -> None:
    program = (
        "import time\nfrom tocsin.stopping import stop_with_parent\n"
        "stop_with_parent(lambda: print('asked', flush=True), alone_s=0.2)\ntime.sleep(600)\n"
    )
    job = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert job.stdin is not None
    assert job.stdout is not None
    job.stdin.close()
    assert job.stdout.read() == "asked\n"
    assert job.wait(60) == 1
    job.stdout.close()


def test_the_lock_is_held_by_the_jobs_too(tmp_path: Path) -> None:
    with FolderLock(tmp_path) as lock:
        assert supervisor_at_work(tmp_path) is not None
        with pytest.raises(TocsinError, match="at work"), FolderLock(tmp_path):
            pass
        job = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[lock.descriptor])
    assert supervisor_at_work(tmp_path) is None
    with pytest.raises(TocsinError, match="jobs of an earlier"), FolderLock(tmp_path, wait_s=0.2):
        pass
    waiting = threading.Timer(0.3, job.kill)
    waiting.start()
    with FolderLock(tmp_path):
        assert job.wait(60) == -signal.SIGKILL


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(TocsinError, match="cannot be written"), FolderLock(tmp_path / "missing"):
        pass


RULES = """\
rules:
  - name: azerbaijan-russia
    watch: {pair: [Azerbaijan, Russia]}
    when: {threshold: {count: 3, within: 24h}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "desk.yaml").write_text(RULES)
    (tmp_path / "tocsin.toml").write_text('[[receivers]]\ntype = "console"\nname = "screen"\n')
    return tmp_path


def test_a_second_run_is_refused_a_killed_one_is_followed_and_ctrl_c_ends_all(folder: Path) -> None:
    first = third = ServiceProcess(folder, "notify", "decide")
    try:
        first.wait_started("decide", "notify")
        assert supervisor_at_work(folder) == first.process.pid
        second = ServiceProcess(folder)
        assert second.ended() == 1
        assert f"is at work in {folder} already (process {first.process.pid})" in second.stderr
        assert "→ stop that one first" in second.stderr
        orphans = first.started("decide") + first.started("notify")
        first.kill()
        third = ServiceProcess(folder, "notify", "decide")
        third.wait_started("decide", "notify")
        assert not any(map(lives, orphans)), "the jobs of the killed one have stopped by themselves"
        jobs = third.started("decide") + third.started("notify")
        third.press_ctrl_c()
        assert third.ended() == 0
        assert not any(map(lives, jobs))
    finally:
        first.end()
        third.end()
    assert "stopping decide, notify\n" in third.stderr
    assert third.stderr.endswith("stopped\n")
    assert "Traceback" not in first.stderr + second.stderr + third.stderr


def test_what_runs_is_told_in_words_at_the_start_and_then_nothing(folder: Path) -> None:
    service = ServiceProcess(folder, "notify", verbose=False)
    try:
        service.wait_for("the start", lambda: "Only warnings" in service.stderr)
        store = open_store(f"sqlite:///{folder / 'data' / 'store.sqlite'}")
        service.wait_for("a sign of life", lambda: "notify" in store.heartbeats())
        store.close()
    finally:
        service.end()
    assert service.ended() == 0
    told = service.stderr.splitlines()
    assert told[0] == f"Tocsin watches in {folder}"
    rows = dict(line.split(None, 1) for line in told[1:7])
    assert rows["jobs"] == "notify"
    assert rows["feeds"] == "none; add one: [[feeds]] in tocsin.toml"
    assert rows["rules"].startswith("1, now put into force (")
    assert rows["receivers"] == "1: screen (console)"
    assert rows["log"] == f"sqlite:///{folder}/data/log.sqlite"
    assert rows["store"] == f"sqlite:///{folder}/data/store.sqlite"
    assert told[8:] == ["stopping notify", "stopped"], "a service that is well says nothing"


def test_mistakes_end_the_start_with_code_2_and_rules_in_force_outlive_them(folder: Path) -> None:
    (folder / "rules" / "desk.yaml").write_text(RULES.replace("watch:", "wacth:"))
    refused = ServiceProcess(folder, "notify")
    assert refused.ended() == 2
    assert re.search(r"desk\.yaml:3", refused.stderr)
    (folder / "rules" / "desk.yaml").write_text(RULES)
    first = ServiceProcess(folder, "notify")
    first.wait_started("notify")
    first.end()
    (folder / "rules" / "desk.yaml").write_text(RULES.replace("watch:", "wacth:"))
    again = ServiceProcess(folder, "notify")
    try:
        again.wait_started("notify")
    finally:
        again.end()
    assert "stay in force, because the files hold mistakes" in again.stderr
