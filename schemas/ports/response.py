"""The port of what people answer to alerts: acknowledgements, silences and verdicts, kept with who, when and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, Self

from pydantic import model_validator

from schemas.model import Part, UtcDatetime
from schemas.reasons import Judgement


class Acknowledgement(Part):
    """Somebody has seen an alert and cares for it: it is neither repeated nor escalated any more."""

    alert_id: str
    at: UtcDatetime
    author: str
    comment: str = ""


class Silence(Part):
    """Nothing is told of what it is about until it ends.

    About: one alert (``alert_id``), or a rule and its ``key`` ("" = all its keys). It ends at ``ends_at``, or once an alert
    counts ``until_stories``, or never by itself for ``articles``: then only what counts at least half other articles than
    those is told. Lifting it (``lifted_at``) ends it at once; it stays on record.
    """

    silence_id: str
    created_at: UtcDatetime
    author: str
    comment: str = ""
    alert_id: str = ""
    rule: str = ""
    key: str = ""
    ends_at: UtcDatetime | None = None
    until_stories: int | None = None
    articles: tuple[str, ...] = ()
    lifted_at: UtcDatetime | None = None
    lifted_by: str = ""

    @model_validator(mode="after")
    def _ends_and_is_about_something(self) -> Self:
        if bool(self.alert_id) == bool(self.rule):
            raise ValueError("a silence is about an alert or about a rule")
        if self.ends_at is None and self.until_stories is None and not self.articles:
            raise ValueError("a silence has an end: a time, a count or the articles it is about")
        return self

    def in_force(self, now: datetime) -> bool:
        """Return whether it is neither lifted nor past its time."""
        return self.lifted_at is None and (self.ends_at is None or now < self.ends_at)


class AlertVerdict(Part):
    """Whether an alert was worth ringing. Each is kept; the newest of an alert stands, unless it takes back what was said."""

    alert_id: str
    at: UtcDatetime
    author: str
    judgement: Judgement
    note: str = ""


class ResponseStore(Protocol):
    """What people answered. Any number of processes write and read."""

    def acknowledge(self, acknowledgement: Acknowledgement) -> bool:
        """Keep it; False where the alert was acknowledged before, which stands."""
        ...

    def acknowledgements(self, alert_ids: Sequence[str]) -> Mapping[str, Acknowledgement]:
        """Return by alert id those of ``alert_ids`` that are acknowledged."""
        ...

    def add_silence(self, silence: Silence) -> None:
        """Keep ``silence``; the same id again changes nothing."""
        ...

    def lift_silence(self, silence_id: str, *, at: datetime, by: str) -> bool:
        """End a silence now; False where there is none of that id, or it is lifted already."""
        ...

    def silences(self, *, in_force_at: datetime | None = None) -> Sequence[Silence]:
        """Return all, oldest first, or those neither lifted nor past their time at a moment."""
        ...

    def add_verdict(self, verdict: AlertVerdict) -> None:
        """Keep ``verdict``; the same alert and moment again changes nothing."""
        ...

    def verdicts(self) -> Mapping[str, AlertVerdict]:
        """Return by alert id the newest verdict of each alert that has one; one that was taken back is none."""
        ...

    def newest_answers(self, limit: int) -> Sequence[Acknowledgement | Silence | AlertVerdict]:
        """Return the newest ``limit`` acknowledgements, the newest silences and the newest verdicts, those replaced too.

        A silence is as new as its making or its lifting, whichever came last.
        """
        ...
