"""Which column is what in the exports people have, by the name of the service that made them. Pure.

Services change their exports; each field has several paths, and the first that holds something is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connectors.archive.field_map import FieldMap, at_path
from schemas.errors import UsageError

#: By name of the service: for each field of an article its paths, best first. ``A+B`` is one column after the other.
PRESETS: dict[str, dict[str, tuple[str, ...]]] = {
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
    "feedly": {
        "published": ("published", "crawled"),
        "observed": ("crawled",),
        "source": ("origin.title", "origin.streamId", "origin.htmlUrl"),
        "title": ("title",),
        "summary": ("summary.content",),
        "text": ("fullContent", "content.content"),
        "url": ("canonicalUrl", "canonical.0.href", "alternate.0.href", "originId"),
        "guid": ("id",),
        "language": ("language",),
    },
    "meltwater": {
        "published": ("Date+Time", "Date", "Published Date"),
        "source": ("Source Domain", "Source Name", "Source"),
        "title": ("Title", "Headline"),
        "summary": ("Opening Text", "Hit Sentence"),
        "text": ("Content", "Body"),
        "url": ("URL", "Url"),
        "guid": ("Document ID", "URL", "Url"),
        "language": ("Language",),
    },
    "gdelt": {
        "published": ("seendate", "DATE", "DATEADDED", "date"),
        "source": ("domain", "SourceCommonName", "V2SOURCECOMMONNAME", "source"),
        "title": ("title", "PAGE_TITLE", "PageTitle"),
        "url": ("url", "DocumentIdentifier", "SOURCEURL"),
        "language": ("language", "lang"),
    },
}


def preset_map(name: str, rows: Iterable[Mapping[str, object]]) -> FieldMap:
    """Return the map of preset ``name`` that fits ``rows``; :raises UsageError: no row has what an article needs."""
    rows = list(rows)
    paths: dict[str, str] = {}
    for field, choices in PRESETS[name].items():
        for path in choices:
            if any(_is_there(row, path) for row in rows):
                paths[field] = path
                break
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
    return all(isinstance(part, str | int | float) and part != "" for part in parts)
