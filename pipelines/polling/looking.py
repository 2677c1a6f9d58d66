"""One look at a feed: its settings and cursor in, what was found out. It asks and parses; it judges and keeps nothing.

Whatever goes wrong with a feed is a finding with words for people, never an exception.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from connectors.feeds.answer_headers import ServerTime
from connectors.feeds.cursor import FeedCursor
from connectors.feeds.fetch import Fetched, host_of
from connectors.feeds.fetch_failures import FetchError, FetchFailure, Hop, HostBusyError
from connectors.feeds.parsing import NotAFeedError, ParserUnavailableError
from connectors.feeds.settings import FeedSettings
from connectors.feeds.wire import WireDocument
from pipelines.polling.pages import PagesRead

logger = logging.getLogger(__name__)

_GONE = 410
#: Answers that ask for fewer requests.
_REFUSALS = frozenset({403, 429})
#: What passes by itself weighs half: a server that restarts is not asked less for long.
_PASSING = frozenset({FetchFailure.TIMEOUT, FetchFailure.CONNECTION, FetchFailure.NAME, FetchFailure.BROKEN})


class FeedFetcher(Protocol):
    """Asks for a document over the network; bounded in time and bytes."""

    async def fetch(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        hop: Hop | None = None,
        may_follow: Callable[[str], bool] | None = None,
    ) -> Fetched:
        """Return the answer; ``hop``: redirects have led there before. ``may_follow`` tells whether the host of a redirect may
        be asked now.

        :raises FetchError: there is no document this time, for a reason people can read.
        :raises HostBusyError: a redirect leads to a host that may not be asked now.
        """
        ...


class DocumentParser(Protocol):
    """Reads untrusted bytes apart from this process; bounded in CPU, time and memory."""

    async def parse(self, name: str, body: bytes, *, url: str, content_type: str | None = None) -> WireDocument:
        """Return the document; :raises NotAFeedError: it is none. :raises ParserUnavailableError: nobody to ask."""
        ...


@dataclass(frozen=True)
class Failed:
    """There is no document. ``gone``: the server says that there never will be one. ``weight``: how much it counts, from
    0 (no fault of the feed) to 1. ``refused``: the host is asked too much, for all its feeds."""

    reason: str
    gone: bool = False
    weight: float = 1.0
    refused: bool = False
    retry_after_s: float | None = None
    host: str = ""  # that answered, where one did


@dataclass(frozen=True)
class PutOff:
    """``host`` is to be asked, and may not be yet: the feed was not polled. ``hop``: its redirects have led there."""

    host: str
    hop: Hop | None = None


class Answered(NamedTuple):
    """There is one. ``document`` is None when it is the one already read: it was not parsed again."""

    document: WireDocument | None
    etag: str | None
    last_modified: str | None
    body_hash: str | None
    retry_after_s: float | None = None
    max_age_s: int = 0
    moved_to: str | None = None  # the final address of redirects that are all permanent
    whole: bool = False  # it was sent, and not only confirmed to be the same
    host: str = ""  # that answered in the end
    pages: PagesRead | None = None  # what the pages behind its new and revised entries hold, where they were read


class Look(NamedTuple):
    """What one look found. ``server_time``: that of the server that answered, where it told."""

    feed_id: str
    finding: Failed | Answered | PutOff
    server_time: ServerTime | None = None

    @property
    def has_document(self) -> bool:
        """Whether it found a document that was not read before."""
        return isinstance(self.finding, Answered) and self.finding.document is not None


async def look_at(
    feed: FeedSettings,
    cursor: FeedCursor,
    fetcher: FeedFetcher,
    parser: DocumentParser,
    now: datetime,
    may_follow: Callable[[str], bool] | None = None,
    hop: Hop | None = None,
) -> Look:
    """Ask for the document of ``feed``, at ``hop`` where its redirects have led there before, and parse it unless it is the one
    that ``cursor`` knows."""
    etag, last_modified = cursor.validators(now)
    try:
        fetched = await fetcher.fetch(
            cursor.moved_to or feed.url, etag=etag, last_modified=last_modified, hop=hop, may_follow=may_follow
        )
    except HostBusyError as error:
        return Look(feed.id, PutOff(error.host, error.hop))
    except FetchError as error:
        return Look(feed.id, _failed(error), error.server_time)
    try:
        finding: Failed | Answered = await _read(feed, cursor, fetched, parser)
    except NotAFeedError as error:
        finding = Failed(error.message.removeprefix(f"{feed.id}: "), retry_after_s=fetched.retry_after_s)
    except ParserUnavailableError as error:
        logger.error("%s", error)
        finding = Failed(error.message.removeprefix(f"{feed.id}: "), weight=0.0)
    return Look(feed.id, finding, fetched.server_time)


def _failed(error: FetchError) -> Failed:
    passing = error.failure in _PASSING or (error.status is not None and (error.status >= 500 or error.status == 429))
    return Failed(
        error.message,
        gone=error.status == _GONE,
        weight=0.5 if passing else 1.0,
        refused=error.status in _REFUSALS or (error.status == 503 and error.retry_after_s is not None),
        retry_after_s=error.retry_after_s,
        host=error.host,
    )


async def _read(feed: FeedSettings, cursor: FeedCursor, fetched: Fetched, parser: DocumentParser) -> Answered:
    if fetched.body is None:
        # A "not modified" may leave the validators out; those that it confirms stay in use.
        etag, last_modified = fetched.etag or cursor.etag, fetched.last_modified or cursor.last_modified
        hints = (fetched.retry_after_s, fetched.max_age_s, fetched.moved_to)
        return Answered(None, etag, last_modified, cursor.body_hash, *hints, host=host_of(fetched.url))
    body_hash = hashlib.sha256(fetched.body).hexdigest()[:32]
    document = None
    if body_hash != cursor.body_hash:
        document = await parser.parse(feed.id, fetched.body, url=fetched.url, content_type=fetched.content_type)
    hints = (fetched.retry_after_s, fetched.max_age_s, fetched.moved_to)
    host = host_of(fetched.url)
    return Answered(document, fetched.etag, fetched.last_modified, body_hash, *hints, whole=True, host=host)


class Inlet(Protocol):
    """Where articles come from that are not asked for over the network, polled like a feed."""

    async def look(self, cursor: FeedCursor) -> Answered | Failed:
        """Return what is new since ``cursor``; its validators are what the last look that was written returned."""
        ...

    def written(self) -> None:
        """Take in that the log has acknowledged what the last look returned."""
        ...
