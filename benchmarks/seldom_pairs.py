"""How pairs of real headlines are told and retold, beside invented ones, and what a spike rings on either, seldom pairs apart.

`python -m benchmarks.seldom_pairs [ARCHIVE]`, an archive whose signals are extracted (`tocsin replay` does); without it invented
news alone. On real news an alert is for whatever happened, on invented news for nothing. Read by
docs/adr/0013-seldom-keys-have-a-curve.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np

from alerts.engine import Engine
from alerts.rules.model import AnyActor, Budget, PairPart, Rule, RuleSet, Scope, Spike, Watch, WatchKind
from alerts.tracks.bars import bar_of
from alerts.tracks.spike import SpikeTrack
from benchmarks.detector_runs import SpikeRun
from benchmarks.news_simulation import PAIRS, Counts, News, rates, stories
from connectors.archive.folder import Archive
from pipelines.extraction.extractor import extractor_for
from pipelines.replay.replay import activation, days_between, records_of
from schemas.ids import hour_of

#: Months of the headlines in which eight outlets are there.
FIRST, LAST = date(2020, 4, 25), date(2020, 11, 27)

#: Stories an hour that part keys.
CLASSES = (0.0, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 5.0)

#: Stories within a day of the first of them, and bars.
AT_LEAST, BARS = (2, 3, 4, 6, 8), (3.0, 4.0, 5.0, 6.0, 7.0, 8.0)

#: Hours before the first alert that counts; hours after which a watch is no longer one that shares a budget.
LEARN_H, ACTIVE_H, DAY_H = 45 * 24, 28 * 24, 24

#: How invented pairs may be retold: as the watches of the other measurements, so that as much rings as of real ones for whatever
#: happens, and as :data:`PAIRS`.
INVENTED = {
    "retold as other watches": replace(PAIRS, syndicated=News().syndicated, retold=News().retold),
    "all that happens": replace(PAIRS, syndicated=0.4, retold=0.6),
    "pairs": PAIRS,
}
WATCHES, SEEDS = 4_000, (1, 2, 3, 4)

#: Budgets that are tried, over so many watches that share.
ALLOWED, SIZES = (0.7, 1.0, 4.0, 10.0), (200, 540, 2_000)


def sizes_of(counts: Counts) -> list[int]:
    """Return how many stories each day has that begins with one, of one key; no two of them overlap."""
    (hours,) = np.nonzero(counts)
    found: list[int] = []
    began = -DAY_H
    for hour in hours.tolist():
        if hour - began >= DAY_H:
            began = hour
            found.append(0)
        found[-1] += int(counts[hour])
    return found


def described(counts: Counts) -> Iterator[str]:
    """Yield a line for each class of keys, and one for them all."""
    hours = counts.shape[1]
    rate, months = counts.sum(axis=1) / hours, (hours - LEARN_H) / 720
    looks = range(LEARN_H, hours, 240)
    active = np.mean([counts[:, end - ACTIVE_H : end].any(axis=1) for end in looks], axis=0)
    crossings = SpikeRun().over(counts, first=LEARN_H)
    rang = [np.bincount([k for k, _ in crossings.alarms(bar)], minlength=len(counts)) for bar in BARS]
    for least, most in pairwise(CLASSES):
        some = np.flatnonzero((rate > least) & (rate <= most))
        sizes = np.array([size for key in some for size in sizes_of(counts[key])])
        shares = [f"{(sizes >= n).mean() if len(sizes) else 0.0:.3f}" for n in AT_LEAST]
        yield (
            f"{least:g} to {most:g}/h".ljust(18)
            + _cells(len(some), f"{active[some].sum():.0f}", len(sizes), *shares)
            + _cells(*(int(alarms[some].sum()) for alarms in rang))
        )
    yield (
        "all, a month".ljust(18)
        + _cells(len(counts), f"{active.sum():.0f}", *[""] * (1 + len(AT_LEAST)))
        + _cells(*(f"{alarms.sum() / months:.1f}" for alarms in rang))
    )


def budgets(seeds: Sequence[int]) -> Iterator[str]:
    """Yield, for so many of :data:`PAIRS` that share, how many times what is allowed rings at nothing: mean over ``seeds``."""
    key_months = 0.0
    rang = dict.fromkeys(((size, allowed, own) for size in SIZES for allowed in ALLOWED for own in (False, True)), 0)
    bars = {one: _bar(*one) for one in rang}
    for seed in seeds:
        counts = invented(PAIRS, seed)
        looks = range(LEARN_H, counts.shape[1], 240)
        active = np.mean([counts[:, end - ACTIVE_H : end].any(axis=1).sum() for end in looks])
        key_months += float(active) * (counts.shape[1] - LEARN_H) / 720
        crossings = SpikeRun().over(counts, first=LEARN_H)
        for one, bar in bars.items():
            rang[one] += len(crossings.alarms(bar))
    for size in SIZES:
        cells = []
        for allowed in ALLOWED:
            for own in (False, True):
                times = rang[size, allowed, own] / key_months * size / allowed
                cells.append(f"{bars[size, allowed, own]:.1f}: {times:.2f}")
        yield f"{size} that share".ljust(18) + "".join(f"{one:>12}" for one in cells)


def _bar(size: int, allowed: float, own: bool) -> float:
    """Return the bar of a budget, the curve of seldom keys (which nearly all pairs are) taken into account or not."""
    return bar_of(Spike(sensitivity=None, budget=Budget(false_alarms_per_month=allowed)), size, size if own else 0)


def _cells(*cells: object) -> str:
    return "".join(f"{cell!s:>8}" for cell in cells)


def invented(news: News, seed: int = SEEDS[0]) -> Counts:
    """Return the stories of pairs, those without any left out, over as many hours as the real ones."""
    hours = ((LAST - FIRST).days + 1) * DAY_H
    found = []
    for part in range(0, WATCHES, 500):  # So many at once need no more than a few hundred megabytes.
        rate = rates(news, 500, hours, np.random.default_rng([seed, part]))
        counts = stories(news, rate, np.random.default_rng([seed, part, 1]))
        found.append(counts[counts.any(axis=1)].astype(np.float32))
    return np.concatenate(found).astype(np.float64)


def real(folder: Path) -> Counts:
    """Return the stories of every pair in the archive in ``folder``, as a rule for every pair counts them."""
    archive = Archive.existing(folder)
    days = days_between(archive, FIRST, LAST)
    part = PairPart(one=(AnyActor(),), other=(AnyActor(),))
    watch = Watch(kind=WatchKind.PAIR, pair=part, scope=Scope.SENTENCE)
    rule = Rule(name="every-pair", watch=watch, when=(Spike(),), max_keys=50_000)
    first = hour_of(datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC))
    numbers: dict[str, int] = {}
    cells: list[tuple[int, int, int]] = []

    def take(engine: Engine, hour: int) -> None:
        (track,) = engine.rules["every-pair"].tracks
        assert isinstance(track, SpikeTrack)
        articles = track.articles
        cells.extend(
            (numbers.setdefault(key, len(numbers)), hour - first, articles.by_key[key].stories_in(hour))
            for key in articles.keys_in(hour)
        )

    engine = Engine(muted=True, settled=take)
    version = extractor_for().version
    for offset, record in enumerate(records_of(archive, version, days, activation(RuleSet.of(rule), "", days[0]))):
        engine.step(offset, record)
    counts = np.zeros((len(numbers), len(days) * DAY_H))
    for key, hour, number in cells:
        if 0 <= hour < counts.shape[1]:
            counts[key, hour] = number
    return counts[counts.any(axis=1)]


def main(arguments: Sequence[str]) -> None:
    """Print it."""
    heads = ("keys", "active", "days", *(f">={n}" for n in AT_LEAST), *(f"bar {bar:g}" for bar in BARS))
    if arguments:
        print("real headlines".ljust(18) + _cells(*heads), flush=True)
        for line in described(real(Path(arguments[0]))):
            print(line, flush=True)
    for name, news in INVENTED.items():
        print(f"\n{name}".ljust(19) + _cells(*heads), flush=True)
        for line in described(invented(news)):
            print(line, flush=True)
    print("\nbar: times what is allowed, by the curve of all watches and with that of seldom ones")
    print("a month".ljust(18) + "".join(f"{allowed:>12g}{'seldom':>12}" for allowed in ALLOWED))
    for line in budgets(SEEDS):
        print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
