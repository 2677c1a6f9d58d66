"""Several extract jobs as real processes in one consumer group, killed with SIGKILL; on both kinds of log."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.clock import SystemClock
from connectors.store.open import open_store
from pipelines.extract import ExtractJob, ExtractSettings
from schemas.control import ExtractorChanged
from schemas.ports.log import Log
from schemas.ports.store import Store
from schemas.topics import ARTICLES
from tests.pipeline.extract.stream import article, assert_coverage_law, fill, make_topics, on_signals, signals_of

_ROOT = Path(__file__).resolve().parents[3]


class Process:
    """A worker and the lines it has said."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "tests.pipeline.extract.worker", *arguments]
        self.process = subprocess.Popen(
            command, cwd=_ROOT, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": "."}
        )
        self.said: list[dict[str, object]] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with contextlib.suppress(ValueError):  # The last line of a killed process may be torn.
                self.said.append(json.loads(line))

    def holds(self, count: int) -> bool:
        """Whether it now holds ``count`` partitions."""
        held = self.said[-1]["held"] if self.said else []
        assert isinstance(held, list)
        return len(held) == count

    def extracted(self) -> bool:
        """Whether it has had a batch."""
        return any(line["records"] for line in self.said)


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    yield opened
    opened.close()


@pytest.fixture
def start(log_url: str, store_url: str, store: Store) -> Iterator[Callable[..., Process]]:
    """A starter of workers; whatever still runs at the end is killed."""
    started: list[Process] = []

    def starter(*arguments: str) -> Process:
        started.append(Process(log_url, store_url, *arguments))
        return started[-1]

    yield starter
    for one in started:
        one.process.kill()
        one.process.wait()


def wait_for(holds: Callable[[], bool], what: str, timeout_s: float = 180) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline_s, f"{what}: it never came to that"
        time.sleep(0.1)


def all_committed(log: Log) -> bool:
    committed = log.committed("extract", ARTICLES)
    return all(committed.get(p, 0) >= log.end_offset(ARTICLES, p) for p in range(log.partitions(ARTICLES)))


def test_two_processes_share_the_partitions_and_one_takes_over(log: Log, start: Callable[..., Process]) -> None:
    make_topics(log, partitions=4)
    one, other = start(), start()
    wait_for(lambda: one.holds(2) and other.holds(2), "two partitions each")
    fill(log, range(80))
    wait_for(lambda: one.extracted() and other.extracted(), "both extract")
    fill(log, range(80, 240))
    one.process.kill()
    wait_for(lambda: other.holds(4), "the other takes over")
    fill(log, range(240, 280))
    wait_for(lambda: all_committed(log), "everything is extracted")
    made = signals_of(on_signals(log))
    assert {signal.article_id for signal in made} == {article(n).article_id for n in range(280)}
    assert_coverage_law(log)


def test_a_kill_between_append_and_commit_repeats_the_batch_and_loses_none(
    log: Log, store: Store, start: Callable[..., Process]
) -> None:
    make_topics(log)
    fill(log, range(100))
    dying = start("die-before-commit", "2")
    assert dying.process.wait(timeout=180) == -9
    first = signals_of(on_signals(log))
    assert log.committed("extract", ARTICLES)[0] < log.end_offset(ARTICLES, 0)
    job = ExtractJob(log, store, SystemClock(), ExtractSettings())
    wait_for(lambda: bool(job.step(0.2)) and all_committed(log), "the next one goes on")
    job.close()
    records = on_signals(log)
    made = [signal.article_id for signal in signals_of(records)]
    assert set(made) == {article(n).article_id for n in range(100)}
    assert len(made) > 100, "what was appended and not committed comes again"
    assert len(first) + 100 - len(made) > 0, "and what was committed does not"
    by_id = {signal.article_id: signal for signal in first}
    assert all(by_id.get(one.article_id, one) == one for one in signals_of(records))
    assert sum(isinstance(one, ExtractorChanged) for one in records) == 1
    assert_coverage_law(log)
