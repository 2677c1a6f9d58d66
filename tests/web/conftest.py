"""One folder with news for all tests that only read it, a copy for each that writes, and an empty one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.house import House, desk_with_news, settings_in


@pytest.fixture(scope="session")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the news was decided once; nobody writes to it."""
    folder = tmp_path_factory.mktemp("decided")
    desk_with_news(folder)
    return folder


@pytest.fixture(scope="session")
def house(decided: Path) -> Iterator[House]:
    """A folder in which something rings."""
    made = House(decided)
    yield made
    made.close()


@pytest.fixture
def own_news(decided: Path, tmp_path: Path) -> Path:
    """A copy of the folder for one test alone."""
    folder = tmp_path / "own"
    shutil.copytree(decided, folder)
    return folder


@pytest.fixture(scope="session")
def empty_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A folder in which nothing ever ran."""
    folder = tmp_path_factory.mktemp("empty")
    settings_in(folder)
    made = House(folder)
    yield made
    made.close()
