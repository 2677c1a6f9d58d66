"""The columns of an archived log record: its bytes exactly, and beside them what people search by, as far as it is there.

Reads JSON forgivingly and never fails: a record that is none keeps its bytes and has no kind.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from schemas.ids import milliseconds
from schemas.ports.log import LogRecord

#: Text, whole number, bytes, milliseconds since 1970, or nothing.
Cell = str | int | bytes | None

_TEXTS = ("kind", "article_id", "status", "feed_id", "url", "title", "language", "extractor_version")
_TIMES = ("observed_at", "revised_at", "event_time", "at")
_LARGEST = 2**63


def row_of(record: LogRecord) -> dict[str, Cell]:
    """Return the cells of ``record`` by column. Its bytes are ``record`` where they are UTF-8, else ``raw``."""
    text = _decoded(record.value)
    fields = _fields(text)
    source = fields.get("source")
    return {
        "offset": record.offset,
        "append_time": record.append_time_ms,
        "key": record.key,
        **{name: _text(fields.get(name)) for name in _TEXTS},
        "source": _text(source.get("id")) if isinstance(source, Mapping) else None,
        "revision": _number(fields.get("revision")),
        **{name: _time(fields.get(name)) for name in _TIMES},
        "record": text,
        "raw": record.value if text is None else None,
    }


def _decoded(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def _fields(text: str | None) -> Mapping[str, object]:
    """Return the JSON object in ``text``; nothing where it is none, or nested too deeply, or a number is too long."""
    if text is None:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    return None if any("\ud800" <= character <= "\udfff" for character in value) else value


def _number(value: object) -> int | None:
    return value if type(value) is int and -_LARGEST <= value < _LARGEST else None


def _time(value: object) -> int | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        # In UTC: a moment of the year 1 may lie before it there, and readers that make datetimes of the column would fail on it.
        return None if moment.tzinfo is None else milliseconds(moment.astimezone(UTC))
    except (ValueError, OverflowError):
        return None
