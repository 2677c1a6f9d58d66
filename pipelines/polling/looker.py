"""Looks at one feed after another, over the network or into an inlet, and keeps what hosts tell of the time."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.feeds.fetch import host_of
from connectors.feeds.standing import FeedStanding
from pipelines.polling.clock_guard import ClockGuard
from pipelines.polling.host_pace import HostPace
from pipelines.polling.line import Line
from pipelines.polling.looking import DocumentParser, FeedFetcher, Inlet, Look, PutOff, look_at
from pipelines.polling.roster import Roster
from pipelines.polling.sending import Turn
from schemas.clock import Clock


class Looker:
    """Asks within the limits of ``hosts`` and ``line``; ``guard`` hears what time it is there. ``roster`` knows how far the
    redirects of a feed have led already."""

    def __init__(
        self,
        fetcher: FeedFetcher,
        parser: DocumentParser,
        inlets: Mapping[str, Inlet],
        clock: Clock,
        *,
        guard: ClockGuard,
        hosts: HostPace,
        line: Line[Turn],
        roster: Roster,
    ) -> None:
        self._fetcher = fetcher
        self._parser = parser
        self._inlets = inlets
        self._clock = clock
        self._guard = guard
        self._hosts = hosts
        self._line = line
        self._roster = roster

    async def look(self, standing: FeedStanding, host: str) -> Look:
        """Return what is found at ``standing``, asked at ``host``. No request is sent before its host may have it: one that
        has waited in the line for long, or that a redirect leads to, is put off, and holds nobody up meanwhile."""
        feed = standing.feed
        if feed.id in self._inlets:
            return Look(feed.id, await self._inlets[feed.id].look(standing.cursor))
        hop = self._roster.hop_of(feed.id)
        if hop is not None and host_of(hop.address) != host:
            hop = None  # It is asked for another reason than to be read.
        now = self._clock.now()
        if not self._hosts.send(host, now):
            return Look(feed.id, PutOff(host, hop))
        entered: list[str] = []

        def may_follow(other: str) -> bool:
            """Tell whether a redirect may be followed now: each host has its pace and its places."""
            if other != host and other not in entered:
                if not self._line.enter(other):
                    return False
                entered.append(other)
            return self._hosts.send(other, self._clock.now())

        try:
            look = await look_at(feed, standing.cursor, self._fetcher, self._parser, now, may_follow, hop)
        finally:
            for other in entered:
                self._line.exit(other)
        if look.server_time is not None:
            self._guard.hear(host, look.server_time)
        return look
