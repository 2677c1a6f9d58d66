"""Which transfers are ended, and when: looks are counted, no time passes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from connectors.feeds.transfers import Transfer, TransferWatch

#: One look a second, so that none but those of the test happen.
TOTAL, SILENCE, CONNECTING = 60, 20, 15


class Request:
    """A transfer in a task of its own that waits for ever."""

    def __init__(self, watch: TransferWatch, wait: Callable[[], Awaitable[object]] | None = None) -> None:
        self.watch = watch
        self.transfer: Transfer
        self._wait = wait or asyncio.Event().wait
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> str:
        with self.watch.transfer() as self.transfer:
            await self._wait()
        return "whole"

    async def looks_until_ended(self, at_most: int = 200) -> int:
        """Look until it is ended; return after how many looks, 0: it never was."""
        await asyncio.sleep(0)
        for looks in range(1, at_most + 1):
            self.watch.look()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            if self.task.done():
                return looks
        return 0


def watch() -> TransferWatch:
    return TransferWatch(total_s=TOTAL, silence_s=SILENCE, connect_s=CONNECTING)


def test_one_without_an_answer_is_ended_once_there_was_time_to_connect_and_to_answer() -> None:
    async def go() -> None:
        request = Request(watch())
        assert await request.looks_until_ended() == CONNECTING + SILENCE + 1
        with pytest.raises(TimeoutError):
            await request.task

    asyncio.run(go())


def test_one_that_falls_silent_is_ended() -> None:
    async def go() -> None:
        request = Request(watch())
        await asyncio.sleep(0)
        request.transfer.hears()
        assert await request.looks_until_ended() == SILENCE + 1
        with pytest.raises(TimeoutError):
            await request.task

    asyncio.run(go())


def test_one_that_brings_a_little_for_ever_is_ended_when_its_time_is_over() -> None:
    async def go() -> None:
        of_all = watch()
        request = Request(of_all)
        await asyncio.sleep(0)
        for _ in range(TOTAL):
            request.transfer.hears()
            of_all.look()
            await asyncio.sleep(0)
        assert not request.task.done()
        request.transfer.hears()
        assert await request.looks_until_ended() == 1

    asyncio.run(go())


def test_nothing_is_ended_while_something_else_is_waited_for_and_that_time_does_not_count() -> None:
    async def go() -> None:
        of_all = watch()
        request = Request(of_all)
        await asyncio.sleep(0)
        of_all.look()
        request.transfer.pause()
        assert await request.looks_until_ended(2 * TOTAL) == 0
        request.transfer.resume()
        request.transfer.asks()
        for _ in range(TOTAL - 1):
            request.transfer.hears()
            of_all.look()
        request.transfer.asks()
        of_all.look()
        with pytest.raises(TimeoutError):
            request.transfer.asks()
        assert await request.looks_until_ended() == 1

    asyncio.run(go())


def test_the_next_request_of_a_redirect_has_time_to_connect_again() -> None:
    async def go() -> None:
        request = Request(watch())
        assert await request.looks_until_ended(10) == 0
        request.transfer.asks()
        assert await request.looks_until_ended() == CONNECTING + SILENCE + 1

    asyncio.run(go())


def test_others_go_on_and_are_not_watched_once_they_are_whole() -> None:
    async def go() -> None:
        of_all = watch()
        asked = asyncio.Event()
        silent, quick = Request(of_all), Request(of_all, asked.wait)
        await asyncio.sleep(0)
        asked.set()
        assert await quick.task == "whole"
        assert of_all.under_way == {silent.transfer}
        await silent.looks_until_ended()
        assert not of_all.under_way

    asyncio.run(go())


def test_what_is_cancelled_from_outside_stays_cancelled() -> None:
    async def go() -> None:
        of_all = watch()
        alone, both = Request(of_all), Request(of_all)
        await asyncio.sleep(0)
        alone.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await alone.task
        for _ in range(CONNECTING + SILENCE + 1):
            of_all.look()
        both.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await both.task
        assert both.task.cancelling() == 1

    asyncio.run(go())


def test_a_task_goes_on_after_its_transfer_was_ended() -> None:
    async def go() -> None:
        of_all = watch()

        async def twice() -> str:
            try:
                with of_all.transfer():
                    await asyncio.Event().wait()
            except TimeoutError:
                await asyncio.sleep(0)
                return "later"
            return "never"

        task = asyncio.create_task(twice())
        await asyncio.sleep(0)
        for _ in range(CONNECTING + SILENCE + 2):
            of_all.look()
        assert await task == "later"
        assert task.cancelling() == 0

    asyncio.run(go())
