"""A webhook after Standard Webhooks: message in, one signed POST of JSON out. The secret never leaves this module."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import datetime
from typing import Literal

from connectors.channels.alertmanager_alerts import webhook_v4
from connectors.channels.http_post import HttpPoster
from schemas.clock import Clock
from schemas.errors import UsageError
from schemas.ids import Json, canonical_json
from schemas.ports.channel import Message, Outcome
from schemas.reasons import MessageKind

_PREFIX = "whsec_"


class WebhookChannel:
    """Posts each message to ``url``, signed with ``secret``.

    The body is ``{"type", "timestamp", "data"}``; ``data`` holds the texts, the event (or events) and the evidence as
    the ledger has them. The id is the message id, so a receiver that has seen it already can leave a repeat out. In the
    format ``alertmanager`` the body is what Alertmanager's own webhooks post, so that what takes those takes these; it
    may go unsigned (``secret`` None), as those do.
    Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    """

    def __init__(
        self,
        receiver: str,
        url: str,
        secret: bytes | None,
        poster: HttpPoster,
        clock: Clock,
        *,
        body_format: Literal["native", "alertmanager"] = "native",
    ) -> None:
        self._format = body_format
        self._receiver = receiver
        self._url = url
        self._secret = secret
        self._poster = poster
        self._clock = clock

    @property
    def receiver(self) -> str:
        """The receiver's name."""
        return self._receiver

    async def send(self, message: Message) -> Outcome:
        """Post ``message`` once."""
        now = self._clock.now()
        if self._format == "alertmanager":
            body = canonical_json(webhook_v4(message, self._receiver, now))
        else:
            body = webhook_body(message, now)
        timestamp = int(now.timestamp())
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message.message_id,
            "webhook-timestamp": str(timestamp),
        }
        if self._secret is not None:
            headers["webhook-signature"] = signature(self._secret, message.message_id, timestamp, body)
        return await self._poster.post(self._url, body, headers)

    async def close(self) -> None:
        """Close the connections."""
        await self._poster.close()


def webhook_body(message: Message, now: datetime) -> bytes:
    """Return the JSON of ``message``; ``now`` is told only where there is no event with a time of its own."""
    kind, at = message.kind.value, now
    if message.event is not None:
        kind, at = f"alert.{message.event.event.value}", message.event.at
    elif message.kind is MessageKind.WHILE_AWAY and message.events:
        at = message.events[-1].at
    data: dict[str, Json] = {
        "message_id": message.message_id,
        "thread_id": message.thread_id,
        "severity": message.severity.value,
        "subject": message.subject,
        "body": message.body,
        "evidence": [evidence.model_dump(mode="json") for evidence in message.evidence],
    }
    if message.answers:
        data["answers"] = [answer.model_dump(mode="json") for answer in message.answers]
    if message.event is not None:
        data["event"] = message.event.model_dump(mode="json")
    if message.events:
        data["events"] = [event.model_dump(mode="json") for event in message.events]
    return canonical_json({"type": kind, "timestamp": at.isoformat().replace("+00:00", "Z"), "data": data})


def signature(secret: bytes, message_id: str, timestamp_s: int, body: bytes) -> str:
    """Return the value of ``webhook-signature``: HMAC-SHA256 over ``id.timestamp.body``, version 1."""
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


def decoded_secret(receiver: str, text: str) -> bytes:
    """Return the key in ``whsec_…`` (the prefix may be missing); :raises UsageError: not base64 of 24 to 64 bytes."""
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not 24 <= len(key) <= 64:
        # "from None" by construction: no error that quotes the secret is chained.
        raise UsageError(
            f'receiver "{receiver}": the webhook secret is not {_PREFIX} and base64 of 24 to 64 bytes',
            remedy="make one:  python3 -c \"import base64, os; print('whsec_' + base64.b64encode(os.urandom(32)).decode())\"",
        )
    return key
