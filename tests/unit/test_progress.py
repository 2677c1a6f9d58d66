"""Long work tells on a terminal what is done of how much, how fast and how long it will take; elsewhere it says nothing."""

from __future__ import annotations

import io
import re
import sys

import pytest

from tocsin.progress import Progress


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _worked(title: str) -> None:
    with Progress(title) as progress:
        for done in range(0, 501, 100):
            progress.update(done, 1_000)


def test_a_terminal_sees_rate_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    _worked("extracting")
    said = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.getvalue())
    last = said.splitlines()[-1]
    assert "extracting" in last
    assert re.search(r"\b500/1000\b", last)
    assert re.search(r"[0-9,]+/s", last), "how fast"
    assert re.search(r"[0-9]+:[0-9]{2}:[0-9]{2}", last), "how long it will take"


def test_a_pipe_hears_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.StringIO()
    monkeypatch.setattr(sys, "stderr", pipe)
    _worked("extracting")
    assert pipe.getvalue() == ""
