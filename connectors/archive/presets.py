"""Which column is what in the exports people have, by the name of the service that made them. Pure.

Services change their exports and fill other fields from row to row: each field has several paths, and of those that occur in
a file the first that holds something in a row is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connectors.archive.field_map import FieldMap, at_path
from schemas.errors import UsageError

#: By name of the service: for each field of an article its paths, best first. ``A+B`` is one column after the other.
PRESETS: dict[str, dict[str, tuple[str, ...]]] = {
    # Article data model: https://newsapi.ai/documentation?tab=data_models. ``dateTime`` is when the service found the
    # article, ``dateTimePub`` when it was published; ``date`` and ``time`` are ``dateTime`` in two.
    "event-registry": {
        "published": ("dateTimePub", "dateTime", "date+time", "date"),
        "observed": ("dateTime",),
        "source": ("source.uri", "source.title"),
        "title": ("title",),
        "text": ("body",),
        "url": ("url",),
        "guid": ("uri",),
        "language": ("lang",),
    },
    # https://developers.feedly.com/reference/articlejson and https://developers.feedly.com/v3/streams/. An item has its text in
    # ``content`` or in ``summary``; ``originId`` is not promised to be an address, ``canonicalUrl`` is.
    "feedly": {
        "published": ("published", "crawled"),
        "observed": ("crawled",),
        "source": ("origin.title", "origin.streamId", "origin.htmlUrl"),
        "title": ("title",),
        "summary": ("summary.content",),
        "text": ("fullContent", "content.content"),
        "url": ("canonicalUrl", "canonical.0.href", "alternate.0.href"),
        "guid": ("id",),
        "language": ("language",),
    },
    # Templates of the interface, https://developer.meltwater.com/api-reference/templates/api-json and …/legacy-json
    # (``document_…``), and the columns of spreadsheets saved from the application, as people who read them list them: older
    # ones ``Date,Headline,URL,Opening Text,Hit Sentence,Source,…,Language,…,Alternate Date Format,Time``, newer ones
    # ``Date,Time,Document ID,URL,…,Source Name,Source Domain,Title,Opening Text,Hit Sentence,…``.
    "meltwater": {
        "published": ("published_date", "document_publish_date", "Date+Time", "Date", "Published Date"),
        "observed": ("indexed_date",),
        "source": ("source.name", "source_name", "Source Domain", "Source Name", "Source"),
        "title": ("content.title", "document_title", "Title", "Headline"),
        "summary": (
            "content.opening_text", "matched.hit_sentence", "document_opening_text", "document_hit_sentence",
            "Opening Text", "Hit Sentence",
        ),
        "text": ("content.body", "Content", "Body"),
        "url": ("url", "document_url", "URL", "Url"),
        "guid": ("id", "document_id", "Document ID", "url", "document_url", "URL", "Url"),
        "language": ("enrichments.language_code", "document_language_code", "Language"),
    },
    # Lists of articles of the DOC 2.0 interface as JSON (``seendate``, ``domain``) and as CSV (``URL,MobileURL,Date,Title``):
    # https://blog.gdeltproject.org/gdelt-doc-2-0-api-debuts/. The Knowledge Graph as BigQuery names its columns (``DATE``,
    # ``DocumentIdentifier``), its titles within the extras: https://blog.gdeltproject.org/new-gkg-2-0-article-metadata-fields/.
    "gdelt": {
        "published": ("seendate", "Date", "DATE", "V21DATE", "V2.1DATE", "DATEADDED", "date"),
        "source": ("domain", "SourceCommonName", "V2SOURCECOMMONNAME", "source"),
        "title": (
            "title", "Title", "PAGE_TITLE", "PageTitle", "Extras<PAGE_TITLE>", "V2EXTRASXML<PAGE_TITLE>",
            "V2ExtrasXML<PAGE_TITLE>",
        ),
        "url": ("url", "URL", "DocumentIdentifier", "V2DOCUMENTIDENTIFIER", "SOURCEURL"),
        "language": ("language", "lang"),
    },
}  # fmt: skip


def preset_map(name: str, rows: Iterable[Mapping[str, object]]) -> FieldMap:
    """Return the map of preset ``name`` that fits ``rows``; :raises UsageError: no row has what an article needs."""
    rows = list(rows)
    paths: dict[str, str] = {}
    for field, choices in PRESETS[name].items():
        there = [path for path in choices if any(_is_there(row, path) for row in rows)]
        if there:
            paths[field] = "|".join(there)
    missing = [field for field in ("published", "title") if field not in paths]
    if missing:
        wanted = "; ".join(f"{field}: {' or '.join(PRESETS[name][field])}" for field in missing)
        raise UsageError(
            f"--preset {name}: the rows have no such columns ({wanted})",
            remedy="is it another export? name the columns with --map, or leave both out to have them guessed",
        )
    return FieldMap(paths)


def _is_there(row: Mapping[str, object], path: str) -> bool:
    parts = [at_path(row, part) for part in ([path] if path in row else path.split("+"))]
    if len(parts) > 1 and ":" in str(parts[0]):
        return False  # The first has a time of day already; the second would say it twice.
    return all(isinstance(part, str | int | float) and part != "" for part in parts)
