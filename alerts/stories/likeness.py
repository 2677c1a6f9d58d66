"""When two articles tell one story: enough equal MinHash values, and a candidate by its bands. Numbers only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from schemas.fingerprint import VALUES, decode_packed

__all__ = ["EQUAL_VALUES", "STORY_HOURS", "VALUES", "Signature", "alike", "first_alike", "signature_of"]

Signature = npt.NDArray[np.uint32]

#: Values as they are packed: little-endian, as nearly every machine has them.
_PACKED = np.dtype("<u4")

#: Values of a signature that must be equal: an estimated Jaccard similarity of .4 (26 of 64).
EQUAL_VALUES = 26

#: A story takes in articles at most this much younger than its first.
STORY_HOURS = 48


def signature_of(fingerprint: str) -> Signature | None:
    """Return the 64 values of ``fingerprint``, or None where there is none: such an article is like no other."""
    packed = decode_packed(fingerprint)
    if not packed:
        return None
    values = np.frombuffer(packed, dtype=_PACKED)
    return values if _PACKED.isnative else values.astype(np.uint32)


def alike(leaders: Signature, signature: Signature) -> npt.NDArray[np.bool_]:
    """Return which rows of ``leaders`` (n × 64) are like ``signature``.

    Alike = at least 26 equal values, two of them side by side in one of 32 bands: the bands are part of the definition.
    """
    in_a_band = _equal_bands(leaders, signature).any(axis=1)
    result: npt.NDArray[np.bool_] = in_a_band & ((leaders == signature).sum(axis=1) >= EQUAL_VALUES)
    return result


def first_alike(leaders: Signature, signature: Signature) -> int | None:
    """Return the first row of ``leaders`` that is like ``signature``; None: none is."""
    return first_alike_of(leaders.view(np.uint64), signature)


def first_alike_of(bands: npt.NDArray[np.uint64], signature: Signature) -> int | None:
    """Return the same, of leaders as n × 32 bands: both values of a band as the 64 bits they are."""
    if 1 not in (bands == signature.view(np.uint64)).tobytes():
        return None  # What nearly always is so, and nothing tells it sooner.
    leaders = bands.view(np.uint32)
    same = alike(leaders, signature)
    at = int(same.argmax())
    return at if same[at] else None


def _equal_bands(leaders: Signature, signature: Signature) -> npt.NDArray[np.bool_]:
    """Return, n × 32, which bands are equal: both values of one, compared as the 64 bits they are."""
    equal: npt.NDArray[np.bool_] = leaders.view(np.uint64) == signature.view(np.uint64)
    return equal
