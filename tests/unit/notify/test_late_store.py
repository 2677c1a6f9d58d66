"""A notifier whose store is not there at its start: it waits for it, and people hear of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from connectors.store.open import open_store
from pipelines.notifying.late_store import LateStore, store_when_there
from pipelines.watchdog import Watchdog
from schemas.errors import StoreUnavailableError
from schemas.ports.store import Store
from tests.unit.notify.world import Desk, Phone


class Slow(asyncio.Event):
    """A wish to stop that never comes; each wait for it lets a minute go by on the clock of ``desk`` instead."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    async def wait(self) -> bool:  # type: ignore[override]  # True alone is what an event returns
        self._desk.pass_time(minutes=1)
        raise TimeoutError


def test_a_store_that_comes_late_is_waited_for_and_told_of(tmp_path: Path) -> None:
    phone = Phone()
    desk = Desk(tmp_path, phone)
    tries = 0

    def opening() -> Store:
        nonlocal tries
        tries += 1
        if tries <= 8:
            raise StoreUnavailableError("connection refused")
        return open_store(desk.url)

    late = LateStore(opening)
    dog = Watchdog(late, [phone], clock=desk.clock)
    store = asyncio.run(store_when_there(late, dog, desk.clock, Slow(desk)))
    assert store is late.opened()
    assert tries == 9, "opened once"
    (note,) = phone.got
    assert note.subject.startswith("STANDING STILL")
    assert "the store cannot be read: connection refused" in note.body
    late.beat("decide", at=desk.clock.now(), detail={"engine_time": desk.clock.now().isoformat()})
    asyncio.run(dog.step(desk.clock.now()))
    assert [message.subject.partition(":")[0] for message in phone.got] == ["STANDING STILL", "MOVING AGAIN"]
    late.close()


def test_a_stop_ends_the_waiting(tmp_path: Path) -> None:
    desk = Desk(tmp_path)

    def opening() -> Store:
        stop.set()
        raise StoreUnavailableError("connection refused")

    stop = asyncio.Event()
    late = LateStore(opening)
    dog = Watchdog(late, [], clock=desk.clock)
    assert asyncio.run(store_when_there(late, dog, desk.clock, stop)) is None
    with pytest.raises(StoreUnavailableError, match="connection refused"):
        late.heartbeats()
    late.close()
