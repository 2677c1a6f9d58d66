"""What is waited for: a group of looks that brought nothing, or all; documents wait for the end of the lingering."""

from __future__ import annotations

import asyncio

import pytest

from pipelines.polling.looking import Answered, Failed, Look
from pipelines.polling.sending import GROUP, Round
from tests.unit.feeds.made import document, entry


def idle(number: int) -> Look:
    return Look(f"idle{number}", Answered(None, None, None, None) if number % 2 else Failed("no connection"))


def full(number: int) -> Look:
    return Look(f"full{number}", Answered(document(entry("a")), None, None, "body"))


def begun(looks: int) -> Round:
    made = Round()
    for _ in range(looks):
        made.begin()
    return made


def test_a_group_that_brought_nothing_is_worth_a_turn_and_documents_wait() -> None:
    async def go() -> None:
        made = begun(GROUP + 3)
        made.end(full(0))
        for number in range(GROUP - 1):
            made.end(idle(number))
        waiting = asyncio.create_task(made.wait(None))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not waiting.done()
        made.end(idle(GROUP))
        await asyncio.wait_for(waiting, 30)
        assert len(made.take_idle()) == GROUP
        assert not made.complete
        assert [look.feed_id for look in made.take()] == ["full0"]
        assert made.awaited, "two have not ended"

    asyncio.run(go())


def test_all_are_waited_for_where_they_are_few() -> None:
    async def go() -> None:
        made = begun(2)
        waiting = asyncio.create_task(made.wait(None))
        made.end(full(0))
        await asyncio.sleep(0)
        made.end(idle(0))
        await asyncio.wait_for(waiting, 30)
        assert made.complete
        assert [look.feed_id for look in made.take()] == ["idle0", "full0"]
        assert not made.awaited

    asyncio.run(go())


def test_the_time_to_linger_ends_the_wait() -> None:
    async def go() -> None:
        made = begun(1)
        await asyncio.wait_for(made.wait(0.0), 30)
        assert not made.complete

    asyncio.run(go())


def test_what_a_look_raised_is_raised_once_and_nothing_is_lost() -> None:
    async def go() -> None:
        made = begun(3)
        made.end(full(0))
        made.end(ValueError("a bug"))
        made.end(idle(0))
        with pytest.raises(ValueError, match="a bug"):
            made.take()
        assert [look.feed_id for look in made.take()] == ["idle0", "full0"]

    asyncio.run(go())
