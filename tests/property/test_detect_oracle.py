"""`tocsin detect` gives the scores of the published definition, to the quantised digit, on series of every volume."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest

from alerts.detectors.negative_binomial import minus_log10_tail
from alerts.detectors.series import Season, SeriesParameters, detect
from tests.property.slow_spike import SlowSpike, tail_by_terms
from tests.services.not_run import not_run

_GOLDEN = sorted((Path(__file__).parent / "golden").glob("spike_*.json"))
_HOURS = 900

#: Mean counts an hour: a key seen once a week, a quiet one, a busy one, the biggest there is.
_VOLUMES = (0.006, 0.1, 1.0, 8.0, 120.0)

#: The definition's own scores are not compared here: doubles end at 10^-308, and scipy says 0 some way before.
_OFF_THE_SCALE = 250.0


class Oracle(Protocol):
    """The definition, as the evaluation data bring it."""

    def update(self, count: int) -> tuple[float, object]: ...


def week_slot(hour: int) -> int:
    return hour % 24 + (24 if hour // 24 % 7 >= 5 else 0)


def series(mean: float, seed: int, buckets: int = _HOURS) -> list[int]:
    """A day and a week in it, more scatter than chance gives, one burst, one silence."""
    random = np.random.default_rng(seed)
    rate = np.array(
        [mean * (1.2 + np.cos(t / 24 * 2 * np.pi)) * (0.5 if t // 24 % 7 >= 5 else 1) for t in range(buckets)]
    )
    start = int(random.integers(buckets // 2, buckets - 60))
    rate[start : start + 20] *= 9
    rate[start - 150 : start - 120] = 0
    return [int(n) for n in random.poisson(rate * random.gamma(3, 1 / 3, buckets))]


def differences(
    mine: Sequence[float], theirs: Sequence[float], beyond: float = math.inf
) -> list[tuple[int, float, float]]:
    """Buckets whose quantised scores differ; a last digit may fall either way where the value lies on its edge.

    Scores of which both are ``beyond`` that are not compared.
    """
    assert len(mine) == len(theirs)
    return [
        (bucket, one, other)
        for bucket, (one, other) in enumerate(zip(mine, theirs, strict=True))
        if round(other, 3) != one and abs(one - other) > 0.0005 + 1e-9 and min(one, other) < beyond
    ]


def scores(counts: Sequence[int], parameters: SeriesParameters) -> list[float]:
    return [row.score for row in detect(counts, parameters)]


@pytest.mark.parametrize("path", _GOLDEN, ids=lambda path: path.stem)
def test_scores_are_those_on_record(path: Path) -> None:
    golden = json.loads(path.read_text())
    given = golden["parameters"]
    parameters = SeriesParameters(
        windows_h=tuple(given.get("windows", (6, 24))),
        guard=given["guard"],
        half_life_h=given.get("half_life", 336.0),
        cap_sd=given.get("cap_sd", 8.0),
        prior_count=given.get("prior_count", 0.5),
        prior_exposure_h=given.get("prior_exposure", 24.0),
        dispersion_prior=given.get("dispersion_prior", 1.5),
        dispersion_weight=given.get("dispersion_weight", 48.0),
        dispersion_half_life_h=given.get("dispersion_half_life", 672.0),
        season_shrink=given.get("season_shrink", 20.0),
        warmup_h=given.get("warmup", 168),
    )
    mine = scores(golden["counts"], parameters)
    assert max(golden["scores"]) > 3
    assert differences(mine, golden["scores"], _OFF_THE_SCALE) == []


@pytest.mark.parametrize("mean", _VOLUMES)
def test_scores_are_those_of_the_equations_done_slowly(mean: float) -> None:
    counts = series(mean, seed=round(mean * 1000))
    slow = SlowSpike(windows=(6, 24), guard=25, slot=week_slot, slots=48)
    assert differences(scores(counts, SeriesParameters()), [slow.score(n) for n in counts]) == []


@pytest.mark.parametrize("mean", [0.1, 3.0])
def test_other_buckets_and_no_season(mean: float) -> None:
    counts = series(mean, seed=5)
    parameters = SeriesParameters(
        bucket=timedelta(minutes=15), season=Season.NONE, windows_h=(4, 40), guard=44, half_life_h=90.0, warmup_h=0
    )
    slow = SlowSpike(windows=(4, 40), guard=44, slot=lambda t: 0, slots=1, half_life=90.0, warmup=0)
    assert differences(scores(counts, parameters), [slow.score(n) for n in counts]) == []


@pytest.mark.parametrize("seed", range(40))
def test_any_parameters_give_what_the_equations_say(seed: int) -> None:
    """Every parameter drawn anew; counts with zeros, gaps and torrents up to a million, which teach any dispersion."""
    r = random.Random(seed)
    windows = tuple(r.sample(range(1, 40), r.choice((1, 2, 2, 3))))
    season = r.choice(list(Season))
    given = SeriesParameters(
        windows_h=windows,
        guard=r.choice((r.randint(1, 8), max(24, *windows) + 1)),
        season=season,
        half_life_h=r.choice((336.0, 10.0 ** r.uniform(-1.0, 4.0))),
        cap_sd=r.choice((8.0, 0.0, r.uniform(0.0, 20.0), 1e6)),
        prior_count=r.choice((0.5, 10.0 ** r.uniform(-4.0, 3.0))),
        prior_exposure_h=r.choice((24.0, 10.0 ** r.uniform(-3.0, 4.0))),
        dispersion_prior=r.choice((1.5, 0.0, 10.0 ** r.uniform(-1.0, 4.0))),
        dispersion_weight=r.choice((48.0, 10.0 ** r.uniform(-3.0, 4.0))),
        dispersion_half_life_h=r.choice((672.0, 10.0 ** r.uniform(-1.0, 4.0))),
        season_shrink=r.choice((20.0, 10.0 ** r.uniform(-3.0, 4.0))),
        warmup_h=r.choice((168, 0, r.randint(0, 150))),
    )
    counts = [int(n) for n in np.random.default_rng(seed).poisson(10.0 ** r.uniform(-2.0, 2.0), 170)]
    for at in r.sample(range(170), 3):
        length, many = r.randint(1, 12), r.choice((0, 30, 10 ** r.randint(2, 6)))
        counts[at : at + length] = [many] * len(counts[at : at + length])
    slow = SlowSpike(
        windows=windows,
        guard=given.guard,
        slot=week_slot if season is Season.HOUR_OF_WEEK else lambda t: 0,
        slots=48 if season is Season.HOUR_OF_WEEK else 1,
        half_life=given.half_life_h,
        cap=given.cap_sd,
        a0=given.prior_count,
        b0=given.prior_exposure_h,
        phi0=given.dispersion_prior,
        n0=given.dispersion_weight,
        phi_half_life=given.dispersion_half_life_h,
        shrink=given.season_shrink,
        warmup=given.warmup_h,
    )
    theirs = [slow.score(n) for n in counts]
    rows = list(detect(counts, given))
    assert differences([row.score for row in rows], theirs) == []
    normal = [level * factor for level, factor in zip(slow.m, slow.f, strict=True)]
    assert [row.expected for row in rows] == pytest.approx(normal, rel=1e-9)


@pytest.mark.parametrize("mean", _VOLUMES)
def test_scores_are_those_of_the_oracle(mean: float, make_oracle: Callable[..., Oracle]) -> None:
    for seed in range(3):
        counts = series(mean, seed=1000 + seed)
        oracle = make_oracle(guard=25)
        theirs = [oracle.update(n)[0] for n in counts]
        assert differences(scores(counts, SeriesParameters()), theirs, _OFF_THE_SCALE) == []


@pytest.mark.parametrize(
    ("count", "mean", "variance"), [(1, 0.02, 0.03), (9, 2.5, 4.0), (40, 60.0, 200.0), (300, 5.0, 9.0)]
)
def test_the_tail_is_the_sum_of_its_terms(count: int, mean: float, variance: float) -> None:
    assert minus_log10_tail(count, mean, variance) == pytest.approx(tail_by_terms(count, mean, variance), abs=1e-8)


def test_no_score_looks_ahead() -> None:
    counts = series(1.0, seed=8, buckets=300)
    whole = scores(counts, SeriesParameters())
    assert scores(counts[:200], SeriesParameters()) == whole[:200]
    changed = [*counts[:200], *(n + 50 for n in counts[200:])]
    assert scores(changed, SeriesParameters())[:200] == whole[:200]


def test_an_unwatched_stretch_teaches_nothing_and_rings_nothing() -> None:
    counts: list[float | None] = [float(n) for n in series(4.0, seed=9, buckets=600)]
    with_hole = [*counts[:300], *([None] * 240), *counts[300:]]
    rows = list(detect(with_hole, SeriesParameters()))
    assert all(row.expected == 0.0 and not row.alarm for row in rows[330:540])
    before, after = rows[299], rows[540]
    assert math.isclose(before.expected / after.expected, 1.0, rel_tol=0.9)
    assert not any(row.alarm for row in rows[540:580])


def test_an_alarm_needs_score_and_count_and_then_is_quiet() -> None:
    counts = [1] * 400 + [30] * 60
    rows = list(detect(counts, SeriesParameters(k=3.0, min_count=4.0, cooldown=24)))
    rung = [number for number, row in enumerate(rows) if row.alarm and number >= 400]
    assert rung[0] in range(400, 403)
    assert all(later - earlier > 24 for earlier, later in pairwise(rung))
    many = detect(counts, SeriesParameters(min_count=10_000))
    assert not any(row.alarm for row in many)


@pytest.fixture
def make_oracle() -> Callable[..., Oracle]:
    folder = os.environ.get("TOCSIN_EVALUATION_DATA", "")
    path = Path(folder) / "reference" / "spike_ref.py"
    if not folder or not path.is_file():
        not_run(
            "detect against the oracle itself (its numbers on record are compared)",
            "TOCSIN_EVALUATION_DATA does not name a folder with reference/spike_ref.py",
            required_in_ci=False,
        )
    spec = importlib.util.spec_from_file_location("spike_ref", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: Callable[..., Oracle] = module.SpikeOracle
    return made
