"""News sitemaps (sitemaps.org with Google's news module) → :class:`WireDocument`. Runs inside the parse worker.

An entry is an address with a headline and a date; there is no text, and the address is what it is known by.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from connectors.feeds.safe_xml import UnsafeXmlError, read_xml
from connectors.feeds.wire import MAX_ENTRIES, WireAnswer, WireDocument, WireEntry
from connectors.feeds.wire_fields import holds_unwritable, instant, language_code, one_line, plain_names, web_address

_ROOT = re.compile(rb"<(?:[A-Za-z][\w.-]*:)?(?:urlset|sitemapindex)[\s>]")
_NEWS = "{http://www.google.com/schemas/sitemap-news/0.9}"


def looks_like_sitemap(body: bytes) -> bool:
    """Return whether ``body`` begins as a sitemap does."""
    return _ROOT.search(body[:2000]) is not None


def read_news_sitemap(body: bytes) -> WireAnswer:
    """Return the news in ``body``, or why there are none to be read."""
    try:
        root = read_xml(body)
    except UnsafeXmlError as error:
        return WireAnswer(error=f"it begins as a sitemap, but {error}")
    if _local(root) == "sitemapindex":
        return WireAnswer(error="it is an index of sitemaps, not news; give the address of one that holds news")
    pages = [(page, news) for page in root if (news := page.find(f"{_NEWS}news")) is not None]
    if not pages and len(root):
        return WireAnswer(error="it is a sitemap of pages without news")
    entries = [entry for page, news in pages[:MAX_ENTRIES] if (entry := _entry(page, news)) is not None]
    if pages and not entries:
        return WireAnswer(error=f"none of its {len(pages):,} entries can be read")
    first = pages[0][1] if pages else None
    return WireAnswer(
        document=WireDocument(
            form="sitemap",
            title="" if first is None else one_line(_text(first, f"{_NEWS}publication/{_NEWS}name")),
            language=None if first is None else language_code(_text(first, f"{_NEWS}publication/{_NEWS}language")),
            entries=tuple(entries),
            refused_entries=len(pages) - len(entries),
        )
    )


def _entry(page: Element, news: Element) -> WireEntry | None:
    address = next((web_address(child.text or "") for child in page if _local(child) == "loc"), None)
    title = _text(news, f"{_NEWS}title")
    if address is None:
        return None
    changed = next((child.text or "" for child in page if _local(child) == "lastmod"), "")
    return WireEntry(
        link=address,
        title=one_line(title, 2000),
        published=instant(_text(news, f"{_NEWS}publication_date")),
        updated=instant(changed),
        categories=plain_names(_text(news, f"{_NEWS}keywords").split(",")),
        replaced_characters=holds_unwritable(title),
    )


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _text(element: Element, path: str) -> str:
    return element.findtext(path) or ""
