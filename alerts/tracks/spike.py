"""The track of a ``spike``: far more than normal in some window, with the floors reached."""

from __future__ import annotations

from alerts.chain import quantised_expected
from alerts.detectors.spike_bank import WindowScore
from alerts.lifecycle import Verdict
from alerts.rules.model import Spike, Unit
from alerts.tracks.bars import CALM_P, K_OF, k_of_budget
from alerts.tracks.baseline import BaselineTrack
from alerts.tracks.counting import of_unit, reaches

__all__ = ["CALM_P", "K_OF", "SpikeTrack", "k_of_budget"]


class SpikeTrack(BaselineTrack[Spike]):
    """See :class:`alerts.tracks.port.Track`."""

    def verdict(self, key: str, hour: int) -> Verdict:
        """Return the window that crossed, else the one with the highest score; calm when every window is."""
        found = self._found.setdefault(key, {})
        verdict = found.get(hour)
        if verdict is None:
            windows = [self._window(key, hour, score) for score in self._scores(key, hour)]
            best, _ = max(windows, key=lambda w: (w[0].crossed, w[0].score or 0.0, -w[0].window_h))
            calm = not best.crossed and all(round(p, 6) > CALM_P for _, p in windows)
            verdict = found[hour] = best.with_calm(calm=calm)
        return verdict

    def verdicts(self, key: str, first_hour: int, last_hour: int) -> list[Verdict]:
        """Return those that crossed."""
        if key not in self.articles.by_key or self.share is None:
            return []
        found = self._found.setdefault(key, {})
        crossed = []
        for hour in range(max(first_hour, self.share.bank.first_hour), last_hour + 1):
            if hour not in found:
                found[hour] = self.verdict(key, hour) if self._may_cross(key, hour) else None
            verdict = found[hour]
            if verdict is not None and verdict.crossed:
                crossed.append(verdict)
        return crossed

    def _may_cross(self, key: str, hour: int) -> bool:
        """Tell whether the counted floors hold in some window: cheap, and never wrong when it says no."""
        assert self.share is not None
        floors, settings = self.settings.floors, self.settings
        least = floors.stories if settings.of is Unit.STORIES else 1
        if not self.share.bank.may_reach(int(self.share.rows[self.rows[key]]), hour, max(1, least), floors.times):
            return False
        needed = self.floor.at(hour)
        for length in self.settings.windows_h:
            counts = self.articles.counts(key, hour - length + 1, hour)
            if counts.articles and reaches(counts, self.settings.floors, needed):
                return True
        return False

    def _scores(self, key: str, hour: int) -> list[WindowScore]:
        assert self.share is not None
        return self.share.scores(self.rows.get(key, 0), hour)

    def _window(self, key: str, hour: int, score: WindowScore) -> tuple[Verdict, float]:
        counts = self.articles.counts(key, hour - score.hours + 1, hour)
        crossed = (
            counts.articles > 0
            and round(score.score, 3) >= self.k_by_hour[hour]
            and reaches(counts, self.settings.floors, self.floor.at(hour))
            and score.count >= self.settings.floors.times * quantised_expected(score.expected)
        )
        verdict = Verdict(
            detector="spike",
            track=self.index,
            hour=hour,
            window_h=score.hours,
            crossed=crossed,
            calm=False,
            count=of_unit(counts, self.settings.of),
            counts=counts,
            expected=score.expected,
            score=score.score,
            coverage=score.coverage,
        )
        return verdict, score.p
