"""Entries under another guid than before, or than in another feed of their publisher, by the id their page has. Pure.

A page names an article where it is the page of one entry alone, in each document and in all that is remembered; a home
page, a live blog or a show of which several entries are known names none.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from connectors.feeds.cursor import FeedCursor, KnownEntry
from connectors.feeds.identity import page_of
from connectors.feeds.wire import WireEntry


class Sibling(NamedTuple):
    """Another feed that may bring the same articles: the publisher of its entries that name none, and what it remembers."""

    source_id: str
    cursor: FeedCursor


class _Page(NamedTuple):
    source_id: str
    page: str


def under_former_ids(
    found: Mapping[str, WireEntry], source_id: str, known: Mapping[str, KnownEntry]
) -> dict[str, WireEntry]:
    """Return ``found``, with entries under another guid than before by the id they had: publishers change how they make guids,
    and some make a new one with each edit. Such an entry is told by its page, where that is the page of one known entry
    that is no longer listed, and of no other entry here. ``source_id``: the publisher of those that name none."""
    if all(key in known for key in found):
        return dict(found)
    pages = _pages(found, source_id)
    listed = Counter(pages.values())
    former: dict[_Page, str] = {}
    shared: set[_Page] = set()
    for key, entry in known.items():
        page = _Page(entry.source or source_id, entry.page)
        if former.setdefault(page, key) != key:
            shared.add(page)

    def id_of(key: str) -> str:
        page = pages[key]
        if key in known or not page.page or listed[page] > 1 or page in shared or former.get(page, key) in found:
            return key
        return former.get(page, key)

    return {id_of(key): entry for key, entry in found.items()}


def ids_in_siblings(
    found: Mapping[str, WireEntry], source_id: str, known: Mapping[str, KnownEntry], siblings: Sequence[Sibling]
) -> dict[str, str]:
    """Return the ids that other feeds have given to the articles of new entries in ``found``, which is by article id, where
    those are other ids: one article in two feeds of one publisher is one, whatever guid it has in each.

    An entry whose page or id this feed remembers is told by that alone. Of two ids in two feeds the older one holds.
    """
    if not siblings:
        return {}
    pages = _pages(found, source_id)
    listed = Counter(pages.values())
    remembered = {_Page(entry.source or source_id, entry.page) for entry in known.values()}
    asked = {
        page: key
        for key, page in pages.items()
        if key not in known and page.page and listed[page] == 1 and page not in remembered
    }
    told: defaultdict[_Page, list[tuple[int, str]]] = defaultdict(list)  # when each id was first seen
    for sibling in siblings:
        for page, ids in _ids_of(sibling, asked).items():
            if len(ids) > 1 or any(key == asked[page] for _, key in ids):
                del asked[page]  # It names no single article there, or this very one.
                continue
            told[page] += ids
    first = {asked[page]: min(ids)[1] for page, ids in told.items() if page in asked}
    used = Counter(first.values())
    return {key: former for key, former in first.items() if used[former] == 1 and former not in found}


def _ids_of(sibling: Sibling, asked: Mapping[_Page, str]) -> dict[_Page, list[tuple[int, str]]]:
    """Return what ``sibling`` remembers of the pages that are ``asked`` for, and of the ids they have here."""
    text = sibling.cursor.known_text
    if not any(f'"{page.page}"' in text or f'"{key}"' in text for page, key in asked.items()):
        return {}  # Mostly: and hundreds of entries need not be taken apart.
    found: defaultdict[_Page, list[tuple[int, str]]] = defaultdict(list)
    here = {key: page for page, key in asked.items()}
    for key, entry in sibling.cursor.known.items():
        page = here.get(key) or _Page(entry.source or sibling.source_id, entry.page)
        if page in asked:
            found[page].append((entry.observed_ms, key))
    return found


def _pages(found: Mapping[str, WireEntry], source_id: str) -> dict[str, _Page]:
    return {key: _Page(entry.source or source_id, page_of(entry)) for key, entry in found.items()}
