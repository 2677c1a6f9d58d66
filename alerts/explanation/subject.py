"""The one line a lock screen shows: how grave, about whom, how many against how many normally. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.explanation.names import ActorNames, key_name
from alerts.explanation.phrases import (
    FOUND_BY,
    HEADS,
    LEARNING_MARK,
    QUALIFIERS,
    counted,
    percent,
    quantity,
    says_learning,
)
from schemas.alert_event import AlertEvent
from schemas.plain_text import plain_line, plural, shortened
from schemas.reasons import EventKind

SUBJECT_LIMIT = 110

#: A name is not cut below this; the figures give way first.
_NAME_KEEPS = 24


#: Words of what is new that a subject shows.
_TERMS = 2


def subject_of(
    event: AlertEvent, names: ActorNames, terms: Sequence[str] = (), words: Sequence[str] = (), *, own: str = ""
) -> str:
    """Return at most 110 characters, like ``HIGH Azerbaijan–Russia: 9 stories, 6 publishers in 6 h (normal 1.1) ·
    Yekaterinburg, detained``. Of ``terms`` the first are shown as far as there is room; ``words`` are those a rule about
    words looks for; ``own`` is what the rule wants to be told behind the severity instead of all that."""
    head = _head(event)
    mark = f" · {LEARNING_MARK}" if says_learning(event) else ""
    if own:
        return plain_line(shortened(f"{head} {own}", SUBJECT_LIMIT - len(mark)) + mark, SUBJECT_LIMIT)
    name = key_name(event.rule, event.key, names, words)
    tail = _tail(event)
    room = SUBJECT_LIMIT - len(head) - 1 - len(tail) - len(mark)
    name = shortened(name, max(room, _NAME_KEEPS))
    for shown in range(min(_TERMS, len(terms)), 0, -1):
        told = f"{head} {name}{tail} · {', '.join(plain_line(term) for term in terms[:shown])}{mark}"
        if len(told) <= SUBJECT_LIMIT:
            return plain_line(told)
    return plain_line(shortened(f"{head} {name}{tail}", SUBJECT_LIMIT - len(mark)) + mark, SUBJECT_LIMIT)


def _head(event: AlertEvent) -> str:
    head = HEADS[event.event] or event.severity.value.upper()
    qualifier = QUALIFIERS.get(event.event)
    return f"{head} {qualifier}" if qualifier else head


def _tail(event: AlertEvent) -> str:
    if event.event in (EventKind.BLIND, EventKind.SIGHTED):
        parts = [f"coverage {percent(event.coverage)}"] if event.coverage is not None else []
        if event.blind_feeds:
            parts.append(f"{plural(len(event.blind_feeds), 'feed fails', 'feeds fail')}")
        return f": {', '.join(parts)}" if parts else ""
    if event.window is None:
        return f": {plain_line(event.detail)}" if event.detail else ""
    normal = f" (normal {quantity(event.expected)})" if event.expected is not None else ""
    found = FOUND_BY.get(event.detector, "") if event.event is EventKind.OPENED else ""
    return f": {found}{counted(event.counts)} in {event.window.hours} h{normal}"
