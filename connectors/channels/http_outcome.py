"""What an HTTP answer means for a delivery: one table for all channels that post. Pure."""

from __future__ import annotations

import math
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from schemas.ports.channel import Outcome

#: Below 500, the answers that say "later": the server timed out, too early, too many requests.
RETRIED_STATUSES = frozenset({408, 425, 429})

#: Said by a proxy in front of the receiver, which may have taken the message although its answer got lost.
UNCLEAR_STATUSES = frozenset({502, 504})

#: What a receiver asks for beyond this is not waited for.
LONGEST_RETRY_AFTER_S = 6 * 3600.0


def outcome_of_status(status: int, *, retry_after: str | None, now: datetime) -> Outcome:
    """Return the outcome of an answer: 2xx delivered; 408, 425, 429 and 5xx again later; a redirect and the rest refused.

    ``retry_after`` is the header as it came, seconds or an HTTP date; an unreadable one counts as absent.
    """
    said = f"answered {status}{_phrase(status)}"
    if 200 <= status < 300:
        return Outcome(result="delivered", detail=said)
    if status in RETRIED_STATUSES or 500 <= status < 600:
        return Outcome(
            result="retry",
            detail=said,
            retry_after_s=retry_after_seconds(retry_after, now),
            may_have_arrived=status in UNCLEAR_STATUSES,
        )
    if 300 <= status < 400:
        said += ": a redirect is not followed; set the receiver's url to where it leads"
    return Outcome(result="refused", detail=said)


def retry_after_seconds(header: str | None, now: datetime) -> float | None:
    """Return the seconds of a ``Retry-After`` header (RFC 9110 §10.2.3), 0 to 6 hours; None for none or nonsense."""
    if header is None:
        return None
    text = header.strip()[:64]
    try:
        seconds = float(text) if text.isascii() else math.nan
    except ValueError:
        seconds = _seconds_until(text, now)
    return None if math.isnan(seconds) else min(max(0.0, seconds), LONGEST_RETRY_AFTER_S)


def _seconds_until(http_date: str, now: datetime) -> float:
    try:
        moment = parsedate_to_datetime(http_date)
    except (ValueError, TypeError, IndexError, OverflowError):
        return math.nan
    if moment.tzinfo is None:
        return math.nan
    return (moment - now).total_seconds()


def _phrase(status: int) -> str:
    """Return our own words for a status; a server's could hold anything."""
    try:
        return f" {HTTPStatus(status).phrase}"
    except ValueError:
        return ""
