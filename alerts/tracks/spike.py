"""The track of a ``spike``: far more than normal in some window, with the floors reached."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from alerts.chain import quantised_expected
from alerts.detectors.spike_bank import WindowScore
from alerts.lifecycle import Verdict
from alerts.rules.model import Spike, Unit
from alerts.tracks.bars import CALM_P, K_OF, k_of_budget
from alerts.tracks.baseline import BaselineTrack
from alerts.tracks.counting import reaches

__all__ = ["CALM_P", "K_OF", "SpikeTrack", "k_of_budget"]

#: A rule may rest whose windows are a day at most: this is then its guard, in hours.
RESTING_GUARD_H = 25

#: So many keys are asked one by one sooner than screened as arrays.
FEW_KEYS = 8


class SpikeTrack(BaselineTrack[Spike]):
    """See :class:`alerts.tracks.port.Track`."""

    def _verdict(self, key: str, hour: int) -> Verdict:
        """Return the window that crossed, else the one with the highest score; calm when every window is."""
        windows = [self._window(key, hour, score) for score in self._scores(key, hour)]
        best, _ = max(windows, key=lambda w: (w[0].crossed, w[0].score or 0.0, -w[0].window_h))
        calm = not best.crossed and all(round(p, 6) > CALM_P for _, p in windows)
        return best.with_calm(calm=calm)

    def crossed(self, key: str, hour: int) -> Verdict | None:
        """Return :meth:`verdict` where it crossed."""
        verdict = self._verdict(key, hour) if self._reaches_floors(key, hour) else None
        return verdict if verdict is not None and verdict.crossed else None

    def _reaches_floors(self, key: str, hour: int) -> bool:
        """Tell whether some window reaches the floors and could have the score: cheap, and never wrong when it says no."""
        articles, share = self.articles.by_key.get(key), self.share
        if articles is None or share is None:
            return False
        floors = self.settings.floors
        stories = floors.stories if floors.stories > 1 else 1
        if articles.fewer_since(hour - self._longest_first[0][0] + 1, stories):
            return False
        row, least_times = self.rows[key], 0.999 * floors.times
        for length, window in self._longest_first:
            first = hour - length + 1
            most = articles.articles_between(first, hour)  # No unit has more.
            if most < stories:
                return False  # Nor does a shorter window.
            if most < least_times * share.expected(row, hour, window):
                continue
            if not self.reaches(key, (first, hour), stories, self.floor.at(hour)):
                return False
            if share.may_score(row, hour, window, self.k_by_hour[hour], floors.times):
                return True
        return False

    def may_rest(self) -> bool:
        """Tell whether, for a day, no window can cross until something is counted, and no feed is to come or go."""
        if self.share is None or self.crossings.any_crossed() or len(self.articles.by_key) > FEW_KEYS:
            return False
        open_hour = self.share.bank.open_hour
        if self.guard_h != RESTING_GUARD_H or self.articles.newest_hour() > open_hour:
            return False
        if not self.joining.roll.is_steady(open_hour - RESTING_GUARD_H, open_hour + 24):
            return False
        # What ends with a later hour holds no more.
        first, stories = open_hour - self._longest_first[0][0] + 1, max(1, self.settings.floors.stories)
        return all(key.articles_between(first, open_hour) < stories for key in self.articles.by_key.values())

    @cached_property
    def _longest_first(self) -> list[tuple[int, int]]:
        """Lengths and indices of the windows."""
        return sorted(((length, w) for w, length in enumerate(self.settings.windows_h)), reverse=True)

    def candidates(self, hour: int) -> Iterable[str]:
        """Return the keys that may cross in a window that ends with ``hour``."""
        assert self.share is not None
        if len(self.articles.by_key) <= FEW_KEYS:
            return list(self.articles.by_key)
        floors = self.settings.floors
        least = floors.stories if self.settings.of is Unit.STORIES else 0
        rows = self.share.may_reach(hour, max(1, least), self.k_by_hour[hour], floors.times)
        return [self.names[row] for row in rows]

    def _scores(self, key: str, hour: int) -> list[WindowScore]:
        assert self.share is not None
        return self.share.scores(self.rows.get(key, 0), hour)

    def _window(self, key: str, hour: int, score: WindowScore) -> tuple[Verdict, float]:
        first = hour - score.hours + 1
        counts = self.counts(key, first, hour)
        crossed = (
            counts.articles > 0
            and round(score.score, 3) >= self.k_by_hour[hour]
            and reaches(counts, self.settings.floors, self.floor.at(hour))
            and score.count >= self.settings.floors.times * quantised_expected(score.expected)
        )
        count = self.count_of(key, counts, first, hour)
        verdict = Verdict(
            detector="spike",
            track=self.index,
            hour=hour,
            window_h=score.hours,
            crossed=crossed,
            calm=False,
            count=count,
            counts=counts,
            expected=score.expected,
            score=score.score,
            coverage=score.coverage,
            told=self.says(key, (first, hour), count, score.expected) if crossed else "",
        )
        return verdict, score.p
