"""The only module that reads the wall clock; jobs get the clock passed in, decisions never see it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    """The machine's clock. A backward step stands still until time has caught up."""

    def __init__(self) -> None:
        self._latest = datetime.now(UTC)

    def now(self) -> datetime:
        """Return the present, never earlier than before."""
        self._latest = max(self._latest, datetime.now(UTC))
        return self._latest

    def monotonic_s(self) -> float:
        """Return seconds since an arbitrary start."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Block for ``seconds``."""
        time.sleep(max(0.0, seconds))


class ManualClock:
    """A clock that moves only when told: for tests and for the demo, where it jumps to the next item or hour."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the time it was set to."""
        return self._now

    def monotonic_s(self) -> float:
        """Return seconds since 1970 of the set time."""
        return self._now.timestamp()

    def sleep(self, seconds: float) -> None:
        """Move ahead by ``seconds``."""
        self._now += timedelta(seconds=max(0.0, seconds))

    def advance_to(self, moment: datetime) -> None:
        """Move to ``moment``; a moment in the past stands still."""
        self._now = max(self._now, moment)
