"""The port of a notification channel: one message to one receiver, tried once."""

from __future__ import annotations

from typing import Literal, Protocol, Self

from pydantic import model_validator

from schemas.alert_event import AlertEvent, Evidence
from schemas.model import Part, UtcDatetime
from schemas.ports.answers import AnswerKind
from schemas.reasons import MessageKind, Severity


class HourBar(Part):
    """An hour of a key: what was counted in it and what was expected (None where the detector expects nothing).

    ``band_top`` is the most that chance alone explains in such an hour.
    """

    start: UtcDatetime
    count: int
    expected: float | None = None
    band_top: int | None = None


class AnswerLink(Part):
    """A link by which this receiver may give one answer to the alert; it is a secret of theirs and ends at ``expires_at``."""

    kind: AnswerKind
    url: str
    expires_at: UtcDatetime


class Message(Part):
    """What people are told. ``subject`` is at most 110 characters and plain; ``body`` is plain text of several lines.

    Titles in it come from outside: a channel escapes them for its own markup. ``message_id`` is the same on every retry,
    ``thread_id`` the same for every message of an alert. ``event`` is there for an alert's own message; a while-away
    message holds all it tells of in ``events``; a note of the service or a test message has neither, and is ``over`` where
    what its thread told of has ended, or, in a thread of its own, where it leaves nothing to attend to. ``hours`` are the
    bars of a chart, oldest first; ``body`` says the same in characters. ``link`` is the page of the alert;
    ``answers`` are for this receiver alone.
    """

    message_id: str
    thread_id: str
    kind: MessageKind = MessageKind.ALERT
    severity: Severity = Severity.NORMAL
    subject: str
    body: str
    event: AlertEvent | None = None
    events: tuple[AlertEvent, ...] = ()
    over: bool = False
    evidence: tuple[Evidence, ...] = ()
    new_terms: tuple[str, ...] = ()
    hours: tuple[HourBar, ...] = ()
    link: str | None = None
    answers: tuple[AnswerLink, ...] = ()

    @model_validator(mode="after")
    def _check_event(self) -> Self:
        if (self.kind is MessageKind.ALERT) != (self.event is not None):
            raise ValueError("a message of kind alert carries its event, and only such a message does")
        return self


class Outcome(Part):
    """What became of a try: ``delivered``, ``retry`` (after ``retry_after_s`` where the receiver said so) or ``refused``.

    ``may_have_arrived``: no answer came, yet the receiver may have taken it (a time-out, a broken connection); it is tried
    again all the same, and the end of an alert is told to who may have heard of its beginning. ``detail`` is for people
    and holds no secret.
    """

    result: Literal["delivered", "retry", "refused"]
    detail: str
    retry_after_s: float | None = None
    may_have_arrived: bool = False


class Channel(Protocol):
    """A way to reach people."""

    @property
    def receiver(self) -> str:
        """The receiver's name in the settings."""
        ...

    async def send(self, message: Message) -> Outcome:
        """Try once; bounded in time; never raises for what the receiver or the network does. A redirect is not success."""
        ...

    async def close(self) -> None:
        """Release connections; idempotent."""
        ...
