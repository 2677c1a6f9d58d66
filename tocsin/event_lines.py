"""One line about an event for people, and text from outside made fit for a terminal."""

from __future__ import annotations

from alerts.explanation.phrases import counted
from schemas.alert_event import AlertEvent
from schemas.reasons import EventKind


def event_line(event: AlertEvent) -> str:
    """Return one line about ``event``."""
    counts = event.counts
    normal = f" (normal {event.expected:g})" if event.expected is not None else ""
    score = f" score {event.score:g}" if event.score is not None else ""
    number = f" {counted(counts)} in {event.window.hours} h" if event.window else ""
    note = " · in shadow" if event.mode == "shadow" and event.alert_id else ""
    note += " · learning: normal not yet known" if event.learning and event.alert_id else ""
    if event.event is EventKind.PENDING and event.crossing is not None:
        note += f" · since {event.crossing:%Y-%m-%d %H:%M}, {event.detail}"
    who = event.key or "-"
    return (
        f"{event.at:%Y-%m-%d %H:%M}  {event.event.value:<10} {event.severity.value.upper():<8} {event.rule}  {who}"
        f"{number}{normal}{score}{note}  {event.alert_id[:12]}"
    ).rstrip()


def printable(text: str) -> str:
    """Return ``text`` without characters that could move the cursor or turn the line around."""
    return "".join(c if c.isprintable() else " " for c in text)
