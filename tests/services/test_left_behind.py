"""A test that leaves something behind fails the run it belongs to, in words."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]

_BEGINS = """
import pytest, socket, subprocess, sys, threading
from tests.services import left_behind
left_behind._PATIENCE_S = 0.5
kept = []

def test_it():
"""
_LEFT = {
    "thread": (
        "threading.Timer(5, print).start()",
        "the thread Thread-1 is at work",
    ),
    "process": (
        "kept.append(subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE))",
        "runs: ",
    ),
    "port": ("kept.append(socket.create_server(('127.0.0.1', 0)))", "is listened on"),
    "nothing": ("subprocess.run([sys.executable, '-c', ''])", ""),
}


@pytest.mark.parametrize("kind", _LEFT)
def test_what_is_left_behind_fails_the_run(tmp_path: Path, kind: str) -> None:
    line, said = _LEFT[kind]
    (tmp_path / "test_trial.py").write_text(f"{_BEGINS}    {line}\n")
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "tests.services.left_behind",
            "--rootdir",
            str(tmp_path),
            str(tmp_path),
        ],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(_ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "1 passed" in ran.stdout
    assert ran.returncode == (1 if said else 0), ran.stdout
    assert ("LEFT BEHIND: the " in ran.stdout) == bool(said)
    assert said in ran.stdout
