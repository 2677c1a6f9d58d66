"""Messages about the watch itself rather than the news: a receiver that cannot be reached, a test. Pure."""

from __future__ import annotations

from alerts.explanation.subject import SUBJECT_LIMIT
from schemas.ids import digest
from schemas.plain_text import plain_line, plain_text
from schemas.ports.channel import Message
from schemas.reasons import MessageKind, Severity


def service_note(subject: str, body: str, *, occasion: str, severity: Severity = Severity.HIGH) -> Message:
    """Return a note of the service. The same ``occasion`` has the same message id, so a repeated note is recognised."""
    note_id = "note_" + digest("service-note", occasion, length=24)
    return Message(
        message_id=note_id,
        thread_id=note_id,
        kind=MessageKind.SERVICE,
        severity=severity,
        subject=plain_line(subject, SUBJECT_LIMIT),
        body=plain_text(body),
    )


def dead_delivery_note(receiver: str, message: Message, why: str) -> Message:
    """Return what the other receivers are told when ``message`` could not be delivered to ``receiver``."""
    body = [
        f"The receiver {receiver} did not get this message, and it will not be tried again: {why}.",
        "",
        message.subject,
        "",
        message.body,
        "",
        "See the deliveries of an alert: tocsin alerts show ID. Correct the receiver in the settings, then restart.",
    ]
    return service_note(
        f"NOT DELIVERED to {receiver}: {message.subject}",
        "\n".join(body),
        occasion=f"dead {receiver} {message.message_id}",
        severity=message.severity,
    )


def message_for_test(receiver: str, *, occasion: str) -> Message:
    """Return a harmless message that shows that ``receiver`` can be reached."""
    test_id = "test_" + digest("test-message", receiver, occasion, length=24)
    return Message(
        message_id=test_id,
        thread_id=test_id,
        kind=MessageKind.TEST,
        severity=Severity.LOW,
        subject=f"Test: Tocsin reaches {plain_line(receiver, 64)}",
        body="This is a test. Alerts will come to this receiver in the same way.",
    )
