"""The articles of one key, by hour and by story. A function of the set of articles: the order they come in is nothing.

In (event_time, article_id) order each article joins the first story whose first article is alike and at most 48 h older,
else it starts one. Articles of frozen hours neither come nor go, and keep their story.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from alerts.stories.leaders import Leaders, Place
from alerts.stories.likeness import STORY_HOURS, Signature, first_alike
from schemas.alert_event import Counts

#: Milliseconds of an hour.
_HOUR_MS = 3_600_000

#: How much older than an article the first one of its story may be.
_STORY_MS = STORY_HOURS * _HOUR_MS

_place_of = attrgetter("place")


@dataclass(slots=True, init=False)
class Entry:
    """An article as a key counts it. ``story`` is the article_id of its story's first article: its own until it joins another."""

    place: Place
    hour: int  # of event time
    feed_id: str
    publisher: str
    country: str | None
    signature: Signature | None
    story: str
    leads: bool  # the first article of its story

    def __init__(
        self, place: Place, feed_id: str, publisher: str, country: str | None, signature: Signature | None
    ) -> None:
        self.place, self.hour = place, place[0] // _HOUR_MS
        self.feed_id, self.publisher, self.country, self.signature = feed_id, publisher, country, signature
        self.story, self.leads = place[1], True

    @property
    def article_id(self) -> str:
        """Return the id."""
        return self.place[1]

    def tell(self, story: str) -> None:
        """Belong to ``story`` from now on."""
        self.story, self.leads = story, story == self.place[1]


