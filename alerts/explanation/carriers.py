"""Who tells the story: the headlines worth showing and the publishers behind them. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from urllib.parse import urlsplit

from alerts.explanation.names import ActorNames
from alerts.explanation.phrases import plural
from schemas.alert_event import Evidence
from schemas.plain_text import plain_line

_URL_LIMIT = 1000


def safe_link(url: str | None) -> str | None:
    """Return ``url`` if it is a whole http(s) address without blanks or hidden characters, else None."""
    if url is None or len(url) > _URL_LIMIT or plain_line(url) != url or " " in url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def headlines(evidence: Sequence[Evidence], limit: int = 3) -> tuple[Evidence, ...]:
    """Return up to ``limit`` articles, no two of one publisher, the widest-carried stories first and each story once
    before any twice."""
    publishers: dict[str, set[str]] = defaultdict(set)
    for item in evidence:
        publishers[item.story].add(item.source.publisher)
    # Within a story the first that can be read: with a link, from an outlet with a name.
    ranked = sorted(
        evidence,
        key=lambda e: (
            -len(publishers[e.story]),
            e.story,
            safe_link(e.url) is None,
            not e.source.name,
            e.event_time,
            e.article_id,
        ),
    )
    chosen: list[Evidence] = []
    for fresh_story in (True, False):
        for item in ranked:
            used = {e.source.publisher for e in chosen}
            told = {e.story for e in chosen}
            if len(chosen) < limit and item.source.publisher not in used and (item.story not in told) is fresh_story:
                chosen.append(item)
    return tuple(chosen)


def carried_by(evidence: Sequence[Evidence], names: ActorNames) -> str:
    """Return ``5 publishers: 3 Russian, 1 Azerbaijani, 1 country unknown; sputnik with 2 outlets``; empty for no evidence."""
    outlets: dict[str, set[str]] = defaultdict(set)
    countries: dict[str, set[str]] = defaultdict(set)
    for item in evidence:
        outlets[item.source.publisher].add(item.source.id)
        if item.source.country:
            countries[item.source.publisher].add(item.source.country)
    if not outlets:
        return ""
    by_country = Counter(_country(countries[publisher], names) for publisher in outlets)
    shown = ", ".join(f"{n} {name}" for name, n in sorted(by_country.items(), key=lambda pair: (-pair[1], pair[0])))
    groups = [
        f"{plain_line(publisher, 60)} with {len(ids)} outlets"
        for publisher, ids in sorted(outlets.items())
        if len(ids) > 1
    ]
    return "; ".join([f"{plural(len(outlets), 'publisher', 'publishers')}: {shown}", *groups[:5]])


def _country(ids: set[str], names: ActorNames) -> str:
    if not ids:
        return "country unknown"
    return plain_line(names.adjective(next(iter(ids))), 60) if len(ids) == 1 else "several countries"
