"""The message of an alert that joins the thread of another on mostly the same stories: the same words, quiet. Pure."""

from __future__ import annotations

from alerts.explanation.names import ActorNames
from alerts.explanation.phrases import moment
from alerts.explanation.subject import SUBJECT_LIMIT, subject_of
from schemas.alert_event import AlertEvent
from schemas.plain_text import shortened
from schemas.ports.channel import Message
from schemas.reasons import Severity

_MARK = "ALSO "


def joining_message(message: Message, opening: AlertEvent | None, alert_id: str, names: ActorNames) -> Message:
    """Return ``message`` in the thread of the alert ``alert_id``, which began with ``opening``, too quiet to wake anybody.

    The event in it keeps its own severity.
    """
    known = f"{subject_of(opening, names)}, told of {moment(opening.at)}" if opening is not None else "another alert"
    note = f"At least half of its articles are among those of: {known} [tocsin alerts show {alert_id}]"
    return message.model_copy(
        update={
            "thread_id": alert_id,
            "severity": Severity.LOW,
            "subject": shortened(_MARK + message.subject, SUBJECT_LIMIT),
            "body": f"{note}\n\n{message.body}",
        }
    )
