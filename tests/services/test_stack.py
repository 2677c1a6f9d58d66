"""`./run stack` itself, and the loudness of what cannot be run."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.services.not_run import not_run

_ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.kafka
@pytest.mark.postgres
def test_the_stack_starts_both_and_leaves_nothing_behind() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.services"],
        cwd=_ROOT,
        env=os.environ | {"PYTHONPATH": str(_ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = [process.stdout.readline(), process.stdout.readline()]
    if not lines[0]:
        _, said = process.communicate(timeout=120)
        not_run("the stack of Kafka and PostgreSQL", said.strip().splitlines()[-1])
    try:
        kafka = re.fullmatch(r"export KAFKA_BOOTSTRAP=(127\.0\.0\.1):(\d+)\n", lines[0])
        database = re.fullmatch(r"export TOCSIN_TEST_DATABASE=(postgresql://\S+)\n", lines[1])
        assert kafka is not None
        assert database is not None
        socket.create_connection((kafka[1], int(kafka[2])), timeout=60).close()
        with psycopg.connect(database[1]) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=180)
        assert process.returncode == 0
        assert said.endswith("stopped\n")
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((kafka[1], int(kafka[2])), timeout=5)
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(database[1], connect_timeout=2)
    finally:
        process.kill()
        process.wait()


_TRIAL = """
from tests.services.not_run import not_run

def test_needed():
    not_run("a needed server", "there is none")

def test_welcome():
    not_run("a welcome tool", "there is none", required_in_ci=False)
"""


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("false", 0), ("true", 1), ("1", 1)])
def test_what_is_not_run_is_loud_and_a_failure_under_ci_where_it_is_needed(tmp_path: Path, ci: str, code: int) -> None:
    trial = tmp_path / "test_trial.py"
    trial.write_text(_TRIAL)
    answer = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.services.not_run", "--rootdir", str(tmp_path), str(trial)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(_ROOT), "CI": ci},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert answer.returncode == code, answer.stdout
    summary = answer.stdout.partition("!! NOT RUN !!")[2].partition("short test summary")[0]
    assert "NOT RUN: a welcome tool — there is none" in summary
    assert ("NOT RUN: a needed server — there is none" in summary) == (code == 0)
    assert "NOT RUN: a needed server" in answer.stdout
