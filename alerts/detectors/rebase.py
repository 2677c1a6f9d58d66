"""Feeds join or leave what a bank counts: its memory is told again as if it had been of the new feeds' kind all along.

    B ← g·B,  E(h) ← g·E(h),  m(h) ← m(h)/g,  φ(h) ← 1 + (φ(h) − 1)/g,  S ← n + (S − n)/g if S > n;  A stays

g is the part of the coming counts that the feeds so far would bring: below 1 where feeds join, above where they leave. m·E
and (φ − 1)·E stay as they are, so no score of an hour that was counted before changes.
"""

from __future__ import annotations

import numpy as np

from alerts.detectors.spike_bank import SpikeBank
from alerts.detectors.spike_rows import Floats, Rows


def rebase(bank: SpikeBank, rows: Rows, part: Floats) -> None:
    """Go on as if the hours so far, the open one included, had seen ``part`` (g, above 0) of each of ``rows``."""
    bank.unfold()
    bank.forget_weights()
    bank.b[rows] *= part
    for ring in range(len(bank.exposure)):
        bank.exposure[ring, rows] *= part
        bank.full[ring, rows] *= part
        bank.level[ring, rows] /= part
    for window in bank.phi:
        for line in range(len(window)):
            window[line, rows] = 1.0 + (window[line, rows] - 1.0) / part
    for scatter, told in zip(bank.phi_sum, bank.phi_n, strict=True):
        s, n = scatter[rows], told[rows]
        scatter[rows] = np.where(s > n, n + (s - n) / part, s)
