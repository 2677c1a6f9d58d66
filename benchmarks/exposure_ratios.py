"""How many times as often a settled detector rings after feeds joined or failed as had nothing happened, with intervals.

Each portfolio is told the same news twice, so the two are compared pair by pair. Intervals are of 95 %, by drawing portfolios
with replacement (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, §13.3): the keys of one share its feeds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.feeds_portfolio import CLASSES, STRETCHES, Tally, asked, portfolios
from benchmarks.feeds_watch import Followed

Floats = npt.NDArray[np.float64]

_DRAWS = 4000
_BETWEEN = (2.5, 97.5)  # per cent
_CLASSES = range(len(CLASSES) + 1)


@dataclass(frozen=True)
class Interval:
    """A figure, and where it lies with 95 %."""

    figure: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.figure:.3f} [{self.low:.3f} {self.high:.3f}]"


def drawn(figure: Callable[[Floats], Floats], *counted: Sequence[float]) -> Interval:
    """Return ``figure`` of the sums of ``counted`` (each with one number a portfolio), and its interval.

    ``figure`` is told one line of sums for each of ``counted``, and gives a number for each column.
    """
    of_portfolios = np.array(counted, dtype=np.float64)
    size = of_portfolios.shape[1]
    some = np.random.default_rng([size, 1]).integers(0, size, (_DRAWS, size))
    low, high = np.percentile(figure(of_portfolios[:, some].sum(axis=2)), _BETWEEN)
    return Interval(float(figure(of_portfolios.sum(axis=1, keepdims=True))[0]), float(low), float(high))


def times(sums: Floats) -> Floats:
    """Return how many times the second line goes into the first."""
    found: Floats = sums[0] / np.maximum(sums[1], 1e-9)
    return found


def more(sums: Floats) -> Floats:
    """Return how much larger a share the first of the third is than the second."""
    found: Floats = (sums[0] - sums[1]) / sums[2]
    return found


@dataclass(frozen=True)
class Both:
    """What portfolios said of two ways of hearing the same news."""

    tallies: Sequence[Tally]

    def falses(self, name: str, disturbed: str, as_ever: str) -> tuple[str, str, Interval]:
        """Return both rates of false alarms, and the ratio of the first to the second."""
        one, other = f"{name}, {disturbed}", f"{name}, {as_ever}"
        ratio = drawn(times, self._happened(one), self._happened(other))
        return f"{self._rate([one]):.4f}", f"{self._rate([other]):.4f}", ratio

    def found(self, name: str, disturbed: str, as_ever: str) -> tuple[str, str, Interval]:
        """Return both shares found by class of key, and by how much the first is more, over all keys."""
        here, there = ([f"{name}, {who} {number}" for number in _CLASSES] for who in (disturbed, as_ever))
        difference = drawn(more, self._happened(*here), self._happened(*there), self._of(*here))
        return self._pods(here), self._pods(there), difference

    def _pods(self, names: Sequence[str]) -> str:
        return " ".join(f"{self._rate([name]):.3f}" for name in names) + f" all {self._rate(names):.3f}"

    def _rate(self, names: Sequence[str]) -> float:
        return sum(self._happened(*names)) / sum(self._of(*names))

    def _happened(self, *names: str) -> list[float]:
        return [sum(tally.happened.get(name, 0.0) for name in names) for tally in self.tallies]

    def _of(self, *names: str) -> list[float]:
        return [sum(tally.of.get(name, 0.0) for name in names) for tally in self.tallies]


def measured(settings: Followed, seeds: Sequence[int], keys: int, learn_days: int) -> Iterator[Tally]:
    """Yield what became of each portfolio."""
    for number, seed in enumerate(seeds, start=1):
        tally = Tally()
        for portfolio in portfolios(keys, [seed], learn_days, tally, settings):
            portfolio.outage(("undisturbed", "outage"))
            portfolio.joins(("always", "joined"))
        print(f"{settings.kind}: {number} of {len(seeds)} portfolios", file=sys.stderr, flush=True)
        yield tally


def compare(settings: Followed, seeds: Sequence[int], keys: int, learn_days: int) -> Iterator[str]:
    """Print both ways side by side, of a baseline that old; yield what surely rings more often than it would have."""
    both = Both(list(measured(settings, seeds, keys, learn_days)))
    kind = settings.kind
    print(f"{kind}, {len(seeds)} portfolios of {keys} keys, baseline of {learn_days} days")
    _line("false / key-month", "disturbed", "as ever", "times as often [95 %]")
    stretches = [f"{days} d" for days in STRETCHES]
    for name, disturbed, as_ever in (
        ("outage", "outage", "undisturbed"),
        ("shadow", "joined", "always"),
        *((stretch, "joined", "always") for stretch in stretches),
    ):
        *rates, ratio = both.falses(name, disturbed, as_ever)
        _line(f"{name}, {disturbed}", *rates, ratio)
        if ratio.low > 1.0:
            yield f"{kind}: {name}, {disturbed} rings {ratio} times as often as {as_ever}"
    _line(f"{asked(settings)}, 30 h into it", "disturbed", "as ever", "found more often by [95 %]")
    for name, disturbed, as_ever in (
        ("outage", "outage", "undisturbed"),
        ("added", "joined", "always"),
        ("join", "joined", "always"),
    ):
        _line(f"{name}, {disturbed}", *both.found(name, disturbed, as_ever))


def _line(*cells: object) -> None:
    print("  ".join(f"{cell!s:<30}" for cell in cells).rstrip(), flush=True)
