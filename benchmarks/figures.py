"""One way to print figures: `name ours reference ratio`, parted by spaces and aligned; and to judge them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A measured figure beside its reference of the same run. ``ratio`` is what is judged, by ``at_least`` or ``at_most``."""

    name: str
    ours: float
    reference: float
    ratio: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def is_reached(self) -> bool:
        """Whether the ratio is within what was said beforehand; always where nothing was."""
        return (self.at_least is None or self.ratio >= self.at_least) and (
            self.at_most is None or self.ratio <= self.at_most
        )

    def __str__(self) -> str:
        return f"{self.name:<40} {_short(self.ours):>12} {_short(self.reference):>12} {self.ratio:>9.3f}"


def heading() -> None:
    """Say on stderr what the columns are; stdout has the figures only."""
    print(f"{'name':<40} {'ours':>12} {'reference':>12} {'ratio':>9}", file=sys.stderr)


def report(figures: Iterable[Figure]) -> int:
    """Print each figure as soon as it is there; return 1 if one is not reached (saying by how much), else 0."""
    failed = 0
    for figure in figures:
        print(figure, flush=True)
        if not figure.is_reached:
            wanted = f"at least {figure.at_least:g}" if figure.at_least is not None else f"at most {figure.at_most:g}"
            print(f"not reached: {figure.name} is {figure.ratio:.3f}, wanted {wanted}", file=sys.stderr, flush=True)
            failed = 1
    return failed


def _short(value: float) -> str:
    """Return up to five significant digits, never an exponent."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"
