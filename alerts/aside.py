"""New rules on their way through the history, beside the engine that decides, until they can join it.

    history ──record by record──▶ a muted engine of the new rules alone ──▶ their states, their cards

Whether that happens at once, where the rules take force, or bit by bit before, the states are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING

from schemas.control import SkipRange
from schemas.coverage import Coverage
from schemas.signal import Signal
from schemas.wire import SignalsRecord

if TYPE_CHECKING:
    from alerts.engine import Engine
    from alerts.rules.model import Rule

#: How many records a new rule may fail on while it is warmed, before its activation fails.
MOST_PASSED_OVER_ASIDE = 10


class Aside:
    """``rules`` after the records they were given. What fails under them alone is left out for them alone.

    ``left_out``: offsets that count for nothing anywhere. ``reached``: every record of the history before it was given;
    whoever gives them says so.
    """

    def __init__(
        self, make: Callable[[tuple[Rule, ...]], Engine], rules: Iterable[Rule], left_out: Iterable[int]
    ) -> None:
        self.rules = tuple(rules)
        self.left_out = set(left_out)
        self.reached = 0
        self._make = make
        self._failed: set[int] = set()
        self._begin()

    def _begin(self) -> None:
        self.engine = self._make(self.rules)
        self._first: int | None = None
        self._missed: set[int] = set()  # those of left_out that lay on the way

    def take(self, offset: int, record: SignalsRecord) -> bool:
        """Take in the next record of the history; False: it cannot be, begin again with the first, this one is left out.

        :raises Exception: it is one too many that the rules fail on.
        """
        if self._first is None:
            self._first = offset
        if offset in self.left_out:
            self._missed.add(offset)
            return True
        if offset in self._failed or not isinstance(record, Signal | Coverage | SkipRange):
            return True
        try:
            self.engine.step(offset, record)
        except (MemoryError, RecursionError):
            raise
        except Exception:  # Whatever it is, it must cost this record alone.
            self._failed.add(offset)
            if len(self._failed) > MOST_PASSED_OVER_ASIDE:
                raise
            self._begin()
            return False
        return True

    def take_all(self, history: Callable[[], Iterable[tuple[int, SignalsRecord]]]) -> None:
        """Take in the whole history; :raises Exception: as :meth:`take`."""
        while not all(self.take(offset, record) for offset, record in history()):
            pass

    def equals(self, rules: Iterable[Rule], passed_over: Collection[int], offset: int) -> bool:
        """Tell whether this is what ``rules`` would be after the history before ``offset`` without ``passed_over``."""
        on_the_way = {one for one in passed_over if self._first is not None and one >= self._first}
        return self.rules == tuple(rules) and self.reached == offset and self._missed == on_the_way
