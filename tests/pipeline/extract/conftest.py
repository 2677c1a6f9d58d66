"""Each test that asks for ``log`` runs once per kind of log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.clock import SystemClock
from connectors.log.open import open_log
from schemas.ports.log import Log


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.kafka)])
def log_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a log nobody has used, whose silent members are soon given up."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'log.db'}?lease_s=3"
    return f"{request.getfixturevalue('kafka_url')}?timeout_s=20&session_s=6"


@pytest.fixture
def log(log_url: str) -> Iterator[Log]:
    with open_log(log_url, SystemClock()) as opened:
        yield opened


@pytest.fixture
def sqlite_log(tmp_path: Path) -> Iterator[Log]:
    with open_log(f"sqlite:///{tmp_path / 'one.db'}?lease_s=3", SystemClock()) as opened:
        yield opened
