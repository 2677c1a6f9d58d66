"""Why the service ended for good ──▶ one last message through every receiver, which the watchdog cannot send any more.

A service manager may start what cannot work again each minute: what was told is remembered in a file, by its reason.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from alerts.explanation.service_note import ended_note
from pipelines.notifying.trying import try_once
from schemas.clock import Clock
from schemas.ports.channel import Channel, Message
from tocsin.receivers import ways_that_open
from tocsin.settings import Workplace

logger = logging.getLogger(__name__)

#: What was told, in the folder of the settings: reasons with the moment of each.
TOLD_FILE = Path("data/told-of-the-end.json")

#: The same reason is told again after this time.
TOLD_AGAIN = timedelta(hours=12)

_TRIES = 3
_PAUSE_S = 5.0


def tell_of_the_end(
    workplace: Workplace, reason: str, *, clock: Clock, stopping: Callable[[], bool] = lambda: False
) -> None:
    """Tell every receiver that can be reached that the watch ended because of ``reason``, unless that was told lately.
    Takes at most a minute and a half; given up between two tries once ``stopping``."""
    now = clock.now()
    book = workplace.folder / TOLD_FILE
    told = _told(book, now)
    if _key(reason) in told:
        logger.warning("the receivers were told of this end at %s", told[_key(reason)])
        return
    logger.warning("the receivers are told that the watch has ended")
    channels = ways_that_open(workplace).channels
    note = ended_note(reason, folder=str(workplace.folder.absolute()), now=now)
    if asyncio.run(send_to_all(note, channels, stopping=stopping)):
        _keep(book, {**told, _key(reason): now.isoformat()})


async def send_to_all(
    note: Message, channels: Sequence[Channel], *, stopping: Callable[[], bool], pause_s: float = _PAUSE_S
) -> bool:
    """Send ``note`` through ``channels`` and close them, those that may answer later a few times; return whether one took
    it."""
    left, taken = list(channels), False
    try:
        for turn in range(_TRIES):
            if turn:
                await asyncio.sleep(pause_s)
            outcomes = await asyncio.gather(*(try_once(channel, note) for channel in left))
            tried = list(zip(left, outcomes, strict=True))
            for channel, outcome in tried:
                if outcome.result != "delivered":
                    logger.error("receiver %s was not told of the end: %s", channel.receiver, outcome.detail)
            taken = taken or any(outcome.result == "delivered" for outcome in outcomes)
            left = [channel for channel, outcome in tried if outcome.result == "retry"]
            if not left or stopping():
                break
    finally:
        await asyncio.gather(*(channel.close() for channel in channels))
    return taken


def _key(reason: str) -> str:
    """Return what makes two reasons the same: not the process ids, places and sizes in them."""
    return re.sub(r"\d+", "#", reason)


def _told(book: Path, now: datetime) -> dict[str, str]:
    """Return what was told within the last hours; what cannot be read was not told."""
    try:
        kept = json.loads(book.read_text(encoding="utf-8"))
        return {
            str(reason): str(at)
            for reason, at in kept.items()
            if timedelta(0) <= now - datetime.fromisoformat(at) < TOLD_AGAIN
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _keep(book: Path, told: dict[str, str]) -> None:
    try:
        book.parent.mkdir(parents=True, exist_ok=True)
        beside = book.with_name(f".{book.name}.{os.getpid()}")
        beside.write_text(json.dumps(told), encoding="utf-8")
        beside.replace(book)
    except OSError as error:
        logger.warning("that the receivers were told could not be kept; a restart tells them again: %s", error)
