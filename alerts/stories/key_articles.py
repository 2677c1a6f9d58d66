"""The articles of one key, by hour and by story. A function of the set of articles: the order they come in is nothing.

In (event_time, article_id) order each article joins the first story whose first article is alike and at most 48 h older,
else it starts one. Articles of frozen hours neither come nor go, and keep their story.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from alerts.stories.leaders import Leaders, Place
from alerts.stories.likeness import STORY_HOURS, Signature, first_alike
from schemas.alert_event import Counts

#: Milliseconds of an hour.
_HOUR_MS = 3_600_000


@dataclass(slots=True)
class Entry:
    """An article as a key counts it. ``story`` is the article_id of its story's first article, "" while unknown."""

    place: Place
    feed_id: str
    publisher: str
    country: str | None
    signature: Signature | None
    story: str = ""
    leads: bool = False  # the first article of its story

    @property
    def hour(self) -> int:
        """Return the hour of event time."""
        return self.place[0] // _HOUR_MS

    @property
    def article_id(self) -> str:
        """Return the id."""
        return self.place[1]

    def tell(self, story: str) -> None:
        """Belong to ``story`` from now on."""
        self.story, self.leads = story, story == self.place[1]


class KeyArticles:
    """The articles of a key that can still count or lead. Not thread-safe."""

    __slots__ = ("_entries", "_leaders", "_order")

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._order: list[Place] = []
        self._leaders = Leaders()

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, article_id: str) -> bool:
        return article_id in self._entries

    # -- articles in and out ----------------------------------------------------------------------------------------

    def insert(self, entry: Entry) -> set[int]:
        """Count ``entry``, in place of what was counted for its article; return the hours that changed."""
        place, signature, order = entry.place, entry.signature, self._order
        changed = self.remove(place[1]) if place[1] in self._entries else set()
        newest = not order or order[-1] < place  # What nearly always is so.
        index = len(order) if newest else bisect_left(order, place)
        order.insert(index, place)
        self._entries[place[1]] = entry
        changed.add(entry.hour)
        entry.tell(self._story_of(entry))
        if entry.leads and signature is not None:
            self._leaders.add(place, signature)
            first = None if newest else self._first_alike(signature, index + 1, place[0] + STORY_HOURS * _HOUR_MS)
            if first is not None:
                changed |= self._tell_again(first)
        return changed

    def remove(self, article_id: str) -> set[int]:
        """Stop counting an article; return the hours that changed (none when it was not counted)."""
        entry = self._entries.pop(article_id, None)
        if entry is None:
            return set()
        index = bisect_left(self._order, entry.place)
        del self._order[index]
        changed = {entry.hour}
        if entry.leads and entry.signature is not None:
            self._leaders.drop(entry.place)
            orphans = (
                i for i in range(index, len(self._order)) if self._entries[self._order[i][1]].story == article_id
            )
            first = next(orphans, None)
            if first is not None:
                changed |= self._tell_again(first)
        return changed

    def forget_before(self, hour: int) -> int | None:
        """Drop the articles of hours below ``hour``; what they lead keeps its story. Return the newest hour lost."""
        order, first = self._order, (hour * _HOUR_MS, "")
        if not order or order[0] >= first:
            return None
        keep = bisect_left(order, first)
        newest = order[keep - 1][0] // _HOUR_MS
        for _, article_id in order[:keep]:
            del self._entries[article_id]
        del order[:keep]
        self._leaders.forget_before(first)
        return newest

    # -- stories ----------------------------------------------------------------------------------------------------

    def _story_of(self, entry: Entry) -> str:
        """Return the earliest leader before ``entry`` that is alike, else ``entry`` itself."""
        if entry.signature is None:
            return entry.article_id
        since = (entry.place[0] - STORY_HOURS * _HOUR_MS, "")
        return self._leaders.first_alike(entry.signature, since, entry.place) or entry.article_id

    def _first_alike(self, signature: Signature, index: int, last_ms: int) -> int | None:
        """Return the place in the order, from ``index`` on, of the first article a new leader could take; None: of none.

        A first poll brings its newest first: without this look each article would tell all those after it again.
        """
        found: list[int] = []
        signatures: list[Signature] = []
        for place in range(index, bisect_left(self._order, (last_ms + 1, ""))):
            other = self._entries[self._order[place][1]].signature
            if other is not None:
                found.append(place)
                signatures.append(other)
        if not found:
            return None
        first = first_alike(np.stack(signatures), signature)
        return None if first is None else found[first]

    def _tell_again(self, index: int) -> set[int]:
        """Find the story of every article from ``index`` on anew; return the hours where a story began or ceased."""
        changed: set[int] = set()
        for place in self._order[index:]:
            entry = self._entries[place[1]]
            story = self._story_of(entry)
            if story == entry.story:
                continue
            if entry.signature is not None and entry.leads:
                self._leaders.drop(place)
                changed.add(entry.hour)
            entry.tell(story)
            if entry.signature is not None and entry.leads:
                self._leaders.add(place, entry.signature)
                changed.add(entry.hour)
        return changed

    # -- counts -----------------------------------------------------------------------------------------------------

    def stories_in(self, hour: int) -> int:
        """Return how many stories began in ``hour``."""
        return sum([entry.leads for entry in self.between(hour, hour)])

    def publishers_in(self, hour: int) -> int:
        """Return how many distinct publishers there are in ``hour``."""
        return len({entry.publisher for entry in self.between(hour, hour)})

    def articles_in(self, hour: int) -> int:
        """Return how many articles there are in ``hour``."""
        return self.articles_between(hour, hour)

    def counts(self, first_hour: int, last_hour: int) -> Counts:
        """Return stories that began, distinct publishers and articles in ``first_hour..last_hour``."""
        stories = articles = 0
        publishers: set[str] = set()
        for entry in self.between(first_hour, last_hour):
            articles += 1
            stories += entry.leads
            publishers.add(entry.publisher)
        return Counts(stories=stories, publishers=len(publishers), articles=articles)

    def articles_between(self, first_hour: int, last_hour: int) -> int:
        """Return how many articles there are in ``first_hour..last_hour``."""
        start, end = self._span(first_hour, last_hour)
        return end - start

    def reaches(self, first_hour: int, last_hour: int, stories: int, publishers: int) -> bool:
        """Tell whether so many stories began in ``first_hour..last_hour``, and so many distinct publishers are in it."""
        start, end = self._span(first_hour, last_hour)
        if end - start < max(stories, publishers):
            return False
        entries = self._entries_at(start, end)
        return sum([e.leads for e in entries]) >= stories and len({e.publisher for e in entries}) >= publishers

    def _span(self, first_hour: int, last_hour: int) -> tuple[int, int]:
        """Return where in the order those hours begin and end."""
        order = self._order
        if not order:
            return 0, 0
        since, until = first_hour * _HOUR_MS, (last_hour + 1) * _HOUR_MS
        # Mostly all of them are older than the end, and often all are younger than the beginning.
        start = 0 if order[0][0] >= since else bisect_left(order, (since, ""))
        return start, len(order) if order[-1][0] < until else bisect_left(order, (until, ""), start)

    def _entries_at(self, start: int, end: int) -> list[Entry]:
        entries = self._entries
        return [entries[article_id] for _, article_id in self._order[start:end]]

    def between(self, first_hour: int, last_hour: int) -> list[Entry]:
        """Return the articles of ``first_hour..last_hour`` in order."""
        return self._entries_at(*self._span(first_hour, last_hour))

    def any_between(self, first_hour: int, last_hour: int) -> bool:
        """Return whether there is an article in ``first_hour..last_hour``."""
        start, end = self._span(first_hour, last_hour)
        return start < end

    def hours(self) -> list[int]:
        """Return the hours with an article, in order."""
        return sorted({ms // _HOUR_MS for ms, _ in self._order})

    # -- state ------------------------------------------------------------------------------------------------------

    def state(self) -> list[list[str | int | None]]:
        """Return one row an article, in order, from which :meth:`restored` goes on exactly (signatures by article id)."""
        return [
            [e.place[0], e.place[1], e.feed_id, e.publisher, e.country, e.story]
            for e in (self._entries[place[1]] for place in self._order)
        ]

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
            key._entries[entry.article_id] = entry
            key._order.append(place)
            if entry.leads and signature is not None:
                leading.append((place, signature))
        key._leaders = Leaders([place for place, _ in leading], [signature for _, signature in leading])
        return key
