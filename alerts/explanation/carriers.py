"""Who tells the story: the headlines worth showing and the publishers behind them. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from urllib.parse import urlsplit

from alerts.explanation.names import ActorNames
from schemas.alert_event import Evidence
from schemas.article import Source
from schemas.plain_text import plain_line, plural
from schemas.reasons import SourceKind

_URL_LIMIT = 1000

#: Headlines that a message shows.
HEADLINES = 3

#: How a kind stands behind an adjective: "4 Russian state". Commercial media are what one expects: they are not marked.
_KINDS = {
    SourceKind.STATE: "state",
    SourceKind.PUBLIC: "public service",
    SourceKind.PRIVATE: "",
    SourceKind.PARTY: "party",
    SourceKind.COMMUNITY: "community",
    SourceKind.WIRE: "wire",
    SourceKind.OFFICIAL: "official",
}


def safe_link(url: str | None) -> str | None:
    """Return ``url`` if it is a whole http(s) address without blanks or hidden characters, else None."""
    if url is None or len(url) > _URL_LIMIT or plain_line(url) != url or " " in url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def headlines(evidence: Sequence[Evidence], limit: int = HEADLINES) -> tuple[Evidence, ...]:
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
    """Return ``6 publishers: 4 Russian state, 1 Azerbaijani, 1 wire; sputnik with 2 outlets``; empty for no evidence."""
    of_publisher: dict[str, list[Source]] = defaultdict(list)
    for item in evidence:
        of_publisher[item.source.publisher].append(item.source)
    if not of_publisher:
        return ""
    told = Counter(_described(sources, names) for sources in of_publisher.values())
    shown = ", ".join(f"{n} {name}" for name, n in sorted(told.items(), key=lambda pair: (-pair[1], pair[0])))
    outlets = {publisher: {source.id for source in sources} for publisher, sources in sorted(of_publisher.items())}
    groups = [f"{plain_line(name, 60)} with {len(ids)} outlets" for name, ids in outlets.items() if len(ids) > 1]
    return "; ".join([f"{plural(len(outlets), 'publisher', 'publishers')}: {shown}", *groups[:5]])


def kind_words(source: Source) -> str:
    """Return ``state``, ``public service``, ``wire``; empty where nobody said, and for private media."""
    return _KINDS[source.kind] if source.kind is not None else ""


def _described(sources: Sequence[Source], names: ActorNames) -> str:
    """Return what the outlets of one publisher have in common."""
    countries = {source.country for source in sources if source.country}
    kinds = {source.kind for source in sources if source.kind}
    if len(countries) > 1:
        where = "several countries"
    elif kinds == {SourceKind.WIRE}:
        where = ""  # An agency writes for everybody; where it sits says less than that it is one.
    else:
        where = plain_line(names.adjective(next(iter(countries))), 60) if countries else ""
    kind = _KINDS[next(iter(kinds))] if len(kinds) == 1 else ""
    return " ".join(filter(None, (where, kind))) or "country unknown"
