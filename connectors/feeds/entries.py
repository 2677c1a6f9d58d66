"""Wire document + cursor → articles and the next cursor. Pure: the same document at the same time gives the same.

A new entry is an article's first revision, a known one with other words a further one; the rest is nothing new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from connectors.feeds.completeness import hurried, reached_back_to, running_times
from connectors.feeds.cursor import KEPT_GUIDS, FeedCursor, KnownEntry, knowing, text_of, trimmed
from connectors.feeds.former_ids import Sibling, known_elsewhere, under_former_ids
from connectors.feeds.identity import identity, page_of, repeated_guids
from connectors.feeds.record_size import fitted
from connectors.feeds.rhythm import following
from connectors.feeds.settings import FeedSettings
from connectors.feeds.wire import WireDocument, WireEntry
from schemas.article import Article, Source
from schemas.ids import article_id, content_hash, from_milliseconds, milliseconds
from schemas.reasons import CutReason, EventTimeReason

#: Revisions of one article that are written; pages that change with every look (counters, advertising) end here.
MAX_REVISIONS = 24
#: Within so long what was not taken is sent again: twice the longest that a sender is asked to wait.
_SENT_AGAIN = timedelta(minutes=10)


@dataclass(frozen=True)
class Reading:
    """What a document brought. ``reached_back_to`` as :class:`~schemas.coverage.FeedCoverage` defines it; ``gap``: from
    when until when entries probably scrolled off before they were seen."""

    articles: tuple[Article, ...]
    cursor: FeedCursor
    reached_back_to: datetime
    new_entries: int = 0
    revised_entries: int = 0
    refused_entries: int = 0
    gap: tuple[datetime, datetime] | None = None
    first_seen: Mapping[str, KnownEntry] = field(default_factory=dict)  # what nobody knew, by article id


def changed_entries(document: WireDocument, feed: FeedSettings, cursor: FeedCursor) -> dict[str, WireEntry]:
    """Return what :func:`read_entries` will make articles of: the new and the revised entries by article id, those that
    claim to be newest first."""
    known = cursor.known
    entries, _ = _by_article(document, feed, _repeated(document, cursor), known)
    changed = {
        key: entry
        for key, entry in entries.items()
        if (before := known.get(key)) is None or _is_revised(before, _Words.of(entry))
    }
    undated_ms = 1 << 62  # What is not dated was seen just now.
    age = {key: -(milliseconds(entry.claimed) if entry.claimed else undated_ms) for key, entry in changed.items()}
    return dict(sorted(changed.items(), key=lambda item: age[item[0]]))


def read_entries(
    document: WireDocument,
    feed: FeedSettings,
    cursor: FeedCursor,
    now: datetime,
    texts: Mapping[str, str] = MappingProxyType({}),
    siblings: Sequence[Sibling] = (),
    left: Mapping[str, KnownEntry] = MappingProxyType({}),
) -> Reading:
    """Return the articles of ``document`` as seen at ``now`` by a poll that succeeded, and the cursor after it.

    The cursor keeps its validators; whoever fetched the document knows the new ones. ``texts``, by the ids of
    :func:`changed_entries`, are those of the pages behind the links; whether an entry is revised is told by what the feed
    says of it alone. ``siblings`` are the other feeds of its publishers: what one of them has brought is known here too, with
    its id, its times and its wording, and goes on belonging to that feed. ``left`` is what the log has of this feed and the
    cursor does not know: a poller was killed between the two. It is new here, and not written again.
    """
    now_ms = milliseconds(now)
    repeated = _repeated(document, cursor)
    known = cursor.known
    entries, refused = _by_article(document, feed, repeated, known)
    if document.begins:
        reached = from_milliseconds(now_ms)
    elif document.complete:
        reached = cursor.succeeded_at or from_milliseconds(now_ms)
    else:
        reached = reached_back_to(entries, cursor, known, from_milliseconds(now_ms))
    articles: list[Article] = []
    new: list[WireEntry] = []
    first_seen: dict[str, KnownEntry] = {}
    revised = 0
    if left:
        siblings = (*siblings, Sibling(feed.id, feed.publisher.id, knowing(FeedCursor(), left)))
    elsewhere = known_elsewhere(entries, feed.publisher.id, known, siblings)
    for own, entry in entries.items():
        there = elsewhere.get(own)
        key, before = (own, known.get(own)) if there is None else (there.article_id, _seen_from(feed, there.entry))
        words = _Words.of(entry)
        is_new = key not in known
        remembered = known[key] = _next_known(before, entry, words, cursor, now_ms)
        if is_new:
            new.append(entry)
        if before is None:
            first_seen[key] = remembered
        has_new_words = before is None or remembered.revisions > before.revisions
        unwritten = there is not None and not there.written
        if not (has_new_words or unwritten or (is_new and own in texts)):
            continue
        revised += not is_new
        revised_ms = _revised_ms(before, remembered, now_ms)
        if unwritten and not has_new_words:
            revised_ms = remembered.observed_ms  # The very revision that whoever claimed it writes, if they can.
        if own in texts:
            words = words.with_text(texts[own])
        articles.append(_article(key, entry, words, feed, document.language, remembered, revised_ms))
    gap = _gap(document, cursor.succeeded_at, reached)
    after = cursor.model_copy(
        update={
            "succeeded_ms": now_ms,
            "document_ms": now_ms,
            "document_entries": len(entries),
            "known_text": text_of(trimmed({**left, **known}, now_ms)),
            "repeated_guids": tuple(repeated[-KEPT_GUIDS:]),
            "gone": 0,
            "pace": document.pace,
            **_learnt(entries, new, cursor, now_ms, gap),
            **({"hurry": 0} if document.complete else {}),
        }
    )
    refused += document.refused_entries
    return Reading(tuple(articles), after, reached, len(new), revised, refused, gap, first_seen)


def _gap(document: WireDocument, before_at: datetime | None, reached: datetime) -> tuple[datetime, datetime] | None:
    """Return from when until when entries were probably missed. Whoever sends is told to send again in a while: a pause in
    taking is worth a word when that while is over."""
    if before_at is None or reached <= before_at or (document.begins and reached - before_at < _SENT_AGAIN):
        return None
    return before_at, reached


def _learnt(
    entries: Mapping[str, WireEntry],
    new: Sequence[WireEntry],
    cursor: FeedCursor,
    now_ms: int,
    gap: tuple[datetime, datetime] | None,
) -> dict[str, object]:
    """Return what the document tells of the feed's habits, as changes of the cursor."""
    now = from_milliseconds(now_ms)
    running = running_times(entries, now)
    first = cursor.succeeded_ms is None
    arrived_ms = map(milliseconds, running) if first else (_arrived_ms(entry, cursor, now_ms) for entry in new)
    return {
        "rhythm": following(cursor.rhythm, arrived_ms),
        "reach_ms": now_ms - milliseconds(running[0]) if running else 0,
        "hurry": hurried(cursor, len(entries), len(new), gap=gap is not None),
        "gaps": cursor.gaps + (gap is not None),
        "gap": cursor.gap if gap is None else (milliseconds(gap[0]), milliseconds(gap[1])),
    }


