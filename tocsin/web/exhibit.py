"""A watch that is over on purpose, such as a demonstration: what its pages say of it, and the clock they go by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from schemas.clock import Clock


@dataclass(frozen=True)
class Exhibit:
    """``title`` and ``words`` tell visitors what they see; ``ended_at`` is when its clock stopped."""

    title: str
    words: str
    ended_at: datetime


def demonstration(ended_at: datetime) -> Exhibit:
    """Return what is said of the folder of `tocsin demo` whose clock stopped at ``ended_at``."""
    return Exhibit(
        title="A demonstration.",
        words="Invented outlets told public facts in words of our own, with made-up local news around them; the jobs that"
        " read them were real, and have stopped.",
        ended_at=ended_at,
    )


class StoppedClock:
    """Shows the same moment for ever; measures and waits like ``running``."""

    def __init__(self, moment: datetime, running: Clock) -> None:
        self._moment = moment
        self._running = running

    def now(self) -> datetime:
        """Return the moment at which it stopped."""
        return self._moment

    def monotonic_s(self) -> float:
        """Return seconds for measuring durations."""
        return self._running.monotonic_s()

    def sleep(self, seconds: float) -> None:
        """Block for ``seconds``."""
        self._running.sleep(seconds)
