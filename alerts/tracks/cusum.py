"""The track of a ``cusum``: for long somewhat more than normal, and still so in the last week."""

from __future__ import annotations

from collections.abc import Iterable

from alerts.chain import quantised_expected
from alerts.detectors.climb_bank import ClimbBank, ClimbParameters
from alerts.lifecycle import OPEN_TO_CHANGE_HOURS, Verdict
from alerts.rules.model import Cusum
from alerts.tracks.baseline import BaselineTrack
from alerts.tracks.counting import STORY_MEMORY_HOURS, of_unit, reaches

#: The window whose articles are shown, and whose count must still be above normal.
SHOWN_HOURS = 168


class CusumTrack(BaselineTrack[Cusum]):
    """See :class:`alerts.tracks.port.Track`."""

    @property
    def memory_hours(self) -> int:
        """Hours an article is needed after its own."""
        return max(STORY_MEMORY_HOURS, SHOWN_HOURS + OPEN_TO_CHANGE_HOURS + 2)

    def _parameters(self) -> ClimbParameters:
        settings = self.settings
        return ClimbParameters(
            windows_h=settings.windows_h, half_life_h=float(settings.half_life_h), ratio=settings.ratio
        )

    def _new_bank(self, first_hour: int) -> ClimbBank:
        return ClimbBank(self._parameters(), first_hour)

    def _verdict(self, key: str, hour: int) -> Verdict:
        """Return the week that ends with ``hour``; calm when its count is near normal again."""
        assert self.share is not None
        bank, settings = self.share.bank, self.settings
        assert isinstance(bank, ClimbBank)
        score = bank.climb_score(int(self.share.rows[self.rows.get(key, 0)]), hour)
        (day,) = self.share.scores(self.rows.get(key, 0), hour)
        counts = self.articles.counts(key, hour - SHOWN_HOURS + 1, hour)
        expected = float(bank.level[hour % bank.parameters.kept_h, self.share.rows[self.rows.get(key, 0)]])
        expected *= SHOWN_HOURS * day.coverage
        count = of_unit(counts, settings.of)
        above = count >= settings.floors.times * quantised_expected(expected)
        crossed = (
            above
            and counts.articles > 0
            and round(score, 3) >= self.k_by_hour[hour]
            and reaches(counts, settings.floors, self.floor.at(hour))
        )
        return Verdict(
            detector="cusum",
            track=self.index,
            hour=hour,
            window_h=SHOWN_HOURS,
            crossed=crossed,
            calm=not above,
            count=count,
            counts=counts,
            expected=expected,
            score=score,
            coverage=day.coverage,
        )

    def crossed(self, key: str, hour: int) -> Verdict | None:
        """Return :meth:`verdict` where it crossed."""
        articles = self.articles.by_key.get(key)
        first, floors = hour - SHOWN_HOURS + 1, self.settings.floors
        if articles is None or not articles.reaches(first, hour, max(1, floors.stories), self.floor.at(hour)):
            return None
        verdict = self._verdict(key, hour)
        return verdict if verdict.crossed else None

    def candidates(self, hour: int) -> Iterable[str]:
        """Return the keys that may cross in a window that ends with ``hour``."""
        return self.alive(hour)

    def _longest_h(self) -> int:
        return SHOWN_HOURS
