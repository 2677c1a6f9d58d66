"""When two articles tell one story: enough equal MinHash values, and a candidate by its bands. Numbers only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from schemas.fingerprint import VALUES, decode_packed

__all__ = ["BANDS", "EQUAL_VALUES", "STORY_HOURS", "Signature", "alike", "first_alike", "signature_of"]

#: 64 MinHash values of 32 bits, as the 32 bands of two that they are compared in.
Signature = npt.NDArray[np.uint64]

#: Bands of a signature.
BANDS = VALUES // 2

#: Values as they are packed: little-endian, as nearly every machine has them.
_PACKED = np.dtype("<u4")
_BAND = np.dtype(np.uint64)

#: Values of a signature that must be equal: an estimated Jaccard similarity of .4 (26 of 64).
EQUAL_VALUES = 26

#: A story takes in articles at most this much younger than its first.
STORY_HOURS = 48


def signature_of(fingerprint: str) -> Signature | None:
    """Return the bands of ``fingerprint``, or None where there is none: such an article is like no other."""
    packed = decode_packed(fingerprint)
    if not packed:
        return None
    if _PACKED.isnative:
        return np.frombuffer(packed, _BAND)
    return np.frombuffer(packed, _PACKED).astype(np.uint32).view(_BAND)


def alike(leaders: Signature, signature: Signature) -> npt.NDArray[np.bool_]:
    """Return which rows of ``leaders`` (n × 32) are like ``signature``.

    Alike = at least 26 equal values, two of them side by side in one of 32 bands: the bands are part of the definition.
    """
    in_a_band = (leaders == signature).any(axis=1)
    equal = (leaders.view(np.uint32) == signature.view(np.uint32)).sum(axis=1)
    result: npt.NDArray[np.bool_] = in_a_band & (equal >= EQUAL_VALUES)
    return result


def first_alike(leaders: Signature, signature: Signature) -> int | None:
    """Return the first row of ``leaders`` that is like ``signature``; None: none is."""
    same = alike(leaders, signature)
    at = int(same.argmax())
    return at if same[at] else None
