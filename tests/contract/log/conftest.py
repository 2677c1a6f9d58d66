"""Each test of this folder that asks for ``harness`` runs once per kind of log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.ports.log import Log
from tests.contract.log.harness import LogHarness, SqliteHarness, open_here
from tests.contract.log.kafka_harness import KafkaHarness


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.kafka)])
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> LogHarness:
    if request.param == "sqlite":
        return SqliteHarness(tmp_path)
    return KafkaHarness(request.getfixturevalue("kafka_broker"), request.getfixturevalue("kafka_url"))


@pytest.fixture
def log(harness: LogHarness) -> Iterator[Log]:
    with open_here(harness) as opened:
        yield opened
