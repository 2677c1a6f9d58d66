"""What the processes of these tests do: one decides until it is killed, one appends a stream and stays a little ahead.

They are real processes. Each is forked from a server that has the imports done, so that a life costs milliseconds.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import NamedTuple

from connectors.clock import SystemClock
from connectors.log.open import open_log
from connectors.store.open import open_store
from pipelines.decide import DecideJob, DecideSettings
from schemas.errors import AnotherDeciderError
from schemas.ports.log import Entry
from schemas.ports.store import Store
from schemas.topics import DEAD_LETTERS, SIGNALS
from schemas.wire import encode
from tests.streams.world import invented_stream

#: Records the appender is ahead of the decider at most, so that both work at the same time to the end.
_AHEAD = 60
_GROUP = 7

#: The exit code of a process that SIGKILL ended, and of a decider that met another one.
KILLED = -signal.SIGKILL
LEFT = 3

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__])


@dataclass(frozen=True)
class Place:
    """Where log, store and snapshots are, and which stream the log is filled with."""

    log_url: str
    store_url: str
    snapshots: Path
    seed: int
    days: int

    def make(self) -> None:
        """Make the topics and the tables."""
        open_store(self.store_url).close()
        with open_log(self.log_url, SystemClock()) as log:
            log.create_topic(SIGNALS, 1)
            log.create_topic(DEAD_LETTERS, 1)


class Heard(NamedTuple):
    """What a decider says: after recovery and after each commit, the offset it stands at."""

    decided: bool
    offset: int


def decide(place: Place, told: Connection, most: int | None) -> None:
    """Recover, then decide in small batches, ``most`` at most, and wait; leave when another decider is at work."""
    store = open_store(place.store_url, migrate=False)
    with open_log(place.log_url, SystemClock()) as log:
        settings = DecideSettings(snapshots=place.snapshots, batch_records=4, snapshot_every_records=24)
        job = DecideJob(log, store, SystemClock(), settings)
        job.recover()
        told.send(Heard(False, job.offset))
        commits = 0
        while most is None or commits < most:
            try:
                decided = job.step(0.2)
            except AnotherDeciderError:
                sys.exit(LEFT)
            if decided:
                commits += 1
                told.send(Heard(True, job.offset))
        while True:
            signal.pause()


def append(place: Place, rest: Event) -> None:
    """Append the whole stream, never far ahead of the decider; the last of it once ``rest`` is set."""
    records = [Entry(0, encode(record)) for record in invented_stream(place.seed, place.days)]
    store = open_store(place.store_url, migrate=False)
    with open_log(place.log_url, SystemClock()) as log:
        for first in range(0, len(records), _GROUP):
            if first >= len(records) - _AHEAD:
                rest.wait()
            last = log.append(SIGNALS, records[first : first + _GROUP])[-1]
            while last - _decided_up_to(store) > _AHEAD:
                time.sleep(0.002)
    store.close()


def _decided_up_to(store: Store) -> int:
    head = store.decider_head()
    return head.next_offset if head is not None else 0


class Life:
    """A decider in a process of its own, which commits ``most`` times at most: whoever is to kill it may be slow."""

    def __init__(self, place: Place, most: int | None = None) -> None:
        self._ear, told = _processes.Pipe(duplex=False)
        self._process = _processes.Process(target=decide, args=(place, told, most), daemon=True)
        self._process.start()
        told.close()
        self.heard: list[Heard] = []

    def listen(self, commits: int, timeout_s: float = 120.0) -> None:
        """Wait until it has told of so many commits."""
        deadline_s = time.monotonic() + timeout_s
        while self.decided < commits:
            assert self._ear.poll(max(0.0, deadline_s - time.monotonic())), f"nothing more after {self.heard[-3:]}"
            self.heard.append(self._ear.recv())

    def listen_recovered(self) -> None:
        """Wait until it has told that it begins to decide."""
        assert self._ear.poll(120.0), "it does not recover"
        self.heard.append(self._ear.recv())

    def linger(self, seconds: float) -> None:
        """Let it go on for ``seconds``, or until it says the next thing."""
        self._ear.poll(seconds)

    def kill(self) -> int:
        """SIGKILL; return the exit code, and keep hearing what was said before."""
        self._process.kill()
        self._process.join()
        try:
            while self._ear.poll():
                self.heard.append(self._ear.recv())
        except EOFError:
            pass  # All was heard.
        self._ear.close()
        assert self._process.exitcode is not None
        return self._process.exitcode

    def leaves(self, timeout_s: float) -> bool:
        """Wait up to ``timeout_s`` for its own end; tell whether it left because of another decider."""
        self._process.join(timeout_s)
        return self._process.exitcode == LEFT

    @property
    def decided(self) -> int:
        """How many commits it told of."""
        return sum(heard.decided for heard in self.heard)


class Appender:
    """The appender in a process of its own. It comes to its end only once it is let."""

    def __init__(self, place: Place) -> None:
        self._rest = _processes.Event()
        self._process = _processes.Process(target=append, args=(place, self._rest), daemon=True)
        self._process.start()

    def let_end(self) -> None:
        """Let it append the last of the stream."""
        self._rest.set()

    def works(self) -> bool:
        """Whether there is still something to append."""
        return self._process.exitcode is None

    def finish(self, timeout_s: float = 120.0) -> None:
        """Wait for its end."""
        self._process.join(timeout_s)
        assert self._process.exitcode == 0

    def stop(self) -> None:
        """End it, wherever it is."""
        self._process.kill()
        self._process.join()
