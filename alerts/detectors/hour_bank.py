"""Rows of keys stepped together, one vectorised step an hour: what banks have in common whose exposure is one for all keys.

Row 0 is the key that never saw anything: a new key is a copy of it. Arrays have the rows as their last axis; a row's
numbers never depend on which other keys exist.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class HourBank(ABC):
    """Hours ``first_hour`` to ``open_hour``; an hour is learnt when the one ``guard_h`` after it opens."""

    #: The arrays of the state, in a fixed order.
    ARRAYS: ClassVar[tuple[str, ...]]

    #: Those of them that hold one hour a line of the ring, and are blank when it opens.
    COUNTED: ClassVar[tuple[str, ...]]

    def __init__(self, first_hour: int, *, guard_h: int, kept_h: int) -> None:
        self.first_hour = first_hour
        self.open_hour = first_hour - 1
        self.guard_h, self.kept_h = guard_h, kept_h
        self.rows = 1
        self.seen: Floats = np.zeros(kept_h)  # mean exposure of the feeds, by hour

    # -- rows -------------------------------------------------------------------------------------------------------

    def add_row(self) -> int:
        """Add a key, equal to one stepped on zeros since the first hour; return its row."""
        row = self.rows
        for name in self.ARRAYS:
            array = getattr(self, name)
            if array.shape[-1] == row:
                larger = np.zeros((*array.shape[:-1], row + row // 8 + 8), dtype=array.dtype)
                larger[..., :row] = array
                setattr(self, name, larger)
                array = larger
            array[..., row] = array[..., 0]
        self.rows += 1
        return row

    def can_change(self, hour: int) -> bool:
        """Tell whether ``hour`` is open or not learnt yet."""
        return self.first_hour <= hour <= self.open_hour and hour > self.open_hour - self.guard_h

    def set_seen(self, hour: int, exposure: float) -> bool:
        """Set the mean exposure of an hour that is not learnt yet; return whether it was another."""
        ring = hour % self.kept_h
        if not self.can_change(hour) or self.seen[ring] == exposure:
            return False
        self.seen[ring] = exposure
        return True

    # -- hours ------------------------------------------------------------------------------------------------------

    def open_next(self) -> None:
        """Open the next hour, with count 0 and exposure 1: learn what left the guard, then freeze what is normal."""
        hour = self.open_hour + 1
        if hour - self.guard_h >= self.first_hour:
            self._learn(hour - self.guard_h)
        self.open_hour = hour
        ring = hour % self.kept_h
        self.seen[ring] = 1.0
        for name in self.COUNTED:
            getattr(self, name)[ring, : self.rows] = 0.0
        self._freeze(hour)

    @abstractmethod
    def _learn(self, hour: int) -> None:
        """Take in ``hour``, which is final, and the window that ends with it."""

    @abstractmethod
    def _freeze(self, hour: int) -> None:
        """Note what ``hour`` is to be scored with."""

    def hours(self, end: int, length: int) -> npt.NDArray[np.intp]:
        """Return the places in the ring of the window of ``length`` hours that ends with ``end``, oldest first."""
        return np.arange(max(self.first_hour, end - length + 1), end + 1, dtype=np.intp) % self.kept_h

    def coverage(self, end: int, length: int) -> float:
        """Return the mean exposure of that window."""
        seen = self.seen[self.hours(end, length)]
        return float(np.cumsum(seen)[-1]) / len(seen)

    # -- state ------------------------------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, object], dict[str, npt.NDArray[np.generic]]]:
        """Return what :meth:`load` goes on from exactly."""
        document: dict[str, object] = {"first_hour": self.first_hour, "open_hour": self.open_hour, "rows": self.rows}
        arrays = {name: getattr(self, name)[..., : self.rows].copy() for name in self.ARRAYS}
        return document, {**arrays, "seen": self.seen.copy()}

    def load(self, document: dict[str, object], arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Become what :meth:`state` described."""
        first, newest, rows = document["first_hour"], document["open_hour"], document["rows"]
        assert isinstance(first, int)
        assert isinstance(newest, int)
        assert isinstance(rows, int)
        self.first_hour, self.open_hour, self.rows = first, newest, rows
        for name in self.ARRAYS:
            setattr(self, name, np.array(arrays[name], dtype=getattr(self, name).dtype))
        self.seen = np.array(arrays["seen"], dtype=np.float64)
