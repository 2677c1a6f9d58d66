"""One alert of a report as its page writes it: what it counted, what became of it, its headlines."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from alerts.explanation.names import ActorNames, key_name
from pipelines.backtest.judging import AlarmVerdict, JudgedAlarm
from pipelines.backtest.report import EVIDENCE_SHOWN
from schemas.alert_event import Evidence
from tocsin.report import words

#: Headlines of an alert that are shown at once.
_FIRST = 3

_STYLE_OF_VERDICT = {
    AlarmVerdict.HIT: "hit",
    AlarmVerdict.REPEAT: "repeat",
    AlarmVerdict.FALSE: "false",
    AlarmVerdict.DURING: "during",
}


def alert_card(judged: JudgedAlarm, names: ActorNames) -> dict[str, object]:
    """Return the card of ``judged``; links are those that can be followed without harm."""
    alarm, opening = judged.alarm, judged.alarm.opening
    hours = f" within {opening.window.hours} hours" if opening.window else ""
    said = (
        f"{words.many(opening.counts.stories, 'story')} of {words.many(opening.counts.publishers, 'publisher')}{hours}"
    )
    if opening.expected is not None and opening.window is not None:
        said += f", where {words.normally(opening.expected, opening.window.hours)}"
    said += f". Rule {alarm.rule}, {opening.detector}."
    if opening.learning:
        said += " Normal was not known yet."
    if alarm.escalated:
        said += f" It grew {words.times(len(alarm.escalated))}."
    if alarm.ended is not None:
        lasted = words.span((alarm.ended - alarm.opened).total_seconds() / 3600)
        said += f" {'Taken back' if alarm.retracted else 'Over'} after {lasted}."
    if judged.event is not None:
        said += f" Listed event: {judged.event.event}."
    stories = _one_of_each_story(alarm.evidence)
    return _heading(judged, names) | {
        "words": said,
        "first": [_article(item) for item in stories[:_FIRST]],
        "rest": [_article(item) for item in stories[_FIRST:EVIDENCE_SHOWN]],
    }


def short_card(judged: JudgedAlarm, names: ActorNames) -> dict[str, object]:
    """Return the card of one of very many alerts: when, what, of how much, and the first headline."""
    counts = judged.alarm.opening.counts
    said = f"{words.many(counts.stories, 'story')} of {words.many(counts.publishers, 'publisher')}."
    first = [_article(item) for item in judged.alarm.evidence[:1]]
    return _heading(judged, names) | {"words": said, "first": first, "rest": []}


def _heading(judged: JudgedAlarm, names: ActorNames) -> dict[str, object]:
    return {
        "opened": words.moment(judged.alarm.opened),
        "key": watch_name(judged.alarm.rule, judged.alarm.key, names),
        "verdict": words.WORDS_OF_VERDICT.get(judged.verdict, ""),
        "style": _STYLE_OF_VERDICT.get(judged.verdict, "other"),
    }


def _one_of_each_story(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Return the evidence, the first article of each story before all others."""
    leads: dict[str, Evidence] = {}
    for item in evidence:
        leads.setdefault(item.story, item)
    return [*leads.values(), *(item for item in evidence if leads[item.story] is not item)]


def _article(item: Evidence) -> dict[str, str]:
    return {
        "title": item.title or item.excerpt or "(without a title)",
        "source": item.source.name or item.source.id,
        "time": words.moment(item.event_time),
        "url": _safe(item.url),
    }


def _safe(url: str | None) -> str:
    """Return ``url`` where following it can do no harm; empty else."""
    try:
        return url if url and urlsplit(url).scheme in ("http", "https") else ""
    except ValueError:
        return ""


def watch_name(rule: str, key: str, names: ActorNames) -> str:
    """Return what a key is called on the page."""
    kind, _, rest = key.partition(":")
    return f"{rest} ({kind})" if kind in ("keyword", "rule") and rest else key_name(rule, key, names)
