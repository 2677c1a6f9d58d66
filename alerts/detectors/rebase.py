"""Feeds join or leave what a bank counts: its memory is told again as if it had been of the new feeds' kind all along.

    B ← g·B,  E(h) ← g·E(h),  m(h) ← m(h)/g,  φ(h) ← 1 + (φ(h) − 1)/g,  S ← n + (S − n)/g if S > n;  A stays

g is the part of the coming counts that the feeds so far would bring: below 1 where feeds join, above where they leave. m·E
and (φ − 1)·E stay as they are, so no score of an hour that was counted before changes. Who leaves and comes back leaves no trace.

Where g was learnt in a shadow, so these feeds were never heard before, S is told again with what they would have taught:

    S ← S + κ·(D(λ/g) − D(λ)/g),  κ = (S − n)/D(λ) within [0, 1], 1 where D(λ) ≤ 0
    S ← S + (n + n0)·φ'·σ²/2

D(λ) (:mod:`alerts.detectors.beginning`) is what the beginning of a baseline teaches its dispersion, which grows faster than its
rate λ; κ is how much of that is there.

σ² (:mod:`alerts.detectors.doubt`) is how much less sure a dispersion is that was learnt of few stories and is told again as that
of many, and φ'·(1 + σ²/2) the mean of a log-normal whose median is φ'.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from alerts.detectors.beginning import left_of_beginning
from alerts.detectors.doubt import less_sure
from alerts.detectors.spike_bank import SpikeBank
from alerts.detectors.spike_parameters import SpikeParameters
from alerts.detectors.spike_rows import Floats, Rows


def rebase(bank: SpikeBank, rows: Rows, part: Floats, doubts: Sequence[Floats] = ()) -> None:
    """Go on as if the hours so far, the open one included, had seen ``part`` (g, above 0) of each of ``rows``.

    ``doubts``: how unsure the parts are, by row, above 0 where they were learnt in a shadow; none where they are remembered.
    """
    bank.unfold()
    bank.forget_weights()
    rates = bank.a[rows] / bank.b[rows]
    bank.b[rows] *= part
    for ring in range(len(bank.exposure)):
        bank.exposure[ring, rows] *= part
        bank.full[ring, rows] *= part
        bank.level[ring, rows] /= part
    for window in bank.phi:
        for line in range(len(window)):
            window[line, rows] = 1.0 + (window[line, rows] - 1.0) / part
    new = sum(doubts, start=np.zeros(len(rates))) > 0.0
    taught = _beginnings(bank, rates, part) if new.any() else None
    for w, (scatter, told) in enumerate(zip(bank.phi_sum, bank.phi_n, strict=True)):
        s, n = scatter[rows], told[rows]
        again = np.where(s > n, n + (s - n) / part, s)
        if taught is not None:
            of_new = _with_beginning(again, s - n, part, *taught[:, w])
            of_new = _less_sure(of_new, s, n, part, rates, bank.parameters, w)
            again = np.where(new & (n > 0.0), of_new, again)
        scatter[rows] = again


def _beginnings(bank: SpikeBank, rates: Floats, part: Floats) -> Floats:
    """Return D(λ) and D(λ/g), each by window and row."""
    hours = bank.open_hour - bank.first_hour + 1
    return np.array([left_of_beginning(bank.parameters, hours, at) for at in (rates, rates / part)])


def _with_beginning(again: Floats, over: Floats, part: Floats, before: Floats, after: Floats) -> Floats:
    """Return S with what a beginning at the new rate would have left; ``over`` is S − n as it was."""
    begun = before > 0.0
    there = np.where(begun, np.clip(over / np.where(begun, before, 1.0), 0.0, 1.0), 1.0)
    return np.maximum(again + there * (after - before / part), 0.0)


def _less_sure(
    again: Floats, s: Floats, n: Floats, part: Floats, rates: Floats, parameters: SpikeParameters, w: int
) -> Floats:
    """Return S with the doubt about a dispersion that ``s`` was learnt for, from few stories, and ``again`` stands for."""
    length = parameters.windows_h[w]
    weight, prior = n + parameters.dispersion_weight, parameters.dispersion_prior * parameters.dispersion_weight
    phi, phi_then = (np.maximum(1.0, (sums + prior) / weight) for sums in (s, again))
    mean = rates * length
    less = less_sure(phi * mean, phi_then * mean / part, part, weight / length)
    doubted: Floats = again + weight * phi_then * less / 2.0
    return doubted
