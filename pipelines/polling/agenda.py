"""When each feed is to be asked, earliest first: a heap, so that twenty thousand feeds that rest cost nothing. Pure."""

from __future__ import annotations

import heapq
from datetime import datetime


class Agenda:
    """A moment for each feed; a later :meth:`put` replaces the earlier one."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, datetime, str]] = []
        self._at: dict[str, tuple[datetime, datetime, str]] = {}

    def __len__(self) -> int:
        return len(self._at)

    def holds(self, feed_id: str) -> bool:
        """Return whether a moment is noted for ``feed_id``."""
        return feed_id in self._at

    def put(self, feed_id: str, at: datetime | None, waits_since: datetime | None = None) -> None:
        """Note that ``feed_id`` is to be asked ``at``; None: not at all. Of those for one moment the one that waits longest
        comes first."""
        if at is None:
            self._at.pop(feed_id, None)
            return
        noted = self._at[feed_id] = (at, waits_since or at, feed_id)
        heapq.heappush(self._heap, noted)
        if len(self._heap) > 4 * len(self._at) + 64:
            self._heap = list(self._at.values())
            heapq.heapify(self._heap)

    def first(self) -> datetime | None:
        """Return the earliest moment; None where nothing is noted."""
        while self._heap and self._at.get(self._heap[0][2]) is not self._heap[0]:
            heapq.heappop(self._heap)  # What was replaced since.
        return self._heap[0][0] if self._heap else None

    def take(self, now: datetime) -> list[str]:
        """Return the feeds whose moment has come, earliest first, and forget their moments."""
        taken = []
        while self._heap and self._heap[0][0] <= now:
            noted = heapq.heappop(self._heap)
            feed_id = noted[2]
            if self._at.get(feed_id) is noted:  # Else it was replaced since.
                del self._at[feed_id]
                taken.append(feed_id)
        return taken
