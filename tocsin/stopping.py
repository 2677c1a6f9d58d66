"""How a process hears that it is to stop: by signal, or by the end of the supervisor that started it."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

logger = logging.getLogger(__name__)

#: A job whose supervisor died has so long to stop; what it was doing is safe to cut off, only slower to take up again.
ALONE_S = 8.0


def stop_with_parent(stop: Callable[[], None], *, alone_s: float = ALONE_S) -> None:
    """In a job: call ``stop`` when the supervisor's end of the pipe on standard input closes, however the supervisor died;
    end the process where it has not stopped ``alone_s`` later, since nobody is left to do it."""

    def watch() -> None:
        try:
            os.read(sys.stdin.fileno(), 1)
        except OSError:
            logger.debug("standard input is closed")
        stop()
        time.sleep(alone_s)
        logger.error("the supervisor is gone and the job did not stop in %.0f s: it is cut off", alone_s)
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def stop_on_signals(stop: Callable[[], None]) -> None:
    """Call ``stop`` on SIGTERM and SIGINT."""

    def handle(_signal: int, _frame: FrameType | None) -> None:
        stop()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
