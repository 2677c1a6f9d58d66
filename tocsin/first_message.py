"""The harmless message `tocsin init` sends, so that a receiver is known to work before anything depends on it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from pydantic import TypeAdapter

from alerts.explanation.service_note import message_for_test
from connectors.channels.open import open_channel
from connectors.channels.settings import ChannelSettings
from connectors.clock import SystemClock
from schemas.errors import TocsinError
from tocsin.new_workplace import TomlValue

_CHANNEL: TypeAdapter[ChannelSettings] = TypeAdapter(ChannelSettings)


class NotDeliveredError(TocsinError):
    """The receiver did not take the message."""


def send_test_message(receiver: Mapping[str, TomlValue]) -> str:
    """Send a test message to ``receiver`` (checked keys of a ``[[receivers]]``); return what it answered.

    :raises UsageError: its secret cannot be read.
    :raises NotDeliveredError: it did not take the message.
    """
    settings = _CHANNEL.validate_python(dict(receiver))
    return asyncio.run(_send(settings))


async def _send(settings: ChannelSettings) -> str:
    clock = SystemClock()
    channel = open_channel(settings, clock=clock)
    try:
        outcome = await channel.send(message_for_test(settings.name, occasion=clock.now().isoformat()))
    finally:
        await channel.close()
    if outcome.result != "delivered":
        raise NotDeliveredError(
            f"the test message did not reach {settings.name}: {outcome.detail}",
            remedy="correct what it says, or leave the test out with --no-test",
        )
    return outcome.detail
