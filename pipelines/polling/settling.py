"""A look at a feed → its next standing, the records to write, the line for coverage. Pure: the time is passed in."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from connectors.feeds.cursor import FeedCursor, KnownEntry
from connectors.feeds.entries import read_entries
from connectors.feeds.former_ids import Sibling
from connectors.feeds.moving import after_redirect
from connectors.feeds.standing import FeedStanding, after_failure, after_success
from connectors.feeds.wire import WireDocument
from pipelines.polling.looking import Answered, Failed
from pipelines.polling.watching import Poll
from schemas.article import Article
from schemas.errors import BrokenRecordError, RecordTooLargeError
from schemas.ids import digest, milliseconds
from schemas.ports.log import Entry
from schemas.wire import encode

logger = logging.getLogger(__name__)


class Settled(NamedTuple):
    """What follows from one look: ``entries`` are to be in the log before ``standing`` holds. ``gap``: from when until
    when entries were probably missed. ``first_seen``: the articles that nobody knew, by id."""

    standing: FeedStanding
    entries: tuple[Entry, ...]
    poll: Poll
    gap: tuple[datetime, datetime] | None = None
    first_seen: Mapping[str, KnownEntry] = MappingProxyType({})


def settle(
    standing: FeedStanding,
    found: Answered | Failed,
    now: datetime,
    *,
    partitions: int,
    jitter: float,
    siblings: Sequence[Sibling] = (),
    left: Mapping[str, KnownEntry] = MappingProxyType({}),
) -> Settled:
    """Return what follows at ``now`` from what a look ``found``; articles go to their source's partition. ``siblings``: other
    feeds of the publishers in the document, which may have brought its articles already. ``left``: what the log has of this
    feed and its standing does not know."""
    if isinstance(found, Failed):
        return _failed(standing, found, now, jitter)
    if found.document is None:
        return _unchanged(standing, found, now, jitter)
    texts = {} if found.pages is None else found.pages.texts
    reading = read_entries(found.document, standing.feed, standing.cursor_now, now, texts, siblings, left)
    entries, unwritable = _entries(reading.articles, standing, partitions)
    after = after_success(
        standing,
        after_redirect(_validated(reading.cursor, found, now), standing.feed, found.moved_to, now),
        now,
        new_entries=reading.new_entries,
        remark=_remark(found, found.document, reading.refused_entries + unwritable),
        retry_after_s=found.retry_after_s,
        jitter=jitter,
    )
    poll = Poll(
        now,
        standing.feed.id,
        after.state,
        succeeded=True,
        reached_back_to=reading.reached_back_to,
        items_seen=reading.new_entries,
    )
    return Settled(after, entries, poll, reading.gap, reading.first_seen)


def _failed(standing: FeedStanding, failed: Failed, now: datetime, jitter: float) -> Settled:
    after = after_failure(
        standing,
        failed.reason,
        now,
        gone=failed.gone,
        weight=failed.weight,
        retry_after_s=failed.retry_after_s,
        jitter=jitter,
    )
    return Settled(after, (), Poll(now, standing.feed.id, after.state, succeeded=False))


def _unchanged(standing: FeedStanding, found: Answered, now: datetime, jitter: float) -> Settled:
    """Return what follows where the document is the one already read: the cursor stays the same one unless the answer says
    something new, and the feed is known completely since it was confirmed last. Most polls end here."""
    feed = standing.feed
    cursor = _validated(standing.cursor, found, now)
    if found.moved_to is not None or cursor.move is not None:
        cursor = after_redirect(cursor, feed, found.moved_to, now)
    after = after_success(standing, cursor, now, retry_after_s=found.retry_after_s, jitter=jitter)
    return Settled(after, (), Poll(now, feed.id, after.told.state, True, standing.last_success_at or now))


def partition_of(source_id: str, partitions: int) -> int:
    """Return the partition of a source: the same for ever, because the number of partitions is."""
    return int(digest("partition", source_id, length=8), 16) % partitions


def _validated(cursor: FeedCursor, found: Answered, now: datetime) -> FeedCursor:
    """Return ``cursor`` with the validators and wishes of the answer; itself where they are the same."""
    told = (found.etag, found.last_modified, found.body_hash, found.max_age_s)
    if not found.whole and told == (cursor.etag, cursor.last_modified, cursor.body_hash, cursor.max_age_s):
        return cursor
    update: dict[str, object] = dict(zip(("etag", "last_modified", "body_hash", "max_age_s"), told, strict=True))
    return cursor.model_copy(update=update | ({"whole_ms": milliseconds(now)} if found.whole else {}))


def _entries(articles: Sequence[Article], standing: FeedStanding, partitions: int) -> tuple[tuple[Entry, ...], int]:
    """Return the records to append, and how many articles cannot be written; one of those never costs the others."""
    if not articles:
        return (), 0
    entries, unwritable = [], 0
    for article in articles:
        source_id = article.source.id
        try:
            entries.append(Entry(partition_of(source_id, partitions), encode(article), source_id.encode()))
        except (BrokenRecordError, RecordTooLargeError) as error:
            unwritable += 1
            logger.error("feed %s: article %s is left out: %s", standing.feed.id, article.article_id, error)
    return tuple(entries), unwritable


def _remark(found: Answered, document: WireDocument, left_out: int) -> str:
    """Return what a person should know of a document that was read."""
    remarks = []
    if document.flaw:
        remarks.append(f"it is not well-formed: {document.flaw}")
    if document.note:
        remarks.append(document.note)
    if left_out:
        remarks.append(f"{left_out:,} of its entries cannot be used")
    if found.pages is not None and found.pages.missed:
        missed = found.pages.missed
        reasons = ", ".join(f"{reason.value}: {count:,}" for reason, count in sorted(missed.items()))
        entries = sum(missed.values()) + len(found.pages.texts)
        remarks.append(f"{sum(missed.values()):,} of {entries:,} entries have no full text ({reasons})")
    return "; ".join(remarks)