def _arrived_ms(entry: WireEntry, cursor: FeedCursor, now_ms: int) -> int:
    """Return when an entry that an earlier poll lacked arrived: as it claims, where that lies between the two."""
    if entry.claimed is None or cursor.succeeded_ms is None:
        return now_ms
    claimed_ms = milliseconds(entry.claimed)
    return claimed_ms if cursor.succeeded_ms < claimed_ms <= now_ms else now_ms


@dataclass(frozen=True)
class _Words:
    title: str
    summary: str
    text: str
    hash: str

    @classmethod
    def of(cls, entry: WireEntry) -> _Words:
        return cls(entry.title, entry.summary, entry.content, content_hash(entry.title, entry.summary, entry.content))

    def with_text(self, text: str) -> _Words:
        return _Words(self.title, self.summary, text, content_hash(self.title, self.summary, text))


def _repeated(document: WireDocument, cursor: FeedCursor) -> list[str]:
    return [*cursor.repeated_guids, *sorted(repeated_guids(document.entries) - set(cursor.repeated_guids))]


def _seen_from(feed: FeedSettings, known: KnownEntry) -> KnownEntry:
    """Return what ``feed`` remembers of what another feed knows, or of what it was itself that brought it."""
    return known._replace(feed="") if known.feed == feed.id else known


def _is_revised(before: KnownEntry, words: _Words) -> bool:
    if not before.content_hash:
        return False  # Left in the log with words that the feed does not say: those of the page behind it.
    return words.hash != before.content_hash and before.revisions < MAX_REVISIONS - 1


def _by_article(
    document: WireDocument, feed: FeedSettings, repeated: list[str], known: Mapping[str, KnownEntry]
) -> tuple[dict[str, WireEntry], int]:
    """Return the entries by article id, of two with one id the newer; and how many have nothing to be known by."""
    guids = set(repeated)
    found: dict[str, WireEntry] = {}
    refused = 0
    for entry in document.entries:
        name = identity(entry, guids)
        if name is None:
            refused += 1
            continue
        key = article_id(entry.source or feed.publisher.id, name)
        other = found.get(key)
        if other is None or _newer(entry, other):
            found[key] = entry
    return under_former_ids(found, feed.publisher.id, known), refused


def _newer(entry: WireEntry, other: WireEntry) -> bool:
    mine, theirs = entry.updated or entry.published, other.updated or other.published
    return mine is not None and (theirs is None or mine > theirs)


def _next_known(
    before: KnownEntry | None, entry: WireEntry, words: _Words, cursor: FeedCursor, now_ms: int
) -> KnownEntry:
    if before is None:
        event_ms, reason = _event_time(entry, cursor, now_ms)
        return KnownEntry(words.hash, now_ms, event_ms, reason, now_ms, page=page_of(entry), source=entry.source or "")
    changed = _is_revised(before, words)
    return before._replace(
        content_hash=words.hash if changed or not before.content_hash else before.content_hash,
        listed_ms=now_ms,
        revisions=before.revisions + 1 if changed else before.revisions,
        page=page_of(entry),
        source=entry.source or "",
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
            source=_source(entry, feed),
            feed_id=known.feed or feed.id,
            guid=entry.guid,
            url=entry.link,
            title=words.title,
            summary=words.summary,
            text=words.text,
            language=entry.language or feed.language or declared_language,
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


def _source(entry: WireEntry, feed: FeedSettings) -> Source:
    if entry.source is None or entry.source == feed.publisher.id:
        return feed.publisher
    return Source(id=entry.source, name=entry.source, country=entry.country, kind=entry.kind)
