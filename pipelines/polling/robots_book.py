"""What each site's robots.txt says to us, asked for once a day: an address in, the site's rules out.

A site without the file (any 4xx) forbids nothing; one whose file cannot be had forbids everything until it is asked again,
as RFC 9309 has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from connectors.feeds.fetch_failures import FetchError, FetchFailure
from connectors.feeds.robots import ALLOW_ALL, ALLOW_NOTHING, RobotsRules, read_robots
from schemas.clock import Clock

#: Our product token.
NAME = "Tocsin"
_KEPT_FOR = timedelta(days=1)
#: What could not be had is asked for again after this.
_MISSED_FOR = timedelta(minutes=10)
_MOST_SITES = 2_000

#: Asks for an address at the pace of its host; returns the body. :raises FetchError:
Ask = Callable[[str], Awaitable[bytes]]


class RobotsBook:
    """Remembers the rules of sites. An instance belongs to one event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rules: dict[str, tuple[RobotsRules, datetime]] = {}
        self._asking: dict[str, asyncio.Lock] = {}

    async def rules(self, address: str, ask: Ask) -> RobotsRules:
        """Return the rules for ``address``; where they are not known, ``ask`` gets the file, once for all who wait."""
        parts = urlsplit(address)
        site = f"{parts.scheme.lower()}://{parts.netloc.rpartition('@')[2].lower()}"
        if (known := self._known(site)) is not None:
            return known
        async with self._asking.setdefault(site, asyncio.Lock()):
            if (known := self._known(site)) is not None:
                return known
            rules, kept_for = await _asked(f"{site}/robots.txt", ask)
            if len(self._rules) >= _MOST_SITES:
                oldest = next(iter(self._rules))
                del self._rules[oldest]
                self._asking.pop(oldest, None)
            self._rules.pop(site, None)
            self._rules[site] = (rules, self._clock.now() + kept_for)
            return rules

    def _known(self, site: str) -> RobotsRules | None:
        rules, until = self._rules.get(site, (None, None))
        return rules if until is not None and self._clock.now() < until else None


async def _asked(address: str, ask: Ask) -> tuple[RobotsRules, timedelta]:
    try:
        body = await ask(address)
    except FetchError as error:
        refused = error.status is not None and 400 <= error.status < 500 and error.status != 429
        if refused or error.failure is FetchFailure.REDIRECT:
            return ALLOW_ALL, _KEPT_FOR
        return ALLOW_NOTHING, _MISSED_FOR
    return read_robots(body, NAME), _KEPT_FOR
