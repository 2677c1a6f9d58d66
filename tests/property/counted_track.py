"""A track without a baseline, stepped and told counts as a bank is: so many articles, each a story of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from alerts.cards import Card
from alerts.rules.model import SourcesPart
from alerts.tracks.counting import KeyedArticles
from alerts.tracks.new import NewTrack
from alerts.tracks.threshold import ThresholdTrack
from schemas.alert_event import Counts
from schemas.article import Source

#: From here on articles are not made one by one: windows are told how many there are.
_MANY = 100_000


class WholeWorld:
    """Every feed answers, always."""

    def shortfalls(self, hour: int) -> dict[str, float]:
        """Return nothing: nobody is missing."""
        return {}

    def counting(self) -> Sequence[str]:
        """Return the one feed."""
        return ("feed",)

    def exposure(self, feed_id: str, hour: int) -> float:
        """Return all of it."""
        return 1.0

    def source_id(self, feed_id: str) -> str:
        """Return the feed's own."""
        return feed_id

    def publishers_covered(self, since_hour: int, whose: tuple[SourcesPart, ...]) -> int:
        """Return plenty."""
        return 10


class _Articles(KeyedArticles):
    """Articles, and for hours that have too many to make, their number."""

    def __init__(self) -> None:
        super().__init__()
        self.many: dict[tuple[str, int], int] = {}

    def counts(self, key: str, first_hour: int, last_hour: int) -> Counts:
        more = sum(n for (of, hour), n in self.many.items() if of == key and first_hour <= hour <= last_hour)
        counted = super().counts(key, first_hour, last_hour)
        return Counts(stories=counted.stories + more, publishers=counted.publishers, articles=counted.articles + more)


class CountedTrack:
    """The rows of a bank as the keys of a track, with the methods of a bank."""

    def __init__(self, make: Callable[[], ThresholdTrack | NewTrack], first_hour: int) -> None:
        self.track = make()
        self._articles = self.track.articles = _Articles()
        self.first_hour = first_hour
        self.open_hour = first_hour - 1
        self.rows = 1

    def add_row(self) -> int:
        """Add a key; return its row."""
        self.rows += 1
        return self.rows - 1

    def open_next(self) -> None:
        """Close the open hour and open the next."""
        if self.open_hour < self.first_hour:
            self.track.start(self.first_hour, self.first_hour, WholeWorld())
        else:
            self.track.close_hour(self.open_hour, WholeWorld())
        self.open_hour += 1

    def set_count(self, row: int, hour: int, count: int) -> None:
        """Put articles in or take them out until ``hour`` has ``count``."""
        key = str(row)
        there = len(self.track.counted(key, hour, hour))
        if count >= _MANY:
            self._articles.many[key, hour] = count - max(there, 1)
            count = max(there, 1)
        for number in range(there, count):
            self.track.insert(key, _card(key, hour, number))
        for number in range(count, there):
            self.track.remove(key, _card(key, hour, number))

    def score(self, row: int, hour: int) -> float:
        """Return one more than what a window that crosses counted, 0 where it does not."""
        verdict = self.track.verdict(str(row), hour)
        return float(verdict.count + 1) if verdict.crossed else 0.0

    def state(self) -> tuple[dict[str, object], dict[str, npt.NDArray[np.generic]]]:
        """Return what :meth:`load` goes on from exactly."""
        document, arrays = self.track.state()
        return {"track": document, "rows": self.rows, "open_hour": self.open_hour}, arrays

    def load(self, document: dict[str, object], arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Become what :meth:`state` described."""
        track, rows, newest = document["track"], document["rows"], document["open_hour"]
        assert isinstance(track, dict)
        assert isinstance(rows, int)
        assert isinstance(newest, int)
        self.track.load(track, arrays)
        self.rows, self.open_hour = rows, newest


def _card(key: str, hour: int, number: int) -> Card:
    publisher = f"p{number % 7}"
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=hour, seconds=number)
    return Card(
        article_id=f"{key}-{hour}-{number}",
        revision=1,
        event_time=at,
        feed_id="feed",
        source=Source(id=publisher),
        url=None,
        title="",
        fingerprint="",
    )
