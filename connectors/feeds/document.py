"""Bytes of a feed → :class:`WireDocument`. The only module that meets feedparser; it runs inside the parse worker."""

from __future__ import annotations

import calendar
import io
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any  # feedparser has no types; its dictionaries are read here and nowhere else
from urllib.parse import urlsplit

import feedparser

from connectors.feeds.asked_pace import asked_pace
from connectors.feeds.plain_html import text_of_html, tidy
from connectors.feeds.relative import STAND_IN, as_written, resolved
from connectors.feeds.wire import MAX_ENTRIES, WireAnswer, WireDocument, WireEntry
from schemas.plain_text import plain_line, shortened

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Dates outside are slips of a template ("0001-01-01"), not claims.
_FIRST_YEAR, _LAST_YEAR = 1900, 2200

#: No text of an entry is longer; a record holds 1 MiB in all.
_MAX_TEXT = 300_000
_MAX_NAMES = 50
_PACE_KEYS = ("ttl", "sy_updateperiod", "sy_updatefrequency")
_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")
#: The end of a whole document: without entries and with it, a feed is empty rather than broken off.
_CLOSED = re.compile(rb"</(?:[a-z]+:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)
_GZIP, _ZIP, _XZ, _ZSTD, _BZIP = b"\x1f\x8b", b"PK\x03\x04", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"BZh"


def read_document(body: bytes, *, url: str, content_type: str | None = None) -> WireAnswer:
    """Return the entries of ``body``, or why it is no feed. ``url`` is what relative links start from."""
    if body.startswith((_GZIP, _ZIP, _XZ, _ZSTD, _BZIP)):
        return WireAnswer(error="it is compressed data inside what was already unpacked")
    if not body.strip():
        return WireAnswer(error="it is empty")
    headers = {"content-location": STAND_IN}
    if content_type:
        headers["content-type"] = content_type
    # A stream, never the bytes themselves: feedparser would take some for the name of a file or an address.
    parsed: Any = feedparser.parse(
        io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )
    flaw = _flaw(parsed)
    raw_entries = parsed["entries"]
    form = str(parsed.get("version") or "")
    if not raw_entries and (not form or (flaw and not _CLOSED.search(body[-500:]))):
        return WireAnswer(error=_no_feed(body, form, flaw))
    entries, refused = _entries(raw_entries[:MAX_ENTRIES], url)
    if raw_entries and not entries:
        return WireAnswer(error=f"none of its {len(raw_entries):,} entries can be read")
    return WireAnswer(
        document=WireDocument(
            form=form or "unknown",
            title=_one_line(text_of_html(_text(parsed["feed"].get("title")))),
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
    return _one_line(str(flaw)) or type(flaw).__name__


def language_code(declared: str) -> str | None:
    """Return the ISO 639-1 code in ``en``, ``en-US``, ``EN_us``; None for anything else."""
    found = re.match(r"([A-Za-z]{2})(?:[-_]|$)", declared.strip())
    return found[1].lower() if found else None


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
        guid=_identifier(as_written(_text(raw.get("id")))),
        link=_web_address(resolved(_text(raw.get("link")), url)),
        title=_one_line(title, 2000),
        summary=shortened(summary, _MAX_TEXT),
        content=shortened(content, _MAX_TEXT),
        published=_moment(raw, "published_parsed") or _moment(raw, "created_parsed"),
        updated=_moment(raw, "updated_parsed"),
        authors=_names(_author_names(raw)),
        categories=_names(_text(tag.get("term") or tag.get("label")) for tag in raw.get("tags") or ()),
        replaced_characters=any(_UNWRITABLE.search(field) for field in fields),
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


def _one_line(text: str, limit: int = 500) -> str:
    return plain_line(text, limit)


def _identifier(value: str) -> str | None:
    """Return a guid as one line; a very long one keeps being itself by its first kilobyte."""
    return plain_line(value)[:1024] or None


def _web_address(value: str) -> str | None:
    value = "".join(c for c in value.strip() if c.isprintable() and not c.isspace())
    try:
        parts = urlsplit(value)
        usable = parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return None
    return value[:4096] if usable else None


def _moment(raw: Any, key: str) -> datetime | None:
    # dict.get: feedparser's own lookup answers for "updated" with "published" and warns about it.
    value = dict.get(raw, key)
    if not isinstance(value, time.struct_time) or not _FIRST_YEAR <= value.tm_year <= _LAST_YEAR:
        return None
    return _EPOCH + timedelta(seconds=calendar.timegm(value))


def _author_names(raw: Any) -> Iterator[str]:
    people = raw.get("authors") or ()
    yield from (_text(person.get("name")) for person in people)
    if not any(person.get("name") for person in people):
        yield _text(raw.get("author"))


def _names(names: Iterator[str]) -> tuple[str, ...]:
    kept = dict.fromkeys(filter(None, (_one_line(text_of_html(name), 200) for name in names)))
    return tuple(kept)[:_MAX_NAMES]
