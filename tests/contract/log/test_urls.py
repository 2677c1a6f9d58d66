"""The log is named by a URL: what is understood, and what the errors say of the rest."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from connectors.clock import SystemClock
from connectors.log.open import open_log
from schemas.errors import LogUnavailableError, UsageError


def test_a_relative_file_starts_at_the_base(tmp_path: Path) -> None:
    with open_log("sqlite:///a%20log.db?timeout_s=1", SystemClock(), base=tmp_path) as log:
        assert log.log_id
    assert (tmp_path / "a log.db").exists()
    open_log(f"sqlite:///{tmp_path}/absolute.db", SystemClock(), base=Path("elsewhere")).close()
    assert (tmp_path / "absolute.db").exists()


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("", "names no kind of log"),
        ("log.db", "names no kind of log"),
        ("redis://host", "names no kind of log"),
        ("sqlite:///", "names no file"),
        ("sqlite:///folder/", "names no file"),
        ("sqlite://host/log.db", "host where a file belongs"),
        ("sqlite:///log.db#1", "'#'"),
        ("sqlite:///log.db?session_s=3", "unknown option 'session_s'"),
        ("sqlite:///log.db?timeout_s=soon", "'soon'"),
        ("kafka://", "host:port"),
        ("kafka://host:port", "host:port"),
        ("kafka://one:9092,,two:9092", "host:port"),
        ("kafka://host:9092/a b", "cannot be the name"),
        ("kafka://host:9092?timeout_s=0.2", "too short"),
        ("kafka://host:9092?lease_s=3", "unknown option 'lease_s'"),
        ("kafka://[::1", "cannot be read"),
    ],
)
def test_what_cannot_be_understood_is_named_with_a_remedy(url: str, named: str) -> None:
    with pytest.raises(UsageError, match="→") as error:
        open_log(url, SystemClock())
    assert named in str(error.value)


def test_a_password_is_not_repeated() -> None:
    with pytest.raises(UsageError) as error:
        open_log("kafka://ann:secret@host:9092", SystemClock())
    assert "secret" not in str(error.value)


def test_nobody_at_the_address_is_said_in_bounded_time() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # Bound and not listening: whoever connects is refused.
        port = closed.getsockname()[1]
        started_s = time.monotonic()
        with pytest.raises(LogUnavailableError, match=rf"(?s)127\.0\.0\.1:{port}.*→"):
            open_log(f"kafka://127.0.0.1:{port}?timeout_s=2", SystemClock())
    assert time.monotonic() - started_s < 60
