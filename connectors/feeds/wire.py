"""What the parse worker says of a document: plain texts and instants, nothing of the library that read it."""

from __future__ import annotations

from datetime import datetime

from schemas.model import Part, UtcDatetime

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

    @property
    def claimed(self) -> datetime | None:
        """When the entry says it appeared; what was only updated says at least that."""
        return self.published or self.updated


class WireDocument(Part):
    """A parsed feed. ``form`` is the format as feedparser names it (``rss20``, ``atom10`` …)."""

    form: str
    title: str = ""
    language: str | None = None  # ISO 639-1
    entries: tuple[WireEntry, ...] = ()
    flaw: str = ""  # what is not well-formed in it, where entries could be read all the same
    refused_entries: int = 0  # entries that could not be read; they cost the others nothing


class WireAnswer(Part):
    """The worker's answer to one document: either a document or why there is none."""

    document: WireDocument | None = None
    error: str = ""
