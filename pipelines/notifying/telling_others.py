"""A try at one receiver that failed ──▶ the log, and a note through every other channel: who counts on it must know.

It keeps nothing: a restart begins anew, so a note may come twice and is never lost to a crash.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime

from alerts.explanation.service_note import dead_delivery_note, reached_again_note, unreached_note
from pipelines.notifying.outages import Outages
from pipelines.notifying.trying import try_once
from schemas.ports.channel import Channel, Message
from schemas.ports.store import Delivery

logger = logging.getLogger(__name__)


class TellingOthers:
    """Over ``channels`` by receiver. An outage is told after ``unreached_s``; that it lasts, and that a delivery is dead,
    once in ``note_every_s``. A try takes ``longest_try_s`` at most."""

    def __init__(
        self, channels: Mapping[str, Channel], *, longest_try_s: float, unreached_s: float, note_every_s: float
    ) -> None:
        self._channels = channels
        self._longest_try_s = longest_try_s
        self._note_every_s = note_every_s
        self._outages = Outages(unreached_s, note_every_s)
        self._dead_told_at: dict[str, datetime] = {}

    async def of_dead(self, dead: Delivery, message: Message, now: datetime) -> None:
        """Say that ``dead`` was not delivered and is not tried again."""
        logger.error("receiver %s did not get %s: %s", dead.receiver, dead.message_id, dead.reason)
        last = self._dead_told_at.get(dead.receiver)
        if last is not None and (now - last).total_seconds() < self._note_every_s:
            return
        if await self._tell(dead.receiver, dead_delivery_note(dead.receiver, message, dead.reason)):
            self._dead_told_at[dead.receiver] = now

    async def of_outage(self, waiting: Delivery, message: Message, now: datetime) -> None:
        """Say that ``waiting`` could not be delivered yet: in the log at once, to the others when it lasts."""
        receiver, outages = waiting.receiver, self._outages
        if outages.begins(receiver, now):
            logger.warning("receiver %s cannot be reached and is tried again: %s", receiver, waiting.reason)
        if outages.due(receiver, now):
            note = unreached_note(receiver, message, waiting.reason, since=outages.since(receiver), now=now)
            if await self._tell(receiver, note):
                outages.told(receiver, now)

    async def of_its_end(self, receiver: str, now: datetime) -> None:
        """Say that ``receiver`` took a message after some that failed, to those who know that they did."""
        if (ended := self._outages.ends(receiver)) is None:
            return
        since, told = ended
        logger.warning("receiver %s is reached again after %.0f s", receiver, (now - since).total_seconds())
        if told:
            await self._tell(receiver, reached_again_note(receiver, since=since, now=now))

    async def _tell(self, receiver: str, note: Message) -> bool:
        """Send ``note`` through every channel but that of ``receiver``, one try each; return whether one took it."""
        others = [channel for name, channel in self._channels.items() if name != receiver]
        tries = (try_once(channel, note, longest_try_s=self._longest_try_s) for channel in others)
        outcomes = await asyncio.gather(*tries)
        for channel, outcome in zip(others, outcomes, strict=True):
            if outcome.result != "delivered":
                logger.error("receiver %s could not be told of it either: %s", channel.receiver, outcome.detail)
        return any(outcome.result == "delivered" for outcome in outcomes)
