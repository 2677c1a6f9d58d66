"""The port by which several pollers share the feeds: who is there, who holds what, what was polled and is not told yet.

A poller holds names (parts of the feeds, the telling of coverage) for as long as it renews itself. Every moment is passed
in and is to be of one clock that all pollers share: that of the log.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

from schemas.model import Part, UtcDatetime

if TYPE_CHECKING:
    from schemas.ports.store import FeedRow


class FeedTimes(NamedTuple):
    """What moves in the row of a feed when a poll finds nothing new."""

    feed_id: str
    next_poll_at: datetime | None
    last_success_at: datetime | None


class PollerEntry(Part):
    """A poller as it renews itself. What it read until ``settled_until`` is in the log and in the store."""

    poller: str  # a name that a restart keeps
    instance: str  # of this process alone
    until: UtcDatetime  # without another renewal it is taken for dead then
    settled_until: UtcDatetime
    feeds_hash: str = ""  # of the feeds in its settings: pollers that share have the same


@dataclass(frozen=True)
class Renewal:
    """``held``: the names the poller holds. ``pollers``: all that are alive, itself among them, by name."""

    held: frozenset[str]
    pollers: tuple[PollerEntry, ...]


@dataclass(frozen=True)
class PollProgress:
    """What one save keeps. ``reports`` are texts of the poller's own: what it polled, for whoever tells coverage."""

    rows: Sequence[FeedRow] = ()
    times: Sequence[FeedTimes] = ()
    reports: Sequence[str] = ()


class PollReport(NamedTuple):
    """A report that was saved and not told yet."""

    number: int  # in the order they were saved
    text: str


class Claim(NamedTuple):
    """A new article that is claimed: by what it is known, by which feed, and what that one says of it (a text of its own)."""

    name: str
    feed_id: str
    body: str


class PollerStore(Protocol):
    """Any number of pollers may use it at once; each name has at most one holder."""

    def renew_poller(self, entry: PollerEntry, *, now: datetime, first: bool = False) -> Renewal | None:
        """Register ``entry`` or put off its end; forget the pollers whose end came at ``now`` or before, with what they
        hold. ``first``: a process begins, and goes on with what one of its name held. None and nothing is written:
        another process has begun under this name since."""
        ...

    def take_names(self, names: Collection[str], *, poller: str) -> frozenset[str]:
        """Take those of ``names`` that nobody holds; return those of them that ``poller`` holds now."""
        ...

    def give_back(self, names: Collection[str], *, poller: str) -> None:
        """Let go of those of ``names`` that ``poller`` holds."""
        ...

    def leave(self, *, poller: str, instance: str) -> None:
        """Forget the poller with what it holds, if it is still this process."""
        ...

    def save_polls(self, progress: PollProgress, *, poller: str, instance: str, names: Collection[str]) -> bool:
        """Keep ``progress`` in one transaction; times are kept of feeds that have a row. False and nothing is written: the
        process no longer holds all of ``names``."""
        ...

    def claim_articles(self, claims: Sequence[Claim], *, at: datetime) -> Sequence[Claim]:
        """Keep ``claims`` of which the names are free, all at once for whoever else claims; return the claim that holds each
        of the names, sorted. Those of one body are of one article: where one of its names is taken, whoever has that gets the
        free ones too. A claim is kept for a day at least, and until coverage is told after that."""
        ...

    def poll_reports(self) -> Sequence[PollReport]:
        """Return the reports that were not told, oldest first, whoever saved them."""
        ...

    def polls_told(self, numbers: Collection[int], *, until: datetime) -> None:
        """Forget reports; coverage is told ``until`` then."""
        ...

    def told_until(self) -> datetime | None:
        """Return until when coverage was told; None: never yet."""
        ...
