"""How many times what a budget allows rings, over a year of invented news that no curve was fitted to.

Watches know nothing of each other, so the mean over portfolios of any size is that over all watches; its bars are those of a
rule with so many. Looks are by the hour: the engine, which looks with every article and at every hour's end, opens the same
alerts in the same hours (`alike` of :mod:`benchmarks.evaluate_detectors`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from alerts.rules.model import Barred, Budget, Cusum, Drop, Shift, Spike
from benchmarks.budget_bars import is_an_end, sharing_of
from benchmarks.crossings import Crossings
from benchmarks.detector_runs import CusumRun, DropRun, Run, ShiftRun, SpikeRun
from benchmarks.detector_scenarios import SHIFT, Evaluation
from benchmarks.news_simulation import Counts, Floats, News, stories

BUDGETED: dict[str, Callable[[], Run]] = {
    "spike": SpikeRun,
    "shift": partial(ShiftRun, SHIFT),
    "drop": DropRun,
    "cusum": CusumRun,
}

#: A budget is judged over a year: what a baseline has learnt changes for months.
BUDGET_DAYS = 360

#: A detector, so many watches, so many false alarms a month.
Wanted = tuple[str, int, float]


@dataclass(frozen=True)
class Band:
    """Watches of some rates: which ``part`` they are of a portfolio, and how many of them are looked at, by detector."""

    news: News
    part: float
    keys: Mapping[str, int]


@dataclass(frozen=True)
class Kept:
    """How many times a budget rang, on average over portfolios; ``error`` is the standard error, as a share of that.

    Where nothing rang at all nothing is known of it: the error is infinite.
    """

    times: float
    error: float
    at_the_end: bool  # of the curve: no lower, or no higher, bar is to be had

    def __str__(self) -> str:
        error = f" ± {100 * self.error:.0f} %" if self.times else ""
        return f"{self.times:.2f}{error}" + (" end" if self.at_the_end else "")


def as_they_come(keys: int) -> tuple[Band, ...]:
    """Return the mixed portfolio as one band, of which ``keys`` watches are looked at by every detector."""
    return (Band(News(), 1.0, dict.fromkeys(BUDGETED, keys)),)


def _bands() -> tuple[Band, ...]:
    """Return the mixed portfolio in three bands, in which each detector looks where its rare false alarms come from.

    Those of a spike come from seldom watches, of which four stories are much; those of the others from busy ones. Were watches
    taken as they come, it would take two to three times as many for figures as sure.
    """
    edges, looked_at = (0.05, 0.125, 0.5, 5.0), ((550, 0, 0, 0), (250, 150, 150, 0), (200, 850, 850, 1000))
    news = News()
    assert (news.least_rate, news.most_rate) == (edges[0], edges[-1])
    return tuple(
        Band(
            News(least_rate=least, most_rate=most),
            math.log(most / least) / math.log(edges[-1] / edges[0]),
            dict(zip(BUDGETED, keys, strict=True)),
        )
        for least, most, keys in zip(edges, edges[1:], looked_at, strict=False)
    )


#: A band in which a detector looks at no watch had one in a hundred of its alarms, or none, among 20,000 watches as they come,
#: at a score of 5 (shift), 4.5 (drop) and 12 (cusum).
BANDS = _bands()


def kept_budgets(
    seeds: Iterable[int], bands: Sequence[Band], wanted: Sequence[tuple[int, float]]
) -> dict[Wanted, Kept]:
    """Return how many times budgets rang, of so many watches and false alarms a month ``wanted``, by detector."""
    rang: dict[Wanted, list[list[int]]] = {}
    ends: dict[Wanted, bool] = {}
    for seed in seeds:
        ones = [Evaluation(max(band.keys.values()), band.news, seed + 10_000 * at) for at, band in enumerate(bands)]
        wholes = [stories(one.news, one.quiet_rates(BUDGET_DAYS), one.random(2)) for one in ones]
        for name, make in BUDGETED.items():
            keys = [band.keys[name] for band in bands]
            crossings, weights, whole = _looked_at(run := make(), ones, wholes, keys, [band.part for band in bands])
            sharing = sharing_of(run, whole, weights)
            for size, allowed in wanted:
                settings = with_budget(name, allowed)
                bars = sharing.bars(settings, size)
                ends[name, size, allowed] = is_an_end(bars[ones[0].first :], settings)
                alarms = np.bincount([key for key, _ in crossings.alarms(bars)], minlength=len(whole))
                of_band = rang.setdefault((name, size, allowed), [[] for _ in bands])
                for at, of_keys in enumerate(np.split(alarms, np.cumsum(keys)[:-1])):
                    of_band[at].extend(of_keys.tolist())
    parts = [band.part for band in bands]
    return {one: _kept(of_band, parts, one, at_the_end=ends[one]) for one, of_band in rang.items()}


def _looked_at(
    run: Run, ones: Sequence[Evaluation], wholes: Sequence[Counts], keys: Sequence[int], parts: Sequence[float]
) -> tuple[Crossings, Floats, Counts]:
    """Return what crosses of the first ``keys`` watches of each band, how much each watch counts for, and their stories."""
    whole = np.vstack([of_band[:number] for of_band, number in zip(wholes, keys, strict=True)])
    of_part = None
    if isinstance(run, ShiftRun):
        split = [one.parts(of_band)[:number] for one, of_band, number in zip(ones, wholes, keys, strict=True)]
        of_part = np.vstack(split)
    counts_for = np.repeat([part / max(1, number) for part, number in zip(parts, keys, strict=True)], keys)
    return run.over(whole, of_part, first=ones[0].first), counts_for, whole


def _kept(of_band: Sequence[Sequence[int]], parts: Sequence[float], wanted: Wanted, *, at_the_end: bool) -> Kept:
    """Return the mean over all bands, each by its part; a key's alarms come in clusters, so keys are what is independent."""
    _, size, allowed = wanted
    mean = variance = 0.0
    for alarms, part in zip(of_band, parts, strict=True):
        if alarms:
            mean += part * float(np.mean(alarms))
            variance += part**2 * float(np.var(alarms, ddof=1)) / len(alarms)
    return Kept(
        mean / (BUDGET_DAYS / 30) * size / allowed, math.sqrt(variance) / mean if mean else math.inf, at_the_end
    )


