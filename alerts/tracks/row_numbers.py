"""One whole number for each row of a track, with room for more rows than there are: a key costs no copy of all the others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]


class RowNumbers:
    """Numbers by row; :attr:`all` is a view, to be read and written until the next :meth:`add`."""

    def __init__(self, first: npt.NDArray[np.integer]) -> None:
        self._room: Numbers = np.array(first, dtype=np.int64)
        self.all = self._room

    def add(self, number: int) -> None:
        """Add a row."""
        rows = len(self.all)
        if rows == len(self._room):
            self._room = np.concatenate([self.all, np.zeros(rows // 8 + 8, dtype=np.int64)])
        self._room[rows] = number
        self.all = self._room[: rows + 1]
