"""The words: one phrase for each kind of event and each reason, numbers and times as people read them. Pure."""

from __future__ import annotations

from datetime import datetime

from schemas.alert_event import AlertEvent, Counts
from schemas.plain_text import plural
from schemas.reasons import EventKind, EventReason

#: The first word of a subject; None: the severity itself.
HEADS: dict[EventKind, str | None] = {
    EventKind.PENDING: "PENDING",
    EventKind.SUBSIDED: "SUBSIDED",
    EventKind.OPENED: None,
    EventKind.ESCALATED: None,
    EventKind.REMINDED: None,
    EventKind.UPDATED: None,
    EventKind.RESOLVED: "RESOLVED",
    EventKind.RETRACTED: "RETRACTED",
    EventKind.BLIND: "BLIND",
    EventKind.SIGHTED: "SIGHTED",
    EventKind.RULE_READY: "RULE READY",
    EventKind.RULE_REMOVED: "RULE REMOVED",
    EventKind.OVERFLOW: "OVERFLOW",
    EventKind.ENGINE_CHANGED: "ENGINE CHANGED",
    EventKind.EXTRACTOR_CHANGED: "EXTRACTOR CHANGED",
}

#: What stands between severity and name where the alert is not new.
QUALIFIERS: dict[EventKind, str] = {
    EventKind.ESCALATED: "growing",
    EventKind.REMINDED: "still open",
    EventKind.UPDATED: "corrected",
}

#: The first line of a body.
HAPPENED: dict[EventKind, str] = {
    EventKind.PENDING: "A crossing has begun that must last before it rings",
    EventKind.SUBSIDED: "A crossing ended before it rang",
    EventKind.OPENED: "An alert opened",
    EventKind.ESCALATED: "An open alert grew",
    EventKind.REMINDED: "An alert is still open",
    EventKind.UPDATED: "An open alert was corrected",
    EventKind.RESOLVED: "The alert is over",
    EventKind.RETRACTED: "The alert was withdrawn",
    EventKind.BLIND: "The watch went blind",
    EventKind.SIGHTED: "The watch sees again",
    EventKind.RULE_READY: "A rule took over",
    EventKind.RULE_REMOVED: "A rule was removed",
    EventKind.OVERFLOW: "A rule holds more than it may",
    EventKind.ENGINE_CHANGED: "The engine changed",
    EventKind.EXTRACTOR_CHANGED: "The extraction changed",
}

BECAUSE: dict[EventReason, str] = {
    EventReason.CROSSED: "the count is far from its own normal, and every floor is reached",
    EventReason.LEARNING: "the count is striking, although normal is not yet known",
    EventReason.AT_ACTIVATION: "it was over the threshold already when the rule took over",
    EventReason.SCHEDULE_BEGAN: "it was over the threshold already when the hours began in which the rule may ring",
    EventReason.COOLDOWN_ENDED: "it crossed the threshold while the watch rested after its last alert, and is not over",
    EventReason.OUTSIDE_SCHEDULE: "the hours ended in which the rule may ring",
    EventReason.NOT_LONG_ENOUGH: "it did not last as long as the rule asks for",
    EventReason.STILL_OPEN: "it is not over, and the rule asks to be told again",
    EventReason.TWICE_AS_MANY: "at least twice as many as at the last message",
    EventReason.GRAVER: "it reached what the rule asks for at a graver severity",
    EventReason.BACK_TO_NORMAL: "the count has been back to normal long enough",
    EventReason.EVIDENCE_CHANGED: "articles came late, were edited or were withdrawn",
    EventReason.LATE_EVIDENCE: "articles of the window it opened on came late",
    EventReason.EVIDENCE_GONE: "without articles that were edited or withdrawn it would not have rung",
    EventReason.COVERAGE_LOST: "less than half of the usual coverage is left; silence now means nothing",
    EventReason.COVERAGE_BACK: "the feeds answer again",
    EventReason.WARMED: "it has read its history",
    EventReason.RULE_REMOVED: "it is not in the active rule set any more",
    EventReason.INTO_THE_SHADOW: "its rule only records from here on, in shadow",
    EventReason.TOO_MANY_KEYS: "it has too many keys",
    EventReason.TOO_MANY_OPEN: "it has too many open alerts",
    EventReason.ENGINE_CHANGED: "a new version decides from here on",
    EventReason.EXTRACTOR_CHANGED: "articles are read by a new version from here on, so counts may shift",
}

#: Detectors that compare with no normal say otherwise why they crossed.
CROSSED_BY: dict[str, str] = {
    "threshold": "as many as the rule asks for",
    "new": "nothing like it was seen for as long as the rule asks for",
}

#: What a subject says of a detector before the counts.
FOUND_BY: dict[str, str] = {"new": "newly seen, "}

LEARNING_MARK = "learning: normal not yet known"


def counted(counts: Counts, *, articles: bool = False) -> str:
    """Return ``9 stories, 6 publishers``, with the articles where asked for."""
    parts = [plural(counts.stories, "story", "stories"), plural(counts.publishers, "publisher", "publishers")]
    if articles:
        parts.append(plural(counts.articles, "article", "articles"))
    return ", ".join(parts)


def quantity(value: float) -> str:
    """Return a quantity with as many digits as help: ``0.04``, ``1.1``, ``14``."""
    if value >= 10:
        return f"{value:,.0f}"
    if value >= 0.1:
        return f"{value:.1f}".removesuffix(".0")
    return "0" if value == 0 else f"{value:.2f}" if value >= 0.005 else "under 0.01"


def moment(at: datetime) -> str:
    """Return ``30 Dec 2024 14:05 UTC``, in English wherever it runs."""
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{at.day} {months[at.month - 1]} {at.year} {at:%H:%M} UTC"


def percent(share: float) -> str:
    """Return ``85 %``."""
    return f"{100 * share:.0f} %"


def because(event: AlertEvent) -> str:
    """Return why ``event`` was written."""
    if event.reason is EventReason.CROSSED and event.detector in CROSSED_BY:
        return CROSSED_BY[event.detector]
    return BECAUSE[event.reason]


def says_learning(event: AlertEvent) -> bool:
    """Return whether people must be told that normal is not yet known."""
    rings = event.event in (EventKind.OPENED, EventKind.ESCALATED, EventKind.UPDATED)
    return rings and (event.learning or event.reason is EventReason.LEARNING)
