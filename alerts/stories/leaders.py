"""The first articles of a key's stories, in order, with their signatures side by side: which is the first alike."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

from alerts.stories.likeness import BANDS, Signature, first_alike

#: (event time in ms, article_id): the order of articles.
Place = tuple[int, str]

#: Rows made at first; most keys never need more.
_FIRST_ROWS = 4

_BAND = np.dtype(np.uint64)


class Leaders:
    """Leaders with a signature only: nothing is like the others.

    Signatures lie in one array, behind the ``_start`` rows of those that were forgotten, with room for more.
    """

    __slots__ = ("_places", "_signatures", "_start", "_times")

    def __init__(self, places: Sequence[Place] = (), signatures: Sequence[Signature] = ()) -> None:
        self._places = list(places)
        self._times = array("q", [time for time, _ in places])  # looked through sooner than the places
        self._start = 0
        self._signatures: Signature = np.empty((max(_FIRST_ROWS, len(signatures)), BANDS), _BAND)
        for row, signature in enumerate(signatures):
            self._signatures[row] = signature

    def first_alike(self, signature: Signature, since_ms: int, before: Place) -> str | None:
        """Return the article of the first leader that is like ``signature``, not older than ``since_ms`` and before
        ``before``."""
        times = self._times
        if not times:
            return None
        last = len(times) if times[-1] < before[0] else bisect_left(self._places, before)
        first = 0 if times[0] >= since_ms else bisect_left(times, since_ms)
        if first >= last:
            return None
        found = first_alike(self._signatures[self._start + first : self._start + last], signature)
        return None if found is None else self._places[first + found][1]

    def joined_by(self, place: Place, signature: Signature, since_ms: int) -> str | None:
        """Return :meth:`first_alike` for an article after all leaders; where there is none, it is a leader from now on."""
        times, start = self._times, self._start
        rows = len(times)
        if rows:
            first = 0 if times[0] >= since_ms else bisect_left(times, since_ms)
            leaders = self._signatures[start + first : start + rows]
            if (
                1 in (leaders == signature).tobytes()
            ):  # A band is equal: what nearly never is so, and nothing tells it sooner.
                found = first_alike(leaders, signature)
                if found is not None:
                    return self._places[first + found][1]
        if start + rows == len(self._signatures):
            self._make_room()
            start = self._start
        times.append(place[0])
        self._places.append(place)
        self._signatures[start + rows] = signature
        return None

    def add(self, place: Place, signature: Signature) -> None:
        """Take in a leader."""
        rows = len(self._times)
        if self._start + rows == len(self._signatures):
            self._make_room()
        at = bisect_left(self._places, place)
        row, end = self._start + at, self._start + rows
        if at < rows:
            self._signatures[row + 1 : end + 1] = self._signatures[row:end].copy()
        self._times.insert(at, place[0])
        self._places.insert(at, place)
        self._signatures[row] = signature

    def _make_room(self) -> None:
        rows = len(self._places)
        larger = np.empty((rows + rows // 2 + _FIRST_ROWS, BANDS), _BAND)
        larger[:rows] = self._signatures[self._start :]
        self._signatures, self._start = larger, 0

    def drop(self, place: Place) -> None:
        """Take a leader out."""
        at = bisect_left(self._places, place)
        del self._places[at], self._times[at]
        row, end = self._start + at, self._start + len(self._places)
        self._signatures[row:end] = self._signatures[row + 1 : end + 1].copy()

    def forget_before(self, time_ms: int) -> None:
        """Drop the leaders of times before ``time_ms``."""
        gone = bisect_left(self._times, time_ms)
        del self._places[:gone], self._times[:gone]
        self._start += gone
