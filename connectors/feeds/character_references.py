"""Numeric character references that name no character: bytes of a document in, bytes a parser can read out. Pure.

Programs that count in UTF-16 write one emoji as two references to halves of it (``&#55357;&#56832;``), and feedparser gives up
the whole document at one of them.
"""

from __future__ import annotations

import re

_HIGH = rb"&#(?:[xX]0*([dD][89abAB][0-9a-fA-F]{2})|0*(5[56]\d{3}));"
_LOW = rb"&#(?:[xX]0*([dD][c-fC-F][0-9a-fA-F]{2})|0*(5[67]\d{3}));"
_PAIR = re.compile(_HIGH + _LOW)
#: All that may be beyond the last character or half of one; what is not is left as it stands.
_DOUBTFUL = re.compile(
    rb"&#(?:[xX]0*([dD][89a-fA-F][0-9a-fA-F]{2}|[1-9a-fA-F][0-9a-fA-F]{5,})|0*(5[5-7]\d{3}|[1-9]\d{6,}));?"
)
_REPLACEMENT = b"&#65533;"


def readable_references(body: bytes) -> bytes:
    """Return ``body`` with halves that belong together joined, and what names no character as U+FFFD. Documents in encodings
    of two bytes a letter stay as they are."""
    if b"&#" not in body:
        return body
    return _DOUBTFUL.sub(_replaced, _PAIR.sub(_joined, body))


def _joined(found: re.Match[bytes]) -> bytes:
    high, low = _number(found[1], found[2]), _number(found[3], found[4])
    if 0xD800 <= high < 0xDC00 <= low < 0xE000:
        return b"&#%d;" % (0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
    return found[0]


def _replaced(found: re.Match[bytes]) -> bytes:
    number = _number(found[1], found[2])
    return _REPLACEMENT if 0xD800 <= number < 0xE000 or number > 0x10FFFF else found[0]


def _number(hexadecimal: bytes | None, decimal: bytes | None) -> int:
    if hexadecimal:
        return int(hexadecimal[:12], 16)
    return int((decimal or b"0")[:12])
