"""The windows of a spike bank: what its rows counted in them, what was seen of them, and what they were expected to hold.

Sums over a window run in a fixed order, so a row's numbers never depend on which other keys exist. Those of all rows are
found once and kept until an exposure under them changes.
"""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt

from alerts.detectors.spike_parameters import SpikeParameters
from alerts.detectors.spike_rows import Floats, Rows, SpikeRows

#: With more rows than this, sums are remembered of the open hour alone: those of a day would weigh a fifth of the state. What
#: is asked of a row in an hour before is then summed for that row.
MANY_ROWS = 20_000


class SpikeWindows(SpikeRows):
    """Rows whose hours are told counts and exposures, and are summed."""

    def __init__(self, parameters: SpikeParameters, first_hour: int) -> None:
        super().__init__(parameters, first_hour)
        # Σ f, Σ f·E and μ of all rows by (last hour, window), kept until an exposure under them changes. No part of the state.
        self._weights: dict[tuple[int, int], tuple[Floats, Floats, Floats]] = {}
        # By row, the one it was a copy of when it was added: what was found of that one before is true of both.
        self._like = [0]
        # Whether every row saw all of an hour, by ring: sums over such hours are spared. No part of the state.
        self._whole = np.ones(self._kept, dtype=np.bool_)

    # -- rows -------------------------------------------------------------------------------------------------------

    def add_row(self, like: int = 0) -> int:
        """Add a key, equal to row ``like``, which was stepped on zeros since the first hour; return its row."""
        self._like.append(like)
        return super().add_row(like)

    def adopt(self, other: Self) -> int:
        """Go on with the rows of ``other`` too, which stands at the same hour; return where its row 0 is here."""
        first = super().adopt(other)
        self._like.extend(range(first, self.rows))
        self.forget_weights()
        return first

    def forget_weights(self) -> None:
        """Forget what was found from exposures and levels, for they are told anew."""
        self._weights.clear()
        self._whole[:] = False

    def load(self, document: dict[str, object], arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Become what :meth:`state` described."""
        super().load(document, arrays)
        self._weights.clear()
        self._like = list(range(self.rows))
        self._whole = (self.exposure == 1.0).all(axis=1)

    # -- hours ------------------------------------------------------------------------------------------------------

    def set_count(self, row: int, hour: int, count: float) -> None:
        """Set the count of an hour that is open or not learnt yet; hours before the first are ignored."""
        newest = self.open_hour
        if self.first_hour <= hour <= newest and hour > newest - self.parameters.guard_h:
            self.counts[hour % self._kept, row] = count

    def set_exposures(self, hour: int, exposure: Floats | float, rows: Rows | None = None) -> bool:
        """Set the exposure of an hour that is not learnt yet: one number for all of ``rows``, or one for each.

        It is that of the feeds that counted in that hour. ``rows`` are all there are where none are named. Return whether
        any exposure is another than before.
        """
        if not self.first_hour <= hour <= self.open_hour or hour <= self.open_hour - self.parameters.guard_h:
            return False
        ring, columns = hour % self._kept, slice(self.rows) if rows is None else rows
        if len(self.full):
            exposure = exposure * self.full[ring, columns]
        if (self.exposure[ring, columns] == exposure).all():
            return False
        self.exposure[ring, columns] = exposure
        self._whole[ring] = bool((self.exposure[ring, : self.rows] == 1.0).all())
        self._weights = {window: sums for window, sums in self._weights.items() if window[0] < hour}
        return True

    # -- sums -------------------------------------------------------------------------------------------------------

    def _window_count(self, end: int, length: int) -> Floats:
        """Return, for all rows, Σ counts over the window that ends with ``end``."""
        count = np.zeros(self.rows)
        for hour in range(max(self.first_hour, end - length + 1), end + 1):
            count += self.counts[hour % self._kept, : self.rows]
        return count

    def _window_weights(self, end: int, length: int) -> tuple[Floats, Floats]:
        """Return, for all rows, Σ f and Σ f·E over the window that ends with ``end``, oldest hour first."""
        n = self.rows
        rings = [hour % self._kept for hour in range(max(self.first_hour, end - length + 1), end + 1)]
        weight = np.zeros(n)
        for ring in rings:
            weight += self.factors[ring, :n]
        if self._whole[rings].all():
            return weight, weight
        seen = np.zeros(n)
        for ring in rings:
            seen += self.factors[ring, :n] * self.exposure[ring, :n]
        return weight, seen

    def _in_window(self, lines: Floats, row: int, hour: int, w: int) -> Floats:
        """Return what ``lines`` have of ``row`` in a window, oldest hour first."""
        first, last = max(self.first_hour, hour - self.parameters.windows_h[w] + 1) % self._kept, hour % self._kept
        if first <= last:
            return lines[first : last + 1, row]
        return np.concatenate((lines[first:, row], lines[: last + 1, row]))

    def _hours(self, hour: int, w: int) -> Rows:
        """Return the places in the ring of a window, oldest hour first."""
        first = max(self.first_hour, hour - self.parameters.windows_h[w] + 1)
        return np.arange(first, hour + 1, dtype=np.intp) % self._kept

    def _weights_of(self, row: int, hour: int, w: int) -> tuple[float, float, float]:
        """Return Σ f, Σ f·E and the mean of a window."""
        known = self._weights.get((hour, w))
        if known is None:
            if not self._is_remembered(hour):
                return self._weights_alone(row, hour, w)
            known = self._weights_of_all(hour, w)
        weight, seen, mean = known
        if row >= len(weight):
            row = self._copied(row, len(weight))
        return weight.item(row), seen.item(row), mean.item(row)

    def _is_remembered(self, hour: int) -> bool:
        """Tell whether sums over windows that end with ``hour`` are kept for whoever asks next."""
        return hour >= self.open_hour or self.rows <= MANY_ROWS

    def _weights_alone(self, row: int, hour: int, w: int) -> tuple[float, float, float]:
        """Return for one row what :meth:`_weights_of_all` has of it, to the last bit: running sums add oldest first."""
        factors = self._in_window(self.factors, row, hour, w)
        weight = factors.cumsum(dtype=np.float64).item(-1)
        seen = (factors * self._in_window(self.exposure, row, hour, w)).cumsum(dtype=np.float64).item(-1)
        return weight, seen, self.level.item(hour % self._kept, row) * seen

    def remembered_bytes(self) -> int:
        """Return what the sums weigh that are kept beside the state."""
        arrays = {id(array): array for sums in self._weights.values() for array in sums}
        return sum(array.nbytes for array in arrays.values())

    def _copied(self, row: int, rows: int) -> int:
        """Return which of the first ``rows`` what was found when there were so many is true of, for ``row``."""
        while row >= rows:
            row = self._like[row]
        return row

    def _weights_of_all(self, hour: int, w: int) -> tuple[Floats, Floats, Floats]:
        """Return Σ f, Σ f·E and the mean of a window for all rows."""
        known = self._weights.get((hour, w))
        if known is not None and len(known[0]) == self.rows:
            return known
        if known is None:
            weight, seen = self._window_weights(hour, self.parameters.windows_h[w])
            mean = self.level[hour % self._kept, : self.rows] * seen
        else:
            found, whole = len(known[0]), known[1] is known[0]
            like = [self._copied(row, found) for row in range(found, self.rows)]
            weight, seen, mean = (np.concatenate((old, old[like])) for old in known)
            seen = weight if whole else seen
        if self._is_remembered(hour):
            self._weights[hour, w] = weight, seen, mean
        return weight, seen, mean

    def _weights_at(self, rows: Rows, hour: int, w: int) -> tuple[Floats, Floats]:
        """Return Σ f and Σ f·E of a window for ``rows``; the order of the sums is any."""
        if len(rows) > self.rows // 8:  # To pick so many costs more than to go through all, once for whoever asks next.
            weight, seen, _ = self._weights_of_all(hour, w)
            return weight[rows], seen[rows]
        window = np.ix_(self._hours(hour, w), rows)
        factors = self.factors[window]
        return factors.sum(axis=0), (factors * self.exposure[window]).sum(axis=0)

    def expected(self, row: int, hour: int, w: int) -> float:
        """Return the mean of a window."""
        known = self._weights.get((hour, w))
        if known is None:
            return self._weights_of(row, hour, w)[2]
        mean = known[2]
        return mean.item(row if row < len(mean) else self._copied(row, len(mean)))

    def expected_at_most(self, rows: Rows | np.intp, hour: int) -> Floats:
        """Return what the longest window that ends with ``hour`` is expected to hold, for each of ``rows``."""
        hours = np.arange(max(self.first_hour, hour - max(self.parameters.windows_h) + 1), hour + 1) % self._kept
        total: Floats = np.zeros(np.shape(rows))
        for ring in hours:
            total = total + self.factors[ring, rows] * self.exposure[ring, rows]
        expected: Floats = total * self.level[hour % self._kept, rows]
        return expected
