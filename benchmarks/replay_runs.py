"""The command itself, run in a process of its own and timed: for what measures replays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Run:
    """A command that ended well: its seconds, those of processors in all of its processes, and what it printed as JSON."""

    seconds: float
    processor_s: float
    about: dict[str, object]


def run_tocsin(*arguments: object) -> Run:
    """Run `tocsin` with ``arguments``; :raises CalledProcessError: it did not end well."""
    start, before_s = time.monotonic(), _children_s()
    done = subprocess.run(
        [sys.executable, "-m", "tocsin", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    seconds = time.monotonic() - start
    printed = done.stdout.strip().splitlines()
    about = json.loads(printed[-1]) if printed and printed[-1].startswith("{") else {}
    return Run(seconds, _children_s() - before_s, about)


def run_replay(archive: Path, rules: Path, ledger: Path, *options: object) -> Run:
    """Run a replay of ``archive`` with ``rules``."""
    return run_tocsin("replay", "--archive", archive, "--rules", rules, "--ledger", ledger, "--json", *options)


def _children_s() -> float:
    """Return the processor seconds of all processes that were started and have ended."""
    times = os.times()
    return times.children_user + times.children_system
