"""A timeline test, compiled: what is pushed when, what is expected between when and when. No YAML and no engine here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from alerts.rules.model import Mode, Rule
from schemas.article import Source
from schemas.reasons import EventReason, Prominence, Severity, Tone

#: The day a timeline begins on unless it says otherwise: a Monday.
FIRST_DAY = date(2025, 1, 6)


class Outcome(StrEnum):
    """What a test may expect of a rule in a stretch of time."""

    PENDING = "pending"
    SUBSIDED = "subsided"
    OPENED = "opened"
    ESCALATED = "escalated"
    REMINDED = "reminded"
    UPDATED = "updated"
    RESOLVED = "resolved"
    RETRACTED = "retracted"
    BLIND = "blind"
    SIGHTED = "sighted"
    QUIET = "quiet"  # nothing opened and nothing escalated


@dataclass(frozen=True)
class Background:
    """The quiet weeks before: so many stories an hour of every subject that is pushed, by so many publishers."""

    stories_per_hour: float = 0.2
    publishers: int = 8
    days: int = 30
    seed: int = 1


@dataclass(frozen=True)
class Meeting:
    """Two actors that meet, or one alone (``other`` empty)."""

    one: str
    other: str = ""
    directed: bool = False

    @property
    def actors(self) -> tuple[str, ...]:
        """The ids."""
        return (self.one, self.other) if self.other else (self.one,)


@dataclass(frozen=True)
class Push:
    """``articles`` of ``stories`` wordings from ``at`` on, spread evenly over ``over`` minutes, publishers taking turns.

    Either ``text`` (extracted as an article would be) or a ready finding: who meets, topics, tone.
    """

    line: int
    at: int
    articles: int
    stories: int
    over: int = 0
    sources: int | tuple[Source, ...] = 0  # so many of the background's (0 = all of them), or these
    text: str = ""
    language: str | None = None
    meeting: Meeting | None = None
    topics: tuple[str, ...] = ()
    tone: Tone = Tone.NEUTRAL
    prominence: Prominence = Prominence.TITLE


@dataclass(frozen=True)
class Outage:
    """So many of the background's publishers, or these, do not answer from ``at`` until ``until``."""

    line: int
    at: int
    until: int
    sources: int | tuple[Source, ...] = 0


@dataclass(frozen=True)
class Expectation:
    """Between ``first`` and ``last`` this must happen, or with ``quiet`` must not. None = whatever it is."""

    line: int
    first: int
    last: int
    outcome: Outcome
    rule: str | None = None
    key: str | None = None
    reason: EventReason | None = None
    severity: Severity | None = None


Step = Push | Outage | Expectation


@dataclass(frozen=True)
class Timeline:
    """One test. Times are minutes since ``starts`` at 00:00 UTC, when the background ends."""

    name: str
    line: int
    steps: tuple[Step, ...]
    background: Background = Background()
    starts: date = FIRST_DAY
    rule: str | None = None  # whom expectations mean that name no rule

    def rules_meant(self, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        """Return the rules of the test; one that is off is tried as if it were in shadow."""
        named = {s.rule or self.rule for s in self.steps if isinstance(s, Expectation)}
        meant = rules if None in named else tuple(rule for rule in rules if rule.name in named)
        return tuple(r.model_copy(update={"mode": Mode.SHADOW}) if r.mode is Mode.OFF else r for r in meant)
