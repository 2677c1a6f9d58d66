"""The watch over the watch: rings when engine time lags, once an hour, tells the end once, pings only while all is well."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connectors.clock import ManualClock
from pipelines.notifying.health import WATCHED_JOBS, WatchdogSettings, engine_time_of, judge
from pipelines.watchdog import Watchdog
from schemas.errors import FatalError, StoreUnavailableError
from schemas.ports.channel import Outcome
from schemas.ports.store import HeartbeatStore
from schemas.reasons import MessageKind, Severity
from tests.unit.notify.world import LATER, NEVER, START, YES, Desk, Phone

MINUTE = timedelta(minutes=1)


class Monitor:
    """A monitor outside."""

    def __init__(self) -> None:
        self.pings: list[datetime] = []
        self.answer = YES
        self.closed = 0
        self.now = START

    async def ping(self) -> Outcome:
        self.pings.append(self.now)
        return self.answer

    async def close(self) -> None:
        self.closed += 1


class Signs:
    """Signs of life in memory, as several processes see them."""

    def __init__(self) -> None:
        self._beats: dict[str, tuple[datetime, Mapping[str, str | int | float]]] = {}

    def beat(self, job: str, *, at: datetime, detail: Mapping[str, str | int | float]) -> None:
        self._beats[job] = (at, dict(detail))

    def heartbeats(self) -> Mapping[str, tuple[datetime, Mapping[str, str | int | float]]]:
        return dict(self._beats)


class Watched:
    """A store, phones, a monitor and a watchdog over them; minutes go by when told."""

    def __init__(self, store: HeartbeatStore, *phones: Phone) -> None:
        self.phones = phones or (Phone(),)
        self.store = store
        self.clock = ManualClock(START)
        self.monitor = Monitor()
        self.engine_time = START
        self.start()

    def start(self) -> None:
        """Start the watchdog (again)."""
        self.dog = self.another()

    def another(self) -> Watchdog:
        """Return one more watchdog on the same store."""
        return Watchdog(self.store, self.phones, clock=self.clock, heartbeat=self.monitor)

    def beat(self, *, jobs: Sequence[str] = WATCHED_JOBS) -> None:
        """Let ``jobs`` give a sign of life now, the decider with the engine time."""
        for job in jobs:
            detail = {"engine_time": self.engine_time.isoformat()} if job == "decide" else {}
            self.store.beat(job, at=self.clock.now(), detail=detail)

    def minutes(
        self, count: int, *, moving: bool = True, jobs: Sequence[str] = WATCHED_JOBS, beats: bool = True
    ) -> None:
        """Let ``count`` minutes go by; engine time follows while it is ``moving``."""
        for _ in range(count):
            self.clock.sleep(60)
            self.engine_time = self.clock.now() if moving else self.engine_time
            if beats:
                self.beat(jobs=jobs)
            self.look()

    def look(self, dog: Watchdog | None = None) -> None:
        """Let a watchdog look at the present."""
        self.monitor.now = self.clock.now()
        asyncio.run((dog or self.dog).step(self.clock.now()))

    def told(self) -> list[str]:
        """Return the first words of what the first phone got."""
        return [message.subject.partition(":")[0] for message in self.phones[0].got]


@pytest.fixture
def watched() -> Watched:
    return Watched(Signs())


def test_nothing_is_told_while_engine_time_follows(watched: Watched) -> None:
    watched.minutes(200)
    assert watched.told() == []


def test_it_rings_when_engine_time_lags_for_more_than_five_minutes(watched: Watched) -> None:
    watched.minutes(10)
    watched.minutes(5, moving=False)
    assert watched.told() == []
    watched.minutes(1, moving=False)
    assert watched.told() == ["STANDING STILL"]
    (note,) = watched.phones[0].got
    assert note.kind is MessageKind.SERVICE
    assert note.severity is Severity.CRITICAL
    assert "6 min behind" in note.subject
    assert "every job shows signs of life" in note.body


def test_it_names_the_jobs_that_stand_still(watched: Watched) -> None:
    watched.minutes(10)
    watched.minutes(6, moving=False, jobs=("poll", "notify"))
    (note,) = watched.phones[0].got
    assert "extract, decide without a sign of life" in note.subject
    assert "extract: last sign of life" in note.body


def test_it_rings_again_each_hour_and_tells_the_end_once(watched: Watched) -> None:
    watched.minutes(10)
    watched.minutes(6 + 150, moving=False)
    assert watched.told() == ["STANDING STILL"] * 3
    assert len({message.message_id for message in watched.phones[0].got}) == 3
    watched.minutes(30)
    assert watched.told() == ["STANDING STILL"] * 3 + ["MOVING AGAIN"]
    assert "after 3 h" in watched.phones[0].got[-1].subject
    assert len({message.thread_id for message in watched.phones[0].got}) == 1, "one incident"
    assert [message.over for message in watched.phones[0].got] == [False, False, False, True]
    watched.minutes(6, moving=False)
    assert watched.told()[4:] == ["STANDING STILL"], "a new stand is told anew"
    assert watched.phones[0].got[4].thread_id != watched.phones[0].got[0].thread_id


def test_a_restart_tells_nothing_twice(tmp_path: Path) -> None:
    watched = Watched(Desk(tmp_path).store)
    watched.minutes(6, moving=False)
    assert watched.told() == ["STANDING STILL"]
    watched.start()
    watched.minutes(20, moving=False)
    assert watched.told() == ["STANDING STILL"]
    watched.minutes(45, moving=False)
    assert watched.told() == ["STANDING STILL"] * 2, "the hour runs on over the restart"
    watched.start()
    watched.minutes(1)
    assert watched.told()[2:] == ["MOVING AGAIN"]
    watched.start()
    watched.minutes(10)
    assert len(watched.told()) == 3


def test_two_watchdogs_on_one_store_tell_once(watched: Watched) -> None:
    other = watched.another()
    for moving in (False, True):
        for _ in range(8):
            watched.minutes(1, moving=moving)
            watched.look(other)
    assert watched.told() == ["STANDING STILL", "MOVING AGAIN"]


def test_after_a_start_engine_time_has_five_minutes_to_catch_up(watched: Watched) -> None:
    watched.beat()
    watched.clock.sleep(8 * 3600)  # Nothing ran overnight.
    watched.start()
    watched.minutes(4, moving=False)
    assert watched.told() == []
    watched.minutes(3)
    assert watched.told() == []


def test_an_engine_that_never_moved_rings_too(watched: Watched) -> None:
    watched.minutes(6, beats=False)
    assert watched.told() == ["STANDING STILL"]
    assert "engine time never moved" in watched.phones[0].got[0].body
    assert "poll: no sign of life" in watched.phones[0].got[0].body


def test_who_could_not_be_told_is_tried_again_and_the_others_are_not() -> None:
    phone, mail, gone = Phone("phone", LATER, LATER), Phone("mail"), Phone("gone", answer=NEVER)
    watched = Watched(Signs(), phone, mail, gone)
    watched.minutes(10, moving=False)
    assert [len(one.got) for one in (phone, mail, gone)] == [1, 1, 0]
    assert len(gone.tried) == 1, "who refuses is not asked again"
    assert len({message.message_id for message in phone.tried}) == 1


def test_while_the_store_is_away_it_rings_and_says_so(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    watched.minutes(3)
    store = watched.store
    dog = Watchdog(store, watched.phones, clock=watched.clock, heartbeat=watched.monitor)
    watched.look(dog)

    def away(*_: object, **__: object) -> None:
        raise StoreUnavailableError("the database cannot be reached")

    with monkeypatch.context() as outage:
        outage.setattr(store, "heartbeats", away)
        outage.setattr(store, "beat", away)
        pings = len(watched.monitor.pings)
        for _ in range(8):
            watched.clock.sleep(60)
            watched.look(dog)
    assert watched.told() == ["STANDING STILL"]
    assert "the store cannot be read: the database cannot be reached" in watched.phones[0].got[0].body
    assert len(watched.monitor.pings) == pings
    watched.engine_time = watched.clock.now()
    watched.beat()
    watched.look(dog)
    assert watched.told() == ["STANDING STILL", "MOVING AGAIN"], "what could not be kept meanwhile is not forgotten"


def test_the_monitor_is_pinged_each_minute_while_all_four_jobs_advance(watched: Watched) -> None:
    for _ in range(60):
        watched.clock.sleep(5)
        watched.engine_time = watched.clock.now()
        watched.beat()
        watched.look()
    assert [
        later - earlier for earlier, later in zip(watched.monitor.pings, watched.monitor.pings[1:], strict=False)
    ] == [MINUTE] * 4


@pytest.mark.parametrize("silent", WATCHED_JOBS)
def test_the_monitor_is_not_pinged_when_one_job_does_not_advance(watched: Watched, silent: str) -> None:
    others = [job for job in WATCHED_JOBS if job != silent]
    watched.minutes(5, jobs=others)
    assert watched.monitor.pings == []
    watched.minutes(5)
    assert len(watched.monitor.pings) == 5
    watched.minutes(10, jobs=others)
    assert len(watched.monitor.pings) == 5 + 3, "a job has three minutes for its sign of life"


def test_the_monitor_is_not_pinged_while_engine_time_lags(watched: Watched) -> None:
    watched.minutes(5)
    watched.minutes(30, moving=False)
    assert len(watched.monitor.pings) == 5 + 5


def test_a_monitor_that_does_not_answer_changes_nothing(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    watched.monitor.answer = LATER
    watched.minutes(5)
    assert watched.told() == []
    assert len(watched.monitor.pings) == 5
    assert "the heartbeat did not arrive: busy" in caplog.text


def test_it_looks_until_it_is_stopped_and_closes_the_way_out(watched: Watched) -> None:
    async def run() -> None:
        stop = asyncio.Event()
        watched.beat()
        task = asyncio.create_task(watched.dog.run(stop))
        async with asyncio.timeout(60):
            while not watched.monitor.pings:
                await asyncio.sleep(0.01)
            stop.set()
            await task
        await watched.dog.close()

    asyncio.run(run())
    assert watched.monitor.closed == 1


def test_what_is_late_and_what_is_well() -> None:
    settings = WatchdogSettings()
    beats = {job: (START, {"engine_time": START.isoformat()} if job == "decide" else {}) for job in WATCHED_JOBS}
    well = judge(beats, now=START, since=START - MINUTE, settings=settings)
    assert (well.late, well.in_time, well.advancing, well.still, well.lag_s) == (False, True, True, (), 0.0)
    at_the_limit = judge(beats, now=START + 5 * MINUTE, since=START - 60 * MINUTE, settings=settings)
    assert not at_the_limit.late
    over = judge(beats, now=START + 5 * MINUTE + timedelta(seconds=1), since=START - 60 * MINUTE, settings=settings)
    assert over.late
    assert not over.advancing
    just_started = judge(beats, now=START + 60 * MINUTE, since=START + 59 * MINUTE, settings=settings)
    assert not just_started.late
    assert not just_started.in_time


@pytest.mark.parametrize("told", ["yesterday", "2025-06-30T14:00:00"])
def test_an_engine_time_that_is_none_is_an_error_for_people(told: str) -> None:
    with pytest.raises(FatalError, match="engine time") as raised:
        engine_time_of({"decide": (START, {"engine_time": told})})
    assert raised.value.remedy
