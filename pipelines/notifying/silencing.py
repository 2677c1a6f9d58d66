"""Whether a silence covers an event. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from schemas.alert_event import AlertEvent
from schemas.ports.response import Silence
from schemas.reasons import EventKind

#: The end of what was told before is told in a silence too: it is no noise, and a machine that waits for it must hear it.
_PASSES = frozenset({EventKind.RESOLVED, EventKind.RETRACTED})

#: A silence about articles covers an event of whose articles at least this share are among them.
SAME_SHARE = 0.5


def silence_over(
    event: AlertEvent, silences: Iterable[Silence], articles: Collection[str], now: datetime
) -> Silence | None:
    """Return the first of ``silences`` that covers ``event`` at ``now``; ``articles`` are the ids of its articles."""
    if event.event in _PASSES:
        return None
    return next((silence for silence in silences if _covers(silence, event, articles, now)), None)


def _covers(silence: Silence, event: AlertEvent, articles: Collection[str], now: datetime) -> bool:
    if not silence.in_force(now):
        return False
    if silence.alert_id:
        about = silence.alert_id == event.alert_id
    else:
        about = silence.rule == event.rule and silence.key in ("", event.key)
    if not about or (silence.until_stories is not None and event.counts.stories >= silence.until_stories):
        return False
    if not silence.articles:
        return True
    same = len(set(articles) & set(silence.articles))
    return not articles or same >= SAME_SHARE * len(articles)
