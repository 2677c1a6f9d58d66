"""Bytes of a feed → :class:`WireDocument`. The only module that meets feedparser; it runs inside the parse worker."""

from __future__ import annotations

import calendar
import io
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any  # feedparser has no types; its dictionaries are read here and nowhere else

import feedparser

from connectors.feeds.asked_pace import asked_pace
from connectors.feeds.character_references import readable_references
from connectors.feeds.json_feed import looks_like_json, read_json_feed
from connectors.feeds.news_sitemap import looks_like_sitemap, read_news_sitemap
from connectors.feeds.plain_html import text_of_html, tidy
from connectors.feeds.relative import STAND_IN, as_written
from connectors.feeds.wire import MAX_ENTRIES, WireAnswer, WireDocument, WireEntry
from connectors.feeds.wire_fields import (
    FIRST_YEAR,
    LAST_YEAR,
    MAX_TEXT,
    holds_unwritable,
    identifier,
    language_code,
    one_line,
    plain_names,
    web_address,
)
from schemas.plain_text import shortened

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_PACE_KEYS = ("ttl", "sy_updateperiod", "sy_updatefrequency")
#: The end of a whole document (its last bracket may be missing): without entries and with it, a feed is empty rather than
#: broken off.
_CLOSED = re.compile(rb"</(?:[a-z]+:)?(?:rss|feed|rdf)\s*(?:>|\Z)", re.IGNORECASE)
_GZIP, _ZIP, _XZ, _ZSTD, _BZIP = b"\x1f\x8b", b"PK\x03\x04", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"BZh"


def read_document(body: bytes, *, url: str, content_type: str | None = None) -> WireAnswer:
    """Return the entries of ``body``, or why it is no feed. ``url`` is what relative links start from."""
    if body.startswith((_GZIP, _ZIP, _XZ, _ZSTD, _BZIP)):
        return WireAnswer(error="it is compressed data inside what was already unpacked")
    if not body.strip():
        return WireAnswer(error="it is empty")
    if looks_like_json(body):
        return read_json_feed(body, url=url)
    if looks_like_sitemap(body):
        return read_news_sitemap(body)
    # Without a type feedparser takes the letters for Windows' where the document does not name its encoding.
    headers = {"content-location": STAND_IN, "content-type": content_type or "application/xml"}
    # A stream, never the bytes themselves: feedparser would take some for the name of a file or an address.
    parsed: Any = feedparser.parse(
        io.BytesIO(readable_references(body)),
        response_headers=headers,
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    flaw = _flaw(parsed)
    raw_entries = parsed["entries"]
    form = str(parsed.get("version") or "")
    if not raw_entries and (not form or (flaw and not _CLOSED.search(body[-500:].rstrip()))):
        return WireAnswer(error=_no_feed(body, form, flaw))
    entries, refused = _entries(raw_entries[:MAX_ENTRIES], url)
    if raw_entries and not entries:
        return WireAnswer(error=f"none of its {len(raw_entries):,} entries can be read")
    return WireAnswer(
        document=WireDocument(
            form=form or "unknown",
            title=one_line(text_of_html(_text(parsed["feed"].get("title")))),
            language=language_code(_text(parsed["feed"].get("language"))),
            entries=tuple(entries),
            pace=asked_pace(body, {key: _text(parsed["feed"].get(key)) for key in _PACE_KEYS}),
            flaw=flaw,
            refused_entries=refused + max(0, len(raw_entries) - MAX_ENTRIES),
        )
    )


def _flaw(parsed: Any) -> str:
    """Return what is not well-formed; a wrong or missing content type is common and says nothing about the document."""
    flaw = parsed.get("bozo_exception") if parsed.get("bozo") else None
    if flaw is None or isinstance(flaw, feedparser.NonXMLContentType | feedparser.CharacterEncodingOverride):
        return ""
    return one_line(str(flaw)) or type(flaw).__name__


def _no_feed(body: bytes, form: str, flaw: str) -> str:
    head = body[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype html", b"<html")):
        return "it is a web page, not a feed"
    if form:
        return f"it begins as a feed ({form}) but no entry can be read: {flaw}"
    return f"it is no feed: {flaw}" if flaw else "it is no feed"


def _entries(raw_entries: list[Any], url: str) -> tuple[list[WireEntry], int]:
    entries, refused = [], 0
    for raw in raw_entries:
        try:
            entries.append(_entry(raw, url))
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
            refused += 1  # One bad entry never costs the others; the count is reported with the document.
    return entries, refused


def _entry(raw: Any, url: str) -> WireEntry:
    title, summary = _plain(raw, "title"), _plain(raw, "summary")
    content = max((_plain_value(part) for part in raw.get("content") or ()), key=len, default="")
    if content == summary:  # feedparser copies the one into the other where the document gave only one of them.
        summary = ""
    fields = [_text(raw.get("title")), _text(raw.get("summary")), content]
    return WireEntry(
        guid=identifier(as_written(_text(raw.get("id")))),
        link=web_address(as_written(_text(raw.get("link"))), url),
        title=one_line(title, 2000),
        summary=shortened(summary, MAX_TEXT),
        content=shortened(content, MAX_TEXT),
        published=_moment(raw, "published_parsed") or _moment(raw, "created_parsed"),
        updated=_moment(raw, "updated_parsed"),
        authors=plain_names(_author_names(raw)),
        categories=plain_names(_text(tag.get("term") or tag.get("label")) for tag in raw.get("tags") or ()),
        replaced_characters=holds_unwritable(*fields),
    )


def _plain(raw: Any, key: str) -> str:
    return _plain_value(raw.get(f"{key}_detail") or {"value": raw.get(key)})


def _plain_value(part: Any) -> str:
    value = _text(part.get("value"))
    return tidy(value) if part.get("type") == "text/plain" else text_of_html(value)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else ""


def _moment(raw: Any, key: str) -> datetime | None:
    # dict.get: feedparser's own lookup answers for "updated" with "published" and warns about it.
    value = dict.get(raw, key)
    if not isinstance(value, time.struct_time) or not FIRST_YEAR <= value.tm_year <= LAST_YEAR:
        return None
    return _EPOCH + timedelta(seconds=calendar.timegm(value))


def _author_names(raw: Any) -> Iterator[str]:
    people = raw.get("authors") or ()
    yield from (_text(person.get("name")) for person in people)
    if not any(person.get("name") for person in people):
        yield _text(raw.get("author"))
