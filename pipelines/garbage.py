"""Python's collector where records or polls go by in thousands: they make no cycles, and looking for some takes its time.

What drops to no reference is freed at once without it; it is there for what holds itself, of which there is next to nothing.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

#: New objects until the youngest are looked through, and how often each before the next older: about a day of news.
_THRESHOLDS = (50_000, 20, 20)

#: Records between two looks at everything, a tenth to a fifth of a second each: weeks of news.
TIDY_RECORDS = 50_000


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Within the block the collector rests between days of news. What is there already is not looked through at all."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


class Tidying:
    """Within :func:`seldom_collected`: what holds itself goes after ``every`` records, however long it stood before."""

    def __init__(self, every: int = TIDY_RECORDS) -> None:
        self._every = self._left = every

    def took(self, records: int) -> None:
        """Take note that so many records more went by."""
        self._left -= records
        if self._left <= 0:
            self._left = self._every
            gc.unfreeze()
            gc.collect()
            gc.freeze()
