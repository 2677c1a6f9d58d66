"""What every track does alike: the articles of its keys, hours that open and freeze, windows counted."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TypeVar

import numpy as np

from alerts.cards import Card
from alerts.lifecycle import OPEN_TO_CHANGE_HOURS
from alerts.rules.model import Floors, SourcesPart, Unit
from alerts.stories.key_articles import Entry, KeyArticles
from alerts.stories.leaders import Place
from alerts.stories.likeness import BANDS, STORY_HOURS, Signature
from alerts.tracks.port import Exposure
from schemas.alert_event import Counts

#: Hours an article is kept for itself and for those that may join its story.
STORY_MEMORY_HOURS = OPEN_TO_CHANGE_HOURS + STORY_HOURS + 1

#: A publishers' floor asks for no more than were covered in so many hours, and for no fewer than two.
PUBLISHERS_WITHIN_HOURS = 7 * 24
FEWEST_PUBLISHERS = 2

T = TypeVar("T")


class KeyedArticles:
    """The articles of all keys of a track. Keys without an article in memory are not in it."""

    def __init__(self) -> None:
        self.by_key: dict[str, KeyArticles] = {}
        self._by_hour: dict[int, set[str]] = {}  # the keys with an article in it

    def insert(self, key: str, card: Card) -> set[int]:
        """Count ``card`` for ``key``; return the hours that changed."""
        source = card.source
        return self.put(key, Entry(card.place, card.feed_id, source.publisher, source.country, card.signature))

    def put(self, key: str, entry: Entry) -> set[int]:
        """Count ``entry`` for ``key``; return the hours that changed."""
        articles = self.by_key.get(key)
        if articles is None:
            articles = self.by_key[key] = KeyArticles()
        keys = self._by_hour.get(entry.hour)
        if keys is None:
            keys = self._by_hour[entry.hour] = set()
        keys.add(key)
        return articles.insert(entry)

    def remove(self, key: str, card: Card) -> set[int]:
        """Stop counting ``card`` for ``key``; return the hours that changed."""
        return self.take(key, card.place, card.hour)

    def take(self, key: str, place: Place, hour: int) -> set[int]:
        """Stop counting the article at ``place``, which is in ``hour``, for ``key``; return the hours that changed."""
        articles = self.by_key.get(key)
        if articles is None:
            return set()
        changed = articles.remove(place)
        if changed and not articles.articles_in(hour):
            self._by_hour.get(hour, set()).discard(key)
        if not articles:
            del self.by_key[key]
        return changed

    def forget_before(self, hour: int) -> dict[str, int]:
        """Drop articles of hours below ``hour``; return each key that loses some with the newest hour it loses."""
        newest: dict[str, int] = {}
        for old in sorted(h for h in self._by_hour if h < hour):
            newest.update(dict.fromkeys(self._by_hour.pop(old), old))
        for key in newest:
            articles = self.by_key[key]
            if articles.all_before(hour):
                del self.by_key[key]
            else:
                articles.forget_before(hour)
        return newest

    def newest_hour(self) -> int:
        """Return the newest hour that has an article; below any where none has."""
        return max(self._by_hour, default=-1)

    def keys_in(self, hour: int) -> list[str]:
        """Return the keys with an article in ``hour``, sorted."""
        return sorted(self._by_hour.get(hour, ()))

    def counts(self, key: str, first_hour: int, last_hour: int) -> Counts:
        """Return what was counted in those hours."""
        articles = self.by_key.get(key)
        return articles.counts(first_hour, last_hour) if articles is not None else Counts()

    def counted(self, key: str, first_hour: int, last_hour: int) -> list[tuple[str, str]]:
        """Return (article_id, story) in order."""
        articles = self.by_key.get(key)
        if articles is None:
            return []
        return [(entry.article_id, entry.story) for entry in articles.between(first_hour, last_hour)]

    def between(self, key: str, first_hour: int, last_hour: int) -> list[Entry]:
        """Return the articles of those hours in order."""
        articles = self.by_key.get(key)
        return articles.between(first_hour, last_hour) if articles is not None else []

    def countries(self, key: str, first_hour: int, last_hour: int) -> frozenset[str]:
        """Return the countries of the publishers."""
        articles = self.by_key.get(key)
        if articles is None:
            return frozenset()
        return frozenset(e.country for e in articles.between(first_hour, last_hour) if e.country is not None)

    def unit_in(self, key: str, hour: int, unit: Unit) -> int:
        """Return how many of ``unit`` one hour has."""
        articles = self.by_key.get(key)
        if articles is None:
            return 0
        if unit is Unit.STORIES:
            return articles.stories_in(hour)
        return articles.publishers_in(hour) if unit is Unit.PUBLISHERS else articles.articles_in(hour)

    def alive(self, first_hour: int, last_hour: int) -> list[str]:
        """Return the keys with an article in those hours, sorted."""
        if not self.by_key:
            return []
        none: set[str] = set()
        return sorted(none.union(*(self._by_hour.get(hour, none) for hour in range(first_hour, last_hour + 1))))

    def is_alive(self, key: str, first_hour: int, last_hour: int) -> bool:
        """Tell whether ``key`` has an article in those hours."""
        articles = self.by_key.get(key)
        return articles is not None and articles.any_between(first_hour, last_hour)

    # -- state ------------------------------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, object], dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]]:
        """Return a JSON document and arrays from which :meth:`load` goes on exactly."""
        signatures: dict[str, Signature] = {}
        for articles in self.by_key.values():
            for entry in articles.between(-(2**40), 2**40):
                if entry.signature is not None:
                    signatures[entry.article_id] = entry.signature
        document: dict[str, object] = {
            "keys": {key: articles.state() for key, articles in self.by_key.items()},
            "signed": list(signatures),
        }
        stacked = np.stack(list(signatures.values())) if signatures else np.empty((0, BANDS), dtype=np.uint64)
        return document, {"signatures": stacked.view(np.uint32)}

    def load(
        self,
        document: dict[str, object],
        arrays: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]],
    ) -> None:
        """Become what :meth:`state` described."""
        signed, keys = document["signed"], document["keys"]
        assert isinstance(signed, list)
        assert isinstance(keys, dict)
        rows = np.ascontiguousarray(arrays["signatures"], dtype=np.uint32).view(np.uint64)
        signatures = {str(article): rows[i] for i, article in enumerate(signed)}
        self.by_key = {str(key): KeyArticles.restored(state, signatures) for key, state in keys.items()}
        self._by_hour = {}
        for key, articles in self.by_key.items():
            for hour in articles.hours():
                self._by_hour.setdefault(hour, set()).add(key)


def of_unit(counts: Counts, unit: Unit) -> int:
    """Return the count of ``unit``."""
    if unit is Unit.STORIES:
        return counts.stories
    return counts.publishers if unit is Unit.PUBLISHERS else counts.articles


def publishers_by_hour(entries: Iterable[Entry]) -> int:
    """Return the sum over the hours of the distinct publishers of each: what a window of hours adds up to.

    A normal is learnt hour by hour, and distinct publishers of several hours do not add up. So this is what is compared
    with it; ``Counts.publishers``, which floors ask for and people are told, are distinct over the whole window.
    """
    return len({(entry.hour, entry.publisher) for entry in entries})


def reaches(counts: Counts, floors: Floors, publishers_floor: int) -> bool:
    """Tell whether ``counts`` reach the floors for stories and publishers."""
    return counts.stories >= floors.stories and counts.publishers >= publishers_floor


class PublishersFloor:
    """The publishers' floor of each hour: what is written, but never more than there were to be had when it opened.

    To be had are publishers that every part of ``whose`` admits: others count for nothing, however many answer.
    """

    def __init__(self, written: int, whose: tuple[SourcesPart, ...] = ()) -> None:
        self.written, self.whose = written, whose
        self.by_hour: dict[int, int] = {}  # publishers covered as of each hour's opening

    def open(self, hour: int, exposure: Exposure) -> None:
        """Take note of how many publishers can be had in ``hour``."""
        self.by_hour[hour] = exposure.publishers_covered(hour - PUBLISHERS_WITHIN_HOURS, self.whose)

    def at(self, hour: int) -> int:
        """Return the floor of ``hour``; an hour before the first has that of the first."""
        return min(self.written, self.most_at(hour))

    def most_at(self, hour: int) -> int:
        """Return what the floor of ``hour`` can be at most, whatever is written."""
        if not self.by_hour:
            return max(FEWEST_PUBLISHERS, self.written)
        covered = self.by_hour[hour] if hour in self.by_hour else self.by_hour[min(self.by_hour)]
        return max(FEWEST_PUBLISHERS, covered)

    def forget_before(self, hour: int) -> None:
        """Drop hours below ``hour``."""
        forget_hours(self.by_hour, hour)


class MeanExposure:
    """The mean exposure of the counting feeds, hour by hour; 1 where nothing else is known."""

    def __init__(self) -> None:
        self.by_hour: dict[int, float] = {}

    def set(self, hour: int, exposure: Exposure) -> bool:
        """Take in the exposure of ``hour``; return whether that is another than was taken for granted."""
        before, now = self.by_hour.get(hour, 1.0), mean_exposure(hour, exposure)
        self.by_hour[hour] = now
        return now != before

    def over(self, first_hour: int, last_hour: int) -> float:
        """Return the mean over those hours."""
        hours = range(first_hour, last_hour + 1)
        # fsum() is the same on every Python; sum() of floats is not.
        return math.fsum(self.by_hour.get(hour, 1.0) for hour in hours) / max(1, len(hours))

    def forget_before(self, hour: int) -> None:
        """Drop hours below ``hour``."""
        forget_hours(self.by_hour, hour)


def mean_exposure(hour: int, exposure: Exposure) -> float:
    """Return the mean exposure of the feeds that count in ``hour``; 1 where there are none."""
    short, feeds = exposure.shortfalls(hour), exposure.counting()
    return 1.0 - math.fsum(1.0 - e for e in short.values()) / len(feeds) if feeds else 1.0


def forget_hours(by_hour: dict[int, T], before: int) -> None:
    """Drop hours below ``before``; they come in order, but for a few that were set anew."""
    while by_hour and (oldest := next(iter(by_hour))) < before:
        del by_hour[oldest]


def hours_of_json(document: object) -> dict[int, float]:
    """Return ``{hour: number}`` of a JSON document, whose keys are text."""
    assert isinstance(document, dict)
    return {int(hour): float(value) for hour, value in document.items()}


def sorted_hours(hours: Iterable[int], first: int, last: int) -> list[int]:
    """Return the hours within ``first..last``, each once, in order."""
    return sorted({hour for hour in hours if first <= hour <= last})
