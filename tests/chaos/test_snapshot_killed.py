"""SIGKILL while a snapshot is written aside, wherever it is: the decider after it writes the ledger of one that never died."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any  # Arguments that are handed on.

import pytest

import pipelines.decide
import pipelines.snapshots
from connectors.clock import SystemClock
from connectors.log.open import open_log
from connectors.store.open import open_store
from pipelines.decide import DecideJob, DecideSettings
from schemas.ports.log import Entry
from schemas.topics import SIGNALS
from schemas.wire import encode
from tests.chaos.deciding import KILLED, Place
from tests.chaos.test_decider_killed import assert_as_if_nothing_had_happened, decide_to_the_end
from tests.streams.world import invented_stream

_EVERY = 60

#: Which of the snapshots the process dies in: the first, before which there is none, and one after it.
_SNAPSHOTS = (1, 3)

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__])


def die() -> None:
    """Be killed, by nobody's leave, in the midst of whatever the other threads do."""
    os.kill(os.getpid(), signal.SIGKILL)


def nth(times: int, call: Callable[..., Any], *, before: bool) -> Callable[..., Any]:
    """Return ``call``, during whose ``times``-th use the process dies: before it does anything, or after it has."""
    left = [times]

    def wrapped(*arguments: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] == 0 and before:
            die()
        result = call(*arguments, **named)
        if left[0] == 0:
            die()
        return result

    return wrapped


@contextmanager
def half_written(path: Path, *arguments: Any, **named: Any) -> Iterator[Any]:
    """Open a file as ever; of what is written into it only the first half arrives, and the process with the rest is gone."""
    with open(path, *arguments, **named) as file:
        write = file.write

        class Half:
            def __getattr__(self, name: str) -> Any:
                return getattr(file, name)

            def write(self, state: bytes) -> None:
                write(state[: len(state) // 2])
                file.flush()
                die()

        yield Half()


def _in_half(snapshot: int) -> None:
    opened = [0]
    before = Path.open

    def opening(path: Path, *arguments: Any, **named: Any) -> Any:
        if path.suffix != ".tmp":
            return before(path, *arguments, **named)
        opened[0] += 1
        return half_written(path, *arguments, **named) if opened[0] == snapshot else before(path, *arguments, **named)

    Path.open = opening  # type: ignore[assignment,method-assign]


def _in_sync(snapshot: int, *, of_folder: bool, before: bool) -> None:
    """A snapshot has two: of the file, and, once it has its name, of the folder."""
    times = 2 * (snapshot - 1) + (2 if of_folder else 1)
    pipelines.snapshots.os.fsync = nth(times, os.fsync, before=before)  # type: ignore[attr-defined]


def _after_all(snapshot: int) -> None:
    written = nth(snapshot, pipelines.snapshots.write_snapshot, before=False)
    pipelines.decide.write_snapshot = written  # type: ignore[attr-defined]


def _committed(snapshot: int) -> None:
    """Its hash is in the store; the files of before are not removed yet."""
    removed = nth(snapshot, pipelines.snapshots.remove_old_snapshots, before=True)
    pipelines.decide.remove_old_snapshots = removed  # type: ignore[attr-defined]


POINTS: dict[str, Callable[[int], None]] = {
    "in the midst of its bytes": _in_half,
    "before they are durable": lambda n: _in_sync(n, of_folder=False, before=True),
    "before it has its name": lambda n: _in_sync(n, of_folder=False, before=False),
    "before its name is durable": lambda n: _in_sync(n, of_folder=True, before=True),
    "before it is committed": _after_all,
    "before the old ones are removed": _committed,
}


def decide(place: Place, point: str, snapshot: int) -> None:
    """Decide with snapshots written aside, until death comes; the log is long enough for many."""
    POINTS[point](snapshot)
    store = open_store(place.store_url, migrate=False)
    with open_log(place.log_url, SystemClock()) as log:
        settings = DecideSettings(
            snapshots=place.snapshots, batch_records=4, snapshot_every_records=_EVERY, snapshots_aside=True
        )
        job = DecideJob(log, store, SystemClock(), settings)
        job.recover()
        while job.step():
            pass
        job.take_snapshot()


@pytest.mark.parametrize("snapshot", _SNAPSHOTS)
@pytest.mark.parametrize("point", POINTS)
def test_the_decider_after_it_goes_on_as_if_nothing_had_happened(tmp_path: Path, point: str, snapshot: int) -> None:
    place = Place(f"sqlite:///{tmp_path}/log.db", f"sqlite:///{tmp_path}/store.db", tmp_path / "a", seed=1, days=7)
    place.make()
    with open_log(place.log_url, SystemClock()) as log:
        log.append(SIGNALS, [Entry(0, encode(record)) for record in invented_stream(place.seed, place.days)])
        end = log.end_offset(SIGNALS, 0)
    process = _processes.Process(target=decide, args=(place, point, snapshot), daemon=True)
    process.start()
    process.join(300)
    assert process.exitcode == KILLED
    store = open_store(place.store_url)
    head = store.decider_head()
    store.close()
    assert head is not None
    assert 0 < head.next_offset <= end
    committed = snapshot if point == "before the old ones are removed" else snapshot - 1
    assert bool(head.snapshot_hash) == (committed > 0)
    decide_to_the_end(place)
    assert_as_if_nothing_had_happened(place, f"sqlite:///{tmp_path}/unkilled.db", tmp_path / "b")
    again = DecideSettings(snapshots=place.snapshots)
    store = open_store(place.store_url)
    with open_log(place.log_url, SystemClock()) as log:
        job = DecideJob(log, store, SystemClock(), again)
        job.recover()
        job.take_snapshot()
    store.close()
    assert not list(place.snapshots.glob("*.tmp")), "what was half written is removed"
