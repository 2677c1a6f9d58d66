"""The track of a ``drop``: far fewer than normal over a window of closed hours. Silence of a blind key is not quiet."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from alerts.chain import quantised_expected
from alerts.detectors.negative_binomial import minus_log10_lower_tail
from alerts.detectors.spike_parameters import SpikeParameters
from alerts.lifecycle import Verdict
from alerts.rules.model import Drop
from alerts.tracks.bars import CALM_P
from alerts.tracks.baseline import BaselineTrack

#: Coverage below which nothing can be said to be missing.
BLIND_BELOW = 0.5


#: Hours before normal is near enough to learn from how far counts scatter around it.
SETTLED_HOURS = 336


class DropTrack(BaselineTrack[Drop]):
    """See :class:`alerts.tracks.port.Track`. The open hour is never asked: what it will bring is not known."""

    def _parameters(self) -> SpikeParameters:
        settings = self.settings
        return SpikeParameters(
            windows_h=settings.windows_h, half_life_h=float(settings.half_life_h), dispersion_after_h=SETTLED_HOURS
        )

    def _newest(self, open_hour: int) -> int:
        return open_hour - 1

    def _verdict(self, key: str, hour: int) -> Verdict:
        """Return the window that crossed, else the one with the highest score; the open hour answers for the one before."""
        windows = self.windows(key, hour)
        best = max(windows, key=lambda v: (v.crossed, v.score or 0.0, -v.window_h))
        chances = (10.0 ** -((v.score or 0.0) + self._windows_log10) for v in windows)
        calm = not best.crossed and all(round(p, 6) > CALM_P for p in chances)
        return best.with_calm(calm=calm)

    def crossed(self, key: str, hour: int) -> Verdict | None:
        """Return :meth:`verdict` where it crossed."""
        verdict = self._verdict(key, hour) if self.is_alive(key, hour) else None
        return verdict if verdict is not None and verdict.crossed else None

    def windows(self, key: str, hour: int) -> list[Verdict]:
        """Return the verdict of each window that ends with ``hour``; the open hour answers for the one before."""
        if self.share is None:
            return []
        closed = max(self.share.bank.first_hour, min(hour, self.share.bank.open_hour - 1))
        return [self._window(key, closed, number) for number in range(len(self.settings.windows_h))]

    def candidates(self, hour: int) -> Iterable[str]:
        """Return the keys that may cross in a window that ends with ``hour``."""
        return self.alive(hour)

    def _window(self, key: str, hour: int, number: int) -> Verdict:
        assert self.share is not None
        settings = self.settings
        score = self.share.scores(self.rows.get(key, 0), hour)[number]
        counts = self.articles.counts(key, hour - score.hours + 1, hour)
        count, surprise = self.count_of(key, counts, hour - score.hours + 1, hour), 0.0
        if score.expected > 0.0:
            surprise = minus_log10_lower_tail(score.count, score.expected, score.variance)
        surprise = max(0.0, surprise - self._windows_log10)
        crossed = (
            round(surprise, 3) >= self.k_by_hour[hour]
            and quantised_expected(score.expected) >= settings.expected
            and score.count * settings.floors.times <= quantised_expected(score.expected)
            and round(score.coverage, 3) >= BLIND_BELOW
        )
        return Verdict(
            detector="drop",
            track=self.index,
            hour=hour,
            window_h=score.hours,
            crossed=crossed,
            calm=False,
            count=count,
            counts=counts,
            expected=score.expected,
            score=surprise,
            coverage=score.coverage,
            told=self.compared(count, score.expected) if crossed else "",
        )

    def alive(self, hour: int) -> list[str]:
        """Return the keys, sorted, of which enough is expected in the longest window."""
        if self.share is None:
            return []
        enough = self.share.bank.expected_at_most(self.share.rows, hour) >= 0.99 * self.settings.expected
        return sorted(self.names[row] for row in np.flatnonzero(enough) if row)

    def is_alive(self, key: str, hour: int) -> bool:
        """Tell whether ``key`` is one of them."""
        if self.share is None or key not in self.rows:
            return False
        row = self.share.rows[self.rows[key]]
        return bool(self.share.bank.expected_at_most(row, hour) >= 0.99 * self.settings.expected)
