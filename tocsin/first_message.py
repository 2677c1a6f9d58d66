"""The harmless message `tocsin init` sends, so that a receiver is known to work before anything depends on it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from pydantic import TypeAdapter, ValidationError

from alerts.explanation.service_note import message_for_test
from connectors.channels.open import open_channel
from connectors.channels.settings import ChannelSettings
from connectors.clock import SystemClock
from schemas.errors import TocsinError, UsageError
from tocsin.toml_text import TomlValue

_CHANNEL: TypeAdapter[ChannelSettings] = TypeAdapter(ChannelSettings)


class NotDeliveredError(TocsinError):
    """The receiver did not take the message."""


def send_test_message(receiver: Mapping[str, TomlValue]) -> str:
    """Send a test message to ``receiver`` (the keys of a ``[[receivers]]``); return what it answered.

    :raises UsageError: a key holds what it may not, or its secret cannot be read.
    :raises NotDeliveredError: it did not take the message.
    """
    return asyncio.run(_send(checked_receiver(receiver)))


def checked_receiver(receiver: Mapping[str, TomlValue]) -> ChannelSettings:
    """Return the settings of ``receiver``; :raises UsageError: a key holds what it may not."""
    try:
        return _CHANNEL.validate_python(dict(receiver))
    except ValidationError as error:
        mistake = error.errors()[0]
        message = str(mistake["msg"]).removeprefix("Value error, ")
        key = ".".join(str(part) for part in mistake["loc"][1:])
        raise UsageError(f"{key}: {message}" if key else message, remedy="correct the answer") from None


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
