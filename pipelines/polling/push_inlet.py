"""Articles that others push: entries in, done when the log has them. The poll job looks here as it looks at a feed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from connectors.feeds.cursor import FeedCursor
from connectors.feeds.wire import WireDocument, WireEntry
from pipelines.polling.looking import Answered
from schemas.errors import RetriableError

#: Entries that may wait for the log; who brings more is to come again.
MOST_WAITING = 4_000
#: Nobody takes what waits who has not looked for so long, in seconds: another poller has the endpoint, or the log is away.
_LOOKS_WITHIN_S = 10.0


class NotTakenError(RetriableError):
    """The entries were not written in time, or too many wait already: they are to be sent again."""


class PushInlet:
    """Holds what was pushed until the log has acknowledged it. Make it inside the running loop."""

    def __init__(self, *, longest_s: float = 30.0, looks_within_s: float = _LOOKS_WITHIN_S) -> None:
        self._longest_s = longest_s
        self._looks_within_s = looks_within_s
        self._looked_s = asyncio.get_running_loop().time()
        self._taking = False  # whether anybody has looked yet
        self._waiting: list[tuple[Sequence[WireEntry], asyncio.Future[None]]] = []
        self._offered = 0

    async def push(self, entries: Sequence[WireEntry]) -> None:
        """Return when the log has ``entries``; :raises NotTakenError: it does not, as far as is known."""
        if sum(len(others) for others, _ in self._waiting) + len(entries) > MOST_WAITING:
            raise NotTakenError("too many articles wait to be written")
        if asyncio.get_running_loop().time() - self._looked_s > self._looks_within_s:
            raise NotTakenError("nobody takes articles here now: another poller does, or the log cannot be written")
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        place = (entries, written)
        self._waiting.append(place)
        try:
            async with asyncio.timeout(self._longest_s):
                await asyncio.shield(written)
        except TimeoutError:
            raise NotTakenError(f"the articles were not written within {self._longest_s:g} s") from None
        finally:
            # What was offered stays in its place until it is written: what is written later was offered by its number.
            late = [other for other in self._waiting[self._offered :] if other is not place]
            self._waiting[self._offered :] = late

    async def look(self, cursor: FeedCursor) -> Answered:
        """Return all that waits. Where nobody had looked for a while, what was sent then was turned away, and nothing says
        whether it comes again: what is known begins anew."""
        now_s = asyncio.get_running_loop().time()
        begins = not self._taking or now_s - self._looked_s > self._looks_within_s
        self._looked_s, self._taking = now_s, True
        self._offered = len(self._waiting)
        entries = tuple(entry for entries, _ in self._waiting for entry in entries)
        document = None
        if entries or begins:
            document = WireDocument(form="push", entries=entries, complete=True, begins=begins)
        return Answered(document, cursor.etag, None, None)

    def written(self) -> None:
        """Take in that the log has what the last look returned."""
        done, self._waiting = self._waiting[: self._offered], self._waiting[self._offered :]
        self._offered = 0
        for _, future in done:
            if not future.done():
                future.set_result(None)
