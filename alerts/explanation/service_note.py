"""Messages about the watch itself rather than the news: a receiver that cannot be reached, a watch that
stands still, a test. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from alerts.explanation.phrases import moment
from alerts.explanation.subject import SUBJECT_LIMIT
from schemas.alert_event import AlertEvent
from schemas.ids import digest
from schemas.plain_text import plain_line, plain_text, shown_bytes
from schemas.ports.channel import Message
from schemas.ports.response import Acknowledgement
from schemas.reasons import MessageKind, Severity


def service_note(
    subject: str,
    body: str,
    *,
    occasion: str,
    severity: Severity = Severity.HIGH,
    thread: str | None = None,
    over: bool = False,
) -> Message:
    """Return a note of the service. The same ``occasion`` has the same message id, so a repeated note is recognised.

    Notes of one ``thread`` (without one, each is its own) tell of the same thing; one that is ``over`` tells of its end.
    """
    return Message(
        message_id=_note_id(occasion),
        thread_id=_note_id(occasion if thread is None else thread),
        kind=MessageKind.SERVICE,
        over=over,
        severity=severity,
        subject=plain_line(subject, SUBJECT_LIMIT),
        body=plain_text(body),
    )


def _note_id(occasion: str) -> str:
    return "note_" + digest("service-note", occasion, length=24)


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


def unreached_note(receiver: str, message: Message, why: str, *, since: datetime, now: datetime) -> Message:
    """Return what the other receivers are told when ``receiver`` could not be reached from ``since`` to ``now``; ``message``
    is one that waits."""
    body = [
        f"The receiver {receiver} cannot be reached since {moment(since)}: {why}. This message waits, and perhaps others:",
        "",
        message.subject,
        "",
        message.body,
        "",
        "It is tried again, for a day. What waits: tocsin status. Is the service there, and is its address right?",
    ]
    return service_note(
        f"CANNOT BE REACHED: {receiver}, for {_minutes((now - since).total_seconds())}: {message.subject}",
        "\n".join(body),
        occasion=f"unreached {receiver} {since.isoformat()} {now.isoformat()}",
        severity=message.severity,
        thread=_outage(receiver, since),
    )


def reached_again_note(receiver: str, *, since: datetime, now: datetime) -> Message:
    """Return what the other receivers are told when ``receiver`` takes messages again."""
    return service_note(
        f"REACHED AGAIN: {receiver}, after {_minutes((now - since).total_seconds())}",
        "What waited for it is told now; alerts that are over by now are not.",
        occasion=f"end of {_outage(receiver, since)}",
        severity=Severity.NORMAL,
        thread=_outage(receiver, since),
        over=True,
    )


def _outage(receiver: str, since: datetime) -> str:
    return f"outage {receiver} {since.isoformat()}"


def all_quiet_note(*, since: datetime, engine_time: datetime | None, rang: int, receiver: str) -> Message:
    """Return the line of a day on which nothing was told to ``receiver`` since ``since``, and how fresh the watch is.
    ``rang``: alerts that others were told of, or that were held back from it."""
    others = f"{rang} rang for others or were not to be told here" if rang else "nothing rang at all"
    fresh = (
        f"The watch has read the news up to {moment(engine_time)}." if engine_time else "The watch has not begun yet."
    )
    return service_note(
        f"All quiet since {moment(since)}: {others}",
        f"{fresh}\nThis line comes once a day when there was nothing else to tell.\n\nMore: tocsin status",
        occasion=f"all quiet {receiver} {since.isoformat()}",
        severity=Severity.LOW,
        over=True,
    )


def acknowledged_note(event: AlertEvent, by: Acknowledgement) -> Message:
    """Return what a machine that keeps incidents is told when somebody cares for an alert; in the thread of the alert."""
    return Message(
        message_id="ack_" + digest("acknowledged", event.alert_id, by.at.isoformat(), length=24),
        thread_id=event.alert_id,
        kind=MessageKind.ACKNOWLEDGED,
        severity=event.severity,
        subject=plain_line(f"Acknowledged by {by.author}: {event.rule} {event.key}", SUBJECT_LIMIT),
        body=plain_text(by.comment) or "No comment was given.",
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


def standing_still_note(
    *,
    lag_s: float,
    engine_time: datetime | None,
    still: Sequence[tuple[str, datetime | None]],
    problem: str,
    occasion: str,
    stand: str,
) -> Message:
    """Return what is told when engine time lags by ``lag_s``: nothing can ring until it moves. ``still`` are the jobs that
    do not advance, each with its last sign of life; ``problem`` says what kept the watchdog from looking, or is empty.
    ``stand`` is the same for every note of one stand, and for that of its end."""
    stood = f"engine time stands at {moment(engine_time)}" if engine_time else "engine time never moved"
    lines = [f"No alert can ring until this is put right: {stood}, {_minutes(lag_s)} behind the clock.", ""]
    for job, last in still:
        lines.append(f"• {job}: last sign of life {moment(last)}" if last else f"• {job}: no sign of life")
    if problem:
        lines.append(f"• {problem}")
    if not still and not problem:
        lines.append(
            "• every job shows signs of life: one of them is slow, or a partition of the articles stands still"
        )
    lines += ["", "See which job stands still: tocsin status. Then look at what it says, and start it again."]
    names = ", ".join(job for job, _ in still)
    return service_note(
        f"STANDING STILL: the watch is {_minutes(lag_s)} behind{f' ({names} without a sign of life)' if names else ''}",
        "\n".join(lines),
        occasion=occasion,
        severity=Severity.CRITICAL,
        thread=stand,
    )


def little_room_note(free_bytes: int, a_day: float | None, *, occasion: str) -> Message:
    """Return what is told when only ``free_bytes`` are free where log and store lie; ``a_day``: bytes by which what the
    watch keeps grows, None where that is not known yet. ``occasion`` is the thread of the note of its end, too."""
    pace = f" What the watch keeps grows by {shown_bytes(round(a_day))} a day." if a_day else ""
    return service_note(
        f"LITTLE ROOM: {shown_bytes(free_bytes)} are free on the disk of the watch",
        f"When it is full nothing is written, and nothing rings.{pace}\n\nMake room there. What takes it: tocsin status",
        occasion=occasion,
        thread=occasion,
    )


def enough_room_note(free_bytes: int, *, thread: str) -> Message:
    """Return what is told when there is room again after the note of ``thread``."""
    return service_note(
        f"ROOM AGAIN: {shown_bytes(free_bytes)} are free on the disk of the watch",
        "Nothing needs to be done.",
        occasion=f"end of {thread}",
        severity=Severity.NORMAL,
        thread=thread,
        over=True,
    )


def ended_note(reason: str, *, folder: str, now: datetime) -> Message:
    """Return what is told when the service of ``folder`` ends for good at ``now``, because of ``reason``. All notes of a
    folder's ends are one thread: nobody is left who could tell that it is over."""
    lines = [
        "Nothing is watched and no alert can ring until this is put right and the service is started again.",
        "",
        f"• {reason}",
        f"• the folder: {folder}",
        "",
        "See how it is: tocsin status. It is told again when the reason is another one, or after 12 h. That the watch is",
        "at work again is not told: close an incident of this by hand.",
    ]
    return service_note(
        f"ENDED: the watch has stopped for good: {reason}",
        "\n".join(lines),
        occasion=f"end {folder} {now.isoformat()}",
        severity=Severity.CRITICAL,
        thread=f"end {folder}",
    )


def moving_again_note(*, stood_s: float, stand: str) -> Message:
    """Return what is told when engine time has caught up after the ``stand``, of about ``stood_s``."""
    return service_note(
        f"MOVING AGAIN: the watch has caught up after {_minutes(stood_s)}",
        "What happened meanwhile was read late, not lost: alerts of that time are told now, or in one message.",
        occasion=f"end of {stand}",
        severity=Severity.NORMAL,
        thread=stand,
        over=True,
    )


def _minutes(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.0f} h"
