"""The parameters of the spike detector's baseline, and the calendar of its season. Hours and numbers only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

#: 00:00 UTC of 1970-01-05, a Monday, in hours since 1970: slots are counted from there.
_MONDAY = 96

#: Slots of the season: 24 hours, on weekdays and on weekends.
SLOTS = 48


def slot_of(hour: int) -> int:
    """Return the slot of an hour since 1970: 0–23 on weekdays, 24–47 on weekends, UTC."""
    since_monday = hour - _MONDAY
    return since_monday % 24 + (24 if since_monday // 24 % 7 >= 5 else 0)


@dataclass(frozen=True)
class SpikeParameters:
    """The parameters of the baseline, in hours; the defaults are the oracle's."""

    windows_h: tuple[int, ...] = (6, 24)
    half_life_h: float = 336.0
    cap_sd: float = 8.0
    prior_count: float = 0.5
    prior_exposure_h: float = 24.0
    dispersion_prior: float = 1.5
    dispersion_weight: float = 48.0
    dispersion_half_life_h: float = 672.0
    season_shrink: float = 20.0
    warmup_h: int = 168
    dispersion_after_h: int = 0  # no window that ends earlier teaches the dispersion: the prior level is no normal

    @cached_property
    def guard_h(self) -> int:
        """Hours between an hour's opening and its learning: the longest window (at least 24) + 1."""
        return max(24, *self.windows_h) + 1

    @cached_property
    def kept_h(self) -> int:
        """Hours of counts, exposures and factors kept: guard + longest window + 1."""
        return self.guard_h + max(self.windows_h) + 1

    @cached_property
    def scored_h(self) -> int:
        """Hours of dispersions and weights kept, which are asked for of hours that are scored or learnt: guard + 2."""
        return self.guard_h + 2
