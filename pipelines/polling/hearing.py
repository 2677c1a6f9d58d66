"""What time it is elsewhere: hosts are waited for before the first writing, and a few are asked while our clock is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from connectors.feeds.fetch import host_of
from connectors.feeds.standing import FeedStanding
from pipelines.polling.clock_guard import LEAST_HOSTS, ClockGuard
from pipelines.polling.roster import Roster
from pipelines.polling.sending import Round, Sender

#: Asked for the time at once.
_ASKED_HOSTS = 5


class HostTimes:
    """Lets ``guard`` hear the hosts of ``roster``. ``inlets``: feeds that no host is asked for."""

    def __init__(self, roster: Roster, inlets: Collection[str], guard: ClockGuard, sender: Sender) -> None:
        self._roster = roster
        self._inlets = inlets
        self._guard = guard
        self._sender = sender
        self._heard_out = False
        self._asked = 0

    async def hear_out(self, round_: Round, patience_s: float, linger_s: float) -> None:
        """Wait with the first round, ``patience_s`` at most, until enough of its hosts have told the time: nothing is
        written by a clock that none was asked about."""
        if not self._heard_out and len(self._hosts()) >= LEAST_HOSTS:
            loop = asyncio.get_running_loop()
            until_s = loop.time() + patience_s
            while not round_.complete and self._guard.hosts < LEAST_HOSTS and loop.time() < until_s:
                await round_.wait(linger_s)
        self._heard_out = True

    async def ask(self) -> None:
        """Ask a few hosts, others each time, only to hear what time it is there."""
        by_host = self._hosts()
        hosts = list(by_host)
        self._asked += _ASKED_HOSTS
        turned = [hosts[(self._asked + place) % len(hosts)] for place in range(min(_ASKED_HOSTS, len(hosts)))]
        round_ = self._sender.send([(host, by_host[host]) for host in turned])
        try:
            while not round_.complete:
                await round_.wait(None)
            round_.take()
        finally:
            if not round_.complete:
                await self._sender.give_up(round_)

    def _hosts(self) -> dict[str, FeedStanding]:
        """Return the hosts that are asked over the network, each with a feed of it."""
        return {host_of(s.address): s for s in self._roster if s.polled and s.feed.id not in self._inlets}
