"""A key hour by hour: what was counted, what was expected, and how widely hours like it scatter. Reads tracks, changes none.

The engine forgets hours once they are learnt; :class:`HourBook` keeps them for the pages.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from alerts.detectors.negative_binomial import minus_log10_tail
from alerts.standing import hour_counts
from alerts.tracks.port import Track
from alerts.tracks.spike import SpikeTrack

#: Hours kept of every key: 35 days, as long as the log is.
KEPT_HOURS = 35 * 24

#: One hour in twenty has more than the upper edge of the band by chance.
_BAND_LOG10 = 1.3010299956639813


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour. ``expected`` is None where the detector expects nothing. ``dispersion`` and ``weight`` are those of the
    baseline: a count of mean m scatters with the variance m·dispersion + m²·dispersion ÷ weight."""

    hour: int
    count: int
    expected: float | None = None
    dispersion: float = 1.0
    weight: float = 1e9


@dataclass(frozen=True, slots=True)
class Window:
    """The hours up to and including ``hour``: what was counted and expected in them, and the ``upper`` edge that normal
    news does not pass in 19 of 20 such windows."""

    hour: int
    count: int
    expected: float | None
    upper: float | None


def windows_of(hours: Sequence[Hour], length: int) -> list[Window]:
    """Return the window of ``length`` hours that ends with each of ``hours``; the first ones are as long as is known."""
    found = []
    for at, one in enumerate(hours):
        inside = hours[max(0, at - length + 1) : at + 1]
        expected = None
        if all(h.expected is not None for h in inside):
            expected = sum(h.expected or 0.0 for h in inside)
        upper = None if expected is None else upper_edge(expected, one.dispersion, one.weight)
        found.append(Window(one.hour, sum(h.count for h in inside), expected, upper))
    return found


def upper_edge(expected: float, dispersion: float, weight: float) -> float:
    """Return the largest count that a negative binomial of that mean does not pass in 19 of 20 cases."""
    if expected <= 0.0:
        return 0.0
    variance = max(expected * dispersion + expected * expected * dispersion / max(weight, 1e-9), expected * 1.0001)
    low, high = 0, 1
    while minus_log10_tail(high + 1, expected, variance) < _BAND_LOG10:
        low, high = high, 2 * high
    while low < high:
        middle = (low + high) // 2
        if minus_log10_tail(middle + 1, expected, variance) < _BAND_LOG10:
            low = middle + 1
        else:
            high = middle
    return float(low)


def hours_of(track: Track, key: str, first: int, last: int) -> list[Hour]:
    """Return what ``track`` still holds of ``key`` in ``first..last``, hour by hour."""
    found = []
    for one in hour_counts(track, key, first, last):
        if one.expected is None:
            found.append(Hour(one.hour, one.count))
        else:
            found.append(Hour(one.hour, one.count, one.expected, *_scatter(track, key, one.hour)))
    return found or [Hour(hour, _stories_in(track, key, hour)) for hour in range(first, last + 1)]


def _stories_in(track: Track, key: str, hour: int) -> int:
    return sum(1 for article, story in track.counted(key, hour, hour) if article == story)


def _scatter(track: Track, key: str, hour: int) -> tuple[float, float]:
    """Return the dispersion and the weight that the baseline itself reckons with in ``hour``."""
    if not isinstance(track, SpikeTrack) or track.share is None:
        return 1.0, 1e9  # As even as chance alone.
    bank, row = track.share.bank, int(track.share.rows[track.rows.get(key, 0)])
    line = bank.line(
        max(hour, bank.open_hour - bank.parameters.scored_h + 1)
    )  # Older ones are taken for the oldest kept.
    return float(bank.phi[0, line, row]), float(bank.a_then[line, row])


@dataclass
class _Kept:
    first: int
    counts: array[int] = field(default_factory=lambda: array("H"))
    expected: array[float] = field(default_factory=lambda: array("f"))
    dispersion: array[float] = field(default_factory=lambda: array("f"))
    weight: array[float] = field(default_factory=lambda: array("f"))

    @property
    def next(self) -> int:
        return self.first + len(self.counts)

    def hours(self, first: int, last: int) -> Iterator[Hour]:
        for hour in range(max(first, self.first), min(last, self.next - 1) + 1):
            at = hour - self.first
            expected = self.expected[at] if self.expected[at] >= 0.0 else None
            yield Hour(hour, self.counts[at], expected, self.dispersion[at], self.weight[at])


class HourBook:
    """Hours by rule, key and detector, from when the reader began. Fourteen bytes an hour and key."""

    def __init__(self, kept_hours: int = KEPT_HOURS) -> None:
        self._kept_hours = kept_hours
        self._series: dict[tuple[str, str, int], _Kept] = {}

    def take(self, rule: str, key: str, track: int, hours: Iterable[Hour]) -> None:
        """Keep ``hours``, in order; those before the last one kept are not changed any more."""
        series = self._series.get((rule, key, track))
        for one in hours:
            if series is None or one.hour > series.next:
                series = self._series[rule, key, track] = _Kept(one.hour)
            if one.hour < series.next:
                continue
            series.counts.append(min(one.count, 65_535))
            series.expected.append(-1.0 if one.expected is None else one.expected)
            series.dispersion.append(one.dispersion)
            series.weight.append(one.weight)
        if series is not None and len(series.counts) > self._kept_hours + 240:  # Cut in larger pieces: cheaper.
            for values in (series.counts, series.expected, series.dispersion, series.weight):
                del values[:240]
            series.first += 240

    def of(self, rule: str, key: str, track: int, first: int, last: int) -> list[Hour]:
        """Return the hours kept of a key in ``first..last``."""
        series = self._series.get((rule, key, track))
        return list(series.hours(first, last)) if series is not None else []

    def next_hour(self, rule: str, key: str, track: int) -> int | None:
        """Return the first hour of a key that is not kept yet; None where none is."""
        series = self._series.get((rule, key, track))
        return series.next if series is not None else None

    def forget_rules_but(self, names: Iterable[str]) -> None:
        """Drop the hours of rules that are no more."""
        wanted = set(names)
        for place in [place for place in self._series if place[0] not in wanted]:
            del self._series[place]
