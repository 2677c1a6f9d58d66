"""The records of a replay by their numbers, from the beginning or from a place in the midst: rules, then day by day."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from pipelines.replay.past import Past
from pipelines.replay.replay import Told, nobody
from pipelines.replay.unfinished_share import Place
from schemas.control import RulesActivated
from schemas.wire import SignalsRecord

_DAY = timedelta(days=1)

#: Hears, when all records of a day were taken, the following day and the number of the next record.
DayEnded = Callable[[date, int], None]


def no_matter(following: date, number: int) -> None:
    """Do nothing at the end of a day."""


@dataclass(frozen=True)
class NumberedRecords:
    """The records of ``past`` with signals of extractor ``version``, those left out that none of ``rules`` can hit.

    The rules themselves are record 0. Every process of a replay, and every run of it, numbers alike.
    """

    past: Past
    version: str
    rules: RulesActivated
    sources: Collection[str] = ()

    def since(
        self, place: Place | None, told: Told = nobody, day_ended: DayEnded = no_matter
    ) -> Iterator[tuple[int, SignalsRecord]]:
        """Yield each record with its number, from ``place`` on; None: from the first. ``told`` as in :meth:`Past.by_day`."""
        number = 0
        if place is None:
            yield 0, self.rules
            number = 1
        else:
            number = place.number
        since = None if place is None else place.day
        for day, records in self.past.by_day(self.version, self.rules, self.sources, told, since):
            for record in records:
                yield number, record
                number += 1
            day_ended(day + _DAY, number)
