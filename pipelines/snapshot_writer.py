"""Writes the engine's snapshots while the engine goes on: one at a time, in a thread of its own.

deciding ──FrozenEngine──▶ encode, write, fsync ──hash──▶ deciding, which commits it
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime

from alerts.engine_state import FrozenEngine


@dataclass(frozen=True)
class WrittenSnapshot:
    """A file that is fsynced, and that no transaction names yet: of the engine that has taken in all before ``offset``."""

    offset: int
    digest: str
    at: datetime | None = None  # engine time


class SnapshotWriter:
    """``write`` gets an offset and the bytes of a snapshot, and returns their SHA-256 once they are durable."""

    def __init__(self, write: Callable[[int, bytes], str]) -> None:
        self._write = write
        self._writing: Future[WrittenSnapshot] | None = None

    @property
    def busy(self) -> bool:
        """Whether there is a snapshot that :meth:`written` has not handed out yet."""
        return self._writing is not None

    def begin(self, offset: int, frozen: FrozenEngine, at: datetime | None) -> None:
        """Begin to write; only when not :attr:`busy`. ``at`` is the engine's time."""
        assert self._writing is None
        writing: Future[WrittenSnapshot] = Future()
        self._writing = writing
        # A daemon: a process that ends without waiting leaves a half-written file, which the next commit removes.
        threading.Thread(target=self._run, args=(writing, offset, frozen, at), name="snapshot", daemon=True).start()

    def written(self, *, wait: bool = False) -> WrittenSnapshot | None:
        """Hand out, once, what was written; None where nothing was begun or, without ``wait``, it is not done yet.

        :raises StoreFullError: there was no room for it.
        """
        writing = self._writing
        if writing is None or not (wait or writing.done()):
            return None
        try:
            return writing.result()
        finally:
            self._writing = None

    def _run(self, writing: Future[WrittenSnapshot], offset: int, frozen: FrozenEngine, at: datetime | None) -> None:
        try:
            writing.set_result(WrittenSnapshot(offset, self._write(offset, frozen.encoded()), at))
        except BaseException as error:  # noqa: BLE001 — whatever it is, it is the deciding thread's to raise
            writing.set_exception(error)
