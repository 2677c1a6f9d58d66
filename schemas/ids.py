"""Stable ids: the same thing has the same id, whoever computes it, on every machine, for ever."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

#: A JSON value, as canonical hashing takes it.
Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_HOUR = timedelta(hours=1)
_MILLISECOND = timedelta(milliseconds=1)


def canonical_json(value: Json) -> bytes:
    """Return the one JSON spelling of ``value``: sorted keys, no spaces, UTF-8 unescaped."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(*parts: str | bytes, length: int = 32) -> str:
    """Return ``length`` hex digits of SHA-256 over ``parts``, each prefixed with its length so that no two lists collide."""
    h = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        h.update(len(raw).to_bytes(8, "big"))
        h.update(raw)
    return h.hexdigest()[:length]


def article_id(source_id: str, identity: str) -> str:
    """Return the id of an article: 32 hex digits of its publisher and what names the item there (guid or canonical link)."""
    return digest("article", source_id, identity)


def content_hash(title: str, summary: str, text: str) -> str:
    """Return the id of a wording: 32 hex digits; a changed one makes a revision."""
    return digest("content", title, summary, text)


def alert_id(rule: str, key: str, crossing: datetime) -> str:
    """Return the id of an alert: 24 hex digits of the rule, the key and the hour it crossed in."""
    return digest("alert", rule, key, str(hour_of(crossing)), length=24)


def hour_of(moment: datetime) -> int:
    """Return whole hours since 1970-01-01T00:00Z; the bucket every count lies in."""
    return (moment - EPOCH) // _HOUR


def hour_start(hour: int) -> datetime:
    """Return the first instant of ``hour`` (see :func:`hour_of`)."""
    return EPOCH + hour * _HOUR


def milliseconds(moment: datetime) -> int:
    """Return whole milliseconds since 1970-01-01T00:00Z."""
    return (moment - EPOCH) // _MILLISECOND


def from_milliseconds(value: int) -> datetime:
    """Return the instant ``value`` milliseconds after 1970-01-01T00:00Z."""
    return EPOCH + value * _MILLISECOND
