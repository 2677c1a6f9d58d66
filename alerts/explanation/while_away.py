"""One message for several events: what is too old to be told one by one, what was held back, what belongs together. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from alerts.explanation.names import ActorNames
from alerts.explanation.phrases import moment
from alerts.explanation.subject import SUBJECT_LIMIT, subject_of
from schemas.alert_event import AlertEvent
from schemas.plain_text import plural, shortened
from schemas.ports.channel import Message
from schemas.reasons import DeliveryReason, MessageKind, Severity

#: More lines than this nobody reads; what is left out is counted.
_LINES = 40
_RANK = {severity: rank for rank, severity in enumerate(Severity)}


#: Why several events come in one message: the first words of the subject, and the first line of the body.
_TOGETHER: dict[DeliveryReason, tuple[str, str]] = {
    DeliveryReason.WHILE_AWAY: ("While away", "These happened more than an hour before they could be told:"),
    DeliveryReason.QUIET_HOURS: ("In quiet hours", "These came in your quiet hours:"),
    DeliveryReason.TOO_MANY: ("The rest", "These were more than the messages you asked for at most:"),
    DeliveryReason.GROUP_WAIT: ("Together", "These belong to one group:"),
}


def while_away_message(events: Sequence[AlertEvent], names: ActorNames, *, message_id: str) -> Message:
    """Return the message of ``events`` (at least one, the newest event of each alert): the gravest first, then by time."""
    return several_message(events, names, message_id=message_id, because=DeliveryReason.WHILE_AWAY)


def several_message(
    events: Sequence[AlertEvent], names: ActorNames, *, message_id: str, because: DeliveryReason
) -> Message:
    """Return one message of ``events`` (at least one, the newest event of each alert) that says why they come together:
    the gravest first, then by time."""
    head, intro = _TOGETHER[because]
    gravest = max((event.severity for event in events), key=lambda severity: _RANK[severity])
    first, last = _span(events)
    told = plural(len(events), "event", "events")
    span = moment(first) if first == last else f"{moment(first)} to {moment(last)}"
    ordered = sorted(events, key=lambda event: (-_RANK[event.severity], event.at, event.rule, event.seq))
    lines = [f"• {moment(event.at)}: {subject_of(event, names)}{_where(event)}" for event in ordered[:_LINES]]
    if len(ordered) > _LINES:
        lines.append(f"… and {len(ordered) - _LINES} more")
    body = [intro, "", *lines, "", "More: tocsin alerts list"]
    subject = f"{head}: {told}, gravest {subject_of(ordered[0], names)}"
    if because is DeliveryReason.WHILE_AWAY:  # How long ago matters most of what is old.
        subject = f"{head}: {told}, gravest {gravest.value.upper()}, {span}"
    elif because is DeliveryReason.GROUP_WAIT:
        more = f" · and {len(events) - 1} more"
        subject = shortened(subject_of(ordered[0], names), SUBJECT_LIMIT - len(more)) + more
    return Message(
        message_id=message_id,
        thread_id=message_id,
        kind=MessageKind.WHILE_AWAY if because is DeliveryReason.WHILE_AWAY else MessageKind.DIGEST,
        severity=gravest,
        subject=shortened(subject, SUBJECT_LIMIT),
        body="\n".join(body),
        events=tuple(sorted(events, key=lambda event: (event.at, event.rule, event.seq))),
    )


def _span(events: Sequence[AlertEvent]) -> tuple[datetime, datetime]:
    return min(event.at for event in events), max(event.at for event in events)


def _where(event: AlertEvent) -> str:
    return f" [tocsin alerts show {event.alert_id}]" if event.alert_id else ""
