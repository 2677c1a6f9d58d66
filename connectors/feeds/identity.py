"""What makes two entries the same article: guid, else link, else wording. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from urllib.parse import parse_qsl, urlencode, urlsplit

from connectors.feeds.wire import WireEntry
from schemas.ids import digest

#: Parameters that say where a reader came from, not what is read.
_TRACKING = re.compile(
    r"utm_\w+|at_\w+|mc_[ce]id|fbclid|gclid|dclid|yclid|msclkid|igshid|xtor|cmpid|cmp|ns_\w+|_ga|ref_src|rss|ftag|smid",
    re.IGNORECASE,
)


def identity(entry: WireEntry, repeated_guids: Collection[str]) -> str | None:
    """Return what names ``entry`` within its publisher; None for an entry with nothing to be known by."""
    guid = canonical_link(entry.guid) if entry.guid else ""
    link = canonical_link(entry.link) if entry.link else ""
    if guid and guid not in repeated_guids:
        return guid
    if link:
        return link
    words = entry.title or entry.summary or entry.content
    return f"words {digest(guid, words)}" if words else None


def page_of(entry: WireEntry) -> str:
    """Return what the page behind ``entry`` is known by, see :func:`page_behind`."""
    return page_behind(entry.link)


def page_behind(address: str | None) -> str:
    """Return what the page at ``address`` is known by; empty where it is no page of one article: no link, or a home page."""
    link = canonical_link(address) if address else ""
    return digest(link)[:12] if link.removeprefix("//").strip("/").count("/") or "?" in link else ""


def repeated_guids(entries: Iterable[WireEntry]) -> set[str]:
    """Return the guids that several articles of one document share: different links *and* different titles."""
    seen: dict[str, set[tuple[str, str]]] = {}
    for entry in entries:
        if entry.guid and entry.link:
            seen.setdefault(canonical_link(entry.guid), set()).add((canonical_link(entry.link), entry.title))
    return {
        guid
        for guid, found in seen.items()
        if len({link for link, _ in found}) > 1 and len({title for _, title in found}) > 1
    }


def canonical_link(address: str) -> str:
    """Return ``address`` without scheme, default port, tracking and trailing slash; what is no web address as it is."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return address
    if parts.scheme.lower() not in ("http", "https") or not host:
        return address
    query = parts.query
    if query:
        pairs = parse_qsl(query, keep_blank_values=True)
        kept = [(name, value) for name, value in pairs if not _TRACKING.fullmatch(name)]
        query = query if len(kept) == len(pairs) else urlencode(kept)
    # A fragment names a part of the page (a live blog's entry) unless it looks like tracking ("#xtor=RSS-1").
    fragment = "" if "=" in parts.fragment or not parts.fragment else f"#{parts.fragment}"
    shown_port = f":{port}" if port not in (None, 80, 443) else ""
    return f"//{host}{shown_port}{parts.path.rstrip('/')}{f'?{query}' if query else ''}{fragment}"
