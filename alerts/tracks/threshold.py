"""The track of a ``threshold``: at least so many within any so many hours. No baseline, nothing to learn."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from alerts.cards import Card
from alerts.lifecycle import OPEN_TO_CHANGE_HOURS, Verdict
from alerts.rules.model import Threshold
from alerts.tracks.counting import (
    STORY_MEMORY_HOURS,
    KeyedArticles,
    MeanExposure,
    hours_of_json,
    of_unit,
    reaches,
    sorted_hours,
)
from alerts.tracks.port import Exposure


class ThresholdTrack:
    """See :class:`alerts.tracks.port.Track`."""

    def __init__(self, settings: Threshold, index: int) -> None:
        self.settings = settings
        self.index = index
        self.articles = KeyedArticles()
        self.seen = MeanExposure()
        self.first_hour = 0
        self.open_hour: int | None = None
        self.known: set[str] = set()

    @property
    def memory_hours(self) -> int:
        """Hours an article is needed after its own."""
        return max(STORY_MEMORY_HOURS, self.settings.within_h + OPEN_TO_CHANGE_HOURS + 2)

    def exchange(self, settings: Threshold) -> None:
        """Go on with another count."""
        self.settings = settings

    def insert(self, key: str, card: Card, *, in_part: bool = False) -> None:
        """Count ``card`` for ``key``; no part is asked for here."""
        self.known.add(key)
        self.articles.insert(key, card)

    def remove(self, key: str, card: Card) -> None:
        """Stop counting ``card`` for ``key``."""
        self.articles.remove(key, card)

    def start(self, first_hour: int, open_hour: int, exposure: Exposure) -> None:
        """Begin with what was inserted."""
        self.first_hour, self.open_hour = first_hour, open_hour
        for hour in range(max(first_hour, open_hour - self.memory_hours), open_hour):
            self.seen.set(hour, exposure)
        self._forget()

    def close_hour(self, hour: int, exposure: Exposure) -> None:
        """Close ``hour``."""
        self.seen.set(hour, exposure)
        self.open_hour = hour + 1
        self._forget()

    def exposures_changed(self, hours: Iterable[int], exposure: Exposure) -> None:
        """Take in other exposures of closed hours."""
        if self.open_hour is not None:
            for hour in sorted_hours(hours, self.first_hour, self.open_hour - 1):
                self.seen.set(hour, exposure)

    def _forget(self) -> None:
        assert self.open_hour is not None
        oldest = self.open_hour - self.memory_hours
        for _ in self.articles.forget_before(oldest):
            pass  # No window reaches them any more.
        self.seen.forget_before(oldest)

    def verdict(self, key: str, hour: int) -> Verdict:
        """Return the window of ``within`` hours that ends with ``hour``; calm below the count."""
        settings = self.settings
        first = hour - settings.within_h + 1
        counts = self.articles.counts(key, first, hour)
        count = of_unit(counts, settings.of)
        enough = count >= settings.count
        return Verdict(
            detector="threshold",
            track=self.index,
            hour=hour,
            window_h=settings.within_h,
            crossed=enough and reaches(counts, settings.floors, settings.floors.publishers),
            calm=not enough,
            count=count,
            counts=counts,
            expected=None,
            score=None,
            coverage=self.seen.over(max(first, self.first_hour), hour),
        )

    def verdicts(self, key: str, first_hour: int, last_hour: int) -> list[Verdict]:
        """Return those that crossed."""
        articles = self.articles.by_key.get(key)
        if articles is None or len(articles) < self.settings.count:
            return []  # Neither stories nor publishers can be more than there are articles.
        all_of_them = (self.verdict(key, h) for h in range(max(first_hour, self.first_hour), last_hour + 1))
        return [verdict for verdict in all_of_them if verdict.crossed]

    def alive(self, hour: int) -> list[str]:
        """Return the keys with an article in the window that ends with ``hour``."""
        return self.articles.alive(hour - self.settings.within_h + 1, hour)

    def keys(self) -> int:
        """Return how many keys there are."""
        return len(self.known)

    def counted(self, key: str, first_hour: int, last_hour: int) -> list[tuple[str, str]]:
        """Return (article_id, story) in order."""
        return self.articles.counted(key, first_hour, last_hour)

    def countries(self, key: str, first_hour: int, last_hour: int) -> frozenset[str]:
        """Return the countries of the publishers."""
        return self.articles.countries(key, first_hour, last_hour)

    def state(self) -> tuple[dict[str, object], dict[str, npt.NDArray[np.generic]]]:
        """Return what :meth:`load` goes on from exactly."""
        articles, arrays = self.articles.state()
        document: dict[str, object] = {
            "articles": articles,
            "known": sorted(self.known),
            "seen": self.seen.by_hour,
            "first_hour": self.first_hour,
            "open_hour": self.open_hour,
        }
        return document, arrays

    def load(self, document: dict[str, object], arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Become what :meth:`state` described."""
        articles, known = document["articles"], document["known"]
        first, newest = document["first_hour"], document["open_hour"]
        assert isinstance(articles, dict)
        assert isinstance(known, list)
        assert isinstance(first, int)
        assert newest is None or isinstance(newest, int)
        self.articles.load(articles, arrays)
        self.known = {str(key) for key in known}
        self.seen.by_hour = hours_of_json(document["seen"])
        self.first_hour, self.open_hour = first, newest
