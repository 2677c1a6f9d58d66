"""The hours of a key as people see them: a line of blocks for text, and the band that chance explains. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from alerts.explanation.phrases import quantity
from schemas.ports.channel import HourBar

_BLOCKS = "▁▂▃▄▅▆▇█"

#: Hours in a line of text: two days fit a phone.
LINE_HOURS = 48


def bars_line(hours: Sequence[HourBar]) -> str:
    """Return ``Last 48 hours: ▁▁▂▁…▇█, the newest last; 0.2 expected an hour``; empty where nothing is known or counted."""
    shown = hours[-LINE_HOURS:]
    most = max((hour.count for hour in shown), default=0)
    if not most:
        return ""
    blocks = blocks_of([hour.count for hour in shown])
    expected = [hour.expected for hour in shown if hour.expected is not None]
    usual = f"; {quantity(sum(expected) / len(expected))} expected an hour" if expected else ""
    return f"Last {len(shown)} hours: {blocks} (the newest last, highest {most}{usual})"


def blocks_of(counts: Sequence[int]) -> str:
    """Return one block a count, the highest the largest of them; an empty count is the lowest block."""
    most = max(counts, default=0) or 1
    return "".join(_BLOCKS[math.ceil(count / most * (len(_BLOCKS) - 1))] for count in counts)


def band_top(expected: float) -> int:
    """Return the count that an hour with so many expected reaches by chance alone in less than one hour of forty.

    The 97.5 % quantile of the Poisson distribution. News clumps, so detectors allow for more than this; the band only shows
    what is plainly ordinary.
    """
    if expected <= 0:
        return 0
    if expected > 500:  # The sum below would underflow; the normal distribution is as good there.
        return math.ceil(expected + 1.96 * math.sqrt(expected))
    term = total = math.exp(-expected)
    count = 0
    while total < 0.975:
        count += 1
        term *= expected / count
        total += term
    return count
