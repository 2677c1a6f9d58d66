"""The track of a ``cusum``: for long somewhat more than normal, and still so in the last week."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from alerts.chain import quantised_expected
from alerts.detectors.climb_bank import ClimbBank, ClimbParameters
from alerts.lifecycle import OPEN_TO_CHANGE_HOURS, Verdict
from alerts.rules.model import Cusum
from alerts.tracks.baseline import BaselineTrack
from alerts.tracks.counting import STORY_MEMORY_HOURS, reaches
from alerts.tracks.feed_shares import Floats
from alerts.tracks.joining import Moved
from alerts.tracks.spike_banks import SharedBanks

#: The window whose articles are shown, and whose count must still be above normal.
SHOWN_HOURS = 168


class CusumTrack(BaselineTrack[Cusum]):
    """See :class:`alerts.tracks.port.Track`."""

    def __init__(self, settings: Cusum, index: int, banks: SharedBanks) -> None:
        super().__init__(settings, index, banks)
        # Hours up to which part of what counts now was seen, and that part by row: a bank keeps fewer than a week.
        self.seen_until: list[tuple[int, Floats]] = []

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

    def _rebase(self, moved: Moved, open_hour: int) -> None:
        super()._rebase(moved, open_hour)
        (part,) = moved.parts
        oldest = open_hour - SHOWN_HOURS - OPEN_TO_CHANGE_HOURS
        self.seen_until = [*(step for step in self.seen_until if step[0] >= oldest), (open_hour, part)]

    def _hours_worth(self, row: int, last_hour: int) -> float:
        """Return how many hours of what counts now the shown ones up to ``last_hour`` are worth."""
        hours = range(last_hour - SHOWN_HOURS + 1, last_hour + 1)
        if not self.seen_until:
            return float(len(hours))
        parts = [(until, float(part[row if row < len(part) else 0])) for until, part in self.seen_until]
        return math.fsum(math.prod(part for until, part in parts if hour <= until) for hour in hours)

    def _verdict(self, key: str, hour: int) -> Verdict:
        """Return the week that ends with ``hour``; calm when its count is near normal again."""
        assert self.share is not None
        bank, settings = self.share.bank, self.settings
        assert isinstance(bank, ClimbBank)
        score = bank.climb_score(int(self.share.rows[self.rows.get(key, 0)]), hour)
        (day,) = self.share.scores(self.rows.get(key, 0), hour)
        counts = self.counts(key, hour - SHOWN_HOURS + 1, hour)
        expected = float(bank.level[hour % bank.parameters.kept_h, self.share.rows[self.rows.get(key, 0)]])
        expected *= self._hours_worth(self.rows.get(key, 0), hour) * day.coverage
        count = self.count_of(key, counts, hour - SHOWN_HOURS + 1, hour)
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
            told=self.says(key, (hour - SHOWN_HOURS + 1, hour), count, expected) if crossed else "",
        )

    def crossed(self, key: str, hour: int) -> Verdict | None:
        """Return :meth:`verdict` where it crossed."""
        shown, floors = (hour - SHOWN_HOURS + 1, hour), self.settings.floors
        if not self.reaches(key, shown, max(1, floors.stories), self.floor.at(hour)):
            return None
        verdict = self._verdict(key, hour)
        return verdict if verdict.crossed else None

    def candidates(self, hour: int) -> Iterable[str]:
        """Return the keys that may cross in a window that ends with ``hour``."""
        return self.alive(hour)

    def _longest_h(self) -> int:
        return SHOWN_HOURS

    def state(self) -> tuple[dict[str, object], dict[str, npt.NDArray[np.generic]]]:
        """Return what :meth:`load` goes on from exactly."""
        document, arrays = super().state()
        parts = {f"seen_until_{n}": part.copy() for n, (_, part) in enumerate(self.seen_until)}
        return {**document, "seen_until": [hour for hour, _ in self.seen_until]}, {**arrays, **parts}

    def load(self, document: dict[str, object], arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Become what :meth:`state` described."""
        super().load(document, arrays)
        hours = document["seen_until"]
        assert isinstance(hours, list)
        parts = [np.array(arrays[f"seen_until_{n}"], dtype=np.float64) for n in range(len(hours))]
        self.seen_until = [(int(hour), part) for hour, part in zip(hours, parts, strict=True)]
