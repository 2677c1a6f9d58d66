"""Messages that come by the clock: a test where nothing was told for long, and a line a day when all is quiet.

A way that is never used breaks unnoticed, and silence of a watch may mean that it is broken. When each was sent last lies in
the store as a sign of life, so that a restart sends nothing twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from alerts.explanation.service_note import all_quiet_note, dead_delivery_note, message_for_test
from pipelines.notifying.composing import NotifyStore
from pipelines.notifying.health import engine_time_of
from pipelines.notifying.pacing import DailySpan
from pipelines.notifying.trying import try_once
from schemas.clock import Clock
from schemas.errors import RetriableError
from schemas.ports.channel import Channel, Message
from schemas.reasons import DeliveryStatus

logger = logging.getLogger(__name__)

_DAY = timedelta(days=1)
_CHECK_S = 30.0

#: Tries of one message by the clock before the others are told that it does not come through.
_TRIES = 20

#: How many hours after its time the line of a day may still come, after a pause of the service.
_LATE_H = 2


@dataclass(frozen=True)
class Regular:
    """What one receiver gets by the clock. ``test_every`` zero: no tests; ``all_quiet``: when, in ``zone``; None: never."""

    receiver: str
    test_every: timedelta = timedelta()
    all_quiet: time | None = None
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))


class RegularMessages:
    """Sends them over ``channels``, which it does not own. An instance belongs to one loop."""

    def __init__(
        self, store: NotifyStore, channels: Sequence[Channel], regulars: Sequence[Regular], clock: Clock
    ) -> None:
        self._store = store
        self._channels = {channel.receiver: channel for channel in channels}
        self._regulars = [regular for regular in regulars if regular.receiver in self._channels]
        self._clock = clock
        self._failed: dict[str, int] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Look twice a minute until ``stop``."""
        while not stop.is_set():
            try:
                await self.step(self._clock.now())
            except RetriableError as error:
                logger.warning("messages by the clock wait: %s", error)
            try:
                await asyncio.wait_for(stop.wait(), _CHECK_S)
            except TimeoutError:
                continue

    async def step(self, now: datetime) -> None:
        """Send what is due at ``now``; :raises RetriableError: the store cannot be reached."""
        beats = self._store.heartbeats()
        for regular in self._regulars:
            if regular.test_every:
                await self._test(regular, beats, now)
            if regular.all_quiet is not None:
                await self._all_quiet(regular, beats, now)

    async def _test(self, regular: Regular, beats: Mapping[str, tuple[datetime, object]], now: datetime) -> None:
        name = f"test {regular.receiver}"
        if name not in beats:
            # Where it begins to count: `init` has sent a test already, and a restart of all is no reason for one.
            self._store.beat(name, at=now, detail={})
            return
        last = beats[name][0]
        if now - last < regular.test_every or self._told_since(regular.receiver, now - regular.test_every):
            return
        await self._send(regular.receiver, name, message_for_test(regular.receiver, occasion=last.isoformat()), now)

    async def _all_quiet(self, regular: Regular, beats: Mapping[str, tuple[datetime, object]], now: datetime) -> None:
        assert regular.all_quiet is not None
        around = DailySpan(regular.all_quiet, _later(regular.all_quiet), regular.zone).around(now)
        name = f"all quiet {regular.receiver}"
        if around is None or (name in beats and beats[name][0] >= around[0]):
            return
        if self._told_since(regular.receiver, around[0] - _DAY):
            self._store.beat(name, at=now, detail={"told": 0})
            return
        since = around[0] - _DAY
        rang = self._rang_since(since)
        note = all_quiet_note(
            since=since, engine_time=engine_time_of(self._store.heartbeats()), rang=rang, receiver=regular.receiver
        )
        await self._send(regular.receiver, name, note, now)

    def _told_since(self, receiver: str, since: datetime) -> bool:
        # What was planned long before and accepted since counts by its end; a day more is enough for that.
        planned = self._store.deliveries_since(receiver, since - _DAY)
        return any(
            one.status is DeliveryStatus.DELIVERED and one.ended_at is not None and one.ended_at >= since
            for one in planned
        )

    def _rang_since(self, since: datetime) -> int:
        """Return how many alerts opened, for anybody, as far as the receivers' deliveries tell."""
        opened = {
            one.alert_id for name in self._channels for one in self._store.deliveries_since(name, since) if one.alert_id
        }
        return len(opened)

    async def _send(self, receiver: str, name: str, message: Message, now: datetime) -> None:
        outcome = await try_once(self._channels[receiver], message)
        if outcome.result == "delivered":
            self._failed.pop(name, None)
            self._store.beat(name, at=now, detail={"told": 1})
            return
        self._failed[name] = self._failed.get(name, 0) + 1
        if outcome.result == "retry" and self._failed[name] < _TRIES:
            return
        logger.error("receiver %s does not get messages: %s", receiver, outcome.detail)
        note = dead_delivery_note(receiver, message, outcome.detail)
        for other, channel in self._channels.items():
            if other != receiver:
                await try_once(channel, note)
        self._failed.pop(name, None)
        self._store.beat(name, at=now, detail={"told": 0})


def _later(clock: time) -> time:
    """Return the time of day until which the line of a day may still come."""
    return clock.replace(hour=(clock.hour + _LATE_H) % 24)
