"""How long one call on the log may wait: its time-out, or a moment more once its job is to stop."""

from __future__ import annotations

import time
from collections.abc import Callable

#: What a call still waits once its job is to stop: a log that works answers in less.
_LAST_WAIT_S = 2.0
#: How often a call that waits looks whether its job is to stop.
SLICE_S = 0.25


class Patience:
    """Begins with the call. ``timeout_s`` is its time-out; ``stopping`` tells whether its job is to stop."""

    def __init__(
        self, timeout_s: float, stopping: Callable[[], bool], *, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._monotonic_s = monotonic_s
        self._until_s = monotonic_s() + timeout_s
        self._stopping = stopping
        self._cut = False

    @property
    def left_s(self) -> float:
        """Return how many seconds the call may still wait, 0 at least."""
        now_s = self._monotonic_s()
        if not self._cut and self._stopping():
            self._cut = True
            self._until_s = min(self._until_s, now_s + _LAST_WAIT_S)
        return max(0.0, self._until_s - now_s)

    @property
    def slice_s(self) -> float:
        """Return how long to wait before looking again."""
        return min(SLICE_S, self.left_s)