def with_budget(name: str, allowed: float) -> Barred:
    """Return the detector ``name`` as a rule has it that allows so many false alarms a month."""
    budget = Budget(false_alarms_per_month=allowed)
    if name == "shift":
        return Shift(to=SHIFT.to, sensitivity=None, budget=budget)
    of_name: dict[str, type[Spike] | type[Drop] | type[Cusum]] = {"spike": Spike, "drop": Drop, "cusum": Cusum}
    return of_name[name](sensitivity=None, budget=budget)


def not_kept(kept: Mapping[Wanted, Kept], sure: float) -> Iterator[str]:
    """Yield what rang outside a factor 1.3 for 200 and 2,000 watches, where its error is at most ``sure``."""
    for (name, size, allowed), one in kept.items():
        if size >= 200 and one.error <= sure and not 1 / 1.3 <= one.times <= 1.3:
            yield f"budget of {allowed:g} a month for {size} watches with {name}: {one}, wanted within a factor 1.3"


def surely_not_kept(kept: Mapping[Wanted, Kept]) -> Iterator[str]:
    """Yield what rang outside a factor 1.3 by two standard errors; where the curve has no other bar nothing could be kept.

    Of few alarms the error is itself unsure, so one standard error is no ground to fail on.
    """
    for (name, size, allowed), one in kept.items():
        if one.at_the_end or not math.isfinite(one.error):
            continue
        if one.times * (1.0 - 2.0 * one.error) > 1.3 or one.times * (1.0 + 2.0 * one.error) < 1.0 / 1.3:
            yield f"budget of {allowed:g} a month for {size} watches with {name}: {one}, surely outside a factor 1.3"
