"""The port of the wall clock. Jobs that touch the world get one; decisions never do."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """A clock and the right to wait on it."""

    def now(self) -> datetime:
        """Return the present, aware UTC; never earlier than what it returned before (a backward step stands still)."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds for measuring durations; its zero means nothing."""
        ...

    def sleep(self, seconds: float) -> None:
        """Block for ``seconds`` (0 or more); a test's clock moves itself instead."""
        ...
