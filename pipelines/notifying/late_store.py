"""A store that cannot be opened yet ──asked again──▶ the store; meanwhile the watchdog looks, and rings when it lasts.

After a power cut the database may come up after the watch, or not at all: somebody must hear of it all the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from pipelines.watchdog import Watchdog
from schemas.clock import Clock
from schemas.errors import RetriableError, StoreUnavailableError
from schemas.ports.store import Store

logger = logging.getLogger(__name__)

_LONGEST_PAUSE_S = 30.0


class LateStore:
    """Opens the store with ``open_store`` until that succeeds, and keeps its signs of life: a ``HeartbeatStore``."""

    def __init__(self, open_store: Callable[[], Store]) -> None:
        self._open = open_store
        self._store: Store | None = None
        self._why = "it was not opened yet"

    def opened(self) -> Store:
        """Return the store; :raises RetriableError: it cannot be opened now. Blocks as long as one try takes."""
        if self._store is None:
            try:
                self._store = self._open()
            except RetriableError as error:
                self._why = error.message
                raise
        return self._store

    def beat(self, job: str, *, at: datetime, detail: Mapping[str, str | int | float]) -> None:
        """Record that ``job`` advanced; :raises StoreUnavailableError: the store is not there, or not there yet."""
        self._there().beat(job, at=at, detail=detail)

    def heartbeats(self) -> Mapping[str, tuple[datetime, Mapping[str, str | int | float]]]:
        """Return the signs of life; :raises StoreUnavailableError: the store is not there, or not there yet."""
        return self._there().heartbeats()

    def close(self) -> None:
        """Close the store where it was opened; idempotent."""
        if self._store is not None:
            self._store.close()

    def _there(self) -> Store:
        if self._store is None:
            raise StoreUnavailableError(self._why)
        return self._store


async def store_when_there(late: LateStore, watchdog: Watchdog, clock: Clock, stop: asyncio.Event) -> Store | None:
    """Return the store once it can be opened, None after ``stop``; ``watchdog`` looks after each try that failed.

    :raises FatalError: it never can be, as it is.
    """
    failures = 0
    while not stop.is_set():
        try:
            return late.opened()
        except RetriableError as error:
            failures += 1
            logger.warning("notify waits for its store: %s", error)
        await watchdog.step(clock.now())
        try:
            await asyncio.wait_for(stop.wait(), min(_LONGEST_PAUSE_S, 0.5 * 2.0**failures))
        except TimeoutError:
            continue
    return None
