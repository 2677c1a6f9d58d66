"""Whether a document shows everything since the last one: how far back it reaches, what may be missing, how to hurry. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from connectors.feeds.cursor import FeedCursor, KnownEntry
from connectors.feeds.schedule import MOST_HURRIED
from connectors.feeds.wire import WireEntry


def reached_back_to(
    entries: Mapping[str, WireEntry], cursor: FeedCursor, known: Mapping[str, KnownEntry], now: datetime
) -> datetime:
    """Return from when on the feed is known completely; ``known``: the entries of ``cursor``.

    Where the document still holds an entry of the one before, nothing scrolled off between them. Else it is complete
    from its oldest dated entry on; an undated document that shares nothing with the one before shows nothing. Entries
    pinned for long say nothing of either.
    """
    previous = cursor.succeeded_at
    dated = {key: entry.claimed for key, entry in entries.items() if entry.claimed is not None and entry.claimed <= now}
    times = running_times(entries, now)
    oldest = times[0] if times else now
    if previous is None:
        return oldest
    if not entries or not cursor.document_entries:
        return previous
    for key in entries:
        entry = known.get(key)
        if entry is not None and entry.listed_ms == cursor.document_ms and dated.get(key, now) >= oldest:
            return previous
    return max(oldest, previous)


def running_times(entries: Mapping[str, WireEntry], now: datetime) -> list[datetime]:
    """Return when the dated entries appeared, oldest first, without those that are pinned or dated ahead."""
    times = sorted(e.claimed for e in entries.values() if e.claimed is not None and e.claimed <= now)
    return times[pinned_entries(times) :]


def pinned_entries(times: Sequence[datetime]) -> int:
    """Return how many of the oldest entries stand apart: an appeal from last year above today's news, a slip of a date.

    They are at most a tenth (one of fewer than twenty), and older than the next by more than all others span.
    """
    for count in range(max(1, len(times) // 10), 0, -1):
        if count < len(times) - 1 and times[count] - times[count - 1] > times[-1] - times[count]:
            return count
    return 0


def hurried(cursor: FeedCursor, entries: int, new_entries: int, *, gap: bool) -> int:
    """Return how many times the feed's own interval is to be halved after a document with ``new_entries`` of ``entries``.

    Half of them new: once more, before they scroll off; none of the old ones left: twice more. A document that changed
    by a quarter or less takes one back.
    """
    if cursor.document_ms is None or not entries:
        return cursor.hurry
    if gap:
        return min(cursor.hurry + 2, MOST_HURRIED)
    if cursor.document_entries and 2 * new_entries >= entries:
        return min(cursor.hurry + 1, MOST_HURRIED)
    return max(cursor.hurry - 1, 0) if 4 * new_entries <= entries else cursor.hurry
