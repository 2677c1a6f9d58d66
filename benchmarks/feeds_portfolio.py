"""What becomes of a detector over invented news told by 60 feeds, of which a third fails, or 40 join 20: once for each seed."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

import numpy as np

from alerts.rules.model import Shift, Spike
from alerts.tracks.feed_roll import SHADOW_HOURS, YOUNG_BELOW_HOURS, YOUNG_SHADOW_HOURS
from benchmarks.crossings import Crossings
from benchmarks.detector_runs import FIRST_HOUR
from benchmarks.feeds_simulation import FEEDS, FIRST_FEEDS, Told, World, feed_ids
from benchmarks.feeds_watch import Followed, Watch, bar_of

_DAY = 24
#: Days before anything happens: enough for a week in shadow, and too few.
SETTLED_DAYS, YOUNG_DAYS = 42, 14
OUTAGE_H, BURST_H, FACTOR = 5 * _DAY, 24, 8.0
#: What a shift is asked for instead of a burst: so long a part has so large a share.
STEP_H, STEP_TO = 4 * _DAY, 0.6
#: Hours into an outage, or after feeds were added or have joined, at which a burst begins.
BURST_AFTER = 30
#: Stretches after feeds came in which false alarms are counted, in days.
STRETCHES = (2, 7, 21)
#: Stories an hour of the whole news that part slow, middle and busy keys.
CLASSES = (0.25, 1.2)

EVERYONE, FIRST, DOWN = range(FEEDS), range(FIRST_FEEDS), range(0, FEEDS, 3)


@dataclass
class Tally:
    """How often each of several things happened, of how many times it could have; by name, over all portfolios."""

    happened: dict[str, float] = field(default_factory=dict)
    of: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, happened: float, of: float) -> None:
        """Add a portfolio's."""
        self.happened[name] = self.happened.get(name, 0.0) + happened
        self.of[name] = self.of.get(name, 0.0) + of

    def rate(self, name: str) -> float:
        """Return how often."""
        return self.happened[name] / self.of[name] if self.of.get(name) else 0.0

    def surely_more(self, name: str, other: str) -> bool:
        """Tell whether ``name`` happened more than 1.3 times as often as ``other``, by more than the standard error of that."""
        times = self.of[other] / self.of[name] * self.happened[name]
        return times - 1.3 * self.happened[other] > math.sqrt(times + 1.3**2 * self.happened[other])


class Alarms:
    """A :data:`Note` that knows what rang so far."""

    def __init__(self) -> None:
        self._hours: list[tuple[int, Mapping[int, float]]] = []

    def __call__(self, hour: int, scored: Mapping[int, float]) -> None:
        """Take note of an hour."""
        self._hours.append((hour, scored))

    def opened(self, bar: float) -> list[tuple[int, int]]:
        """Return (key, hour) of every alert that opens at a score of ``bar``."""
        crossings = Crossings()
        for hour, scored in self._hours:
            crossings.add(
                hour, np.array(list(scored), dtype=np.intp), np.array(list(scored.values()), dtype=np.float64)
            )
        return crossings.alarms(bar)


