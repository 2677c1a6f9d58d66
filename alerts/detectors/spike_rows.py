"""The memory of a spike bank: rows (keys) of arrays, which grow, are shared with other tracks, and go into a snapshot.

Row 0 is the key that never saw anything: a new key is a copy of it. Arrays are hour-major, (hours kept, rows). Nothing is
reckoned here.
"""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from alerts.detectors.spike_parameters import SLOTS, SpikeParameters

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


class SpikeRows:
    """All rows of one detector. ``open_hour`` is the newest hour; the one to be opened next is ``open_hour + 1``."""

    def __init__(self, parameters: SpikeParameters, first_hour: int) -> None:
        self.parameters = parameters
        self.first_hour = first_hour
        self.open_hour = first_hour - 1
        self._kept = parameters.kept_h
        self.rows = 1
        self._capacity = 8
        p, cap, kept, windows = parameters, 8, parameters.kept_h, len(parameters.windows_h)
        self.a = np.full(cap, p.prior_count)
        self.b = np.full(cap, p.prior_exposure_h)
        self.factor = np.ones((SLOTS, cap))
        self.ratio = np.zeros((SLOTS, cap))
        self.visits = np.zeros((SLOTS, cap), dtype=np.float32)  # a count that matters up to 12: half the size will do
        self.phi_sum = np.zeros((windows, cap))
        self.phi_n = np.zeros((windows, cap))
        self.counts = np.zeros((kept, cap))
        self.exposure = np.zeros((kept, cap))
        self.factors = np.zeros((kept, cap))
        self.level = np.zeros((kept, cap))
        self.a_then = np.zeros((p.scored_h, cap))
        self.phi = np.ones((windows, p.scored_h, cap))
        # What an hour's exposure is had all its feeds been seen: not 1 while feeds that joined or left since are in or out
        # of the baseline. No lines while it is 1 everywhere, which is nearly always.
        self.full = np.ones((0, cap))

    #: The arrays of the state, in a fixed order; the last axis is the rows.
    ARRAYS: ClassVar[tuple[str, ...]] = (
        "a", "b", "factor", "ratio", "visits", "phi_sum", "phi_n",
        "counts", "exposure", "factors", "level", "a_then", "phi", "full",
    )  # fmt: skip

    # -- rows -------------------------------------------------------------------------------------------------------

    def add_row(self, like: int = 0) -> int:
        """Add a key, equal to row ``like``, which was stepped on zeros since the first hour; return its row."""
        self._make_room(1)
        row = self.rows
        for name in self.ARRAYS:
            array = getattr(self, name)
            array[..., row] = array[..., like]
        self.rows += 1
        return row

    def adopt(self, other: Self) -> int:
        """Go on with the rows of ``other`` too, which stands at the same hour; return where its row 0 is here."""
        assert (other.parameters, other.first_hour, other.open_hour) == (
            self.parameters,
            self.first_hour,
            self.open_hour,
        )
        self._make_room(other.rows)
        if len(self.full) or len(other.full):
            self.unfold()
            other.unfold()
        first = self.rows
        for name in self.ARRAYS:
            getattr(self, name)[..., first : first + other.rows] = getattr(other, name)[..., : other.rows]
        self.rows += other.rows
        return first

    def _make_room(self, rows: int) -> None:
        if self.rows + rows <= self._capacity:
            return
        # By an eighth: a hundred thousand keys are 380 MB, and room for as many again would be that again.
        self._capacity = max(self._capacity + self._capacity // 8 + 8, self.rows + rows)
        for name in self.ARRAYS:
            old = getattr(self, name)
            new = np.zeros((*old.shape[:-1], self._capacity), dtype=old.dtype)
            new[..., : self.rows] = old[..., : self.rows]
            setattr(self, name, new)

    def unfold(self) -> None:
        """Keep what a wholly seen hour is worth hour by hour, for feeds are about to join or leave."""
        if not len(self.full):
            self.full = np.ones((self._kept, self._capacity))

    def line(self, hour: int) -> int:
        """Return the line of ``phi`` and ``a_then`` that holds one of the newest ``scored_h`` hours."""
        return hour % self.parameters.scored_h

    # -- state ------------------------------------------------------------------------------------------------------

    def state(self, rows: Rows) -> tuple[dict[str, object], dict[str, npt.NDArray[np.generic]]]:
        """Return what :meth:`load` goes on from exactly, with ``rows`` alone."""
        document: dict[str, object] = {"first_hour": self.first_hour, "open_hour": self.open_hour, "rows": len(rows)}
        side_by_side = len(rows) == int(rows[-1]) - int(rows[0]) + 1
        chosen = slice(int(rows[0]), int(rows[-1]) + 1) if side_by_side else rows
        # In the order of hours: an index of rows alone gives the other one, in which each hour's step takes far longer.
        return document, {name: getattr(self, name)[..., chosen].copy(order="C") for name in self.ARRAYS}

    def load(self, document: dict[str, object], arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Become what :meth:`state` described."""
        rows, first, newest = document["rows"], document["first_hour"], document["open_hour"]
        assert isinstance(rows, int)
        assert isinstance(first, int)
        assert isinstance(newest, int)
        self.rows = self._capacity = rows
        self.first_hour, self.open_hour = first, newest
        for name in self.ARRAYS:
            setattr(self, name, np.array(arrays[name], dtype=getattr(self, name).dtype))
