"""Rows of history to items, and items to articles: what is missing is said, what is there is made safe. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from urllib.parse import urlsplit

from connectors.archive.field_map import FieldMap
from connectors.archive.folder import Known
from connectors.archive.rhythm import feed_of
from connectors.feeds.identity import canonical_link
from connectors.feeds.plain_html import text_of_html
from connectors.feeds.record_size import fitted
from schemas.article import Article, Source
from schemas.errors import UnprocessableError
from schemas.ids import article_id, content_hash, digest, from_milliseconds, milliseconds
from schemas.languages import language_code
from schemas.reasons import CutReason, EventTimeReason, SourceKind
from schemas.timestamps import day_named, parse_timestamp

#: Nothing older or newer than this is news: a wrong unit or a wrong column.
_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

_DAY_S = 86_400


class Midnight(StrEnum):
    """What a time of exactly 00:00 says: that hour, or, where whoever wrote it had a day alone, no hour."""

    TIME = "time"
    DAY = "day"


class UnusableRowError(UnprocessableError):
    """A row no article can be made of."""


@dataclass(frozen=True, slots=True)
class ImportedItem:
    """An item of history, ready to be put in order; times in milliseconds since 1970."""

    article_id: str
    observed_ms: int
    published_ms: int
    day_only: bool
    source: str
    country: str | None
    kind: str | None  # of publisher, where it is one of SourceKind
    guid: str | None
    url: str | None
    title: str
    summary: str
    text: str
    language: str | None
    replaced: bool  # characters no record can carry were replaced

    @property
    def day(self) -> date:
        """The UTC day it was observed on."""
        return from_milliseconds(self.observed_ms).date()

    @property
    def content(self) -> str:
        """The id of its wording."""
        return content_hash(self.title, self.summary, self.text)


def item_of(
    row: Mapping[str, object], fields: FieldMap, zone: tzinfo, source: str = "", midnight: Midnight = Midnight.TIME
) -> ImportedItem:
    """Return the item in ``row``; ``source`` is the source of rows that name none.

    A row with a day and no time of day is laid somewhere in that day, always the same place, never all at 00:00; so is one
    at exactly 00:00 where ``midnight`` says that those are days.

    :raises UnusableRowError: no date, no source or no words.
    """
    texts = _Texts(row, fields)
    title, summary, body = texts.plain("title"), texts.plain("summary"), texts.plain("text")
    url, guid = texts.word("url"), texts.word("guid")
    if not (title or summary or body):
        raise UnusableRowError("no title, summary or text")
    publisher = texts.word("source") or source or (urlsplit(url).hostname if url and "://" in url else None)
    if not publisher:
        raise UnusableRowError("no source")
    identity = canonical_link(guid or url or "") or f"words {digest(title or summary or body)}"
    name = article_id(publisher, identity)
    published, day_only = _instant(fields.value(row, "published"), zone, name, midnight)
    observed = _observed(fields.value(row, "observed"), zone, name, published, midnight)
    country = texts.word("country")
    return ImportedItem(
        article_id=name,
        observed_ms=milliseconds(observed),
        published_ms=milliseconds(published),
        day_only=day_only,
        source=publisher,
        country=country if country and len(country) == 3 and country.isupper() else None,
        kind=SourceKind.named(texts.word("kind")),
        guid=guid,
        url=url,
        title=title,
        summary=summary,
        text=body,
        language=language_code(texts.word("language")),
        replaced=texts.replaced,
    )


def article_of(item: ImportedItem, known: Known | None) -> Article:
    """Return the article of ``item``: a new one, or a later wording of the one that is ``known``."""
    observed_ms = known.observed_ms if known else item.observed_ms
    event_ms = known.event_ms if known else min(item.published_ms, item.observed_ms)
    return fitted(
        Article(
            article_id=item.article_id,
            revision=item.observed_ms,
            revised_at=from_milliseconds(item.observed_ms),
            source=Source(id=item.source, name=item.source, country=item.country, kind=SourceKind.named(item.kind)),
            feed_id=feed_of(item.source),
            guid=item.guid,
            url=item.url,
            title=item.title,
            summary=item.summary,
            text=item.text,
            language=item.language,
            published_at=from_milliseconds(item.published_ms),
            observed_at=from_milliseconds(observed_ms),
            event_time=from_milliseconds(event_ms),
            event_time_reason=EventTimeReason.ARCHIVE,
            content_hash=item.content,
            cuts=(CutReason.CHARACTERS,) if item.replaced else (),
        )
    )


class _Texts:
    """The texts of a row, with what no record can carry replaced."""

    def __init__(self, row: Mapping[str, object], fields: FieldMap) -> None:
        self._row = row
        self._fields = fields
        self.replaced = False

    def word(self, field: str) -> str | None:
        value = self._fields.value(self._row, field)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return None
        return self._whole(str(value)).strip() or None

    def plain(self, field: str) -> str:
        value = self.word(field)
        if value is None:
            return ""
        return text_of_html(value) if "<" in value or "&" in value else value

    def _whole(self, text: str) -> str:
        try:
            text.encode()
            if "\0" not in text:
                return text
        except UnicodeEncodeError:
            pass  # A lone surrogate: replaced below.
        self.replaced = True
        return text.encode("utf-8", "replace").decode().replace("\0", " ")


def _observed(value: object, zone: tzinfo, name: str, published: datetime, midnight: Midnight) -> datetime:
    """Return when a row was seen: as it says, on a day it says at the earliest when it appeared, else when it appeared."""
    if value is None or value == "":
        return published
    observed, day_only = _instant(value, zone, name, midnight)
    return max(observed, published) if day_only else observed


def _instant(value: object, zone: tzinfo, name: str, midnight: Midnight) -> tuple[datetime, bool]:
    """Return the instant that ``value`` is, and whether it is a day alone, in which the article ``name`` has its place."""
    if value is None or value == "":
        raise UnusableRowError("no date")
    if isinstance(value, bool) or not isinstance(value, str | int | float | date):
        raise UnusableRowError(f"a date that is {type(value).__name__}")
    try:
        day, moment = day_named(value), _EARLIEST
        if day is None:
            moment = _moment(value, zone)
            day = _day_at_midnight(moment, zone) if midnight is Midnight.DAY else None
        if day is not None:
            second = int(digest(name, length=8), 16) % _DAY_S
            moment = datetime.combine(day, time(), tzinfo=zone).astimezone(UTC) + timedelta(seconds=second)
    except (ValueError, OverflowError) as error:
        raise UnusableRowError(f"a date that cannot be read: {str(error)[:80]}") from error
    if not _EARLIEST < moment < _LATEST:
        raise UnusableRowError(f"a date outside 1900 to 2200: {value}")
    return moment, day is not None


def _moment(value: str | int | float | date, zone: tzinfo) -> datetime:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
    assert not isinstance(value, date)
    return parse_timestamp(value, zone)


def _day_at_midnight(moment: datetime, zone: tzinfo) -> date | None:
    """Return the day that begins at ``moment``, in ``zone`` or in UTC; None where none does."""
    for here in (moment.astimezone(zone), moment):
        if here.time() == time():
            return here.date()
    return None
