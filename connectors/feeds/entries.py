"""Wire document + cursor → articles and the next cursor. Pure: the same document at the same time gives the same.

A new entry is an article's first revision, a known one with other words a further one; the rest is nothing new.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.feeds.cursor import KEPT_GUIDS, FeedCursor, KnownEntry, trimmed
from connectors.feeds.identity import identity, repeated_guids
from connectors.feeds.record_size import fitted
from connectors.feeds.settings import FeedSettings
from connectors.feeds.wire import WireDocument, WireEntry
from schemas.article import Article
from schemas.ids import article_id, content_hash, from_milliseconds, milliseconds
from schemas.reasons import CutReason, EventTimeReason

#: Revisions of one article that are written; pages that change with every look (counters, advertising) end here.
MAX_REVISIONS = 24


@dataclass(frozen=True)
class Reading:
    """What a document brought. ``reached_back_to`` as :class:`~schemas.coverage.FeedCoverage` defines it."""

    articles: tuple[Article, ...]
    cursor: FeedCursor
    reached_back_to: datetime
    new_entries: int = 0
    revised_entries: int = 0
    refused_entries: int = 0


def read_entries(document: WireDocument, feed: FeedSettings, cursor: FeedCursor, now: datetime) -> Reading:
    """Return the articles of ``document`` as seen at ``now`` by a poll that succeeded, and the cursor after it.

    The cursor keeps its validators; whoever fetched the document knows the new ones.
    """
    now_ms = milliseconds(now)
    repeated = [*cursor.repeated_guids, *sorted(repeated_guids(document.entries) - set(cursor.repeated_guids))]
    entries, refused = _by_article(document, feed, repeated)
    known = dict(cursor.known)
    articles: list[Article] = []
    new = revised = 0
    for key, entry in entries.items():
        words = _Words.of(entry)
        before = known.get(key)
        after = _next_known(before, entry, words, cursor, now_ms)
        known[key] = after
        if before is None:
            new += 1
        elif after.revisions > before.revisions:
            revised += 1
        else:
            continue
        revised_ms = _revised_ms(before, after, now_ms)
        articles.append(_article(key, entry, words, feed, document.language, after, revised_ms))
    following = cursor.model_copy(
        update={
            "succeeded_ms": now_ms,
            "document_ms": now_ms,
            "document_entries": len(entries),
            "known": trimmed(known, now_ms),
            "repeated_guids": tuple(repeated[-KEPT_GUIDS:]),
            "gone": 0,
        }
    )
    reached = _reached_back_to(entries, cursor, from_milliseconds(now_ms))
    return Reading(tuple(articles), following, reached, new, revised, refused + document.refused_entries)


def read_nothing_new(cursor: FeedCursor, now: datetime) -> Reading:
    """Return the reading of a poll whose document is the one already read."""
    now_ms = milliseconds(now)
    reached = cursor.succeeded_at or from_milliseconds(now_ms)
    return Reading((), cursor.model_copy(update={"succeeded_ms": now_ms, "gone": 0}), reached)


@dataclass(frozen=True)
class _Words:
    title: str
    summary: str
    text: str
    hash: str

    @classmethod
    def of(cls, entry: WireEntry) -> _Words:
        return cls(entry.title, entry.summary, entry.content, content_hash(entry.title, entry.summary, entry.content))


def _by_article(document: WireDocument, feed: FeedSettings, repeated: list[str]) -> tuple[dict[str, WireEntry], int]:
    """Return the entries by article id, of two with one id the newer; and how many have nothing to be known by."""
    guids = set(repeated)
    found: dict[str, WireEntry] = {}
    refused = 0
    for entry in document.entries:
        name = identity(entry, guids)
        if name is None:
            refused += 1
            continue
        key = article_id(feed.publisher.id, name)
        other = found.get(key)
        if other is None or _newer(entry, other):
            found[key] = entry
    return found, refused


def _newer(entry: WireEntry, other: WireEntry) -> bool:
    mine, theirs = entry.updated or entry.published, other.updated or other.published
    return mine is not None and (theirs is None or mine > theirs)


def _next_known(
    before: KnownEntry | None, entry: WireEntry, words: _Words, cursor: FeedCursor, now_ms: int
) -> KnownEntry:
    if before is None:
        event_ms, reason = _event_time(entry, cursor, now_ms)
        return KnownEntry(words.hash, now_ms, event_ms, reason, now_ms)
    changed = words.hash != before.content_hash and before.revisions < MAX_REVISIONS - 1
    return before._replace(
        content_hash=words.hash if changed else before.content_hash,
        listed_ms=now_ms,
        revisions=before.revisions + 1 if changed else before.revisions,
    )


def _event_time(entry: WireEntry, cursor: FeedCursor, now_ms: int) -> tuple[int, EventTimeReason]:
    """Return the event time of an entry first seen now, and why it is that."""
    claimed = entry.claimed
    if claimed is not None:
        claimed_ms = milliseconds(claimed)
        if claimed_ms > now_ms:
            return now_ms, EventTimeReason.FUTURE_CLAMPED
        return claimed_ms, EventTimeReason.PUBLISHED
    # Undated: new for sure only where an earlier successful poll of this feed did not hold it.
    lacked_before = cursor.succeeded_ms is not None
    return now_ms, EventTimeReason.MISSING if lacked_before else EventTimeReason.BACKFILL


def _revised_ms(before: KnownEntry | None, after: KnownEntry, now_ms: int) -> int:
    """Return when this wording was seen: after every earlier one, also where the clock stood still or went back."""
    if before is None:
        return now_ms
    return max(now_ms, before.listed_ms + 1, after.observed_ms + after.revisions)


def _article(
    key: str,
    entry: WireEntry,
    words: _Words,
    feed: FeedSettings,
    declared_language: str | None,
    known: KnownEntry,
    revised_ms: int,
) -> Article:
    return fitted(
        Article(
            article_id=key,
            revision=revised_ms,
            revised_at=from_milliseconds(revised_ms),
            source=feed.publisher,
            feed_id=feed.id,
            guid=entry.guid,
            url=entry.link,
            title=words.title,
            summary=words.summary,
            text=words.text,
            language=feed.language or declared_language,
            authors=entry.authors,
            categories=entry.categories,
            published_at=entry.claimed,
            observed_at=from_milliseconds(known.observed_ms),
            event_time=from_milliseconds(known.event_ms),
            event_time_reason=known.reason,
            content_hash=words.hash,
            cuts=(CutReason.CHARACTERS,) if entry.replaced_characters else (),
        )
    )


def _reached_back_to(entries: dict[str, WireEntry], cursor: FeedCursor, now: datetime) -> datetime:
    """Return from when on the feed is known completely.

    Where the document still holds an entry of the one before, nothing scrolled off between them. Else it is complete
    from its oldest dated entry on; an undated document that shares nothing with the one before shows nothing. Entries
    pinned for long say nothing of either.
    """
    previous = cursor.succeeded_at
    dated = {key: entry.claimed for key, entry in entries.items() if entry.claimed is not None and entry.claimed <= now}
    times = sorted(dated.values())
    pinned = pinned_entries(times)
    oldest = times[pinned] if times else now
    if previous is None:
        return oldest
    if not entries or not cursor.document_entries:
        return previous
    for key in entries:
        entry = cursor.known.get(key)
        if entry is not None and entry.listed_ms == cursor.document_ms and dated.get(key, now) >= oldest:
            return previous
    return max(oldest, previous)


def pinned_entries(times: Sequence[datetime]) -> int:
    """Return how many of the oldest entries stand apart: an appeal from last year above today's news, a slip of a date.

    They are at most a tenth (one of fewer than twenty), and older than the next by more than all others span.
    """
    for count in range(max(1, len(times) // 10), 0, -1):
        if count < len(times) - 1 and times[count] - times[count - 1] > times[-1] - times[count]:
            return count
    return 0
