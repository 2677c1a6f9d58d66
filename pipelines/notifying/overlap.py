"""One war opens fifty keys: openings that count mostly the same articles are told under the strongest of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from schemas.alert_event import AlertEvent
from schemas.reasons import EventKind, Severity

#: Two openings are about the same where the smaller shares at least this part of its articles with the larger.
SAME_SHARE = 0.5

_RANK = {severity: rank for rank, severity in enumerate(Severity)}


def strength(event: AlertEvent) -> tuple[int, float, int, str, str]:
    """Return what to sort by, weakest first: severity, score, stories; then names, so that there are no ties."""
    return _RANK[event.severity], event.score or 0.0, event.counts.stories, event.rule, event.key


def led_by_stronger(openings: Mapping[int, AlertEvent], articles: Mapping[int, frozenset[str]]) -> Mapping[int, int]:
    """Return, for each place in ``openings`` that a stronger one speaks for, the place of that one.

    Whoever speaks for others is spoken for by nobody. What has no articles left is always told by itself.
    """
    leaders: list[int] = []
    led: dict[int, int] = {}
    opened = [place for place, event in openings.items() if event.event is EventKind.OPENED]
    for place in sorted(opened, key=lambda p: strength(openings[p]), reverse=True):
        mine = articles.get(place, frozenset())
        leader = next((other for other in leaders if same_articles(mine, articles[other])), None) if mine else None
        if leader is not None:
            led[place] = leader
        elif mine:
            leaders.append(place)
    return led


def same_articles(one: frozenset[str], other: frozenset[str]) -> bool:
    """Return whether the smaller shares at least half of its articles with the larger."""
    smaller = min(len(one), len(other))
    return smaller > 0 and len(one & other) >= SAME_SHARE * smaller


def strongest_first(events: Sequence[AlertEvent]) -> list[AlertEvent]:
    """Return ``events``, the strongest first."""
    return sorted(events, key=strength, reverse=True)
