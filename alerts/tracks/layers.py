"""The articles of a track in two layers: those that count, and those of feeds in shadow, which only corroborate.

Each layer finds its own stories, so what counts does not depend on what does not. Whether an article counts is a matter
of its feed and its hour alone (:class:`alerts.tracks.feed_roll.FeedRoll`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from alerts.cards import Card
from alerts.stories.key_articles import Entry
from alerts.stories.likeness import STORY_HOURS, alike
from alerts.tracks.counting import KeyedArticles
from alerts.tracks.feed_roll import FeedRoll
from schemas.alert_event import Counts

#: Later than any hour.
_EVER = 2**40


class Layers:
    """``counted`` and ``shadow`` never hold the same article of the same key."""

    def __init__(self, roll: FeedRoll) -> None:
        self.roll = roll
        self.counted = KeyedArticles()
        self.shadow = KeyedArticles()

    def insert(self, key: str, card: Card) -> set[int]:
        """Take in ``card`` for ``key``; return the hours in which anything changed."""
        if self.roll.counts(card.feed_id, card.hour):
            changed = self.counted.insert(key, card)
            # It may have come from another feed before.
            return changed | self.shadow.remove(key, card) if key in self.shadow.by_key else changed
        return self.counted.remove(key, card) | self.shadow.insert(key, card)

    def remove(self, key: str, card: Card) -> set[int]:
        """Take ``card`` out again; return the hours in which anything changed."""
        changed = self.shadow.remove(key, card) if key in self.shadow.by_key else set()
        return changed | self.counted.remove(key, card)

    def sort_again(self, first_hour: int) -> dict[str, set[int]]:
        """Move what belongs in the other layer by now, from ``first_hour`` on; return the hours changed, by key."""
        changed: dict[str, set[int]] = {}
        for here, there, counts in ((self.shadow, self.counted, True), (self.counted, self.shadow, False)):
            for key in list(here.by_key):
                entries = here.by_key[key].between(first_hour, _EVER)
                moving = [entry for entry in entries if self.roll.counts(entry.feed_id, entry.hour) is counts]
                for entry in moving:
                    hours = _move(key, entry, here, there)
                    changed.setdefault(key, set()).update(hours)
        return changed

    # -- asking -----------------------------------------------------------------------------------------------------

    def counts(self, key: str, first_hour: int, last_hour: int) -> Counts:
        """Return stories and articles that count in those hours, and the publishers of both layers."""
        counts = self.counted.counts(key, first_hour, last_hour)
        if key not in self.shadow.by_key:
            return counts
        both = [layer.by_key[key] for layer in (self.counted, self.shadow) if key in layer.by_key]
        publishers = {e.publisher for articles in both for e in articles.between(first_hour, last_hour)}
        return Counts(stories=counts.stories, publishers=len(publishers), articles=counts.articles)

    def countries(self, key: str, first_hour: int, last_hour: int) -> frozenset[str]:
        """Return the countries of the publishers of both layers."""
        found = self.counted.countries(key, first_hour, last_hour)
        return found | self.shadow.countries(key, first_hour, last_hour) if key in self.shadow.by_key else found

    def corroborating(self, key: str, first_hour: int, last_hour: int) -> list[str]:
        """Return the publishers that have it in shadow only, sorted."""
        if key not in self.shadow.by_key:
            return []
        found = {e.publisher for e in self.shadow.by_key[key].between(first_hour, last_hour)}
        counted = self.counted.by_key.get(key)
        return sorted(found - {e.publisher for e in counted.between(first_hour, last_hour)} if counted else found)

    def new_stories(self, hour: int) -> Iterator[tuple[str, str, Sequence[str]]]:
        """Yield (key, first article, feeds) of each story that began in ``hour`` and that only feeds in shadow carried."""
        for key in self.shadow.keys_in(hour):
            entries = self.shadow.by_key[key].between(hour, hour)
            for leader in [entry for entry in entries if entry.leads]:
                if not self._is_counted(key, leader):
                    feeds = sorted({entry.feed_id for entry in entries if entry.story == leader.article_id})
                    yield key, leader.article_id, feeds

    def _is_counted(self, key: str, leader: Entry) -> bool:
        """Tell whether some article that counts is like ``leader`` and within the time of a story."""
        counted = self.counted.by_key.get(key)
        if counted is None or leader.signature is None:
            return False
        around = counted.between(leader.hour - STORY_HOURS, leader.hour + STORY_HOURS)
        signatures = [entry.signature for entry in around if entry.signature is not None]
        return bool(signatures) and bool(alike(np.stack(signatures), leader.signature).any())


def _move(key: str, entry: Entry, here: KeyedArticles, there: KeyedArticles) -> set[int]:
    changed = here.take(key, entry.place, entry.hour)
    moved = Entry(entry.place, entry.feed_id, entry.publisher, entry.country, entry.signature)
    return changed | there.put(key, moved)
