"""Which field of a row is what of an article: given with --map, or guessed from usual names. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

from schemas.errors import UsageError

#: What an article takes from a row, and the usual names of each, best first.
FIELDS: dict[str, tuple[str, ...]] = {
    "published": (
        "published", "published_at", "pub_date", "publication_date", "publish_date", "published_date", "date_published",
        "published_on", "published_time", "date_time", "date", "time", "timestamp", "t",
    ),
    "observed": ("observed_at", "first_seen", "fetched_at", "crawled_at"),
    "source": ("source.id", "source.name", "source", "src", "outlet", "publisher", "domain", "feed"),
    "title": ("title", "headline", "name"),
    "summary": ("summary", "description", "desc", "excerpt", "abstract", "snippet"),
    "text": ("text", "body", "content", "full_text", "article"),
    "url": ("url", "link", "href", "permalink"),
    "guid": ("guid", "uri", "id"),
    "language": ("language", "lang"),
    "country": ("source.country", "country"),
    "kind": ("source.kind",),
}  # fmt: skip


#: A time of day.
_HAS_TIME = re.compile(r"\b[0-9]{1,2}:[0-9]{2}(?![0-9])")


@dataclass(frozen=True)
class FieldMap:
    """Dotted paths by what they hold; :data:`FIELDS` names what there may be."""

    paths: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> FieldMap:
        """Return the map written ``published=t,source=src,…``; :raises UsageError: it is none."""
        paths = {}
        for part in text.split(","):
            field, equals, path = (piece.strip() for piece in part.partition("="))
            if not equals or not path:
                raise UsageError(
                    f"--map: {part.strip()!r} is not FIELD=COLUMN", remedy="for example published=t,title=headline"
                )
            if field not in FIELDS:
                near = get_close_matches(field, FIELDS, n=1)
                raise UsageError(
                    f"--map: an article has no field {field!r}{f', did you mean {near[0]}?' if near else ''}",
                    remedy=f"the fields are {', '.join(FIELDS)}",
                )
            paths[field] = path
        return cls(paths)

    @classmethod
    def guessed(cls, rows: Iterable[Mapping[str, object]]) -> FieldMap:
        """Return the map that fits the names in ``rows``, each field once; case, blanks and dashes count for nothing."""
        rows = list(rows)
        # Of two columns whose names differ in nothing else the one that is written as here comes first.
        written = sorted({column for row in rows for column in row}, key=str.islower)
        spelt = {_plain(column): column for column in written}
        paths: dict[str, str] = {}
        for field, names in FIELDS.items():
            for name in names:
                path = name if "." in name else spelt.get(_plain(name), name)
                if path not in paths.values() and any(
                    isinstance(at_path(row, path), str | int | float | date) for row in rows
                ):
                    paths[field] = path
                    break
        return cls(paths)

    def value(self, row: Mapping[str, object], field: str) -> object:
        """Return what ``row`` has for ``field``; None where there is nothing."""
        path = self.paths.get(field)
        return at_path(row, path) if path is not None else None

    def __str__(self) -> str:
        return ",".join(f"{field}={path}" for field, path in self.paths.items())


def _plain(column: str) -> str:
    return re.sub(r"[\s_-]+", "", column.casefold())


def at_path(row: Mapping[str, object], path: str) -> object:
    """Return the value at a dotted path (``source.name``, ``dates.0``); a field of that very name comes first.

    ``Date+Time`` is what stands at the one path and, after a blank, what stands at the other, a time of day only once;
    ``published|crawled`` is what stands at the first of them that holds something in this row; ``Extras<PAGE_TITLE>`` is
    what a text at ``Extras`` has between ``<PAGE_TITLE>`` and ``</PAGE_TITLE>``.
    """
    if path in row:
        return row[path]
    if "|" in path:
        return next((value for part in path.split("|") if (value := at_path(row, part)) not in (None, "")), None)
    if "+" in path:
        parts = [str(part) for part in (at_path(row, part) for part in path.split("+")) if part not in (None, "")]
        if len(parts) > 1 and _HAS_TIME.search(parts[0]) and _HAS_TIME.match(parts[1]):
            del parts[1]  # Of rows of one file some may have the time of day with the day, others apart.
        return " ".join(parts) or None
    if path.endswith(">"):
        before, _, tag = path[:-1].partition("<")
        return _between(at_path(row, before), tag)
    here: object = row
    for part in path.split("."):
        if isinstance(here, Mapping):
            here = here.get(part)
        elif isinstance(here, list) and part.isdecimal() and int(part) < len(here):
            here = here[int(part)]
        else:
            return None
    return here


def has_path(row: Mapping[str, object], path: str) -> bool:
    """Tell whether ``row`` has a place at ``path``, whatever stands there; of several paths, at one of them."""
    if path in row:
        return True
    parts = re.split(r"[|+]", path)
    if len(parts) > 1:
        return any(has_path(row, part) for part in parts)
    return path.partition("<")[0] in row or path.partition(".")[0] in row


def _between(text: object, tag: str) -> str | None:
    """Return what ``text`` has between ``<tag>`` and ``</tag>``; None where it has no such pair."""
    if not isinstance(text, str):
        return None
    _, begins, rest = text.partition(f"<{tag}>")
    inside, ends, _ = rest.partition(f"</{tag}>")
    return inside if begins and ends else None
