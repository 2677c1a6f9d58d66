"""Does an outage ring or deafen, and do feeds that join: detectors over invented news told by 60 feeds, from seeds.

a third of the feeds fails for 5 days      beside the same news undisturbed, exposure ignored, and those feeds never heard of
40 feeds join 20 and triple everything     beside all 60 from the start, and beside counting them at once
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from alerts.rules.model import Ratio, Record, Spike, Zscore
from benchmarks.detector_scenarios import SHIFT
from benchmarks.exposure_ratios import compare
from benchmarks.feeds_portfolio import CLASSES, SETTLED_DAYS, STRETCHES, YOUNG_DAYS, Tally, asked, portfolios
from benchmarks.feeds_watch import Followed, history_of

#: The detectors, each at its default.
DETECTORS: tuple[Followed, ...] = (Spike(), SHIFT, Ratio(), Zscore(), Record())

#: The first of the seeds of the long form: no other figure is of them, and nothing was chosen by them.
FIRST_SEED = 4001


def _line(*cells: object) -> None:
    print("  ".join(f"{cell!s:<22}" for cell in cells).rstrip(), flush=True)


def _say_outage(found: Tally, settings: Followed) -> None:
    _line(settings.kind, "false / key-month", f"{asked(settings)}: slow, middle, busy")
    for name in ("undisturbed", "outage", "ignored", "never there"):
        _line(f"outage, {name}", f"{found.rate(f'outage, {name}'):.3f}", _pods(found, f"outage, {name}"))


def _say_joins(found: Tally, learn_days: int, settings: Followed) -> None:
    stretches = (f"false, {days} d" for days in STRETCHES)
    _line(
        f"{settings.kind} after {learn_days} days",
        *stretches,
        f"{asked(settings)}: slow, middle, busy",
        "false, in shadow",
        f"{asked(settings)}, in shadow",
    )
    for name in ("always", "joined", "naive"):
        falses = [f"{found.rate(f'{days} d, {name}'):.3f}" for days in STRETCHES]
        shadow = [f"{found.rate(f'shadow, {name}'):.3f}", _pods(found, f"added, {name}")] if name != "naive" else []
        _line(name, *falses, _pods(found, f"join, {name}"), *shadow)


def _pods(found: Tally, name: str) -> str:
    return " ".join(f"{found.rate(f'{name} {number}'):.2f}" for number in range(len(CLASSES) + 1))


def _broken(found: Tally, kind: str, learn_days: int) -> Iterator[str]:
    """Yield the laws that do not hold of what happened to baselines of that age."""
    if learn_days == SETTLED_DAYS and found.surely_more("outage, outage", "outage, undisturbed"):
        yield f"{kind}: an outage rings more than 1.3 times as often as nothing does"
    for days in STRETCHES:
        if found.surely_more(f"{days} d, joined", f"{days} d, always"):
            yield f"{kind} of {learn_days} days: within {days} days of a join more rings than had the feeds always been there"


def evaluate(settings: Followed, learn_days: int, keys: int, seeds: Iterable[int]) -> Tally:
    """Return what became of a detector whose baseline was ``learn_days`` old."""
    found = Tally()
    for portfolio in portfolios(keys, seeds, learn_days, found, settings):
        if learn_days == SETTLED_DAYS:
            portfolio.outage()
            portfolio.never_there()
        portfolio.joins()
    return found


def main(
    data: Path | None = None,
    *,
    keys: int = 160,
    seeds: Sequence[int] = (),
    detectors: Sequence[Followed] = DETECTORS,
) -> int:
    """Print it; return 1 where a law does not hold. Needs no data.

    Without ``seeds`` there are three portfolios for a spike, and two for every other detector.
    """
    del data
    missed: list[str] = []
    for settings in detectors:
        of_kind = seeds or range(1, 4 if isinstance(settings, Spike) else 3)
        for learn_days in (SETTLED_DAYS, YOUNG_DAYS):
            if learn_days * 24 <= history_of(settings):
                continue
            found = evaluate(settings, learn_days, keys, of_kind)
            if learn_days == SETTLED_DAYS:
                _say_outage(found, settings)
            missed.extend(_broken(found, settings.kind, learn_days))
            _say_joins(found, learn_days, settings)
    for line in missed:
        print(f"not reached: {line}", file=sys.stderr)
    return 1 if missed else 0


def with_seeds(number: int, keys: int = 160) -> int:
    """Print how many times as often what is disturbed rings, with intervals, from ``number`` portfolios.

    Of a spike, settled and young; as information of a shift and of a zscore, from a quarter.
    Return 1 where a spike surely rings more often than undisturbed.
    """
    missed = [
        line for learn_days in (SETTLED_DAYS, YOUNG_DAYS) for line in compare(Spike(), _seeds(number), keys, learn_days)
    ]
    told = [
        line for settings in (SHIFT, Zscore()) for line in compare(settings, _seeds(number // 4), keys, SETTLED_DAYS)
    ]
    for line in told:
        print(f"known: {line}", file=sys.stderr)
    for line in missed:
        print(f"not reached: {line}", file=sys.stderr)
    return 1 if missed else 0


def _seeds(number: int) -> range:
    return range(FIRST_SEED, FIRST_SEED + max(2, number))
