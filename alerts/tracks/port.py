"""The port between a rule and one of its detectors: keys in, articles in and out, hours closed, verdicts out.

A track belongs to one detector of one rule and holds all its keys. Laws: a verdict depends on the set of articles and
on exposures alone, never on the order they came in; a new key equals one that saw nothing since the rule's start.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from alerts.cards import Card
from alerts.lifecycle import Verdict
from alerts.rules.model import SourcesPart
from schemas.alert_event import Counts


class Exposure(Protocol):
    """The world's view of one hour, as a track needs it."""

    def shortfalls(self, hour: int) -> dict[str, float]:
        """Return the exposure of each counting feed seen less than wholly in ``hour`` (0 ≤ e < 1), by sorted feed id."""
        ...

    def counting(self) -> Sequence[str]:
        """Return the feeds whose articles count."""
        ...

    def exposure(self, feed_id: str, hour: int) -> float:
        """Return the share of ``hour`` in which ``feed_id`` could be seen, 0 to 1."""
        ...

    def source_id(self, feed_id: str) -> str:
        """Return the id of the source of a feed that some Coverage named."""
        ...

    def publishers_covered(self, since_hour: int, whose: tuple[SourcesPart, ...]) -> int:
        """Return how many publishers that every part of ``whose`` admits answered since ``since_hour``."""
        ...


class Track(Protocol):
    """One detector of one rule over all its keys. Hours are as in :func:`schemas.ids.hour_of`."""

    @property
    def memory_hours(self) -> int:
        """Hours an article is needed after its own."""
        ...

    def start(self, first_hour: int, open_hour: int, exposure: Exposure) -> None:
        """Begin at ``first_hour`` with what was inserted so far and close every hour before ``open_hour``."""
        ...

    def insert(self, key: str, card: Card, *, in_part: bool) -> None:
        """Count ``card`` for ``key``; an article already counted is replaced. ``in_part``: it is what a shift looks for."""
        ...

    def remove(self, key: str, card: Card) -> None:
        """Stop counting ``card`` for ``key``; unknown ones change nothing."""
        ...

    def close_hour(self, hour: int, exposure: Exposure) -> None:
        """Take note that ``hour`` ended; the next one is open. Hour - 24 is learnt and frozen."""
        ...

    def exposures_changed(self, hours: Iterable[int], exposure: Exposure) -> None:
        """Take in other exposures of closed hours that are not learnt yet."""
        ...

    def verdict(self, key: str, hour: int) -> Verdict:
        """Return the verdict over the window that ends with ``hour`` (the open hour, or one of the 24 before)."""
        ...

    def verdicts(self, key: str, first_hour: int, last_hour: int) -> list[Verdict]:
        """Return, in order of hours, the verdicts that crossed among windows ending in ``first_hour..last_hour``."""
        ...

    def alive(self, hour: int) -> list[str]:
        """Return the keys, sorted, that could cross in a window ending with ``hour``."""
        ...

    def is_alive(self, key: str, hour: int) -> bool:
        """Tell whether ``key`` is one of :meth:`alive`."""
        ...

    def may_have_crossed(self) -> set[str]:
        """Return every key of which :meth:`verdicts` of the open hour and the 24 before may be other than empty."""
        ...

    def keys(self) -> int:
        """Return how many keys there are."""
        ...

    def counted(self, key: str, first_hour: int, last_hour: int) -> list[tuple[str, str]]:
        """Return (article_id, story) of the articles counted in those hours, in (event_time, article_id) order."""
        ...

    def counts(self, key: str, first_hour: int, last_hour: int) -> Counts:
        """Return stories, publishers and articles counted in those hours."""
        ...

    def countries(self, key: str, first_hour: int, last_hour: int) -> frozenset[str]:
        """Return the countries of the publishers counted in those hours."""
        ...

    def state(self) -> tuple[dict[str, object], dict[str, npt.NDArray[np.generic]]]:
        """Return a JSON document and arrays from which :meth:`load` goes on exactly."""
        ...

    def load(self, document: dict[str, object], arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Become what :meth:`state` described."""
        ...
