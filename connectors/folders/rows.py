"""A row of a file → an entry as a feed has it, through a map of columns. Pure; the row is anybody's text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo

from connectors.archive.field_map import FieldMap
from connectors.feeds.plain_html import text_of_html, tidy
from connectors.feeds.wire import WireEntry
from connectors.feeds.wire_fields import (
    FIRST_YEAR,
    LAST_YEAR,
    MAX_TEXT,
    holds_unwritable,
    identifier,
    one_line,
    web_address,
)
from schemas.errors import UnprocessableError
from schemas.languages import language_code
from schemas.reasons import SourceKind
from schemas.timestamps import names_a_day_only, parse_timestamp


class UnusableRowError(UnprocessableError):
    """A row of which no entry can be made; the message is short, so that rows can be counted by it."""


def entry_of_row(row: Mapping[str, object], fields: FieldMap, zone: tzinfo) -> WireEntry:
    """Return the entry in ``row``; times without a zone are of ``zone``.

    :raises UnusableRowError: it has no words, or a date that cannot be read.
    """
    words = {field: _word(fields.value(row, field)) for field in ("title", "summary", "text")}
    title, summary, text = (_plain(_written(words[field])) for field in ("title", "summary", "text"))
    if not (title or summary or text):
        raise UnusableRowError("no title, summary or text")
    country = _word(fields.value(row, "country"))
    return WireEntry(
        guid=identifier(_written(_word(fields.value(row, "guid")))),
        link=web_address(_written(_word(fields.value(row, "url")))),
        title=one_line(title, 2_000),
        summary=summary,
        content=text,
        published=_moment(fields.value(row, "published"), zone),
        replaced_characters=holds_unwritable(*words.values()),
        source=one_line(_written(_word(fields.value(row, "source"))), 100) or None,
        country=country if len(country) == 3 and country.isascii() and country.isupper() else None,
        kind=SourceKind.named(_word(fields.value(row, "kind"))),
        language=language_code(one_line(_word(fields.value(row, "language")), 40) or None),
    )


def _word(value: object) -> str:
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _written(text: str) -> str:
    """Return ``text`` with what no UTF-8 can carry replaced."""
    return text.encode("utf-8", "replace").decode()


def _plain(text: str) -> str:
    return (text_of_html(text) if "<" in text or "&" in text else tidy(text))[:MAX_TEXT]


def _moment(value: object, zone: tzinfo) -> datetime | None:
    """Return when a row says it appeared; None where it says nothing, or only a day: that is no time to count by."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, datetime):
            moment = (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
        elif names_a_day_only(value):
            return None
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            moment = parse_timestamp(value, zone)
        else:
            raise UnusableRowError("a date that is no date")
    except (ValueError, OverflowError):
        raise UnusableRowError("a date that cannot be read") from None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise UnusableRowError(f"a date outside {FIRST_YEAR} to {LAST_YEAR}")
    return moment
