"""The track of a ``new``: a key that was not seen for long. Last-seen is kept for ever; silent until history is long enough."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from alerts.cards import Card
from alerts.lifecycle import OPEN_TO_CHANGE_HOURS, Verdict
from alerts.rules.model import New
from alerts.tracks.counting import (
    STORY_MEMORY_HOURS,
    KeyedArticles,
    MeanExposure,
    hours_of_json,
    of_unit,
    sorted_hours,
)
from alerts.tracks.crossings import Crossings
from alerts.tracks.port import Exposure
from schemas.alert_event import Counts


class NewTrack:
    """See :class:`alerts.tracks.port.Track`."""

    def __init__(self, settings: New, index: int) -> None:
        self.settings = settings
        self.index = index
        self.articles = KeyedArticles()
        self.seen = MeanExposure()
        self.crossings = Crossings()
        self.last_seen: dict[str, int] = {}  # newest hour of the articles that were forgotten
        self.known: set[str] = set()
        self.first_hour = 0
        self.open_hour: int | None = None

    @property
    def memory_hours(self) -> int:
        """Hours an article is needed after its own."""
        return max(STORY_MEMORY_HOURS, self.settings.confirm.within_h + OPEN_TO_CHANGE_HOURS + 2)

    def exchange(self, settings: New) -> None:
        """Go on with another ``quiet_for``, ``known`` or ``confirm``."""
        self.settings = settings
        self.crossings.all_changed(0)

    def insert(self, key: str, card: Card, *, in_part: bool = False) -> None:
        """Count ``card`` for ``key``; no part is asked for here."""
        self.known.add(key)
        self._changed(key, self.articles.insert(key, card))

    def remove(self, key: str, card: Card) -> None:
        """Stop counting ``card`` for ``key``."""
        self._changed(key, self.articles.remove(key, card))

    def _changed(self, key: str, hours: Iterable[int]) -> None:
        if self.open_hour is not None:
            for hour in hours:
                self.crossings.counts_changed(key, hour)

    def start(self, first_hour: int, open_hour: int, exposure: Exposure) -> None:
        """Begin with what was inserted."""
        self.first_hour, self.open_hour = first_hour, open_hour
        for hour in range(max(first_hour, open_hour - self.memory_hours), open_hour):
            self.seen.set(hour, exposure)
        self._forget()
        self.crossings.start(first_hour, open_hour)

    def close_hour(self, hour: int, exposure: Exposure) -> None:
        """Close ``hour``."""
        self._set_seen(hour, exposure)
        self.open_hour = hour + 1
        self.crossings.opened(hour + 1)
        self._forget()

    def exposures_changed(self, hours: Iterable[int], exposure: Exposure) -> None:
        """Take in other exposures of closed hours."""
        if self.open_hour is not None:
            for hour in sorted_hours(hours, self.first_hour, self.open_hour - 1):
                self._set_seen(hour, exposure)

    def _set_seen(self, hour: int, exposure: Exposure) -> None:
        if self.seen.set(hour, exposure):
            self.crossings.all_changed(hour)

    def _forget(self) -> None:
        assert self.open_hour is not None
        oldest = self.open_hour - self.memory_hours
        for key, newest in sorted(self.articles.forget_before(oldest).items()):
            self.last_seen[key] = max(newest, self.last_seen.get(key, newest))
        self.seen.forget_before(oldest)

    def verdict(self, key: str, hour: int) -> Verdict:
        """Return whether the key appeared, after long enough, in the ``confirm`` window that ends with ``hour``."""
        confirm = self.settings.confirm
        first = hour - confirm.within_h + 1
        counts = self.articles.counts(key, first, hour)
        enough = counts.stories >= max(1, confirm.stories) and counts.publishers >= confirm.publishers
        crossed = enough and not self.settings.knows(key) and self._was_quiet(key, first, hour)
        return Verdict(
            detector="new",
            track=self.index,
            hour=hour,
            window_h=confirm.within_h,
            crossed=crossed,
            calm=not crossed,
            count=of_unit(counts, self.settings.of) if counts.articles else 0,
            counts=counts if counts.articles else Counts(),
            expected=None,
            score=None,
            coverage=self.seen.over(max(first, self.first_hour), hour),
        )

    def _was_quiet(self, key: str, first: int, last: int) -> bool:
        """Tell whether nothing was seen for ``quiet_for`` before the first article of the window, and history reaches so far."""
        articles = self.articles.by_key[key]
        appeared = articles.between(first, last)[0].hour
        needed = appeared - self.settings.quiet_for_h
        if self.first_hour > needed:
            return False
        earlier = [hour for hour in articles.hours() if hour < appeared]
        before = earlier[-1] if earlier else self.last_seen.get(key)
        return before is None or before < needed

    def verdicts(self, key: str, first_hour: int, last_hour: int) -> list[Verdict]:
        """Return those that crossed."""
        return self.crossings.of(self, key, first_hour, last_hour)

    def candidates(self, hour: int) -> Iterable[str]:
        """Return the keys that may cross in a window that ends with ``hour``."""
        return self.alive(hour)

    def crossed(self, key: str, hour: int) -> Verdict | None:
        """Return :meth:`verdict` where it crossed."""
        articles, confirm = self.articles.by_key.get(key), self.settings.confirm
        first, stories = hour - confirm.within_h + 1, max(1, confirm.stories)
        if articles is None or not articles.reaches(first, hour, stories, confirm.publishers):
            return None
        verdict = self.verdict(key, hour)
        return verdict if verdict.crossed else None

    def may_have_crossed(self) -> set[str]:
        """Return the keys of which :meth:`verdicts` may be other than empty."""
        return self.crossings.keys(self)

    def alive(self, hour: int) -> list[str]:
        """Return the keys with an article in the window that ends with ``hour``."""
        return self.articles.alive(hour - self.settings.confirm.within_h + 1, hour)

    def is_alive(self, key: str, hour: int) -> bool:
        """Tell whether ``key`` is one of them."""
        return self.articles.is_alive(key, hour - self.settings.confirm.within_h + 1, hour)

    def keys(self) -> int:
        """Return how many keys there are."""
        return len(self.known)

    def counted(self, key: str, first_hour: int, last_hour: int) -> list[tuple[str, str]]:
        """Return (article_id, story) in order."""
        return self.articles.counted(key, first_hour, last_hour)

    def counts(self, key: str, first_hour: int, last_hour: int) -> Counts:
        """Return what was counted in those hours."""
        return self.articles.counts(key, first_hour, last_hour)

    def countries(self, key: str, first_hour: int, last_hour: int) -> frozenset[str]:
        """Return the countries of the publishers."""
        return self.articles.countries(key, first_hour, last_hour)

    def state(self) -> tuple[dict[str, object], dict[str, npt.NDArray[np.generic]]]:
        """Return what :meth:`load` goes on from exactly."""
        articles, arrays = self.articles.state()
        document: dict[str, object] = {
            "articles": articles,
            "known": sorted(self.known),
            "last_seen": dict(self.last_seen),
            "seen": dict(self.seen.by_hour),
            "first_hour": self.first_hour,
            "open_hour": self.open_hour,
        }
        return document, arrays

    def load(self, document: dict[str, object], arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Become what :meth:`state` described."""
        articles, known, last_seen = document["articles"], document["known"], document["last_seen"]
        first, newest = document["first_hour"], document["open_hour"]
        assert isinstance(articles, dict)
        assert isinstance(known, list)
        assert isinstance(last_seen, dict)
        assert isinstance(first, int)
        assert newest is None or isinstance(newest, int)
        self.articles.load(articles, arrays)
        self.known = {str(key) for key in known}
        self.last_seen = {str(key): int(hour) for key, hour in last_seen.items()}
        self.seen.by_hour = hours_of_json(document["seen"])
        self.first_hour, self.open_hour = first, newest
        if newest is not None:
            self.crossings.start(first, newest)
