"""What a detector's windows scored over invented news, and the alerts that open on it at any bar.

A cell is a window that is warm (its key cannot resolve): hour, key, score; the score is 0 where the floors are not reached.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]
Hours = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Sorted:
    """Cells by key and hour; ``ends`` is the last warm hour of the episode a cell belongs to."""

    keys: Rows
    hours: Hours
    scores: Floats
    ends: Hours


@dataclass
class Crossings:
    """The cells of all keys, added hour by hour; an alert resolves ``resolve_h`` after the last, then rests."""

    resolve_h: int = 12
    cooldown_h: int = 24
    _keys: list[Rows] = field(default_factory=list)
    _hours: list[Hours] = field(default_factory=list)
    _scores: list[Floats] = field(default_factory=list)

    def add(self, hour: int, keys: Rows, scores: Floats) -> None:
        """Take note of the warm windows that end with ``hour``, later than all before."""
        self._keys.append(keys)
        self._hours.append(np.full(len(keys), hour, dtype=np.int64))
        self._scores.append(scores)

    @cached_property
    def _cells(self) -> _Sorted:
        keys = np.concatenate([np.zeros(0, dtype=np.intp), *self._keys])
        hours = np.concatenate([np.zeros(0, dtype=np.int64), *self._hours])
        scores = np.concatenate([np.zeros(0), *self._scores])
        order = np.argsort(keys, kind="stable")  # hours were added in order
        keys, hours, scores = keys[order], hours[order], scores[order]
        begins = np.ones(len(keys), dtype=bool)
        begins[1:] = (keys[1:] != keys[:-1]) | (hours[1:] - hours[:-1] > self.resolve_h)
        last = np.append(np.flatnonzero(begins)[1:] - 1, len(keys) - 1)
        return _Sorted(keys, hours, scores, hours[last][np.cumsum(begins) - 1] if len(keys) else hours)

    def scores(self) -> Floats:
        """Return the scores of all windows that reach their floors."""
        return self._cells.scores[self._cells.scores > 0.0]

    def alarms(self, bar: float | Floats) -> list[tuple[int, int]]:
        """Return (key, hour) of every alert that opens at a score of ``bar`` > 0, by key and hour.

        An array of bars has one for each hour.
        """
        cells = self._cells
        (crossed,) = np.nonzero(cells.scores >= (bar[cells.hours] if isinstance(bar, np.ndarray) else bar))
        opened: list[tuple[int, int]] = []
        before, rests_until = -1, -1
        for key, hour, end in zip(
            cells.keys[crossed].tolist(), cells.hours[crossed].tolist(), cells.ends[crossed].tolist(), strict=True
        ):
            if key == before and hour <= rests_until:
                continue
            opened.append((key, hour))
            before, rests_until = key, end + self.resolve_h + self.cooldown_h
        return opened
