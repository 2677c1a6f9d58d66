"""Work done in a short child process: its answer, its errors and its end reach the parent."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from connectors.text_files import UnreadableFileError
from schemas.errors import FatalError, RetriableError, UsageError
from tocsin.aside import aside


def test_the_answer_comes_back_and_what_was_changed_does_not() -> None:
    kept: list[int] = []

    def work() -> list[int]:
        kept.append(os.getpid())
        return kept

    assert aside(work) != [os.getpid()]
    assert kept == []


def test_an_answer_longer_than_a_pipe_holds_comes_back_whole() -> None:
    assert aside(lambda: "ü" * 300_000) == "ü" * 300_000


def test_an_error_comes_back_with_its_remedy() -> None:
    def work() -> str:
        raise UsageError("the rules hold mistakes", remedy="correct them")

    with pytest.raises(UsageError, match="the rules hold mistakes\n  → correct them") as found:
        aside(work)
    assert found.value.exit_code == 2


def test_an_error_made_otherwise_comes_back_as_what_it_is_one_of(tmp_path: Path) -> None:
    def work() -> str:
        raise UnreadableFileError(tmp_path / "rules.yaml", "is a folder", remedy="name a file")

    with pytest.raises(UsageError, match=r"rules\.yaml is a folder"):
        aside(work)


def test_who_died_may_do_it_the_next_time() -> None:
    with pytest.raises(RetriableError, match="SIGKILL"):
        aside(lambda: os.kill(os.getpid(), signal.SIGKILL))


def test_what_is_no_error_of_ours_ends_the_service(capfd: pytest.CaptureFixture[str]) -> None:
    nothing: dict[str, str] = {}
    with pytest.raises(FatalError, match="says above"):
        aside(lambda: nothing["key"])
    assert "KeyError" in capfd.readouterr().err


def test_a_wish_to_stop_reaches_the_child() -> None:
    """It waits for ever, and ends by the signal alone."""
    with pytest.raises(RetriableError, match="SIGTERM"):
        aside(signal.pause, lambda: True)
