"""Looks at one feed after another, over the network or into an inlet, and keeps what hosts tell of the time."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.feeds.standing import FeedStanding
from pipelines.polling.clock_guard import ClockGuard
from pipelines.polling.host_pace import HostPace
from pipelines.polling.line import Line
from pipelines.polling.looking import DocumentParser, FeedFetcher, Inlet, Look, look_at
from pipelines.polling.sending import Turn
from schemas.clock import Clock


class Looker:
    """Asks within the limits of ``hosts`` and ``line``; ``guard`` hears what time it is there."""

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
    ) -> None:
        self._fetcher = fetcher
        self._parser = parser
        self._inlets = inlets
        self._clock = clock
        self._guard = guard
        self._hosts = hosts
        self._line = line

    async def look(self, standing: FeedStanding, host: str) -> Look:
        """Return what is found at ``standing``, asked at ``host``."""
        feed = standing.feed
        if feed.id in self._inlets:
            return Look(feed.id, await self._inlets[feed.id].look(standing.cursor))
        entered: list[str] = []

        def may_follow(other: str) -> bool:
            """Tell whether a redirect to another host may be followed: that host has its pace and its places too."""
            at = self._clock.now()
            if not self._hosts.may_be_asked(other, at) or not self._line.enter(other):
                return False
            entered.append(other)
            self._hosts.asked(other, at)
            return True

        try:
            look = await look_at(feed, standing.cursor, self._fetcher, self._parser, self._clock.now(), may_follow)
        finally:
            for other in entered:
                self._line.exit(other)
        if look.server_time is not None:
            self._guard.hear(host, look.server_time)
        return look
