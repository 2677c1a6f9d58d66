"""The watch over the watch: signs of life ──judge──▶ a note through every channel, or a ping to a monitor outside.

Runs beside the notifier, in its process, because the channels are there: when that process is gone, the pings are too.
It is no part of the engine and lives on wall time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from alerts.explanation.service_note import moving_again_note, standing_still_note
from pipelines.notifying.health import Beats, Health, WatchdogSettings, judge
from pipelines.notifying.room import JOB as ROOM_JOB
from pipelines.notifying.room import Room, RoomWatch
from pipelines.notifying.trying import try_once
from schemas.clock import Clock
from schemas.errors import RetriableError
from schemas.ports.channel import Channel, Message, Outcome
from schemas.ports.store import HeartbeatStore

logger = logging.getLogger(__name__)

#: Its own row among the signs of life: what it has told, so that a restart or a second one does not tell it again.
JOB = "watchdog"


class Heartbeat(Protocol):
    """A monitor outside that rings when it is not pinged any more."""

    async def ping(self) -> Outcome:
        """Ping once; bounded in time; never raises for what the network does."""
        ...

    async def close(self) -> None:
        """Release connections; idempotent."""
        ...


@dataclass
class _Note:
    """A message on its way to those who have not got it yet."""

    message: Message
    left: list[Channel]
    next_try_at: datetime
    kept: dict[str, str | int | float] = field(default_factory=dict)  # what is remembered once somebody got it


@dataclass
class _Stand:
    """A time in which engine time lags: since when, when it was told last and how often."""

    occasion: str
    began_at: datetime
    told_at: datetime | None = None
    times: int = 0


class Watchdog:
    """One a process; several on one store do not tell the same twice (but for a race of milliseconds). ``room`` says how
    much room there is where log and store lie; it may take seconds."""

    def __init__(
        self,
        store: HeartbeatStore,
        channels: Sequence[Channel],
        *,
        clock: Clock,
        heartbeat: Heartbeat | None = None,
        settings: WatchdogSettings | None = None,
        room: Callable[[], Room] | None = None,
    ) -> None:
        self._store = store
        self._channels = list(channels)
        self._clock = clock
        self._heartbeat = heartbeat
        self._settings = settings or WatchdogSettings()
        self._since = clock.now()
        self._beats: Beats = {}
        self._unkept: dict[str, tuple[datetime, dict[str, str | int | float]]] = {}
        self._problem = ""
        self._stand: _Stand | None = None
        self._note: _Note | None = None
        self._last_ping: datetime | None = None
        self._room = room
        self._room_watch = RoomWatch()
        self._room_at: datetime | None = None
        self._room_note: _Note | None = None

    async def step(self, now: datetime) -> Health:
        """Look, tell people what they must know, ping where all is well; return what was seen."""
        self._look()
        health = judge(self._beats, now=now, since=self._since, settings=self._settings)
        self._follow(health, now)
        await self._look_at_room(now)
        await self._send(now)
        await self._ping(health, now)
        return health

    async def run(self, stop: asyncio.Event) -> None:
        """Look every few seconds until ``stop``; a note that is on its way then is told again after the next start."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                looking = asyncio.create_task(self.step(self._clock.now()))
                await asyncio.wait({looking, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if not looking.done():
                    looking.cancel()
                    await asyncio.wait({looking})
                    return
                looking.result()
                await asyncio.wait({stopping}, timeout=self._settings.check_every_s)
        finally:
            stopping.cancel()

    async def close(self) -> None:
        """Close the way to the monitor outside; the channels belong to the notifier."""
        if self._heartbeat is not None:
            await self._heartbeat.close()

    def _look(self) -> None:
        """Read the signs of life. While the store is away the last ones stand, and lag grows from them."""
        try:
            self._beats = self._store.heartbeats()
        except RetriableError as error:
            problem = f"the store cannot be read: {error.message}"
            if problem != self._problem:  # Every five seconds the same line would hide the others.
                logger.warning("watchdog: %s", error)
            self._problem = problem
            return
        self._problem = ""
        for job, (at, detail) in list(self._unkept.items()):
            self._keep(at, detail, job)

    def _follow(self, health: Health, now: datetime) -> None:
        """Begin, repeat or end what is told of a stand."""
        if health.late:
            stand = self._stand = self._known_stand() or self._stand or self._new_stand(health, now)
            again = stand.told_at is None or (now - stand.told_at).total_seconds() >= self._settings.ring_again_s
            if again and self._note is None:
                self._note = _Note(self._standing_note(health, stand), list(self._channels), now)
        elif health.in_time and (self._stand is not None or self._told().get("standing") == 1):
            self._end_stand(now)

    def _new_stand(self, health: Health, now: datetime) -> _Stand:
        stood_at = health.engine_time or self._since
        return _Stand(occasion=f"stand {stood_at.isoformat()}", began_at=now - timedelta(seconds=health.lag_s))

    def _known_stand(self) -> _Stand | None:
        """Return the stand that this watchdog, one before it or one beside it has told of."""
        told = self._told()
        if told.get("standing") != 1:
            return None
        at = datetime.fromtimestamp(float(told["told_at_s"]), tz=self._since.tzinfo)
        began_at = datetime.fromtimestamp(float(told["began_at_s"]), tz=self._since.tzinfo)
        return _Stand(occasion=str(told["occasion"]), began_at=began_at, told_at=at, times=int(told["times"]))

    def _told(self) -> dict[str, str | int | float]:
        return dict(self._beats[JOB][1]) if JOB in self._beats else {}

    def _standing_note(self, health: Health, stand: _Stand) -> Message:
        return standing_still_note(
            lag_s=health.lag_s,
            engine_time=health.engine_time,
            still=health.still,
            problem=self._problem,
            occasion=f"{stand.occasion} {stand.times}",
            stand=stand.occasion,
        )

    def _end_stand(self, now: datetime) -> None:
        told = self._told()
        stand, self._stand = self._stand, None
        self._note = None  # Who has not heard of the stand by now need not hear of it any more.
        if told.get("standing") != 1:
            return  # Nobody was told, or another watchdog has told of the end.
        occasion = stand.occasion if stand else str(told["occasion"])
        began_at = stand.began_at.timestamp() if stand else float(told["began_at_s"])
        message = moving_again_note(stood_s=now.timestamp() - began_at, stand=occasion)
        self._keep(now, {"standing": 0, "occasion": occasion})
        self._note = _Note(message, list(self._channels), now)

    async def _look_at_room(self, now: datetime) -> None:
        """Look now and then how much room is left, and tell it where it is news."""
        if self._room is None or self._room_note is not None:
            return
        if self._room_at is not None and (now - self._room_at).total_seconds() < self._settings.room_every_s:
            return
        self._room_at = now
        try:
            room = await asyncio.to_thread(self._room)
        except OSError as error:
            logger.warning("watchdog: how much room there is cannot be seen: %s", error)
            return
        told = self._beats[ROOM_JOB][1] if ROOM_JOB in self._beats else {}
        if news := self._room_watch.note(room, now, told):
            self._room_note = _Note(news[0], list(self._channels), now, news[1])

    async def _send(self, now: datetime) -> None:
        if self._note is not None and now >= self._note.next_try_at:
            note = self._note
            told = await self._try(note, now)
            if not note.left:
                self._note = None
            if self._stand is not None and told:
                self._keep_stand(self._stand, now)
        if self._room_note is not None and now >= self._room_note.next_try_at:
            note = self._room_note
            if await self._try(note, now):
                self._keep(now, note.kept, ROOM_JOB)
            if not note.left:
                self._room_note = None

    async def _try(self, note: _Note, now: datetime) -> bool:
        """Send ``note`` to those who have not got it; return whether one took it now."""
        outcomes = await asyncio.gather(*(try_once(channel, note.message) for channel in note.left))
        tried = list(zip(note.left, outcomes, strict=True))
        for channel, outcome in tried:
            if outcome.result != "delivered":
                logger.error("watchdog: receiver %s was not told: %s", channel.receiver, outcome.detail)
        note.left = [channel for channel, outcome in tried if outcome.result == "retry"]
        waits_s = [outcome.retry_after_s or 0.0 for _, outcome in tried if outcome.result == "retry"]
        note.next_try_at = now + timedelta(seconds=max([self._settings.retry_every_s, *waits_s]))
        return any(outcome.result == "delivered" for outcome in outcomes)

    def _keep_stand(self, stand: _Stand, now: datetime) -> None:
        """Remember that people were told; the hour until they are told again runs from the first that was."""
        if stand.told_at is None or (now - stand.told_at).total_seconds() >= self._settings.ring_again_s:
            stand.told_at = now
            stand.times += 1
            detail: dict[str, str | int | float] = {
                "standing": 1,
                "occasion": stand.occasion,
                "times": stand.times,
                "told_at_s": now.timestamp(),
                "began_at_s": stand.began_at.timestamp(),
            }
            self._keep(now, detail)

    def _keep(self, now: datetime, detail: dict[str, str | int | float], job: str = JOB) -> None:
        self._beats = {**self._beats, job: (now, detail)}
        self._unkept.pop(job, None)
        try:
            self._store.beat(job, at=now, detail=detail)
        except RetriableError as error:
            self._unkept[job] = (now, detail)  # Else its end would not be told once the store is there again.
            logger.warning("watchdog: what was told could not be kept yet: %s", error)

    async def _ping(self, health: Health, now: datetime) -> None:
        if self._heartbeat is None or not health.advancing or self._problem:
            return
        if self._last_ping is not None and (now - self._last_ping).total_seconds() < self._settings.ping_every_s:
            return
        self._last_ping = now
        outcome = await self._heartbeat.ping()
        if outcome.result != "delivered":
            logger.warning("the heartbeat did not arrive: %s", outcome.detail)
