"""Desks for every test here; what is slow to start is started once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.feeds.parsing import FeedParser
from connectors.store.open import open_store
from tests.pipeline.polling.desk import DeskMaker


@pytest.fixture(scope="session")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.fixture(scope="session")
def parser(runner: asyncio.Runner) -> Iterator[FeedParser]:
    made = FeedParser()
    yield made
    runner.run(made.close())


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "empty.sqlite"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def desks(runner: asyncio.Runner, parser: FeedParser, empty_store: Path, tmp_path: Path) -> DeskMaker:
    return DeskMaker(runner, parser, empty_store, tmp_path)
