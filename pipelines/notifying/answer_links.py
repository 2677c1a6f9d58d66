"""Links that answer an alert from a message: made for one receiver, one alert and one answer, signed, and good for two days.

A link is the right to give this one answer and no other. Following it (GET) shows what it would do; only a POST does it, so
that mail scanners and previews of links answer nothing. Pure: the key and the time are given.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from schemas.alert_event import AlertEvent
from schemas.ids import digest
from schemas.ports.answers import Answer, AnswerKind
from schemas.ports.channel import AnswerLink
from schemas.reasons import EventKind

#: Answers that a message offers, in this order.
OFFERED = (AnswerKind.ACKNOWLEDGE, AnswerKind.SILENCE, AnswerKind.NOISE)

#: A link ends at a midnight (UTC), one to two days after its message: the same message tried again has the same links.
_DAY = timedelta(days=1)

#: Shorter keys can be guessed.
LEAST_KEY_BYTES = 32

_RINGS = frozenset({EventKind.OPENED, EventKind.ESCALATED, EventKind.UPDATED})


class LinkFault(StrEnum):
    """Why a link does nothing."""

    FORGED = "forged"  # not made with our key, or changed on its way
    EXPIRED = "expired"


@dataclass(frozen=True)
class AnswerLinks:
    """Makes and reads links under ``page``, the address of the web page. ``repr`` does not show the key."""

    key: bytes = field(repr=False)
    page: str

    def of(self, event: AlertEvent, receiver: str, now: datetime) -> tuple[AnswerLink, ...]:
        """Return the links that the message of ``event`` to ``receiver`` offers; none where there is nothing to answer."""
        if not event.alert_id or event.event not in _RINGS:
            return ()
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        expires_at = midnight + 2 * _DAY
        return tuple(self._link(kind, event.alert_id, receiver, expires_at) for kind in OFFERED)

    def _link(self, kind: AnswerKind, alert_id: str, receiver: str, expires_at: datetime) -> AnswerLink:
        expiry = str(int(expires_at.timestamp()))
        signature = self._signature(kind.value, alert_id, receiver, expiry)
        path = "/".join((kind.value, alert_id, receiver, expiry, signature))
        return AnswerLink(kind=kind, url=f"{self.page.rstrip('/')}/answer/{path}", expires_at=expires_at)

    def read(self, parts: Sequence[str], now: datetime) -> Answer | LinkFault:
        """Return the answer that a link stands for, or why it stands for none. ``parts``: the five of its path after
        ``answer``. An expired one is told apart from a forged one only after its signature was found to be ours."""
        *signed, signature = parts
        ours = self._signature(*signed)
        if not hmac.compare_digest(ours.encode(), signature.encode("utf-8", "surrogatepass")) or len(signed) != 4:
            return LinkFault.FORGED
        kind, alert_id, receiver, expiry = signed
        if now.timestamp() >= int(expiry):
            return LinkFault.EXPIRED
        answer_id = "link_" + digest("answer-link", signature, length=16)
        return Answer(answer_id=answer_id, alert_id=alert_id, kind=AnswerKind(kind), author=f"{receiver} (link)")

    def _signature(self, *parts: str) -> str:
        # Lengths stand before the parts, so that no two links sign the same text.
        text = "tocsin answer link 1\n" + "".join(f"{len(part)}:{part}\n" for part in parts)
        made = hmac.new(self.key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(made).rstrip(b"=").decode()
