"""A message as alerts in Prometheus Alertmanager's words: labels, annotations, times. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from schemas.alert_event import AlertEvent
from schemas.ids import Json, digest
from schemas.plain_text import plain_line, plain_text, plural, shortened
from schemas.ports.channel import Message
from schemas.reasons import EventKind, EventReason, MessageKind, Severity

_NO_LABEL = re.compile(r"[^A-Za-z0-9_]")
_ENDS = frozenset({EventKind.RESOLVED, EventKind.RETRACTED, EventKind.RULE_REMOVED})
_NEVER = "0001-01-01T00:00:00Z"

#: Alertmanager takes what is not sent again for resolved; Tocsin says itself when something is over.
FIRES_FOR = timedelta(days=90)

_TEXT_LIMIT = 20_000


def is_over(message: Message, event: AlertEvent | None) -> bool:
    """Return whether ``event`` (or a message without one) says that something has ended. A test begins and ends at once."""
    if event is None:
        # What is over from the first on, and ended nothing, nobody would be told of.
        return message.kind is MessageKind.TEST or (message.over and message.thread_id != message.message_id)
    return event.event in _ENDS or (event.event is EventKind.SIGHTED and not event.alert_id)


def labels_of(message: Message, event: AlertEvent | None) -> dict[str, Json]:
    """Return the labels, the same for every event of an alert: Alertmanager tells alerts apart by them."""
    if event is None:
        return {"alertname": f"tocsin_{message.kind.value}", "thread": message.thread_id}
    own = {_NO_LABEL.sub("_", f"_{n}" if n[:1].isdigit() else n): plain_line(v, 500) for n, v in event.labels.items()}
    labels: dict[str, Json] = {name: value for name, value in own.items() if value}
    labels |= {"alertname": plain_line(event.rule), "severity": event.severity.value, "source": "tocsin"}
    if event.key:
        labels["key"] = plain_line(event.key, 500)
    if event.alert_id:
        labels["alert_id"] = event.alert_id
    return labels


def annotations_of(message: Message, event: AlertEvent | None) -> dict[str, Json]:
    """Return the texts: of the message, or of one of the several events it tells."""
    if event is not None and message.event is None:
        counts = event.counts
        words = f"{event.event.value}: {plural(counts.stories, 'story', 'stories')}, {plural(counts.publishers, 'publisher')}"
        return {"summary": words, "description": plain_line(event.detail, _TEXT_LIMIT)}
    summary = plain_line(message.subject)
    return {"summary": shortened(summary, 500), "description": shortened(plain_text(message.body).strip(), _TEXT_LIMIT)}


def alerts_of(message: Message, now: datetime, *, fires_for: timedelta | None = None) -> list[dict[str, Json]]:
    """Return one alert for each event of ``message``, or one for a message without events.

    With ``fires_for`` one that is open says when it ends by itself, as the API wants it; without, that it does not, as
    receivers of webhooks know it.
    """
    events: tuple[AlertEvent | None, ...] = (message.event,) if message.event else message.events or (None,)
    found: list[dict[str, Json]] = []
    for event in (one for told in events for one in _with_lesser(told)):
        labels, over = labels_of(message, event), is_over(message, event)
        begun = now if event is None else event.crossing or event.at
        at = now if event is None else event.at
        ends = stamp(max(begun, at)) if over else _NEVER if fires_for is None else stamp(now + fires_for)
        alert: dict[str, Json] = {
            "labels": labels,
            "annotations": annotations_of(message, event),
            "startsAt": stamp(begun),
            "endsAt": ends,
            "generatorURL": message.link or "",
        }
        if fires_for is None:
            alert["status"] = "resolved" if over else "firing"
            alert["fingerprint"] = digest("labels", *sorted(f"{n}={v}" for n, v in labels.items()), length=16)
        found.append(alert)
    return found


def _with_lesser(event: AlertEvent | None) -> list[AlertEvent | None]:
    """Return ``event``, and where it became graver itself at every lesser severity, under which it is over: to Alertmanager
    an alert with another label is another alert."""
    if event is None or event.reason is not EventReason.GRAVER:
        return [event]
    severities = list(Severity)
    lesser = severities[: severities.index(event.severity)]
    return [
        event,
        *(event.model_copy(update={"severity": severity, "event": EventKind.RESOLVED}) for severity in lesser),
    ]


def webhook_v4(message: Message, receiver: str, now: datetime) -> dict[str, Json]:
    """Return the body a webhook receiver of Alertmanager knows, version 4.

    Source: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
    """
    alerts = alerts_of(message, now)
    firing = any(alert["status"] == "firing" for alert in alerts)
    first = alerts[0]
    common = first["labels"] if len(alerts) == 1 else {}
    return {
        "version": "4",
        "groupKey": f'{{}}:{{thread="{message.thread_id}"}}',
        "truncatedAlerts": 0,
        "status": "firing" if firing else "resolved",
        "receiver": receiver,
        "groupLabels": {"thread": message.thread_id},
        "commonLabels": common,
        "commonAnnotations": annotations_of(message, message.event),
        "externalURL": message.link or "",
        "alerts": list(alerts),
    }


def stamp(moment: datetime) -> str:
    """Return ``moment`` as RFC 3339."""
    return moment.isoformat().replace("+00:00", "Z")
