"""A disk that fills: people hear of it once before it is full, and once when there is room again."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from connectors.clock import ManualClock
from pipelines.notifying.room import LEAST_FREE_BYTES, Room, RoomWatch
from pipelines.watchdog import Watchdog
from tests.unit.notify.test_watchdog import Signs
from tests.unit.notify.world import LATER, NEVER, START, YES, Phone

MB = 1_000_000
GB = 1_000 * MB


class Filled:
    """A watchdog over a disk with as much room as is said; ten minutes lie between two looks."""

    def __init__(self, *phones: Phone) -> None:
        self.phones = phones or (Phone(),)
        self.signs = Signs()
        self.clock = ManualClock(START)
        self.room: Room | None = None
        self.start()

    def start(self) -> None:
        self.dog = Watchdog(self.signs, self.phones, clock=self.clock, room=self._look)

    def _look(self) -> Room:
        if self.room is None:
            raise PermissionError("no entry")
        return self.room

    def look(self, free_bytes: int, used_bytes: int = 0) -> list[str]:
        """Let the watchdog look once; return the first words of what the first phone got of room so far."""
        self.room = Room(free_bytes, used_bytes)
        asyncio.run(self.dog.step(self.clock.now()))
        self.clock.sleep(600)
        subjects = [message.subject.partition(":")[0] for message in self.phones[0].got]
        return [subject for subject in subjects if "ROOM" in subject]


def test_it_is_told_once_and_its_end_once_over_a_restart() -> None:
    disk = Filled()
    assert disk.look(500 * MB) == []
    assert disk.look(499 * MB) == ["LITTLE ROOM"]
    assert disk.look(100 * MB) == ["LITTLE ROOM"]
    disk.start()
    assert disk.look(100 * MB) == ["LITTLE ROOM"]
    assert disk.look(501 * MB) == ["LITTLE ROOM"], "a few bytes more are no end"
    assert disk.look(550 * MB) == ["LITTLE ROOM", "ROOM AGAIN"]
    disk.start()
    assert disk.look(501 * MB) == ["LITTLE ROOM", "ROOM AGAIN"]
    assert disk.look(499 * MB) == ["LITTLE ROOM", "ROOM AGAIN", "LITTLE ROOM"]
    first, end, second = (message for message in disk.phones[0].got if "ROOM" in message.subject)
    assert first.thread_id == end.thread_id != second.thread_id
    assert [first.over, end.over] == [False, True]


@pytest.mark.parametrize(("free_gb", "told"), [(3.9, True), (4.1, False)])
def test_what_is_filled_in_two_days_is_little(free_gb: float, told: bool) -> None:
    watch = RoomWatch()
    assert watch.note(Room(50 * GB, GB), START, {}) is None
    assert watch.note(Room(2 * GB, 40 * GB), START + timedelta(hours=23), {}) is None, "what waited says nothing yet"
    news = watch.note(Room(int(free_gb * GB), 7 * GB), START + timedelta(days=3), {})
    assert (news is not None) is told
    if news is not None:
        assert "grows by 2.0 GB a day" in news[0].body


def test_what_shrinks_needs_the_least() -> None:
    watch = RoomWatch()
    assert watch.note(Room(LEAST_FREE_BYTES, 9 * GB), START, {}) is None
    assert watch.note(Room(LEAST_FREE_BYTES, GB), START + timedelta(days=2), {}) is None


def test_who_could_not_be_told_is_told_later_and_nobody_twice() -> None:
    later, well = Phone("later", LATER), Phone("well")
    disk = Filled(later, well)
    assert disk.look(1) == []
    assert disk.look(1) == ["LITTLE ROOM"]
    disk.look(1)
    assert [sum("ROOM" in message.subject for message in phone.got) for phone in (later, well)] == [1, 1]


def test_what_everybody_refused_is_told_at_the_next_look() -> None:
    disk = Filled(Phone(answer=NEVER))
    disk.look(1)
    disk.phones[0].answer = YES
    assert disk.look(1) == ["LITTLE ROOM"]


def test_a_disk_that_cannot_be_looked_at_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    disk = Filled()
    asyncio.run(disk.dog.step(disk.clock.now()))
    assert "how much room there is cannot be seen: no entry" in caplog.text
