"""The places of a rule's template, filled from an event. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.explanation.names import ActorNames, key_name
from alerts.explanation.phrases import quantity
from alerts.rules.template import filled
from schemas.alert_event import AlertEvent
from schemas.plain_text import plain_line

#: What stands where an event has no such number.
_UNKNOWN = "–"


def filled_for(
    text: str, event: AlertEvent, names: ActorNames, terms: Sequence[str] = (), words: Sequence[str] = ()
) -> str:
    """Return ``text`` of a template with its places filled for ``event``, on one line.

    ``terms`` are the words that are new, ``words`` those a rule about words looks for.
    """
    counts, known = event.counts, event.window is not None
    return plain_line(
        filled(
            text,
            {
                "name": key_name(event.rule, event.key, names, words),
                "key": event.key,
                "rule": event.rule,
                "severity": event.severity.value,
                "stories": str(counts.stories) if known else _UNKNOWN,
                "publishers": str(counts.publishers) if known else _UNKNOWN,
                "articles": str(counts.articles) if known else _UNKNOWN,
                "hours": str(event.window.hours) if event.window is not None else _UNKNOWN,
                "expected": quantity(event.expected) if event.expected is not None else _UNKNOWN,
                "times": quantity(event.ratio) if event.ratio is not None else _UNKNOWN,
                "score": f"{event.score:g}" if event.score is not None else _UNKNOWN,
                "new": ", ".join(plain_line(term, 40) for term in terms) or _UNKNOWN,
            },
        ),
        _LONGEST,
    )


_LONGEST = 1_500
