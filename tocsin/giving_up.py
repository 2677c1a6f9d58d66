"""Why a job says that going on is useless, from its process to the supervisor's. It needs no disk: that may be full."""

from __future__ import annotations

import logging
import os
from types import TracebackType
from typing import Self

logger = logging.getLogger(__name__)

#: A pipe takes so much whole, or nothing of it.
_REASON_BYTES = 2000


class Reasons:
    """A pipe through which jobs say why going on is useless: ``descriptor`` is inherited by them. It needs no disk."""

    def __init__(self) -> None:
        self._read, self.descriptor = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self.descriptor, False)

    def first(self) -> str:
        """Return what was said first; empty where nothing was."""
        try:
            said = os.read(self._read, 2 * _REASON_BYTES)
        except BlockingIOError:
            return ""
        return said.partition(b"\0")[0].decode(errors="replace")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._read)
        os.close(self.descriptor)


def say_why(descriptor: int | None, reason: str) -> None:
    """Say ``reason`` through the pipe of :class:`Reasons`; without one, or where it is full or closed, nobody hears it."""
    if descriptor is None:
        return
    try:
        os.write(descriptor, reason.encode()[:_REASON_BYTES] + b"\0")
    except OSError as error:
        logger.debug("why it ended could not be said: %s", error)
