"""Translations of headlines for messages: asked for when a message needs them, waited for a moment, kept for the next.

A message never waits longer than ``wait_s``: it then goes out with the originals alone, and what comes later serves the next
receiver. After a failure nobody waits for a while.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Sequence

from alerts.explanation.foreign import ForeignTitle
from schemas.clock import Clock
from schemas.ports.translation import Translator

logger = logging.getLogger(__name__)

_KEPT = 4096
_AT_ONCE = 16
_PAUSE_S = 300.0


class Translations:
    """Keeps what ``translator`` said, by headline; owns it. ``target``: the language people read (ISO 639-1)."""

    def __init__(self, translator: Translator, clock: Clock, *, target: str, wait_s: float = 1.5) -> None:
        self.target = target
        self._translator = translator
        self._clock = clock
        self._wait_s = wait_s
        self._known: OrderedDict[ForeignTitle, str] = OrderedDict()
        self._running: dict[ForeignTitle, asyncio.Task[None]] = {}
        self._resume_s = 0.0

    def known(self, title: ForeignTitle) -> str:
        """Return the translation of ``title`` that was fetched before; empty for none."""
        return self._known.get(title, "")

    async def fetch(self, titles: Sequence[ForeignTitle]) -> None:
        """Ask for ``titles`` and wait a moment; raises nothing."""
        if self._clock.monotonic_s() < self._resume_s:
            return
        for title in titles:
            if title not in self._known and title not in self._running and len(self._running) < _AT_ONCE:
                self._running[title] = asyncio.create_task(self._ask(title))
        wanted = [self._running[title] for title in titles if title in self._running]
        if wanted:
            await asyncio.wait(wanted, timeout=self._wait_s)

    async def _ask(self, title: ForeignTitle) -> None:
        try:
            said = await self._translator.translate(title.text, title.language)
        except Exception:
            # A defect of the translator must not keep an alert from ringing.
            logger.exception("the translator failed")
            said = None
        finally:
            self._running.pop(title, None)
        if said is None:
            if self._clock.monotonic_s() >= self._resume_s:
                logger.warning("headlines are not translated for %d min: the translator did not answer", _PAUSE_S / 60)
            self._resume_s = self._clock.monotonic_s() + _PAUSE_S
            return
        self._known[title] = said
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)

    async def close(self) -> None:
        """Give up what is on its way and close the translator; idempotent."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._translator.close()
