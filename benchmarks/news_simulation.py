"""Invented counts of stories per key and hour, from a seed: seasons, drift, over-dispersion and copies told as stories anew.

A key's rate is 0.05 to 5 stories an hour (evenly on a log scale), or that of a pair, most of which are hardly ever heard of;
bursts, ramps, silences and other shares are laid over it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.float64]  # keys × hours
Floats = npt.NDArray[np.float64]

_DAY = 24


@dataclass(frozen=True)
class News:
    """How the invented news behaves; the defaults are the mixed portfolio."""

    least_rate: float = 0.05
    most_rate: float = 5.0
    scatter: float = 3.0  # shape of the gamma every hour's rate is multiplied with: smaller scatters more
    drift_sd: float = 0.3  # of the log rate, around its mean
    drift_days: float = 20.0  # how long a drift lasts
    syndicated: float = 0.3  # stories that others tell in words of their own
    retold: float = 1.5  # by so many more, on average, within a few hours
    steepness: float = 0.0  # keys beyond a rate fall with this power of it; 0: as many in every decade


#: Pairs of actors. In seven months of headlines of eight outlets 1,835 had a story, 829 of them one alone, 606 up to five, 225 up
#: to fifteen, 118 up to 52, 41 up to 156 and 16 more; 540 in 28 days. Retelling is fitted to the alerts of a rule for every pair
#: in which, read by hand, nothing had happened (docs/adr/0013-seldom-keys-have-a-curve.md): it tells nothing about them.
PAIRS = News(least_rate=0.00005, most_rate=0.4, syndicated=0.25, retold=0.4, steepness=0.8)


def rates(news: News, keys: int, hours: int, random: np.random.Generator) -> Floats:
    """Return the rate of every key in every hour; hour 0 is a Monday, 00:00."""
    base = _bases(news, random.uniform(np.log(news.least_rate), np.log(news.most_rate), keys))[:, None]
    hour = np.arange(hours)
    depth, peak = random.uniform(0.2, 0.8, keys)[:, None], random.uniform(8, 18, keys)[:, None]
    season = 1.0 + depth * np.cos((hour % _DAY - peak) / _DAY * 2.0 * np.pi)
    quieter = random.uniform(0.4, 1.0, keys)[:, None]
    weekend = np.where(hour // _DAY % 7 >= 5, quieter, 1.0) / ((5.0 + 2.0 * quieter) / 7.0)  # a mean of 1 over the week
    fade = np.exp(-1.0 / news.drift_days)
    days = hours // _DAY + 1
    steps = random.normal(0.0, news.drift_sd * np.sqrt(1.0 - fade * fade), (keys, days))
    drift = np.empty((keys, days))
    drift[:, 0] = random.normal(0.0, news.drift_sd, keys)
    for day in range(1, days):
        drift[:, day] = fade * drift[:, day - 1] + steps[:, day]
    drifting = np.exp(drift - news.drift_sd**2 / 2.0)[:, hour // _DAY]
    told = 1.0 + news.syndicated * news.retold
    rate: Floats = base * season * weekend * drifting / told
    return rate


def _bases(news: News, even: Floats) -> Floats:
    """Return the mean rate of every key from the logarithm of one that lies evenly between the least and the most."""
    if not news.steepness:
        return np.exp(even)
    least, most = news.least_rate**-news.steepness, news.most_rate**-news.steepness
    part = (even - np.log(news.least_rate)) / np.log(news.most_rate / news.least_rate)
    found: Floats = (least - part * (least - most)) ** (-1.0 / news.steepness)
    return found


def stories(news: News, rate: Floats, random: np.random.Generator) -> Counts:
    """Return counts whose mean is ``rate`` times what retelling adds: gamma-Poisson, each story retold within six hours."""
    first = random.poisson(rate * random.gamma(news.scatter, 1.0 / news.scatter, rate.shape))
    copied = random.binomial(first, news.syndicated)
    # Retold by a geometric number of others: a sum of so many of them is negative binomial.
    some = np.flatnonzero(copied)
    more = random.negative_binomial(copied.flat[some], 1.0 / (1.0 + news.retold))
    keys, hours = np.divmod(np.repeat(some, more), rate.shape[1])
    later = np.minimum(hours + random.integers(0, 7, len(hours)), rate.shape[1] - 1)
    retold = np.bincount(keys * rate.shape[1] + later, minlength=rate.size).reshape(rate.shape)
    return (first + retold).astype(np.float64)


def burst(rate: Floats, starts: npt.NDArray[np.int64], factor: float, length: int) -> Floats:
    """Return ``rate`` times ``factor`` in ``length`` hours from each key's start."""
    changed = rate.copy()
    for key, start in enumerate(starts):
        changed[key, start : start + length] *= factor
    return changed


def ramp(rate: Floats, starts: npt.NDArray[np.int64], factor: float, length: int) -> Floats:
    """Return ``rate`` that rises evenly to ``factor`` times itself within ``length`` hours, and stays there."""
    changed = rate.copy()
    for key, start in enumerate(starts):
        rise = 1.0 + (factor - 1.0) * np.minimum(np.arange(rate.shape[1] - start) / length, 1.0)
        changed[key, start:] *= rise
    return changed


def part_of(whole: Counts, share: Floats, correlation: float, random: np.random.Generator) -> Counts:
    """Return how many of ``whole`` belong to a part; each key's share scatters from day to day with ``correlation``."""
    hours = whole.shape[1]
    days = hours // _DAY + 1
    certainty = 1.0 / correlation - 1.0
    of_day = share[:, ::_DAY][:, :days]
    # One quantile a day: where the share steps within a day, both halves are as far from their mean.
    quantile = random.beta(of_day * certainty, (1.0 - of_day) * certainty) - of_day
    scattered = np.clip(share + np.repeat(quantile, _DAY, axis=1)[:, :hours], 0.0, 1.0)
    parts: Counts = random.binomial(whole.astype(np.int64), scattered).astype(np.float64)
    return parts
