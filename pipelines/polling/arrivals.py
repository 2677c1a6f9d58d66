"""Tasks as they end: each tells of itself, so that waiting for a thousand costs no more than each of them once."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Arrivals(Generic[Result]):
    """What has ended of ``tasks`` and was not taken yet. An instance belongs to one event loop."""

    def __init__(self, tasks: Collection[asyncio.Task[Result]]) -> None:
        self._arrived: list[asyncio.Task[Result]] = []
        self._running = len(tasks)
        self._all: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        for task in tasks:
            task.add_done_callback(self._arrive)

    @property
    def complete(self) -> bool:
        """Whether every task has ended."""
        return not self._running

    @property
    def awaited(self) -> bool:
        """Whether there is something to wait for or to take."""
        return bool(self._running or self._arrived)

    async def wait(self, timeout_s: float) -> None:
        """Wait until all have ended, at most ``timeout_s``."""
        if self._running:
            await asyncio.wait({self._all}, timeout=timeout_s)

    def take(self) -> list[asyncio.Task[Result]]:
        """Return what has ended since the last time."""
        taken, self._arrived = self._arrived, []
        return taken

    def _arrive(self, task: asyncio.Task[Result]) -> None:
        self._arrived.append(task)
        self._running -= 1
        if not self._running and not self._all.done():
            self._all.set_result(None)
