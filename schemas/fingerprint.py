"""A MinHash fingerprint as text: 64 unsigned 32-bit values, little-endian, in base64; the empty text is no fingerprint."""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Sequence

#: Values of a fingerprint.
VALUES = 64

_FORMAT = struct.Struct(f"<{VALUES}I")


def encode(values: Sequence[int]) -> str:
    """Return ``values`` (64, each 0 ≤ v < 2^32, or none at all) as text; :raises ValueError: other than that."""
    if not values:
        return ""
    try:
        return base64.b64encode(_FORMAT.pack(*values)).decode()
    except struct.error as error:
        raise ValueError(f"a fingerprint has {VALUES} values of 32 bits: {error}") from error


def encode_packed(packed: bytes) -> str:
    """Return the text of values that are packed already, little-endian; :raises ValueError: they are not 64."""
    if len(packed) != _FORMAT.size:
        raise ValueError(f"a fingerprint has {_FORMAT.size} bytes, not {len(packed)}")
    return base64.b64encode(packed).decode()


def decode(text: str) -> tuple[int, ...]:
    """Return the values of ``text``, none for the empty text; :raises ValueError: it is no fingerprint."""
    return _FORMAT.unpack(packed) if (packed := decode_packed(text)) else ()


def decode_packed(text: str) -> bytes:
    """Return the values of ``text`` packed, little-endian, no bytes for the empty text; :raises ValueError: no fingerprint."""
    try:
        packed = binascii.a2b_base64(text, strict_mode=True) if text else b""
    except ValueError as error:
        raise ValueError(f"not a fingerprint: {error}") from error
    if text and len(packed) != _FORMAT.size:
        raise ValueError(f"not a fingerprint: it has {len(packed)} bytes, not {_FORMAT.size}")
    return packed
