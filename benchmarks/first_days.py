"""What a budget over many seldom watches rings in the first days of a history, by how its watches are counted. Needs no data.

`python -m benchmarks.first_days`. Nothing happens in these news, so every alert is false. The watches are those of a rule for
every pair: most are in the news less than once a day, and none is known when it begins; first more and livelier ones than there
are, then as in real headlines. The first row is the engine itself, with the rule and its publishers; the others are the scores of
its banks with bars found in other ways, one of them the engine's own up to version 3. Read by
docs/adr/0010-watches-a-budget-is-shared-by.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from alerts.rules.model import Sensitivity
from alerts.tracks.bars import BUDGET_HOURS, FITS, K_OF, k_of_budget
from benchmarks.crossings import Floats
from benchmarks.detector_runs import SpikeRun
from benchmarks.engine_alarms import engine_alarms
from benchmarks.news_simulation import PAIRS, Counts, News, rates, stories

FALSE_ALARMS, DAYS, SEEDS = 4.0, 70, (11, 12, 13)
SELDOM = News(least_rate=0.0003, most_rate=0.3)

#: How many watches each news has, those included that never have a story.
WATCHES = {"lively pairs": (SELDOM, 2_000), "pairs": (PAIRS, 4_000)}

#: An hour is learnt so many hours after it began; a bar is counted anew after so many.
GUARD_H, ANEW_H = 25, 6

#: Days whose alerts are counted together.
SPANS = ((0, 2), (2, 7), (7, 14), (14, 28), (28, DAYS))


def _known(summed: Floats, until: int) -> int:
    """Return the watches with a story in the hours up to ``until`` that a budget looks at; ``summed`` counts from the start."""
    if until < 0:
        return 0
    before = summed[:, until - BUDGET_HOURS] if until >= BUDGET_HOURS else 0.0
    return int((summed[:, until] > before).sum())


def _bars(summed: Floats, counted: Callable[[Floats, int], float]) -> Floats:
    """Return the bar of every hour."""
    hours = summed.shape[1]
    fresh = [counted(summed, hour) for hour in range(0, hours, ANEW_H)]
    bars: Floats = np.repeat(np.array(fresh), ANEW_H)[:hours]
    return bars


def _learnt(summed: Floats, hour: int) -> float:
    return k_of_budget(FALSE_ALARMS, _known(summed, hour - GUARD_H))


def _learnt_and_normal(summed: Floats, hour: int) -> float:
    return max(_learnt(summed, hour), K_OF[Sensitivity.NORMAL]) if hour < BUDGET_HOURS else _learnt(summed, hour)


def _seen(summed: Floats, hour: int) -> float:
    return k_of_budget(FALSE_ALARMS, _known(summed, hour))


def _highest_at_first(summed: Floats, hour: int) -> float:
    return FITS["spike"].points[-1][0] if hour < 2 * GUARD_H else _learnt(summed, hour)


def _all(summed: Floats, hour: int) -> float:
    del hour
    return k_of_budget(FALSE_ALARMS, _known(summed, summed.shape[1] - 1))


ENGINE = "the engine as it is"
WAYS: dict[str, Callable[[Floats, int], float]] = {
    "watches with a learnt story (version 3)": _learnt,
    "… and never below normal in 28 days": _learnt_and_normal,
    "watches with a story": _seen,
    "the highest bar for two days": _highest_at_first,
    "all there will be (cannot be known)": _all,
}


def alarms_of(counts: Counts, ways: Sequence[str]) -> dict[str, list[int]]:
    """Return by way of counting how many alerts open in each of :data:`SPANS`."""
    crossings = SpikeRun().over(counts, first=0)
    summed = np.cumsum(counts, axis=1)
    found = {}
    for way in ways:
        found[way] = _by_span(hour for _, hour in crossings.alarms(_bars(summed, WAYS[way])))
    return found


def _by_span(hours: Iterable[int]) -> list[int]:
    days = np.array([hour // 24 for hour in hours])
    return [int(((days >= first) & (days < last)).sum()) for first, last in SPANS]


def alarms_of_engine(counts: Counts, random: np.random.Generator) -> list[int]:
    """Return how many alerts the engine opens in each of :data:`SPANS`; ``random`` draws minutes and publishers."""
    return _by_span(hour for _, hour in engine_alarms(counts, FALSE_ALARMS, random))


def main() -> None:
    """Print the mean over portfolios."""
    for name, (news, watches) in WATCHES.items():
        every: dict[str, list[list[int]]] = {way: [] for way in (ENGINE, *WAYS)}
        shared: list[int] = []
        for seed in SEEDS:
            rate = rates(news, watches, DAYS * 24, np.random.default_rng([seed, 1]))
            counts = stories(news, rate, np.random.default_rng([seed, 2]))
            counts = counts[counts.any(axis=1)]
            shared.append(int(counts[:, -BUDGET_HOURS:].any(axis=1).sum()))
            every[ENGINE].append(alarms_of_engine(counts, np.random.default_rng([seed, 3])))
            for way, found in alarms_of(counts, list(WAYS)).items():
                every[way].append(found)
        print(f"{name}, {np.mean(shared):.0f} with a story in the last 28 days")
        print(f"{'false alarms':<40}", *(f"days {a} to {b}".ljust(14) for a, b in SPANS))
        for way, runs in every.items():
            print(f"{way:<40}", *(f"{mean:.1f}".ljust(14) for mean in np.mean(runs, axis=0)), flush=True)


if __name__ == "__main__":
    main()
