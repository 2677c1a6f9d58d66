"""When news would have reached us, where an archive only says when they were published: a stated model of the delay.

Each article is late by a delay of its own, always the same one: log-normal through a median and a ninth decile.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from statistics import NormalDist

from schemas.coverage import Coverage
from schemas.durations import parse_duration, show_duration
from schemas.errors import UsageError
from schemas.ids import digest
from schemas.signal import Signal
from schemas.wire import SignalsRecord

#: Nobody waits longer: what is later than this would not count any more.
_LONGEST = timedelta(hours=24)

_NINTH_DECILE = NormalDist().inv_cdf(0.9)


@dataclass(frozen=True, slots=True)
class ArrivalDelay:
    """Half of all articles arrive within ``median`` of their publication, nine of ten within ``ninth``; none: no delay."""

    median: timedelta = timedelta()
    ninth: timedelta = timedelta()

    @classmethod
    def parse(cls, text: str) -> ArrivalDelay:
        """Return what ``none``, ``30m`` or ``30m/4h`` means; :raises UsageError: it means nothing."""
        if text.strip() == "none":
            return cls()
        try:
            stretches = [parse_duration(part) for part in text.split("/")]
        except ValueError as error:
            raise UsageError(f"--arrival-delay: {error}", remedy="write none, 30m, or 30m/4h") from error
        if len(stretches) > 2 or stretches != sorted(stretches) or stretches[-1] > _LONGEST:
            raise UsageError(
                f"--arrival-delay: {text!r} is no median and a longer time within which nine of ten arrive, 24h at most",
                remedy="write none, 30m, or 30m/4h",
            )
        return cls(stretches[0], stretches[-1])

    def __str__(self) -> str:
        if not self.ninth:
            return "none"
        parts = dict.fromkeys((show_duration(self.median), show_duration(self.ninth)))
        return "/".join(parts)

    def of(self, article_id: str) -> timedelta:
        """Return the delay of an article: a property of its id."""
        if not self.ninth or self.median == self.ninth or not self.median:
            return self.median
        share = (int(digest("arrival", article_id, length=12), 16) + 0.5) / 16**12
        spread = math.log(self.ninth / self.median) / _NINTH_DECILE
        return min(_LONGEST, self.median * math.exp(spread * NormalDist().inv_cdf(share)))


def delayed(records: Iterable[SignalsRecord], delay: ArrivalDelay) -> Iterator[SignalsRecord]:
    """Yield ``records`` (in order of time) as they would have arrived.

    Articles that have an observation time of their own keep it; the others are observed later by ``delay``.
    """
    if not delay.ninth:
        yield from records
        return
    waiting: list[tuple[datetime, int, Signal]] = []
    number = count()
    for record in records:
        if isinstance(record, Signal):
            while waiting and waiting[0][0] < record.revised_at:
                yield heapq.heappop(waiting)[2]
            late = delay.of(record.article_id) if record.observed_at == record.event_time else timedelta()
            moved = record.model_copy(
                update={"observed_at": record.observed_at + late, "revised_at": record.revised_at + late}
            )
            heapq.heappush(waiting, (moved.revised_at, next(number), moved))
            continue
        while isinstance(record, Coverage) and waiting and waiting[0][0] < record.at:
            yield heapq.heappop(waiting)[2]
        yield record
    while waiting:
        yield heapq.heappop(waiting)[2]
