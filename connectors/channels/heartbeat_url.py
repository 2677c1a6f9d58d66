"""A sign of life to a monitor outside: fetches one URL. The monitor rings when it is not fetched any more."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network

from connectors.address_guard import guarded_connector
from connectors.channels.http_post import HttpPoster
from connectors.channels.settings import checked_url
from schemas.clock import Clock
from schemas.errors import UsageError
from schemas.ports.channel import Outcome


class HeartbeatUrl:
    """Fetches ``url`` (which may be a secret) when told to. ``allowed`` are networks beside the public ones."""

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        allowed: Sequence[str | IPv4Network | IPv6Network] = (),
        timeout_s: float = 10.0,
    ) -> None:
        try:
            self._url = checked_url("heartbeat", url)
        except ValueError as error:
            raise UsageError(str(error), remedy="correct url in the section [heartbeat]") from None
        self._poster = HttpPoster("heartbeat", lambda: guarded_connector(allowed), timeout_s=timeout_s, clock=clock)

    async def ping(self) -> Outcome:
        """Fetch the URL once; bounded in time, raises nothing for what the network does."""
        return await self._poster.get(self._url)

    async def close(self) -> None:
        """Close the connections; idempotent."""
        await self._poster.close()