class KeyArticles:
    """The articles of a key that can still count or lead. Not thread-safe."""

    __slots__ = ("_hours", "_leaders", "_order")

    def __init__(self) -> None:
        self._order: list[Entry] = []
        self._hours = array("q")  # of the articles in order: looked through far sooner than the articles
        self._leaders = Leaders()

    def __len__(self) -> int:
        return len(self._order)

    def ids(self) -> set[str]:
        """Return the ids of all articles."""
        return {entry.place[1] for entry in self._order}

    # -- articles in and out ----------------------------------------------------------------------------------------

    def insert(self, entry: Entry) -> set[int]:
        """Count ``entry``, in place of what was counted for its article; return the hours that changed."""
        place, order, hour = entry.place, self._order, entry.hour
        if not order or order[-1].place < place:  # What nearly always is so.
            order.append(entry)
            self._hours.append(hour)
            signature = entry.signature
            if signature is not None:
                entry.tell(self._leaders.joined_by(place, signature, place[0] - _STORY_MS) or place[1])
            return {hour}
        changed = {hour} | self.remove(place)
        index = self._index(place)
        order.insert(index, entry)
        self._hours.insert(index, hour)
        entry.tell(self._story_of(entry))
        if entry.leads and entry.signature is not None:
            self._leaders.add(place, entry.signature)
            first = self._first_alike(entry.signature, index + 1, place[0] + _STORY_MS)
            if first is not None:
                changed |= self._tell_again(first)
        return changed

    def remove(self, place: Place) -> set[int]:
        """Stop counting the article at ``place``; return the hours that changed (none when it was not counted)."""
        index, order = self._index(place), self._order
        if index == len(order) or order[index].place != place:
            return set()
        entry = order.pop(index)
        del self._hours[index]
        changed = {entry.hour}
        if entry.leads and entry.signature is not None:
            self._leaders.drop(place)
            orphans = (i for i in range(index, len(order)) if order[i].story == place[1])
            first = next(orphans, None)
            if first is not None:
                changed |= self._tell_again(first)
        return changed

    def all_before(self, hour: int) -> bool:
        """Tell whether there is no article of ``hour`` or a later one."""
        return not self._hours or self._hours[-1] < hour

    def forget_before(self, hour: int) -> None:
        """Drop the articles of hours below ``hour``; what they lead keeps its story."""
        gone = bisect_left(self._hours, hour)
        del self._order[:gone], self._hours[:gone]
        self._leaders.forget_before(hour * _HOUR_MS)

    def _index(self, place: Place) -> int:
        """Return where in the order ``place`` is, or would be."""
        return bisect_left(self._order, place, key=_place_of)

    # -- stories ----------------------------------------------------------------------------------------------------

    def _story_of(self, entry: Entry) -> str:
        """Return the earliest leader before ``entry`` that is alike, else ``entry`` itself."""
        place = entry.place
        if entry.signature is None:
            return place[1]
        return self._leaders.first_alike(entry.signature, place[0] - _STORY_MS, place) or place[1]

    def _first_alike(self, signature: Signature, index: int, last_ms: int) -> int | None:
        """Return the place in the order, from ``index`` on, of the first article a new leader could take; None: of none.

        A first poll brings its newest first: without this look each article would tell all those after it again.
        """
        found: list[int] = []
        signatures: list[Signature] = []
        for at in range(index, self._index((last_ms + 1, ""))):
            other = self._order[at].signature
            if other is not None:
                found.append(at)
                signatures.append(other)
        if not found:
            return None
        first = first_alike(np.stack(signatures), signature)
        return None if first is None else found[first]

    def _tell_again(self, index: int) -> set[int]:
        """Find the story of every article from ``index`` on anew; return the hours where a story began or ceased."""
        changed: set[int] = set()
        for entry in self._order[index:]:
            story = self._story_of(entry)
            if story == entry.story:
                continue
            if entry.signature is not None and entry.leads:
                self._leaders.drop(entry.place)
                changed.add(entry.hour)
            entry.tell(story)
            if entry.signature is not None and entry.leads:
                self._leaders.add(entry.place, entry.signature)
                changed.add(entry.hour)
        return changed

    # -- counts -----------------------------------------------------------------------------------------------------

    def stories_in(self, hour: int) -> int:
        """Return how many stories began in ``hour``."""
        hours = self._hours
        if hours and hours[-1] == hour:  # What nearly always is so: the newest few.
            return sum([entry.leads for entry in self._order[bisect_left(hours, hour) :]])
        start, end = self._span(hour, hour)
        return sum([entry.leads for entry in self._order[start:end]])

    def publishers_in(self, hour: int) -> int:
        """Return how many distinct publishers there are in ``hour``."""
        return len({entry.publisher for entry in self.between(hour, hour)})

    def articles_in(self, hour: int) -> int:
        """Return how many articles there are in ``hour``."""
        return self.articles_between(hour, hour)

    def counts(self, first_hour: int, last_hour: int) -> Counts:
        """Return stories that began, distinct publishers and articles in ``first_hour..last_hour``."""
        entries = self.between(first_hour, last_hour)
        stories, publishers = sum([e.leads for e in entries]), len({e.publisher for e in entries})
        return Counts(stories=stories, publishers=publishers, articles=len(entries))

    def fewer_since(self, hour: int, articles: int) -> bool:
        """Tell whether there are fewer than ``articles`` (at least 1) of ``hour`` and later ones."""
        return len(self._hours) < articles or self._hours[-articles] < hour

    def articles_between(self, first_hour: int, last_hour: int) -> int:
        """Return how many articles there are in ``first_hour..last_hour``."""
        hours = self._hours
        end = len(hours) if not hours or hours[-1] <= last_hour else bisect_left(hours, last_hour + 1)
        return end - bisect_left(hours, first_hour, 0, end)

    def reaches(self, first_hour: int, last_hour: int, stories: int, publishers: int) -> bool:
        """Tell whether so many stories began in ``first_hour..last_hour``, and so many distinct publishers are in it."""
        entries = self.between(first_hour, last_hour)
        if len(entries) < stories or len(entries) < publishers:
            return False
        return sum([e.leads for e in entries]) >= stories and len({e.publisher for e in entries}) >= publishers

    def _span(self, first_hour: int, last_hour: int) -> tuple[int, int]:
        """Return where in the order those hours begin and end."""
        hours = self._hours
        # Mostly none is younger than the end.
        end = len(hours) if not hours or hours[-1] <= last_hour else bisect_left(hours, last_hour + 1)
        return bisect_left(hours, first_hour, 0, end), end

    def between(self, first_hour: int, last_hour: int) -> list[Entry]:
        """Return the articles of ``first_hour..last_hour`` in order."""
        start, end = self._span(first_hour, last_hour)
        return self._order[start:end]

    def of_hour(self, hour: int) -> list[Entry]:
        """Return the articles of ``hour`` in order."""
        hours = self._hours
        end = start = bisect_left(hours, hour)
        while end < len(hours) and hours[end] == hour:
            end += 1
        return self._order[start:end]

    def any_between(self, first_hour: int, last_hour: int) -> bool:
        """Return whether there is an article in ``first_hour..last_hour``."""
        start, end = self._span(first_hour, last_hour)
        return start < end

    def hours(self) -> list[int]:
        """Return the hours with an article, in order."""
        return sorted(set(self._hours))

    # -- state ------------------------------------------------------------------------------------------------------

    def state(self) -> list[list[str | int | None]]:
        """Return one row an article, in order, from which :meth:`restored` goes on exactly (signatures by article id)."""
        return [[e.place[0], e.place[1], e.feed_id, e.publisher, e.country, e.story] for e in self._order]

    @classmethod
    def restored(cls, rows: Iterable[list[str | int | None]], signatures: Mapping[str, Signature]) -> KeyArticles:
        """Return the key that :meth:`state` described."""
        key = cls()
        leading: list[tuple[Place, Signature]] = []
        for ms, article_id, feed_id, publisher, country, story in rows:
            signature = signatures.get(str(article_id))
            place = (int(ms or 0), str(article_id))
            entry = Entry(place, str(feed_id), str(publisher), None if country is None else str(country), signature)
            entry.tell(str(story))
            key._order.append(entry)
            key._hours.append(entry.hour)
            if entry.leads and signature is not None:
                leading.append((place, signature))
        key._leaders = Leaders([place for place, _ in leading], [signature for _, signature in leading])
        return key
