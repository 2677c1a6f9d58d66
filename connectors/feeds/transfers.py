"""Bounds how long transfers last and how long they stay silent: one look at all of them now and then, no timer for each.

Every limit is kept: a transfer is never ended before its time, and one look (a second at most) after it.
"""

from __future__ import annotations

import asyncio
import math
from types import TracebackType
from typing import Self

#: Each limit lasts at least so many looks: a short one, as in tests, is looked after more often.
_LOOKS_PER_LIMIT = 8


class TransferWatch:
    """Ends transfers that take ``total_s``, are silent for ``silence_s``, or have no answer ``silence_s`` after the
    ``connect_s`` that a connection may take. An instance belongs to one event loop; it looks while there are transfers."""

    def __init__(self, *, total_s: float, silence_s: float, connect_s: float) -> None:
        self._look_s = min(1.0, total_s / _LOOKS_PER_LIMIT, silence_s / _LOOKS_PER_LIMIT)
        self.longest = math.ceil(total_s / self._look_s)
        self._silence = math.ceil(silence_s / self._look_s)
        self.connecting = math.ceil(connect_s / self._look_s)
        self.looks = 0  # the time, as far as it matters here
        self.under_way: set[Transfer] = set()
        self._timer: asyncio.TimerHandle | None = None

    def transfer(self) -> Transfer:
        """Return a transfer, to be entered by the task it is part of."""
        return Transfer(self)

    def begin(self, transfer: Transfer) -> None:
        """Watch ``transfer``."""
        self.under_way.add(transfer)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._look_s, self.look)

    def look(self) -> None:
        """Look at all transfers; done by itself as long as there are any."""
        self.looks += 1
        for transfer in self.under_way:
            silent = self.looks - transfer.heard_at > self._silence
            if (silent or self.looks - transfer.began_at > self.longest) and transfer.paused_at is None:
                transfer.end()
        self._timer = asyncio.get_running_loop().call_later(self._look_s, self.look) if self.under_way else None


class Transfer:
    """One request with the redirects it is led through, watched from when it is entered until it is left. Times are counted
    in looks of its watch.

    :raises TimeoutError: when it is left, where the watch has ended it.
    """

    __slots__ = ("_cancelling", "_ended", "_task", "_watch", "began_at", "heard_at", "paused_at")

    def __init__(self, watch: TransferWatch) -> None:
        self._watch = watch
        self._ended = False
        self.paused_at: int | None = None

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self.began_at = self._watch.looks
        self.asks()
        self._watch.begin(self)
        return self

    def asks(self) -> None:
        """Take in that a request begins; :raises TimeoutError: there is no time left for it."""
        looks = self._watch.looks
        if looks - self.began_at > self._watch.longest:
            raise TimeoutError
        self.heard_at = looks + self._watch.connecting

    def hears(self) -> None:
        """Take in that something has arrived."""
        self.heard_at = self._watch.looks

    def pause(self) -> None:
        """Take in that nothing is asked now: something else is waited for, which has limits of its own."""
        self.paused_at = self._watch.looks

    def resume(self) -> None:
        """Take in that the wait is over; it does not count."""
        if self.paused_at is not None:
            self.began_at += self._watch.looks - self.paused_at
            self.paused_at = None

    def end(self) -> None:
        """Cancel what the task waits for; once."""
        if not self._ended:
            self._ended = True
            self._cancelling = self._task.cancelling()
            self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watch.under_way.discard(self)
        # As in asyncio.timeout: where somebody else has cancelled the task too, it stays cancelled.
        if self._ended and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error
