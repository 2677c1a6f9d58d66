"""The track of a ``cusum``: for long somewhat more than normal, and still so in the last week."""

from __future__ import annotations

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

    def verdict(self, key: str, hour: int) -> Verdict:
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

    def verdicts(self, key: str, first_hour: int, last_hour: int) -> list[Verdict]:
        """Return those that crossed."""
        if key not in self.articles.by_key or self.share is None:
            return []
        found = self._found.setdefault(key, {})
        hours = range(max(first_hour, self.share.bank.first_hour), last_hour + 1)
        for hour in hours:
            if hour not in found:
                counts = self.articles.counts(key, hour - SHOWN_HOURS + 1, hour)
                may = counts.articles and reaches(counts, self.settings.floors, self.floor.at(hour))
                found[hour] = self.verdict(key, hour) if may else None
        return [verdict for hour in hours if (verdict := found[hour]) is not None and verdict.crossed]

    def alive(self, hour: int) -> list[str]:
        """Return the keys with an article in the week that ends with ``hour``."""
        return self.articles.alive(hour - SHOWN_HOURS + 1, hour)
