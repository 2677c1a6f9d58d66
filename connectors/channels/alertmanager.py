"""Alerts into a running Alertmanager (its API v2), which then routes and tells them itself."""

from __future__ import annotations

from connectors.channels.alertmanager_alerts import FIRES_FOR, alerts_of
from connectors.channels.http_post import HttpPoster
from schemas.clock import Clock
from schemas.ids import canonical_json
from schemas.ports.channel import Message, Outcome


class AlertmanagerChannel:
    """Posts to ``/api/v2/alerts`` of the server at ``url``; an open alert is told once and stays until its end is told."""

    def __init__(self, receiver: str, url: str, token: str | None, poster: HttpPoster, clock: Clock) -> None:
        self._receiver = receiver
        self._address = f"{url.rstrip('/')}/api/v2/alerts"
        self._token = token
        self._poster = poster
        self._clock = clock

    @property
    def receiver(self) -> str:
        """The receiver's name."""
        return self._receiver

    async def send(self, message: Message) -> Outcome:
        """Post ``message`` once; the same labels again change the alert that is there."""
        headers = {"Content-Type": "application/json"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        body = canonical_json(list(alerts_of(message, self._clock.now(), fires_for=FIRES_FOR)))
        return await self._poster.post(self._address, body, headers)

    async def close(self) -> None:
        """Close the connections."""
        await self._poster.close()
