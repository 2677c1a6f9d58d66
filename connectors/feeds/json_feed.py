"""JSON Feed 1.0 and 1.1 (jsonfeed.org) → :class:`WireDocument`. Runs inside the parse worker.

The wire struct below is what the standard says and what publishers write instead; the adapter makes entries of it.
"""

from __future__ import annotations

import json

from pydantic import BaseModel, ConfigDict, ValidationError

from connectors.feeds.plain_html import text_of_html, tidy
from connectors.feeds.wire import MAX_ENTRIES, WireAnswer, WireDocument, WireEntry
from connectors.feeds.wire_fields import (
    MAX_TEXT,
    holds_unwritable,
    identifier,
    instant,
    language_code,
    one_line,
    plain_names,
    web_address,
)
from schemas.plain_text import shortened

_VERSION = "https://jsonfeed.org/version/"


class _Struct(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Author(_Struct):
    name: str | None = None


class _Item(_Struct):
    id: str | int | float | None = None
    url: str | None = None
    external_url: str | None = None
    title: str | None = None
    content_html: str | None = None
    content_text: str | None = None
    summary: str | None = None
    date_published: str | None = None
    date_modified: str | None = None
    author: _Author | None = None  # of version 1.0
    authors: tuple[_Author, ...] | None = None
    tags: tuple[str, ...] | None = None


def looks_like_json(body: bytes) -> bool:
    """Return whether ``body`` begins as a JSON object does."""
    return body[:1000].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")


def read_json_feed(body: bytes, *, url: str) -> WireAnswer:
    """Return the entries of ``body``, or why it is no JSON Feed; relative links start from ``url``."""
    try:
        found: object = json.loads(body)
    except ValueError as error:
        return WireAnswer(error=f"it is no JSON that can be read: {one_line(str(error), 200)}")
    raw = found if isinstance(found, dict) else {}
    version, items = raw.get("version"), raw.get("items")
    if not isinstance(version, str) or not version.replace("http:", "https:").startswith(_VERSION):
        return WireAnswer(error="it is JSON but no JSON Feed: its version is none of jsonfeed.org")
    if not isinstance(items, list):
        return WireAnswer(error="it is a JSON Feed without a list of items")
    entries, refused = [], 0
    for item in items[:MAX_ENTRIES]:
        try:
            entries.append(_entry(_Item.model_validate(item), url))
        except ValidationError:
            refused += 1  # One bad entry never costs the others; the count is reported with the document.
    if items and not entries:
        return WireAnswer(error=f"none of its {len(items):,} entries can be read")
    return WireAnswer(
        document=WireDocument(
            form="json",
            title=one_line(text_of_html(_text(raw.get("title")))),
            language=language_code(_text(raw.get("language"))),
            entries=tuple(entries),
            refused_entries=refused + max(0, len(items) - MAX_ENTRIES),
        )
    )


def _entry(item: _Item, url: str) -> WireEntry:
    content = text_of_html(item.content_html) if item.content_html else tidy(item.content_text or "")
    title, summary = item.title or "", item.summary or ""
    link = item.url or item.external_url or ""
    authors = item.authors if item.authors is not None else (item.author,) if item.author else ()
    return WireEntry(
        guid=identifier("" if item.id is None else str(item.id)),
        link=web_address(link, url),
        title=one_line(text_of_html(title), 2000),
        summary=shortened(text_of_html(summary), MAX_TEXT),
        content=shortened(content, MAX_TEXT),
        published=instant(item.date_published or ""),
        updated=instant(item.date_modified or ""),
        authors=plain_names(author.name or "" for author in authors),
        categories=plain_names(item.tags or ()),
        replaced_characters=holds_unwritable(title, summary, item.content_html or "", item.content_text or ""),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
