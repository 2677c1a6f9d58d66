"""Incidents in PagerDuty (Events API v2): an alert triggers one, its end resolves it; one incident an alert."""

from __future__ import annotations

from connectors.channels.http_post import HttpPoster
from schemas.ids import Json, canonical_json
from schemas.plain_text import plain_line, plain_text, shortened_bytes
from schemas.ports.channel import Message, Outcome
from schemas.reasons import EventKind, MessageKind, Severity

#: https://developer.pagerduty.com/docs/send-alert-event: a summary has 1024 characters, an event 512 KB in all.
SUMMARY_LIMIT = 1024
_BODY_LIMIT_BYTES = 100_000

_SEVERITY = {
    Severity.LOW: "info",
    Severity.NORMAL: "warning",
    Severity.HIGH: "error",
    Severity.CRITICAL: "critical",
}
_ENDS = frozenset({EventKind.RESOLVED, EventKind.RETRACTED})


class PagerDutyChannel:
    """Sends to the service that ``routing_key`` belongs to."""

    def __init__(self, receiver: str, url: str, routing_key: str, poster: HttpPoster) -> None:
        self._receiver = receiver
        self._address = f"{url.rstrip('/')}/v2/enqueue"
        self._routing_key = routing_key
        self._poster = poster

    @property
    def receiver(self) -> str:
        """The receiver's name."""
        return self._receiver

    async def send(self, message: Message) -> Outcome:
        """Send ``message`` once; a repeated one finds its incident by the key of the thread."""
        body = pagerduty_body(message, self._routing_key)
        return await self._poster.post(self._address, body, {"Content-Type": "application/json"})

    async def close(self) -> None:
        """Close the connections."""
        await self._poster.close()


def action_of(message: Message) -> str:
    """Return ``trigger``, ``acknowledge`` or ``resolve``. A test resolves what is not there: it shows that the way is open and
    wakes nobody."""
    if message.kind is MessageKind.TEST:
        return "resolve"
    if message.kind is MessageKind.ACKNOWLEDGED:
        return "acknowledge"
    event = message.event
    if event is not None and (event.event in _ENDS or (event.event is EventKind.SIGHTED and not event.alert_id)):
        return "resolve"
    return "trigger"


def pagerduty_body(message: Message, routing_key: str) -> bytes:
    """Return the JSON of ``message``."""
    details: dict[str, Json] = {
        "body": shortened_bytes(plain_text(message.body).strip(), _BODY_LIMIT_BYTES),
        "message_id": message.message_id,
    }
    payload: dict[str, Json] = {
        "summary": plain_line(message.subject, SUMMARY_LIMIT) or "(no subject)",
        "source": "tocsin",
        "severity": _SEVERITY[message.severity],
        "custom_details": details,
    }
    if message.event is not None:
        payload |= {
            "timestamp": message.event.at.isoformat(),
            "component": plain_line(message.event.key, 255),
            "group": plain_line(message.event.rule, 255),
            "class": message.event.detector or message.event.event.value,
        }
    body: dict[str, Json] = {
        "routing_key": routing_key,
        "event_action": action_of(message),
        "dedup_key": message.thread_id[:255],
        "payload": payload,
    }
    if message.link:
        body["links"] = [{"href": message.link, "text": "Alert"}]
    return canonical_json(body)
