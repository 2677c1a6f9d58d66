"""Looks at feeds, a few workers for all of them: feeds in, what was found out as it comes. It judges nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from connectors.feeds.standing import FeedStanding
from pipelines.polling.line import Line
from pipelines.polling.looking import Look

#: What is waited for in the line: the round it belongs to, and the feed as it stands.
Turn = tuple["Round", FeedStanding]
Looking = Callable[[FeedStanding, str], Awaitable[Look]]
#: What more is to be found out before a look has ended, where anything is; it takes no turn from those who wait.
Following = Callable[[Look], Awaitable[Look] | None]


#: So many looks that brought nothing are worth a turn of their own.
GROUP = 48


class Round:
    """The looks that one call sent: what has ended and was not taken yet. An instance belongs to one event loop."""

    def __init__(self) -> None:
        self._idle: list[Look] = []
        self._full: list[Look] = []
        self._left = 0
        self._error: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def complete(self) -> bool:
        """Whether every look has ended."""
        return not self._left

    @property
    def awaited(self) -> bool:
        """Whether there is something to wait for or to take."""
        return bool(self._left or self._idle or self._full or self._error is not None)

    async def wait(self, timeout_s: float | None) -> None:
        """Wait until all have ended, or a group of those without articles has; at most ``timeout_s``."""
        if self._left:
            self._waiter = asyncio.get_running_loop().create_future()
            await asyncio.wait({self._waiter}, timeout=timeout_s)
            self._waiter = None

    def take(self) -> list[Look]:
        """Return what has ended since the last time; whatever a look raised is raised here."""
        idle = self.take_idle()
        full, self._full = self._full, []
        return [*idle, *full]

    def take_idle(self) -> list[Look]:
        """Return what has ended without articles; errors as :meth:`take`.

        What is done with it soon costs less: it is still at hand for the processor, and makes room for the next.
        """
        error, self._error = self._error, None
        if error is not None:
            raise error
        idle, self._idle = self._idle, []
        return idle

    def begin(self) -> None:
        """Note that one more is to be waited for."""
        self._left += 1

    def end(self, found: Look | BaseException) -> None:
        """Take in what a look has found, or what it raised."""
        if isinstance(found, BaseException):
            self._error = found
        elif found.has_document:
            self._full.append(found)
        else:
            self._idle.append(found)
        self._left -= 1
        waiter = self._waiter
        if waiter is not None and (not self._left or len(self._idle) >= GROUP) and not waiter.done():
            waiter.set_result(None)


class Sender:
    """Sends looks in the order they are asked for, within the limits of ``line``. Belongs to one event loop."""

    def __init__(self, line: Line[Turn], looking: Looking, following: Following) -> None:
        self._line = line
        self._looking = looking
        self._following = following
        self._workers: dict[asyncio.Task[None], Round | None] = {}

    def send(self, asked: Iterable[tuple[str, FeedStanding]]) -> Round:
        """Begin to look at feeds, each with its host; return where what is found out arrives."""
        round_ = Round()
        for host, standing in asked:
            round_.begin()
            self._line.put(host, (round_, standing))
        self._start_workers()
        return round_

    async def give_up(self, round_: Round) -> None:
        """End what is still on its way of ``round_``, without an answer."""
        self._line.drop(lambda item: item[0] is round_)
        ending = [worker for worker, at_work_for in self._workers.items() if at_work_for is round_]
        for worker in ending:
            worker.cancel()
        if ending:
            await asyncio.wait(ending)
        self._start_workers()

    def enter(self, host: str) -> bool:
        """Take room at ``host`` for a request of another kind; False: it has none."""
        return self._line.enter(host)

    def exit(self, host: str) -> None:
        """Give back room at ``host``; who waited for it is served."""
        self._line.exit(host)
        self._start_workers()

    def _start_workers(self) -> None:
        for _ in range(self._line.turns):
            worker = asyncio.create_task(self._work())
            self._workers[worker] = None
            worker.add_done_callback(self._workers.pop)

    async def _work(self) -> None:
        me = asyncio.current_task()
        assert me is not None
        while (turn := self._line.take()) is not None:
            host, (round_, standing) = turn
            self._workers[me] = round_
            try:
                found: Look | BaseException = await self._looking(standing, host)
            except Exception as error:  # noqa: BLE001 - it is raised where the round is taken in.
                found = error
            finally:
                self._line.leave(host)
            self._workers[me] = None
            if isinstance(found, BaseException) or not self._follow(round_, found):
                round_.end(found)

    def _follow(self, round_: Round, look: Look) -> bool:
        """Begin what follows on ``look`` within its round; False: nothing does."""
        following = self._following(look)
        if following is None:
            return False
        task = asyncio.create_task(self._finish(round_, following))
        self._workers[task] = round_
        task.add_done_callback(self._workers.pop)
        return True

    async def _finish(self, round_: Round, following: Awaitable[Look]) -> None:
        try:
            found: Look | BaseException = await following
        except Exception as error:  # noqa: BLE001 - it is raised where the round is taken in.
            found = error
        round_.end(found)
