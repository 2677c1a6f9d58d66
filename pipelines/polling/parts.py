"""How feeds are shared: by parts, each with whole hosts, and each part wanted by one of the pollers that are alive. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence

from connectors.feeds.fetch import host_of
from connectors.feeds.settings import FeedSettings
from schemas.ids import digest

#: So many parts: enough that they spread evenly over a few pollers, few enough to be taken one by one.
PARTS = tuple(f"feeds {number:02}" for number in range(64))
#: What the one holds that tells coverage for all.
TELLING = "coverage"


def part_of(feed: FeedSettings) -> str:
    """Return the part of a feed. All feeds of one host are in one part: only one poller knows when it asked a host."""
    return PARTS[zlib.crc32(host_of(feed.url).encode()) % len(PARTS)]


def wanted_parts(poller: str, pollers: Collection[str]) -> frozenset[str]:
    """Return the parts that ``poller`` is to hold among ``pollers``: each part wants the one with the highest draw for it,
    so that a poller that comes or goes moves no part between two others."""
    return frozenset(part for part in PARTS if poller == max(pollers, key=lambda other: digest(part, other)))


def feeds_hash(feeds: Sequence[FeedSettings]) -> str:
    """Return what tells two lists of feeds apart."""
    return digest(*sorted(f"{feed.id} {feed.url}" for feed in feeds))
