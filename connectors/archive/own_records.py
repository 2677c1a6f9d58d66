"""Rows that are records of ours, as `tocsin archive export` writes them, back to the very articles they were. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from connectors.archive.imported_items import UnusableRowError
from schemas.article import Article
from schemas.errors import BrokenRecordError, RecordTooLargeError
from schemas.wire import decode_articles, encode

_KINDS = frozenset(
    {"article", "coverage", "signal", "rules_activated", "rules_ready", "extractor_changed", "skip_range"}
)
#: Nothing outside is news; days are the names of files.
_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def own_record(row: Mapping[str, object]) -> Mapping[str, object] | None:
    """Return the record that ``row`` is, or that a row of our own Parquet files has in its column ``record``; None: neither."""
    if isinstance(row.get("schema_version"), int) and row.get("kind") in _KINDS:
        return row
    text = row.get("record")
    if not isinstance(text, str) or not text.startswith("{"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return own_record(found) if isinstance(found, dict) and "record" not in found else None


def article_in(record: Mapping[str, object]) -> Article:
    """Return the article that ``record`` is, every field as it was.

    :raises UnusableRowError: it is another record of ours, or a damaged one.
    """
    if record["kind"] != "article":
        raise UnusableRowError(f"a record of kind {record['kind']}, which is made anew from the articles")
    try:
        article = decode_articles(json.dumps(record, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        encode(article)
    except (BrokenRecordError, RecordTooLargeError) as error:
        raise UnusableRowError(f"a damaged article record: {error.message}") from error
    assert isinstance(article, Article)
    if not _EARLIEST < article.revised_at < _LATEST:
        raise UnusableRowError(f"a date outside 1900 to 2200: {article.revised_at}")
    return article
