"""Fields of an entry, whatever the format they stood in: one line, an identifier, a web address, names, an instant. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import quote, urljoin, urlsplit

from connectors.feeds.plain_html import text_of_html
from schemas.plain_text import plain_line

#: Dates outside are slips of a template ("0001-01-01"), not claims.
FIRST_YEAR, LAST_YEAR = 1900, 2200
#: No text of an entry is longer; a record holds 1 MiB in all.
MAX_TEXT = 300_000
_MAX_NAMES = 50
_BLANK = re.compile(r"[\s\x00-\x1f\x7f]")
_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")


def one_line(text: str, limit: int = 500) -> str:
    """Return ``text`` as one line without control characters."""
    return plain_line(text, limit)


def identifier(value: str) -> str | None:
    """Return a guid as one line; a very long one keeps being itself by its first kilobyte."""
    return plain_line(value)[:1024] or None


def web_address(value: str, base: str = "") -> str | None:
    """Return an absolute http(s) address, a relative one seen from ``base``, without user and password: it goes to people and
    into the log. None for anything else."""
    # An invisible character may be part of the address (they are, in real feeds): it is written so that it can be seen.
    value = "".join(c if c.isprintable() else quote(c, errors="replace") for c in value.strip() if not _BLANK.match(c))
    try:
        value = urljoin(base, value) if value and base else value
        parts = urlsplit(value)
        usable = parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
        usable = usable and "\\" not in parts.netloc  # To browsers the host ends there, to others it does not.
        if "@" in parts.netloc:
            value = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    except ValueError:
        return None
    return value[:4096] if usable else None


def plain_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return names of people or categories, each once."""
    kept = dict.fromkeys(filter(None, (one_line(text_of_html(name), 200) for name in names)))
    return tuple(kept)[:_MAX_NAMES]


def language_code(declared: str) -> str | None:
    """Return the ISO 639-1 code in ``en``, ``en-US``, ``EN_us``; None for anything else."""
    found = re.match(r"([A-Za-z]{2})(?:[-_]|$)", declared.strip())
    return found[1].lower() if found else None


def instant(written: str) -> datetime | None:
    """Return the instant in ``written`` (RFC 3339 and W3C profiles of ISO 8601); one without a zone is taken for UTC."""
    try:
        moment = datetime.fromisoformat(written.strip())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if FIRST_YEAR <= moment.year <= LAST_YEAR else None


def holds_unwritable(*texts: str) -> bool:
    """Return whether the texts hold characters that no record can carry."""
    return any(_UNWRITABLE.search(text) for text in texts)
