"""Entries under another guid than before, or than in another feed of their publisher, by the id their page has. Pure.

A page names an article where it is the page of one entry alone, in each document and in all that is remembered; a home
page, a live blog or a show of which several entries are known names none.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from connectors.feeds.cursor import FeedCursor, KnownEntry
from connectors.feeds.identity import page_of
from connectors.feeds.wire import WireEntry

#: So many words are sooner looked for in a text than the text is taken apart.
_FEW = 60


class Sibling(NamedTuple):
    """Another feed that may bring the same articles: the publisher of its entries that name none, and what it remembers.
    ``written``: what it remembers is in the log for sure."""

    feed_id: str
    source_id: str
    cursor: FeedCursor
    written: bool = True


class Elsewhere(NamedTuple):
    """What another feed remembers of an article."""

    article_id: str
    entry: KnownEntry
    written: bool = True


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


def known_elsewhere(
    found: Mapping[str, WireEntry], source_id: str, known: Mapping[str, KnownEntry], siblings: Sequence[Sibling]
) -> dict[str, Elsewhere]:
    """Return what other feeds remember of the new entries in ``found``, by the ids these have here: one article in two feeds of
    one publisher is one, whatever guid it has in each.

    It is told by its id, else by its page. An entry whose page this feed remembers itself is told by that alone. Where several
    feeds know an article, or have two ids for it, the one that saw it first is believed.
    """
    if not siblings:
        return {}
    pages = _pages(found, source_id)
    listed = Counter(pages.values())
    remembered = {_Page(entry.source or source_id, entry.page) for entry in known.values()}
    new = {key for key in found if key not in known}
    asked = {key: page for key, page in pages.items() if key in new and page.page and page not in remembered}
    asked = {key: page for key, page in asked.items() if listed[page] == 1}
    by_id: defaultdict[str, list[Elsewhere]] = defaultdict(list)
    by_page: defaultdict[_Page, list[Elsewhere]] = defaultdict(list)
    shared: set[_Page] = set()
    for sibling in siblings:
        here: dict[_Page, str] = {}
        for one in _told_by(sibling, new, asked):
            page = _Page(one.entry.source or sibling.source_id, one.entry.page)
            by_id[one.article_id].append(one)
            by_page[page].append(one)
            if here.setdefault(page, one.article_id) != one.article_id:
                shared.add(page)
    first = {key: _first(by_id[key]) for key in new if by_id.get(key)}
    told = {
        key: _first(by_page[page])
        for key, page in asked.items()
        if key not in first and by_page.get(page) and page not in shared
    }
    used = Counter(one.article_id for one in told.values())
    return first | {key: one for key, one in told.items() if used[one.article_id] == 1 and one.article_id not in found}


def _told_by(sibling: Sibling, new: Collection[str], asked: Mapping[str, _Page]) -> list[Elsewhere]:
    """Return what ``sibling`` remembers of the ids and pages that are asked for, each entry with the feed it belongs to."""
    text = sibling.cursor.known_text
    pages = set(asked.values())
    words = {*new, *(page.page for page in pages)}
    if len(words) <= _FEW and not any(f'"{word}"' in text for word in words):
        return []  # Mostly: and hundreds of entries need not be taken apart.
    return [
        Elsewhere(key, entry._replace(feed=entry.feed or sibling.feed_id), sibling.written)
        for key, entry in sibling.cursor.known.items()
        if key in new or _Page(entry.source or sibling.source_id, entry.page) in pages
    ]


def _first(known: Sequence[Elsewhere]) -> Elsewhere:
    return min(known, key=lambda one: (one.entry.observed_ms, one.article_id, one.entry.feed, not one.written))


def _pages(found: Mapping[str, WireEntry], source_id: str) -> dict[str, _Page]:
    return {key: _Page(entry.source or source_id, page_of(entry)) for key, entry in found.items()}
