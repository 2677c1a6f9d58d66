"""One folder with news for all tests that only read it, and an empty one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.web.house import House, desk_with_news, settings_in


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A folder in which something rings."""
    folder = tmp_path_factory.mktemp("news")
    desk_with_news(folder)
    made = House(folder)
    yield made
    made.close()


@pytest.fixture(scope="session")
def empty_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A folder in which nothing ever ran."""
    folder = tmp_path_factory.mktemp("empty")
    settings_in(folder)
    made = House(folder)
    yield made
    made.close()
