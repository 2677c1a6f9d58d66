"""Full, locked, killed, unreachable: what is said, that nothing is lost, and that work goes on afterwards."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import socket
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.store.open import open_store
from schemas.errors import AnotherDeciderError, FatalError, StoreFullError, StoreUnavailableError
from schemas.ports.store import Store
from tests.contract.store.scribe import Scribe, evidence_of
from tests.services.postgres import PostgresServer


def test_a_full_store_loses_nothing_and_goes_on_with_more_space(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    store = open_store(f"{url}?max_pages=120")
    scribe = Scribe(store)

    def grow_for_ever() -> None:
        while True:
            scribe.commit(scribe.decide(detail="x" * 20_000, evidence=(evidence_of("a", title="y" * 20_000),)))

    with pytest.raises(StoreFullError, match=r"(?s)store\.db.*nothing of the transaction.*→ free some space"):
        grow_for_ever()
    assert scribe.head is not None
    committed = scribe.head.events
    assert committed > 2
    assert len(list(store.events())) == committed, "all that was committed, and nothing of what was not"
    assert store.decider_head() == scribe.head
    with pytest.raises(StoreFullError):
        Scribe(store).commit(Scribe(store).decide(detail="z" * 60_000))
    store.close()

    larger = open_store(f"{url}?max_pages=1000")  # The remedy.
    again = Scribe(larger)
    again.commit(again.decide(detail="x" * 20_000))
    assert [event.seq for event in larger.events()] == list(range(1, committed + 2))
    larger.close()


def test_a_full_store_goes_on_when_something_in_it_is_erased(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}?max_pages=120")
    scribe = Scribe(store)

    def grow_for_ever() -> None:
        for number in itertools.count():
            scribe.commit(scribe.decide(evidence=(evidence_of(f"a{number}", title="y" * 40_000),)))

    with pytest.raises(StoreFullError):
        grow_for_ever()
    assert store.erase_evidence("a0") == 1
    assert store.erase_evidence("a1") == 1
    again = Scribe(store)
    again.commit(again.decide(evidence=(evidence_of("b", title="y" * 40_000),)))
    store.close()


def test_there_is_no_space_even_for_the_tables(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with pytest.raises(StoreFullError):
        open_store(f"{url}?max_pages=10")
    open_store(url).close()


def test_a_locked_file_is_said_in_bounded_time_and_passes(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = open_store(f"sqlite:///{path}", busy_timeout_s=0.5)
    scribe = Scribe(store)
    first = scribe.decide()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    started_s = time.monotonic()
    with pytest.raises(StoreUnavailableError, match="→"):
        scribe.commit(first)
    assert time.monotonic() - started_s < 60
    holder.close()
    scribe.commit(first)
    assert len(list(store.events())) == 1
    store.close()


@pytest.mark.parametrize("place", [0, 4096])
def test_a_damaged_file_is_named_with_a_remedy(tmp_path: Path, place: int) -> None:
    path = tmp_path / "store.db"
    open_store(f"sqlite:///{path}").close()
    with path.open("r+b") as file:
        file.seek(place)
        file.write(b"\xff" * 200)

    def use() -> None:
        store = open_store(f"sqlite:///{path}")
        list(store.events())
        Scribe(store).commit()

    with pytest.raises(FatalError, match=r"(?s)store\.db.*→"):
        use()


def test_a_copied_file_is_the_same_store(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    store.close()
    shutil.copy(tmp_path / "store.db", tmp_path / "copy.db")
    copy = open_store(f"sqlite:///{tmp_path / 'copy.db'}")
    assert copy.store_id == store.store_id
    copy.close()


@pytest.mark.postgres
def test_a_killed_server_is_said_and_what_was_committed_is_there_when_it_is_back(own_postgres: PostgresServer) -> None:
    store = open_store(own_postgres.url, busy_timeout_s=3)
    scribe = Scribe(store)
    scribe.commit(scribe.decide())
    # As a crash leaves it: the server's processes are gone, what it had handed to the system is not.
    own_postgres.kill()
    second = scribe.decide()
    for _ in range(2):
        started_s = time.monotonic()
        with pytest.raises(StoreUnavailableError, match=r"(?s)PostgreSQL database 'postgres'.*→"):
            scribe.commit(second)
        assert time.monotonic() - started_s < 60
    own_postgres.start()
    scribe.commit(second)
    assert [event.seq for event in store.events()] == [1, 2]
    store.close()


def test_nobody_at_the_address_is_said_without_the_password() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with pytest.raises(StoreUnavailableError, match="→") as error:
            open_store(f"postgresql://ann:topsecret@127.0.0.1:{port}/news", busy_timeout_s=2)
    assert "topsecret" not in str(error.value)
    assert f"127.0.0.1:{port}" in str(error.value)


def test_of_two_deciders_at_once_one_stops(store: Store, open_again: Callable[[], Store]) -> None:
    scribes = [Scribe(store), Scribe(open_again())]
    scribes[0].commit(scribes[0].decide("a"))
    scribes = [Scribe(scribe.store) for scribe in scribes]
    outcomes = []
    for scribe in scribes:
        with contextlib.suppress(AnotherDeciderError):
            scribe.commit(scribe.decide("a"))
            outcomes.append("committed")
    assert outcomes == ["committed"]
    assert [event.seq for event in store.events()] == [1, 2]
