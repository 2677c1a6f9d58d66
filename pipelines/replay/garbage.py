"""Garbage is collected seldom while records go by in thousands: they make no cycles, and looking for some takes its time."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

#: New objects until the youngest are looked through, and how often each before the next older: about a day of news.
_THRESHOLDS = (50_000, 20, 20)


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
