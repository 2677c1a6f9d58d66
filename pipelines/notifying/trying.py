"""One try at one channel, bounded, whatever the channel does."""

from __future__ import annotations

import asyncio
import logging

from schemas.ports.channel import Channel, Message, Outcome

logger = logging.getLogger(__name__)

#: Longer than the longest time-out the settings allow a channel.
LONGEST_TRY_S = 25.0


async def try_once(channel: Channel, message: Message, *, longest_try_s: float = LONGEST_TRY_S) -> Outcome:
    """Return what became of sending ``message`` over ``channel``; given up after ``longest_try_s``."""
    try:
        async with asyncio.timeout(longest_try_s):
            return await channel.send(message)
    except TimeoutError:
        return Outcome(result="retry", detail=f"given up after {longest_try_s:g} s", may_have_arrived=True)
    except Exception as error:
        # A defect of one channel must not keep the others from ringing; it is logged whole, and told by type only,
        # because the text of an unforeseen error could hold anything.
        logger.exception("the channel of receiver %s failed", channel.receiver)
        return Outcome(result="retry", detail=f"the channel failed: {type(error).__name__}", may_have_arrived=True)
