"""What the parse worker says of a document or a web page: plain texts and instants, nothing of the library that read it."""

from __future__ import annotations

from datetime import datetime

from schemas.model import Part, UtcDatetime
from schemas.reasons import SourceKind

#: A document has at most this many entries; feeds hold tens, the largest archives a few thousand.
MAX_ENTRIES = 20_000


class WireEntry(Part):
    """One entry. Texts are plain: no markup, no control characters. ``link`` is absolute http(s) or None."""

    guid: str | None = None
    link: str | None = None
    title: str = ""
    summary: str = ""
    content: str = ""
    published: UtcDatetime | None = None
    updated: UtcDatetime | None = None
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    replaced_characters: bool = False  # the texts held characters no record can carry
    source: str | None = None  # id of its publisher, where that is not the feed's
    country: str | None = None  # of that publisher, ISO 3166-1 alpha-3
    kind: SourceKind | None = None  # of that publisher
    language: str | None = None  # ISO 639-1, where it names its own

    @property
    def claimed(self) -> datetime | None:
        """When the entry says it appeared; what was only updated says at least that."""
        return self.published or self.updated


class Pace(Part):
    """How often a document wishes to be asked for; nothing where it says nothing."""

    period_s: int = 0  # the longer of its ttl and its sy:updatePeriod / updateFrequency
    skip_hours: tuple[int, ...] = ()  # 0–23, GMT
    skip_days: tuple[int, ...] = ()  # Monday is 0

    @property
    def rests(self) -> bool:
        """Whether there are hours or days in which it need not be asked for."""
        return bool(self.skip_hours or self.skip_days)


class WireDocument(Part):
    """A parsed feed. ``form`` is the format as feedparser names it (``rss20``, ``atom10`` …), or ``json``, ``sitemap``."""

    form: str
    title: str = ""
    language: str | None = None  # ISO 639-1
    entries: tuple[WireEntry, ...] = ()
    pace: Pace = Pace()
    flaw: str = ""  # what is not well-formed in it, where entries could be read all the same
    note: str = ""  # what else a person should know of it
    complete: bool = False  # it holds all that came since the one before, and nothing else
    begins: bool = (
        False  # nobody took anything for a while before it: what came then is not in it, and not waiting anywhere
    )
    refused_entries: int = 0  # entries that could not be read; they cost the others nothing


class WireAnswer(Part):
    """The worker's answer to one document: either a document or why there is none."""

    document: WireDocument | None = None
    error: str = ""


class WirePage(Part):
    """The worker's answer to one web page: the text of its article, or why there is none."""

    text: str = ""
    error: str = ""
