"""Looks at feeds, a few workers for all of them: feeds in, what was found out as it comes. It judges nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass

from connectors.feeds.standing import FeedStanding
from pipelines.polling.line import Line, Place
from pipelines.polling.looking import Look

#: What is waited for in the line: the round it belongs to, and the feed as it stands.
Turn = tuple["Round", FeedStanding]
Looking = Callable[[FeedStanding, str], Awaitable[Look]]
#: What more is to be found out before a look has ended, where anything is; it takes no turn from those who wait.
Following = Callable[[Look], Awaitable[Look] | None]


#: So many times in what is long for a look it is looked whether any lasts that long.
_LOOKS = 4

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


@dataclass(slots=True)
class _Worker:
    """What a worker does: for whom, since when by the loop's clock, in what place. ``round``: None between two looks."""

    round: Round | None = None
    began_s: float = 0.0
    place: Place = Place.DOUBTFUL


class Sender:
    """Sends looks in the order they are asked for, within the limits of ``line``. One that lasts ``long_s`` makes room for
    another. Belongs to one event loop."""

    def __init__(self, line: Line[Turn], looking: Looking, following: Following, *, long_s: float) -> None:
        self._line = line
        self._looking = looking
        self._following = following
        self._long_s = long_s
        self._workers: dict[asyncio.Task[None], _Worker] = {}
        self._timer: asyncio.TimerHandle | None = None

    def send(self, asked: Iterable[tuple[str, FeedStanding]]) -> Round:
        """Begin to look at feeds, each with its host; return where what is found out arrives."""
        round_ = Round()
        for host, standing in asked:
            round_.begin()
            self._line.put(host, (round_, standing), doubtful=standing.told.consecutive_failures > 0)
        self._start_workers()
        return round_

    async def give_up(self, round_: Round) -> None:
        """End what is still on its way of ``round_``, without an answer."""
        self._line.drop(lambda item: item[0] is round_)
        ending = [task for task, worker in self._workers.items() if worker.round is round_]
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
            worker = _Worker()
            self._watched(self._work(worker), worker)
        if self._timer is None and self._workers:
            self._timer = asyncio.get_running_loop().call_later(self._long_s / _LOOKS, self._make_room)

    def _watched(self, work: Coroutine[object, object, None], worker: _Worker) -> None:
        task = asyncio.create_task(work)
        self._workers[task] = worker
        task.add_done_callback(self._workers.pop)

    def _make_room(self) -> None:
        """Move looks that last long out of the way of others; done by itself while there are any."""
        self._timer = None
        long_ago_s = asyncio.get_running_loop().time() - self._long_s
        for worker in self._workers.values():
            if worker.place is Place.PROMPT and worker.round is not None and worker.began_s <= long_ago_s:
                if not self._line.lasts():
                    break
                worker.place = Place.LONG
        self._start_workers()

    async def _work(self, me: _Worker) -> None:
        time = asyncio.get_running_loop().time
        while (turn := self._line.take()) is not None:
            host, (round_, standing), me.place = turn
            me.round, me.began_s = round_, time()
            try:
                found: Look | BaseException = await self._looking(standing, host)
            except Exception as error:  # noqa: BLE001 - it is raised where the round is taken in.
                found = error
            finally:
                self._line.leave(host, me.place)
                me.round = None
            if isinstance(found, BaseException) or not self._follow(round_, found):
                round_.end(found)

    def _follow(self, round_: Round, look: Look) -> bool:
        """Begin what follows on ``look`` within its round; False: nothing does."""
        following = self._following(look)
        if following is None:
            return False
        self._watched(self._finish(round_, following), _Worker(round_))
        return True

    async def _finish(self, round_: Round, following: Awaitable[Look]) -> None:
        try:
            found: Look | BaseException = await following
        except Exception as error:  # noqa: BLE001 - it is raised where the round is taken in.
            found = error
        round_.end(found)
