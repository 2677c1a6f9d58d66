"""What the suite needs of each kind of log besides the port: fresh topics, an outage, another identity."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from connectors.clock import SystemClock
from connectors.log.open import open_log
from schemas.clock import Clock
from schemas.ports.log import Log

_numbers = itertools.count(1)


class LogHarness(Protocol):
    """One log under test."""

    @property
    def url(self) -> str:
        """What other processes open it by."""
        ...

    @property
    def silence_s(self) -> float:
        """How long a silent member keeps its partitions."""
        ...

    def with_patience(self, timeout_s: float) -> str:
        """The URL of the same log for a client that gives up after ``timeout_s``."""
        ...

    def outage(self) -> contextlib.AbstractContextManager[None]:
        """While inside, nothing can be appended; afterwards it can again."""
        ...

    def replace_log(self) -> None:
        """Put another log in its place, in which the groups' positions of the old one are still found."""
        ...


def open_here(harness: LogHarness, clock: Clock | None = None, *, timeout_s: float | None = None) -> Log:
    """Open the log a (further) time in this process."""
    url = harness.url if timeout_s is None else harness.with_patience(timeout_s)
    return open_log(url, clock or SystemClock())


def fresh_topic(log: Log, partitions: int = 1) -> str:
    """Make a topic nobody has used."""
    topic = f"topic-{next(_numbers)}-{uuid.uuid4().hex[:8]}"
    log.create_topic(topic, partitions)
    return topic


class SqliteHarness:
    """A log file in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "log.db"
        self.silence_s = 3.0

    @property
    def url(self) -> str:
        return self.with_patience(10)

    def with_patience(self, timeout_s: float) -> str:
        return f"sqlite:///{self.path}?timeout_s={timeout_s:g}&lease_s={self.silence_s:g}"

    @contextlib.contextmanager
    def outage(self) -> Iterator[None]:
        """Another program holds the write lock."""
        holder = sqlite3.connect(self.path, isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            holder.close()

    def replace_log(self) -> None:
        """As after restoring positions beside a log that was made anew."""
        with contextlib.closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute("UPDATE identity SET log_id = ?", (uuid.uuid4().hex,))
