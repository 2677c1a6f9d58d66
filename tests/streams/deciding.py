"""The real decider over invented streams: a log and a store in a folder, jobs that are run to the end or die on the way."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

from connectors.clock import ManualClock
from connectors.log.open import open_log
from connectors.store.address import parse_address
from connectors.store.database import Database
from connectors.store.open import open_store
from connectors.store.sql_store import SqlStore
from pipelines.decide import DecideJob, DecideSettings
from schemas.alert_event import Decision, Provenance
from schemas.coverage import Coverage
from schemas.ports.log import Entry, Log
from schemas.ports.store import DeciderHead, Store, StoredEvent
from schemas.signal import Signal
from schemas.topics import DEAD_LETTERS, SIGNALS
from schemas.wire import SignalsRecord, encode
from tests.streams.world import START


class KilledError(Exception):
    """The process ended here: whoever catches it goes on with new objects only."""


class DyingStore(SqlStore):
    """The real store, in a process that dies around its ``commits``-th commit: just before it, or just after."""

    def __init__(self, url: str, commits: int, *, after: bool) -> None:
        super().__init__(Database(parse_address(url)))
        self._left = commits
        self._after = after

    def commit_decisions(
        self,
        *,
        expected: DeciderHead | None,
        head: DeciderHead,
        decisions: Sequence[tuple[Decision, Provenance]],
        notify: bool = True,
    ) -> None:
        """Commit, or die."""
        self._left -= 1
        if self._left == 0 and not self._after:
            raise KilledError
        super().commit_decisions(expected=expected, head=head, decisions=decisions, notify=notify)
        if self._left == 0:
            raise KilledError


@dataclass(frozen=True)
class Desk:
    """A folder with a log, a store and snapshots."""

    folder: Path

    @property
    def log_url(self) -> str:
        """Return the URL of the log."""
        return f"sqlite:///{self.folder / 'log.db'}"

    @property
    def store_url(self) -> str:
        """Return the URL of the store."""
        return f"sqlite:///{self.folder / 'store.db'}"

    @property
    def snapshots(self) -> Path:
        """Return the folder of the snapshots."""
        return self.folder / "snapshots"

    @contextmanager
    def log(self) -> Iterator[Log]:
        """Open the log with its topics."""
        with open_log(self.log_url, ManualClock(START + timedelta(days=60))) as log:
            log.create_topic(SIGNALS, 1)
            log.create_topic(DEAD_LETTERS, 1)
            yield log

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Open the store."""
        store = open_store(self.store_url)
        try:
            yield store
        finally:
            store.close()

    @contextmanager
    def opened(self) -> Iterator[tuple[Log, Store]]:
        """Open both."""
        with self.log() as log, self.store() as store:
            yield log, store

    def make_store(self) -> None:
        """Make an empty store; a copy is faster than migrating for every example."""
        (self.folder / "store.db").write_bytes(_empty_store())

    def append(self, stream: Sequence[SignalsRecord | bytes]) -> None:
        """Append ``stream`` to the log; bytes go in as they are."""
        entries = [Entry(0, record if isinstance(record, bytes) else encode(record)) for record in stream]
        with self.log() as log:
            log.append(SIGNALS, entries)

    def job(
        self,
        log: Log,
        store: Store,
        *,
        batch: int = 200,
        snapshot_every: int = 20_000,
        host: str = "h",
        aside: bool = False,
    ) -> DecideJob:
        """Return a decider that has not recovered yet."""
        settings = DecideSettings(
            snapshots=self.snapshots,
            host=host,
            batch_records=batch,
            snapshot_every_records=snapshot_every,
            snapshots_aside=aside,
        )
        return DecideJob(log, store, ManualClock(START), settings)

    def decide(self, *, batch: int = 200, snapshot_every: int = 20_000, records: int | None = None) -> int:
        """Recover and decide to the end of the log, or at least ``records``; return the records stepped again."""
        with self.opened() as (log, store):
            job = self.job(log, store, batch=batch, snapshot_every=snapshot_every)
            again = job.recover()
            done = 0
            while records is None or done < records:
                count = job.step()
                if not count:
                    break
                done += count
            return again

    def life(self, *, commits: int, after: bool, batch: int, snapshot_every: int, aside: bool = False) -> bool:
        """Decide until the process dies around its ``commits``-th commit; return False when the log ended before.

        Snapshots that are written ``aside`` are committed when they are durable, which is never the same moment.
        """
        store = DyingStore(self.store_url, commits, after=after)
        try:
            with self.log() as log:
                job = self.job(log, store, batch=batch, snapshot_every=snapshot_every, aside=aside)
                job.recover()
                while job.step():
                    pass
        except KilledError:
            return True
        finally:
            store.close()
        return False

    def ledger(self) -> list[StoredEvent]:
        """Return the rows of the ledger."""
        with self.store() as store:
            return list(store.stored_events())

    def heads(self) -> Mapping[str, object]:
        """Return the heads of the chains."""
        with self.store() as store:
            return store.chain_heads()


@lru_cache
def _empty_store() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        open_store(f"sqlite:///{path}").close()
        return path.read_bytes()


def desk_in(folder: Path, stream: Sequence[SignalsRecord | bytes]) -> Desk:
    """Return a desk in ``folder`` with an empty store and ``stream`` in its log."""
    desk = Desk(folder)
    desk.make_store()
    desk.append(stream)
    return desk


def with_duplicates(stream: Sequence[SignalsRecord], seed: int, share: float) -> list[SignalsRecord]:
    """Return ``stream`` with some signals and coverage a second time: at once, or up to two days of records later."""
    r = random.Random(seed)
    placed: list[tuple[float, SignalsRecord]] = []
    for place, record in enumerate(stream):
        placed.append((place, record))
        if isinstance(record, Signal | Coverage) and r.random() < share:
            placed.extend((place + r.choice((0.5, r.uniform(1, 120))), record) for _ in range(r.randint(1, 2)))
    return [record for _, record in sorted(placed, key=lambda pair: pair[0])]
