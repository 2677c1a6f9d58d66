"""What could not be tested here, said aloud: a failure under CI, elsewhere a skip and a line in the terminal summary."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

#: ``(what, why)`` of everything not run, in order of first mention.
_not_run: dict[tuple[str, str], None] = {}


def under_ci() -> bool:
    """Whether ``CI`` is set to something that does not mean no."""
    return os.environ.get("CI", "").strip().lower() not in {"", "0", "false", "no"}


def not_run(what: str, why: str, *, required_in_ci: bool = True) -> NoReturn:
    """Skip the test at hand with a line ``NOT RUN: <what> — <why>`` at the end of the run; under CI fail it instead.

    :param required_in_ci: False for what CI need not have: then it is a skip and a line there too.
    """
    text = f"NOT RUN: {what} — {why}"
    if required_in_ci and under_ci():
        pytest.fail(text, pytrace=False)
    _not_run[what, why] = None
    pytest.skip(text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print each line once, where nobody overlooks it."""
    if not _not_run:
        return
    terminalreporter.section("NOT RUN", sep="!", red=True, bold=True)
    for what, why in _not_run:
        terminalreporter.write_line(f"NOT RUN: {what} — {why}", red=True, bold=True)
