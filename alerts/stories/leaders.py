"""The first articles of a key's stories, in order, with their signatures side by side: which is the first alike."""

from __future__ import annotations

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

    __slots__ = ("_places", "_signatures", "_start")

    def __init__(self, places: Sequence[Place] = (), signatures: Sequence[Signature] = ()) -> None:
        self._places = list(places)
        self._start = 0
        self._signatures: Signature = np.empty((max(_FIRST_ROWS, len(signatures)), BANDS), _BAND)
        for row, signature in enumerate(signatures):
            self._signatures[row] = signature

    def first_alike(self, signature: Signature, since: Place, before: Place) -> str | None:
        """Return the article of the first leader in ``since <= place < before`` that is like ``signature``."""
        places = self._places
        if not places:
            return None
        last = len(places) if places[-1] < before else bisect_left(places, before)
        first = 0 if places[0] >= since else bisect_left(places, since)
        start = self._start
        found = first_alike(self._signatures[start + first : start + last], signature) if first < last else None
        return None if found is None else places[first + found][1]

    def add(self, place: Place, signature: Signature) -> None:
        """Take in a leader."""
        places, rows = self._places, len(self._places)
        if self._start + rows == len(self._signatures):
            self._make_room()
        at = rows if not places or places[-1] < place else bisect_left(places, place)
        row, end = self._start + at, self._start + rows
        if at < rows:
            self._signatures[row + 1 : end + 1] = self._signatures[row:end].copy()
        places.insert(at, place)
        self._signatures[row] = signature

    def _make_room(self) -> None:
        rows = len(self._places)
        larger = np.empty((rows + rows // 2 + _FIRST_ROWS, BANDS), _BAND)
        larger[:rows] = self._signatures[self._start :]
        self._signatures, self._start = larger, 0

    def drop(self, place: Place) -> None:
        """Take a leader out."""
        at = bisect_left(self._places, place)
        del self._places[at]
        row, end = self._start + at, self._start + len(self._places)
        self._signatures[row:end] = self._signatures[row + 1 : end + 1].copy()

    def forget_before(self, place: Place) -> None:
        """Drop the leaders below ``place``."""
        gone = bisect_left(self._places, place)
        del self._places[:gone]
        self._start += gone
