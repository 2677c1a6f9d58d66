"""The track of ``ratio``, ``zscore`` and ``record``: plain statistics of the windows before, kept to compare others with."""

from __future__ import annotations

from alerts.detectors.recent_bank import RecentBank, RecentParameters, RecentScore
from alerts.lifecycle import Verdict
from alerts.rules.model import Ratio, Record, Zscore
from alerts.tracks.counting import reaches
from alerts.tracks.hourly import HourlyTrack

#: Hours of history before which there is no normal to compare with; ``record`` waits for all that it looks back over.
QUIET_HOURS = 168

Plain = Ratio | Zscore | Record


class RecentTrack(HourlyTrack[Plain, RecentBank]):
    """See :class:`alerts.tracks.port.Track`."""

    def _new_bank(self, first_hour: int) -> RecentBank:
        return RecentBank(RecentParameters(self.settings.window_h, self.settings.baseline_h), first_hour)

    def _set_count(self, key: str, hour: int) -> None:
        assert self.bank is not None
        self.bank.set_count(self.rows[key], hour, self.articles.unit_in(key, hour, self.settings.of))

    def _reaches_floors(self, key: str, hour: int) -> bool:
        window = (hour - self.settings.window_h + 1, hour)
        return self.reaches(key, window, max(1, self.settings.floors.stories), self.floor.at(hour))

    @property
    def needed_history_h(self) -> int:
        """Hours after its start from which on the rule has a normal to compare with."""
        settings = self.settings
        return (settings.baseline_h if isinstance(settings, Record) else QUIET_HOURS) + self.guard_h

    def verdict(self, key: str, hour: int) -> Verdict:
        """Return the window that ends with ``hour``; calm when it is at most a half more than normal."""
        bank, settings = self.bank, self.settings
        assert bank is not None
        found = bank.score(self.rows.get(key, 0), hour)
        first = hour - settings.window_h + 1
        counts = self.counts(key, first, hour)
        crossed = (
            counts.articles > 0
            and hour - bank.first_hour >= self.needed_history_h
            and reached(settings, found)
            and reaches(counts, settings.floors, self.floor.at(hour))
            and found.count >= settings.floors.times * found.expected
        )
        count = self.count_of(key, counts, first, hour)
        return Verdict(
            detector=settings.kind,
            track=self.index,
            hour=hour,
            window_h=settings.window_h,
            crossed=crossed,
            calm=not crossed and found.count <= 1.5 * found.expected,
            count=count,
            counts=counts,
            expected=found.expected,
            score=found.sd if isinstance(settings, Zscore) else None,
            coverage=found.coverage,
            told=self.says(key, (first, hour), count, found.expected) if crossed else "",
        )


def reached(settings: Plain, found: RecentScore) -> bool:
    """Tell whether a window is what ``settings`` ask for, floors aside."""
    match settings:
        case Ratio():
            return round(found.times, 6) >= settings.ratio
        case Zscore():
            return round(found.sd, 6) >= settings.sd
        case Record():
            return found.count > round(found.highest, 6)
