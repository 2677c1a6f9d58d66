"""Which field of a row is what of an article: given with --map, or guessed from usual names. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from schemas.errors import UsageError

#: What an article takes from a row, and the usual names of each, best first.
FIELDS: dict[str, tuple[str, ...]] = {
    "published": (
        "published", "published_at", "publishedAt", "pubDate", "pub_date", "date", "datetime", "time", "timestamp", "t"
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
        """Return the map that fits the names in ``rows``, each field once."""
        rows = list(rows)
        paths: dict[str, str] = {}
        for field, names in FIELDS.items():
            for name in names:
                if name not in paths.values() and any(
                    isinstance(at_path(row, name), str | int | float) for row in rows
                ):
                    paths[field] = name
                    break
        return cls(paths)

    def value(self, row: Mapping[str, object], field: str) -> object:
        """Return what ``row`` has for ``field``; None where there is nothing."""
        path = self.paths.get(field)
        return at_path(row, path) if path is not None else None

    def __str__(self) -> str:
        return ",".join(f"{field}={path}" for field, path in self.paths.items())


def at_path(row: Mapping[str, object], path: str) -> object:
    """Return the value at a dotted path (``source.name``, ``dates.0``); a field of that very name comes first.

    ``Date+Time`` is what stands at the one path and, after a blank, what stands at the other; ``published|crawled`` is what
    stands at the first of them that holds something in this row; ``Extras<PAGE_TITLE>`` is what a text at ``Extras`` has
    between ``<PAGE_TITLE>`` and ``</PAGE_TITLE>``.
    """
    if path in row:
        return row[path]
    if "|" in path:
        return next((value for part in path.split("|") if (value := at_path(row, part)) not in (None, "")), None)
    if "+" in path:
        parts = [at_path(row, part) for part in path.split("+")]
        return " ".join(str(part) for part in parts if part not in (None, "")) or None
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


def _between(text: object, tag: str) -> str | None:
    """Return what ``text`` has between ``<tag>`` and ``</tag>``; None where it has no such pair."""
    if not isinstance(text, str):
        return None
    _, begins, rest = text.partition(f"<{tag}>")
    inside, ends, _ = rest.partition(f"</{tag}>")
    return inside if begins and ends else None
