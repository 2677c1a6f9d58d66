"""The detectors' tails for many windows at once, with scipy: the same numbers as one by one (see alerts/detectors/)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaln, gammaln

from alerts.detectors.negative_binomial import LARGEST

Floats = npt.NDArray[np.float64]

#: Terms summed at once: windows of about as many terms together, so that little is padded.
_TERMS = 2_000_000


def _surprise(a: Floats, b: Floats, x: Floats) -> Floats:
    probability: Floats = np.asarray(betainc(a, b, x), dtype=np.float64)
    found: Floats = -np.log10(np.maximum(probability, 10.0**-LARGEST))
    return np.maximum(found, 0.0)


def upper_tails(count: Floats, mean: Floats, variance: Floats) -> Floats:
    """Return −log10 P(X ≥ count) of negative binomials; every count > 0, every variance > its mean > 0."""
    r = mean * mean / (variance - mean)
    return _surprise(count, r, mean / (r + mean))


def lower_tails(count: Floats, mean: Floats, variance: Floats) -> Floats:
    """Return −log10 P(X ≤ count) of the same."""
    r = mean * mean / (variance - mean)
    return _surprise(r, count + 1.0, r / (r + mean))


def share_tails(part: Floats, whole: Floats, share: Floats, correlation: Floats) -> Floats:
    """Return −log10 P(S ≥ part) of beta-binomials; 0 < part ≤ whole. Terms are summed, so ``whole`` is some thousands at most."""
    certainty = 1.0 / correlation - 1.0
    alpha, beta = share * certainty, (1.0 - share) * certainty
    first = gammaln(whole + 1.0) - gammaln(part + 1.0) - gammaln(whole - part + 1.0)
    first += betaln(part + alpha, whole - part + beta) - betaln(alpha, beta)
    found = np.empty(len(part))
    by_terms = np.argsort(whole - part, kind="stable")
    done = 0
    while done < len(part):
        rest = by_terms[done:]
        width = int((whole - part)[rest[0]]) + 1
        some = rest[: max(1, _TERMS // width)]
        width = int((whole - part)[some[-1]])
        if len(some) * width > 2 * _TERMS:
            some = some[: max(1, _TERMS // width)]
            width = int((whole - part)[some[-1]])
        k = part[some, None] + np.arange(width)
        left = np.maximum(whole[some, None] - k, 0.0)  # 0 past the last term: its log is −∞, and so are those after it
        with np.errstate(divide="ignore", invalid="ignore"):
            steps = np.log(
                left * (k + alpha[some, None]) / ((k + 1.0) * (np.maximum(left - 1.0, 0.0) + beta[some, None]))
            )
        logs = np.cumsum(steps, axis=1)
        sums = np.exp(np.minimum(logs, 700.0)).sum(axis=1)
        found[some] = -(first[some] + np.log1p(sums)) / np.log(10.0)
        done += len(some)
    clipped: Floats = np.clip(found, 0.0, LARGEST)
    return clipped
