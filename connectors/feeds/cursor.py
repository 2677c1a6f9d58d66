"""What is remembered of a feed between polls, as JSON in its row of the store. Pure."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from pydantic import TypeAdapter, ValidationError

from connectors.feeds.rhythm import Rhythm
from connectors.feeds.wire import Pace
from schemas.ids import from_milliseconds, milliseconds
from schemas.model import Part
from schemas.ports.store import FeedRow
from schemas.reasons import EventTimeReason

logger = logging.getLogger(__name__)

#: Entries remembered after they left the document, newest first: one that comes back is the same one, not a new one.
KEPT_ENTRIES = 1_500
KEPT_GUIDS = 200


#: A server that says "not modified" for longer than this, of a feed that used to publish daily, is asked for the whole
#: document: caches and validators go wrong.
_TRUSTED_FOR = timedelta(days=1)


class KnownEntry(NamedTuple):
    """An entry once seen; times in milliseconds since 1970. Short, because a feed has hundreds of them."""

    content_hash: str
    observed_ms: int
    event_ms: int
    reason: EventTimeReason  # of the event time
    listed_ms: int  # the last document that held it
    revisions: int = 0
    page: str = ""  # what its link is known by; empty where the link names no single article
    source: str = ""  # id of its publisher, where the entry named one
    feed: str = ""  # id of the feed that brought it first, where that is another one


_KNOWN = TypeAdapter(dict[str, KnownEntry])


class Move(NamedTuple):
    """A permanent redirect that was met; it is believed after some time."""

    url: str
    first_ms: int
    times: int


class FeedCursor(Part):
    """The cursor of a feed: what a conditional request needs, and what tells new entries from known ones."""

    version: Literal[2] = 2
    etag: str | None = None  # as they came, byte for byte
    last_modified: str | None = None
    body_hash: str | None = None
    succeeded_ms: int | None = None  # the last poll that succeeded, changed or not
    document_ms: int | None = None  # the last document that was read
    document_entries: int = 0
    known_text: str = "{}"  # the known entries as JSON: see :attr:`known`
    repeated_guids: tuple[str, ...] = ()  # guids that stand for several articles here and so name none
    gone: int = 0  # answers 410 in a row
    errors: float = 0.0  # failures in a row, each by its weight
    whole_ms: int | None = None  # the last answer that was more than "not modified"
    rhythm: Rhythm | None = None
    pace: Pace = Pace()  # as the document wishes
    max_age_s: int = 0  # as the last answer's headers wish
    reach_ms: int = 0  # how far back the document reached when it was read
    hurry: int = 0  # how many times the feed's own interval is halved, because entries may scroll off
    gaps: int = 0  # how many times some probably did
    gap: tuple[int, int] | None = None  # the last time: from when until when
    fixed_ms: int | None = None  # the interval of the settings when the feed was last asked
    move: Move | None = None
    moved_to: str | None = None  # where it is asked instead of the URL of the settings

    @property
    def known(self) -> dict[str, KnownEntry]:
        """Return the entries by article id.

        They are kept as text and taken apart where a document has changed: hundreds of thousands of small objects would
        take twice the memory, and Python's collector through all of them again and again.
        """
        return _KNOWN.validate_json(self.known_text)

    @property
    def succeeded_at(self) -> datetime | None:
        """Return when the feed was last polled with success."""
        return None if self.succeeded_ms is None else from_milliseconds(self.succeeded_ms)

    def tells_no_more_than(self, earlier: FeedCursor) -> bool:
        """Return whether nothing but the time of success came since ``earlier``: the row of the feed holds that time, and
        hundreds of entries need not be written again for it. What a restart may forget is not looked at."""
        if self is earlier:
            return True
        return self.known_text is earlier.known_text and self._worth_keeping() == earlier._worth_keeping()

    def _worth_keeping(self) -> tuple[object, ...]:
        validators = (self.etag, self.last_modified, self.body_hash)
        return (*validators, self.gone, self.errors, self.fixed_ms, self.move, self.moved_to)

    def validators(self, now: datetime) -> tuple[str | None, str | None]:
        """Return ETag and Last-Modified for a request at ``now``; neither where "not modified" is no longer believed."""
        if self.whole_ms is not None and self.rhythm is not None:
            trusted_until = from_milliseconds(self.whole_ms) + _TRUSTED_FOR
            pause = self.rhythm.usual_pause
            if now > trusted_until and pause is not None and pause < _TRUSTED_FOR:
                return None, None
        return self.etag, self.last_modified

    def forgetting_validators(self) -> FeedCursor:
        """Return the cursor for another URL: the next request is unconditional, known entries stay known."""
        nothing: dict[str, object] = {"etag": None, "last_modified": None, "body_hash": None, "whole_ms": None}
        return self.model_copy(update={**nothing, "gone": 0, "errors": 0.0, "move": None, "moved_to": None})

    def to_json(self) -> str:
        """Return the text for the store."""
        return self.model_dump_json()


def cursor_of(row: FeedRow) -> FeedCursor:
    """Return the cursor in ``row``; one that cannot be read starts anew, and the log says so: entries may then be
    written again under the same ids, undated ones without being counted."""
    if row.cursor in ("", "{}"):
        return FeedCursor()
    try:
        cursor = FeedCursor.model_validate_json(row.cursor)
        _ = cursor.known  # Read now, while a mistake in it can still be told.
    except ValidationError as error:
        logger.warning(
            "feed %s: its cursor cannot be read (%d mistakes) and starts anew", row.feed_id, error.error_count()
        )
        return FeedCursor()
    return brought_up_to(cursor, row.last_success_at)


def brought_up_to(cursor: FeedCursor, last_success_at: datetime | None) -> FeedCursor:
    """Return ``cursor`` with the last success of its row: a poll that found nothing new leaves the text as it was, see
    :meth:`FeedCursor.tells_no_more_than`."""
    if last_success_at is None or cursor.succeeded_ms is None:
        return cursor
    succeeded_ms = milliseconds(last_success_at)
    return cursor if succeeded_ms <= cursor.succeeded_ms else cursor.model_copy(update={"succeeded_ms": succeeded_ms})


def knowing(cursor: FeedCursor, left: Mapping[str, KnownEntry]) -> FeedCursor:
    """Return ``cursor`` with what was ``left`` in the log by a poller that could not keep it; what it knows itself stays."""
    return cursor.model_copy(update={"known_text": text_of({**left, **cursor.known})}) if left else cursor


def text_of(known: dict[str, KnownEntry]) -> str:
    """Return the text for :attr:`FeedCursor.known_text`."""
    return _KNOWN.dump_json(known).decode()


def trimmed(known: dict[str, KnownEntry], document_ms: int) -> dict[str, KnownEntry]:
    """Return ``known`` without the entries that left the document longest ago, beyond :data:`KEPT_ENTRIES`."""
    left = [key for key, entry in known.items() if entry.listed_ms != document_ms]
    if len(left) <= KEPT_ENTRIES:
        return known
    left.sort(key=lambda key: (known[key].listed_ms, key), reverse=True)
    dropped = set(left[KEPT_ENTRIES:])
    return {key: entry for key, entry in known.items() if key not in dropped}
