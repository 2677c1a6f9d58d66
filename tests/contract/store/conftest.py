"""Runs every test that takes ``store_url`` once on SQLite and once on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.store.open import open_store
from schemas.ports.store import Store


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a store that does not exist yet (SQLite) or is empty (PostgreSQL), to be opened with migrating."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without any table: the file is missing (SQLite), or there is nothing in it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'bare.db'}"
    url: str = request.getfixturevalue("empty_postgres_url")
    return url


@pytest.fixture
def open_again(store_url: str) -> Iterator[Callable[[], Store]]:
    """A function that opens one more ``Store`` on the same database, as another process would."""
    opened: list[Store] = []

    def again() -> Store:
        opened.append(open_store(store_url, busy_timeout_s=60.0))
        return opened[-1]

    yield again
    for store in opened:
        store.close()


@pytest.fixture
def store(open_again: Callable[[], Store]) -> Store:
    """An open store, empty."""
    return open_again()
