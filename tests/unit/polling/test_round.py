"""What is waited for: a group of looks that brought nothing, or all; documents wait for the end of the lingering."""

from __future__ import annotations

import asyncio

import pytest

from connectors.feeds.standing import FeedStanding, at_start
from pipelines.polling.line import Line, Places
from pipelines.polling.looking import Answered, Failed, Look
from pipelines.polling.sending import GROUP, Round, Sender, Turn
from tests.unit.feeds.made import FEED, NOW, document, entry


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


def test_a_look_that_lasts_makes_room_for_the_next() -> None:
    """One place, and one for who lasts: the second is asked while the first has not answered, the third is not."""

    async def go() -> None:
        asked: list[str] = []
        answers = asyncio.Event()

        async def look(standing: FeedStanding, _: str) -> Look:
            asked.append(standing.feed.id)
            await answers.wait()
            return idle(1)

        line: Line[Turn] = Line(Places(1, long=1), 1)
        sender = Sender(line, look, lambda _: None, long_s=0.01)
        feeds = [FEED.model_copy(update={"id": name}) for name in "abc"]
        round_ = sender.send([(feed.id, at_start(feed, None, NOW)) for feed in feeds])
        while len(asked) < 2:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.1)
        assert asked == ["a", "b"]
        answers.set()
        while not round_.complete:
            await round_.wait(None)
        assert asked == ["a", "b", "c"]
        assert (line.take(), len(round_.take())) == (None, 3)
        for host in "abcd":
            line.put(host, (round_, at_start(FEED, None, NOW)))
        assert line.turns == 1, "each place was given back as what it was"

    asyncio.run(go())
