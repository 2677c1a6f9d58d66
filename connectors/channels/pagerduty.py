"""Incidents in PagerDuty (Events API v2): an alert triggers one, its end resolves it; one incident an
alert, or a stand of the watch itself."""

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
_ENDS = frozenset({EventKind.RESOLVED, EventKind.RETRACTED, EventKind.RULE_REMOVED})
#: What happened to the watch and is over with that: nobody would ever say its end.
_FACTS = frozenset({EventKind.RULE_READY, EventKind.ENGINE_CHANGED, EventKind.EXTRACTOR_CHANGED})


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
        """Send ``message`` once; a repeated one finds its incident by the key of the thread. The incident of a fact is
        resolved right after it was triggered: it is shown, and does not stay open for ever."""
        outcome = await self._post(message)
        if outcome.result == "delivered" and is_fact(message):
            return await self._post(message, "resolve")
        return outcome

    async def _post(self, message: Message, action: str | None = None) -> Outcome:
        body = pagerduty_body(message, self._routing_key, action)
        return await self._poster.post(self._address, body, {"Content-Type": "application/json"})

    async def close(self) -> None:
        """Close the connections."""
        await self._poster.close()


def action_of(message: Message) -> str:
    """Return ``trigger``, ``acknowledge`` or ``resolve``. A test resolves what is not there: it shows that the way is open and
    wakes nobody. A note of the service that tells of an end resolves what told of the beginning."""
    if message.kind is MessageKind.TEST or (message.over and not is_fact(message)):
        return "resolve"
    if message.kind is MessageKind.ACKNOWLEDGED:
        return "acknowledge"
    event = message.event
    if event is not None and (event.event in _ENDS or (event.event is EventKind.SIGHTED and not event.alert_id)):
        return "resolve"
    return "trigger"


def is_fact(message: Message) -> bool:
    """Tell whether ``message`` is of something that has no end."""
    if message.event is not None:
        return message.event.event in _FACTS
    return message.over and message.thread_id == message.message_id


def pagerduty_body(message: Message, routing_key: str, action: str | None = None) -> bytes:
    """Return the JSON of ``message``, with another ``action`` than its own where one is given.

    A fact has an incident of its own, so that its end is not that of a blind rule.
    """
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
        "event_action": action or action_of(message),
        "dedup_key": (message.message_id if is_fact(message) else message.thread_id)[:255],
        "payload": payload,
    }
    if message.link:
        body["links"] = [{"href": message.link, "text": "Alert"}]
    return canonical_json(body)
