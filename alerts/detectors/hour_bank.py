"""Rows of keys stepped together, one vectorised step an hour: what the banks of one long window have in common.

What was seen of an hour (its exposure) is told by row, and for a share by volume: what is not of the part, and what is.
Row 0 is the key that never saw anything: a new key is a copy of it. Arrays have the rows as their last axis; a row's
numbers never depend on which other keys exist.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
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

    #: Kinds of stories whose exposures are told apart.
    VOLUMES: ClassVar[int] = 1

    def __init__(self, first_hour: int, *, guard_h: int, kept_h: int) -> None:
        self.first_hour = first_hour
        self.open_hour = first_hour - 1
        self.guard_h, self.kept_h = guard_h, kept_h
        self.rows = 1
        # By volume, hour and row: the exposure, and what it is had all feeds been seen: not 1 where feeds joined or left since
        # (:mod:`alerts.detectors.rebase`). No lines while both are 1 everywhere, which is nearly always.
        self.exposure: Floats = np.ones((self.VOLUMES, 0, 1))
        self.full: Floats = np.ones((self.VOLUMES, 0, 1))

    # -- rows -------------------------------------------------------------------------------------------------------

    def add_row(self) -> int:
        """Add a key, equal to one stepped on zeros since the first hour; return its row."""
        row = self.rows
        for name in self._arrays:
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

    @property
    def _arrays(self) -> tuple[str, ...]:
        return (*self.ARRAYS, "exposure", "full")

    @property
    def is_whole(self) -> bool:
        """Whether all hours kept were wholly seen, by the feeds that count now."""
        return not self.exposure.shape[1]

    def set_exposures(self, hour: int, exposures: Sequence[Floats | float]) -> bool:
        """Set, by volume, the exposure of an hour that is not learnt yet: one number for all rows, or one for each.

        It is that of the feeds that counted in that hour. Return whether any is another than before.
        """
        if not self.can_change(hour) or (self.is_whole and all(np.all(e == 1.0) for e in exposures)):
            return False
        self._unfold()
        ring, n = hour % self.kept_h, self.rows
        told = np.array([np.broadcast_to(e, n) for e in exposures]) * self.full[:, ring, :n]
        if (self.exposure[:, ring, :n] == told).all():
            return False
        self.exposure[:, ring, :n] = told
        return True

    def _unfold(self) -> None:
        if self.is_whole:
            self.exposure = np.ones((self.VOLUMES, self.kept_h, self.rows))
            self.full = self.exposure.copy()

    def _fold(self) -> None:
        if not self.is_whole and (self.exposure == 1.0).all() and (self.full == 1.0).all():
            self.exposure = np.ones((self.VOLUMES, 0, self.exposure.shape[-1]))
            self.full = self.exposure.copy()

    def _rebase_exposures(self, parts: Sequence[Floats]) -> None:
        """Let the hours so far, the open one included, have seen ``parts`` (by volume, for each row) of what they had."""
        self._unfold()
        for volume, part in enumerate(parts):
            self.exposure[volume, :, : self.rows] *= part
            self.full[volume, :, : self.rows] *= part

    @abstractmethod
    def rebase(self, parts: Sequence[Floats], doubts: Sequence[Floats] = ()) -> None:
        """Go on as if the hours so far, the open one included, had seen ``parts`` (above 0; by volume, for each row).

        ``doubts``: how unsure each part is, its variance as a multiple of its square; none: it is known. No score of an hour
        that was counted before changes.
        """

    # -- hours ------------------------------------------------------------------------------------------------------

    def open_next(self) -> None:
        """Open the next hour, with count 0 and exposure 1: learn what left the guard, then freeze what is normal."""
        hour = self.open_hour + 1
        if hour - self.guard_h >= self.first_hour:
            self._learn(hour - self.guard_h)
        self.open_hour = hour
        ring = hour % self.kept_h
        if hour % 24 == 0:
            self._fold()
        if not self.is_whole:
            self.exposure[:, ring, : self.rows] = self.full[:, ring, : self.rows] = 1.0
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

    def _mean_lines(self, lines: Floats, end: int, length: int) -> Floats | float:
        """Return, by volume and row, the mean of ``lines`` (exposure or full) over a window; 1 where there are no lines."""
        if self.is_whole:
            return 1.0
        hours = self.hours(end, length)
        total = np.zeros((self.VOLUMES, self.rows))
        for hour in hours:  # Hour by hour: a row's sum is the same whatever rows there are.
            total += lines[:, hour, : self.rows]
        total /= len(hours)
        return total

    # -- state ------------------------------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, object], dict[str, npt.NDArray[np.generic]]]:
        """Return what :meth:`load` goes on from exactly."""
        document: dict[str, object] = {"first_hour": self.first_hour, "open_hour": self.open_hour, "rows": self.rows}
        return document, {name: getattr(self, name)[..., : self.rows].copy() for name in self._arrays}

    def load(self, document: dict[str, object], arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Become what :meth:`state` described."""
        first, newest, rows = document["first_hour"], document["open_hour"], document["rows"]
        assert isinstance(first, int)
        assert isinstance(newest, int)
        assert isinstance(rows, int)
        self.first_hour, self.open_hour, self.rows = first, newest, rows
        for name in self._arrays:
            setattr(self, name, np.array(arrays[name], dtype=getattr(self, name).dtype))
