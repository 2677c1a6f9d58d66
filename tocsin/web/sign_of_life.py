"""The sign of life of the job `web`: where the page is, or what keeps it from being there, for `tocsin status`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from schemas.clock import Clock
from schemas.errors import RetriableError, TocsinError
from schemas.ports.store import HeartbeatStore
from tocsin.settings import Workplace

logger = logging.getLogger(__name__)

#: Its row among the signs of life.
JOB = "web"

_EVERY_S = 30.0


class SignOfLife:
    """Tells ``store`` how the page of ``workplace`` is."""

    def __init__(self, workplace: Workplace, store: HeartbeatStore, clock: Clock) -> None:
        self._page = f"{workplace.settings.web.host}:{workplace.settings.web.port}"
        self._store = store
        self._clock = clock

    async def serves(self, every_s: float = _EVERY_S) -> None:
        """Tell again and again that the page is there, until cancelled."""
        while True:
            await asyncio.to_thread(self._tell, {"page": self._page})
            await asyncio.sleep(every_s)

    def cannot(self, error: TocsinError) -> None:
        """Tell that the page is not there."""
        self._tell({"page": self._page, "problem": error.message + (f" ({error.remedy})" if error.remedy else "")})

    def _tell(self, detail: Mapping[str, str]) -> None:
        try:
            self._store.beat(JOB, at=self._clock.now(), detail=detail)
        except RetriableError as error:
            logger.debug("the sign of life of the page could not be given: %s", error)