@dataclass
class Portfolio:
    """One world, with what is stepped once and gone on from again and again."""

    world: World
    tally: Tally
    learn_days: int = SETTLED_DAYS
    settings: Followed = field(default_factory=Spike)

    def __post_init__(self) -> None:
        self.begin = self.learn_days * _DAY
        self.joined = self.begin + until_joined(self.begin)
        self.quiet = self.world.quiet()
        self.all = self._learnt(EVERYONE)
        self.few = self._learnt(FIRST)
        self.told = self.world.rate.mean(axis=1) * (1.0 + self.world.news.syndicated * self.world.news.retold)

    def _learnt(self, feeds: Collection[int]) -> Watch:
        watch = Watch(self.world.keys, self.quiet, feeds, self.settings)
        watch.go_on(self.begin, feeds)
        return watch

    def alarms(self, name: str, found: Alarms, first: int, hours: int) -> None:
        """Count what rang within ``hours`` from ``first``, in key-months."""
        rang = sum(1 for _, hour in found.opened(bar_of(self.settings)) if first <= hour < first + hours)
        self.tally.add(name, rang, self.world.keys * hours / (30 * _DAY))

    def bursts(self, name: str, before: Watch, start: int, feeds: Collection[int], down: Collection[int] = ()) -> None:
        """Count the bursts found within their day, by class of key; they begin within six hours of ``start``.

        For a shift, the steps of a share found within theirs.
        """
        starts = start + np.arange(self.world.keys, dtype=np.int64) % 6
        steps = isinstance(self.settings, Shift)
        length = STEP_H if steps else BURST_H
        told = (
            self.world.with_steps(starts, STEP_TO, STEP_H) if steps else self.world.with_bursts(starts, FACTOR, BURST_H)
        )
        watch, heard, bar = _on(before, told), set[int](), bar_of(self.settings)

        def note(hour: int, scored: Mapping[int, float]) -> None:
            heard.update(k for k, score in scored.items() if score >= bar and 0 <= hour - starts[k] < length)

        watch.go_on(start + length + 6, feeds, down=down, note=note)
        for key in range(self.world.keys):
            self.tally.add(f"{name} {np.searchsorted(CLASSES, self.told[key])}", key in heard, 1)

    # -- what happens -----------------------------------------------------------------------------------------------

    def outage(self, names: Sequence[str] = ("undisturbed", "outage", "ignored")) -> None:
        """Let a third of the feeds fail for five days."""
        for name in names:
            down = () if name == "undisturbed" else DOWN
            watch, found = _on(self.all), Alarms()
            if name == "ignored":
                all_seen = [1.0] * watch.track.VOLUMES
                watch.track.joining.exposures = lambda hour, exposure, seen=all_seen: seen  # type: ignore[method-assign,misc]
            watch.go_on(self.begin + BURST_AFTER, EVERYONE, down=down, note=found)
            self.bursts(f"outage, {name}", watch, self.begin + BURST_AFTER, EVERYONE, down)
            watch.go_on(self.begin + OUTAGE_H, EVERYONE, down=down, note=found)
            watch.go_on(self.begin + OUTAGE_H + 7 * _DAY, EVERYONE, note=found)
            self.alarms(f"outage, {name}", found, self.begin, OUTAGE_H + 7 * _DAY)

    def never_there(self) -> None:
        """Let that third never have been there: no account of an outage knows more than one that needs none."""
        others = sorted(set(EVERYONE) - set(DOWN))
        watch, found = self._learnt(others), Alarms()
        watch.go_on(self.begin + BURST_AFTER, others, note=found)
        self.bursts("outage, never there", watch, self.begin + BURST_AFTER, others)
        watch.go_on(self.begin + OUTAGE_H + 7 * _DAY, others, note=found)
        self.alarms("outage, never there", found, self.begin, OUTAGE_H + 7 * _DAY)

    def joins(self, names: Sequence[str] = ("always", "joined", "naive")) -> None:
        """Let 40 feeds join 20, and be there from the start, and count at once."""
        added, joined = self.begin, self.joined
        for name in names:
            before, came = self.all if name == "always" else self.few, added if name == "naive" else joined
            watch, found = _on(before), Alarms()
            if name == "naive":
                for feed in feed_ids(range(FIRST_FEEDS, FEEDS)):
                    watch.track.joining.roll.join(feed, FIRST_HOUR + added)
            else:
                watch.go_on(added + BURST_AFTER, EVERYONE, note=found)
                self.bursts(f"added, {name}", watch, added + BURST_AFTER, EVERYONE)
                self.alarms(f"shadow, {name}", found, added, joined - added)
            watch.go_on(came + BURST_AFTER, EVERYONE, note=found)
            self.bursts(f"join, {name}", watch, came + BURST_AFTER, EVERYONE)
            watch.go_on(came + STRETCHES[-1] * _DAY, EVERYONE, note=found)
            for days in STRETCHES:
                self.alarms(f"{days} d, {name}", found, came, days * _DAY)


def _on(watch: Watch, told: Told | None = None) -> Watch:
    """Return a copy that goes on by itself, on other news where they are given."""
    news, watch.track.told = watch.track.told, watch.track.told
    copy = deepcopy(watch, {id(news): told or news})
    return copy


def until_joined(age_h: int) -> int:
    """Return the hours from when feeds are added, at that age of the baseline, to the first hour they count in."""
    return 1 + (SHADOW_HOURS if age_h >= YOUNG_BELOW_HOURS else YOUNG_SHADOW_HOURS) + 24 + 1


def portfolios(
    keys: int, seeds: Iterable[int], learn_days: int, tally: Tally, settings: Followed | None = None
) -> Iterator[Portfolio]:
    """Yield portfolios of ``keys``, one of each seed."""
    after = 5 if isinstance(settings, Shift) else 2
    hours = (learn_days + STRETCHES[-1] + after) * _DAY + until_joined(learn_days * _DAY)
    return (Portfolio(World(keys, hours, seed), tally, learn_days, settings or Spike()) for seed in seeds)


def asked(settings: Followed) -> str:
    """Return what such a detector is asked to find."""
    return f"step to {STEP_TO:.0%}" if isinstance(settings, Shift) else f"burst ×{FACTOR:.0f}"
