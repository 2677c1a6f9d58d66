"""A server in a process of its own for as long as a benchmark asks it, so that its processor time is not counted."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def served(module: str, *arguments: str) -> Iterator[int]:
    """Yield the port that ``module`` prints when it is run; it ends when its standard input does."""
    command = [sys.executable, "-m", module, *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.communicate()
