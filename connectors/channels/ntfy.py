"""Push messages through an ntfy server, as the JSON form of its publish call (titles there may hold any script)."""

from __future__ import annotations

from urllib.parse import urlsplit

from connectors.channels.http_post import HttpPoster
from schemas.ids import Json, canonical_json
from schemas.plain_text import plain_line, plain_text, shortened_bytes
from schemas.ports.channel import Message, Outcome
from schemas.reasons import EventKind, MessageKind, Severity

#: A longer message would arrive as an attached file (https://docs.ntfy.sh/publish/#limitations).
MESSAGE_LIMIT_BYTES = 4096

#: A notification shows no more buttons (https://docs.ntfy.sh/publish/#action-buttons).
_ACTIONS_LIMIT = 3

#: ntfy's five priorities: 1 makes no sound, 3 is its default, 5 keeps ringing.
_PRIORITY = {Severity.LOW: 2, Severity.NORMAL: 3, Severity.HIGH: 4, Severity.CRITICAL: 5}
_QUIET = frozenset({EventKind.RESOLVED, EventKind.RETRACTED, EventKind.UPDATED, EventKind.SIGHTED})


class NtfyChannel:
    """Publishes to ``topic`` of the server at ``url``, with an access token where there is one."""

    def __init__(self, receiver: str, url: str, topic: str, token: str | None, poster: HttpPoster) -> None:
        self._receiver = receiver
        self._url = url
        self._topic = topic
        self._token = token
        self._poster = poster

    @property
    def receiver(self) -> str:
        """The receiver's name."""
        return self._receiver

    async def send(self, message: Message) -> Outcome:
        """Publish ``message`` once."""
        headers = {"Content-Type": "application/json"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        return await self._poster.post(self._url, ntfy_body(message, self._topic), headers)

    async def close(self) -> None:
        """Close the connections."""
        await self._poster.close()


def ntfy_body(message: Message, topic: str) -> bytes:
    """Return the JSON of ``message``: a quiet priority for what is over, the first headline to click on."""
    body: dict[str, Json] = {
        "topic": topic,
        "title": plain_line(message.subject, 250),
        "message": shortened_bytes(
            plain_text(message.body).strip() or plain_line(message.subject), MESSAGE_LIMIT_BYTES
        ),
        "priority": _priority(message),
        "tags": _tags(message),
    }
    click = next((e.url for e in message.evidence if e.url and urlsplit(e.url).scheme in ("http", "https")), None)
    if click is not None and len(click) <= 2000 and click.isprintable() and " " not in click:
        body["click"] = click
    if message.answers:
        # A tap sends the POST that acts, from the phone itself (https://docs.ntfy.sh/publish/#send-http-request).
        body["actions"] = [
            {"action": "http", "label": one.kind.label, "url": one.url, "method": "POST", "clear": True}
            for one in message.answers[:_ACTIONS_LIMIT]
        ]
    return canonical_json(body)


def _priority(message: Message) -> int:
    loud = _PRIORITY[message.severity]
    return min(loud, 2) if message.event is not None and message.event.event in _QUIET else loud


def _tags(message: Message) -> list[Json]:
    if message.event is None:
        return ["wrench" if message.kind is MessageKind.SERVICE else "bell"]
    if message.event.event in _QUIET:
        return ["white_check_mark"]
    return ["see_no_evil" if message.event.event is EventKind.BLIND else "rotating_light"]
