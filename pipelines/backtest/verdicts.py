"""What people said of live alerts, as truth to judge rules by: the useful ones are events. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipelines.backtest.labelling import Answer, Kind, Question
from schemas.alert_event import AlertEvent, Evidence
from schemas.ports.response import AlertVerdict
from schemas.reasons import EventKind, Judgement

_ENDS = (EventKind.RESOLVED, EventKind.RETRACTED)

_ANSWER_OF = {Judgement.USEFUL: Answer.YES, Judgement.NOISE: Answer.NO}


def judged_openings(
    events: Iterable[AlertEvent], verdicts: Mapping[str, AlertVerdict]
) -> dict[str, tuple[AlertEvent, AlertEvent | None]]:
    """Return by id each alert of ``events`` (in order) that somebody judged: how it opened and, where it has, how it ended."""
    found: dict[str, tuple[AlertEvent, AlertEvent | None]] = {}
    for event in events:
        if event.alert_id not in verdicts:
            continue
        if event.event is EventKind.OPENED:
            found.setdefault(event.alert_id, (event, None))
        elif event.event in _ENDS and event.alert_id in found:
            found[event.alert_id] = (found[event.alert_id][0], event)
    return found


def answered(
    judged: Mapping[str, tuple[AlertEvent, AlertEvent | None]],
    verdicts: Mapping[str, AlertVerdict],
    evidence: Mapping[str, Evidence],
) -> tuple[list[Question], dict[str, Answer]]:
    """Return the ``judged`` alerts as questions and what was said as answers, as if they had been asked one by one.

    ``evidence`` has the texts of their openings by hash, as far as they were not erased.
    """
    questions = [_question(opened, ended, evidence) for opened, ended in judged.values()]
    return questions, {question.id: _ANSWER_OF[verdicts[question.id].judgement] for question in questions}


def _question(opened: AlertEvent, ended: AlertEvent | None, evidence: Mapping[str, Evidence]) -> Question:
    texts = [evidence[name] for name in opened.evidence if name in evidence]
    return Question(
        id=opened.alert_id,
        kind=Kind.OPENING,
        rule=opened.rule,
        key=opened.key,
        start=opened.at,
        end=ended.at if ended is not None else opened.at,
        stories=opened.counts.stories,
        expected=opened.expected,
        headlines=tuple(dict.fromkeys(text.title for text in texts if text.title)),
    )
