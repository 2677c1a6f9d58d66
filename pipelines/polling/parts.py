"""How feeds are shared: by parts, each with whole hosts and whole publishers, and each part wanted by one of the pollers
that are alive. Pure."""

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


def parts_of(feeds: Sequence[FeedSettings]) -> dict[str, str]:
    """Return the part of each feed by its id. All feeds of one host are in one part, because only one poller knows when it asked
    a host; and all of one publisher, because one article in two of them is known by who has read both."""
    leads_to: dict[str, str] = {}

    def first_of(name: str) -> str:
        while (further := leads_to.setdefault(name, name)) != name:
            leads_to[name] = name = leads_to[further]
        return name

    for feed in feeds:
        host, publisher = first_of(f"host {host_of(feed.url)}"), first_of(f"publisher {feed.publisher.id}")
        leads_to[max(host, publisher)] = min(host, publisher)  # "host" comes first: a group is called by a host of its.
    first_hosts = {feed.id: first_of(f"host {host_of(feed.url)}").removeprefix("host ") for feed in feeds}
    return {id_: PARTS[zlib.crc32(host.encode()) % len(PARTS)] for id_, host in first_hosts.items()}


def wanted_parts(poller: str, pollers: Collection[str]) -> frozenset[str]:
    """Return the parts that ``poller`` is to hold among ``pollers``: each part wants the one with the highest draw for it,
    so that a poller that comes or goes moves no part between two others."""
    return frozenset(part for part in PARTS if poller == max(pollers, key=lambda other: digest(part, other)))


def feeds_hash(feeds: Sequence[FeedSettings]) -> str:
    """Return what tells two lists of feeds apart."""
    return digest(*sorted(f"{feed.id} {feed.url} {feed.publisher.id}" for feed in feeds))
