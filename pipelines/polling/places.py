"""Places for requests: so many in all, so many for one host. Who waits for a slow host takes no place from others."""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType


class Places:
    """Gives places in the order they are asked for, as far as hosts allow. An instance belongs to one event loop."""

    def __init__(self, in_all: int, per_host: int) -> None:
        self._free = in_all
        self._per_host = per_host
        self._taken: dict[str, int] = {}
        self._waiting: deque[tuple[str, asyncio.Future[None]]] = deque()

    def at(self, host: str) -> _Place:
        """Return a place for one request to ``host``, to be entered and left as a context."""
        return _Place(self, host)

    async def take(self, host: str) -> None:
        """Wait for a place and take it."""
        if self._free and self._taken.get(host, 0) < self._per_host:
            self._count(host, 1)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((host, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave(host)  # It was given in the very moment in which nobody wanted it any more.
            raise

    def leave(self, host: str) -> None:
        """Give the place back, to the first that waits and may have it."""
        self._count(host, -1)
        for _ in range(len(self._waiting)):
            waiting, turn = self._waiting[0]
            if turn.done():
                self._waiting.popleft()
            elif self._taken.get(waiting, 0) < self._per_host:
                self._waiting.popleft()
                self._count(waiting, 1)
                turn.set_result(None)
                return
            else:
                self._waiting.rotate(-1)  # Its host is busy; the next one is asked.

    def _count(self, host: str, change: int) -> None:
        self._free -= change
        self._taken[host] = self._taken.get(host, 0) + change
        if not self._taken[host]:
            del self._taken[host]


class _Place:
    def __init__(self, places: Places, host: str) -> None:
        self._places = places
        self._host = host

    async def __aenter__(self) -> None:
        await self._places.take(self._host)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._places.leave(self._host)
