"""When two articles tell one story: enough equal MinHash values, and a candidate by its bands. Numbers only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from schemas.fingerprint import decode

Signature = npt.NDArray[np.uint32]

#: Values of a signature that must be equal: an estimated Jaccard similarity of .4 (26 of 64).
EQUAL_VALUES = 26

#: A story takes in articles at most this much younger than its first.
STORY_HOURS = 48


def signature_of(fingerprint: str) -> Signature | None:
    """Return the 64 values of ``fingerprint``, or None where there is none: such an article is like no other."""
    values = decode(fingerprint)
    return np.array(values, dtype=np.uint32) if values else None


def alike(leaders: Signature, signature: Signature) -> npt.NDArray[np.bool_]:
    """Return which rows of ``leaders`` (n × 64) are like ``signature``.

    Alike = at least 26 equal values, two of them side by side in one of 32 bands: the bands are part of the definition.
    """
    equal = leaders == signature
    enough = equal.sum(axis=1) >= EQUAL_VALUES
    in_a_band = (equal[:, 0::2] & equal[:, 1::2]).any(axis=1)
    result: npt.NDArray[np.bool_] = enough & in_a_band
    return result
