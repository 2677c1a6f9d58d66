"""One extract job on a real log: what it writes, in which order, what it puts aside and when it stops."""

from __future__ import annotations

import itertools
import json
import logging
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from connectors.clock import ManualClock, SystemClock
from pipelines.extract import ExtractJob, ExtractSettings
from pipelines.extraction.beam import DoFn, InProcessPipeline, PCollection, each
from pipelines.extraction.extractor import Extractor, extractor_for
from schemas.article import Article
from schemas.control import ExtractorChanged
from schemas.coverage import Coverage
from schemas.dead_letter import dead_letter_id
from schemas.errors import FatalError, LogUnavailableError, StoreUnavailableError
from schemas.model import MAX_RECORD_BYTES
from schemas.ports.log import Entry, Log
from schemas.reasons import DeadLetterReason
from schemas.signal import Signal
from schemas.topics import ARTICLES, DEAD_LETTERS, SIGNALS
from schemas.wire import encode
from tests.pipeline.extract.stream import (
    START,
    Beats,
    article,
    assert_coverage_law,
    coverage,
    dead_letters,
    fill,
    make_topics,
    on_signals,
    signals_of,
)


def drain(job: ExtractJob, log: Log, timeout_s: float = 180) -> int:
    """Step until all is committed; return how many records that were."""
    count, deadline_s = 0, time.monotonic() + timeout_s
    while any(log.committed("extract", ARTICLES).get(p, 0) < log.end_offset(ARTICLES, p) for p in _filled(log)):
        assert time.monotonic() < deadline_s, "it never came to the end of the articles"
        count += job.step(0.2)
    return count


def _filled(log: Log) -> list[int]:
    return [p for p in range(log.partitions(ARTICLES)) if log.end_offset(ARTICLES, p) > log.start_offset(ARTICLES, p)]


def job_on(log: Log, beats: Beats | None = None, settings: ExtractSettings | None = None) -> ExtractJob:
    return ExtractJob(log, beats or Beats(), SystemClock(), settings or ExtractSettings())


def failing_on(monkeypatch: pytest.MonkeyPatch, *numbers: int) -> None:
    """Let the extractor break on the articles ``numbers``, as a text nobody has met may break it."""
    real, poison = Extractor.extract_many, {article(number).article_id for number in numbers}

    def extract_many(self: Extractor, articles: Sequence[Article]) -> list[Signal]:
        if any(one.article_id in poison for one in articles):
            raise ValueError("a text nobody has met\ud800")
        return real(self, articles)

    monkeypatch.setattr(Extractor, "extract_many", extract_many)


def test_signals_and_coverage_come_out_as_the_bare_functions_make_them(log: Log) -> None:
    make_topics(log, partitions=3)
    fill(log, range(60))
    job = job_on(log)
    assert drain(job, log) == 60 + 6 * 3
    records = on_signals(log)
    expected = {one.article_id: one for one in extractor_for().extract_many([article(n) for n in range(60)])}
    assert {one.article_id: one for one in signals_of(records)} == expected
    assert len(signals_of(records)) == 60
    assert sum(isinstance(one, Coverage) for one in records) == 18
    assert_coverage_law(log)
    assert dead_letters(log) == []
    assert job.step() == 0
    job.close()


def test_the_size_of_batches_changes_nothing(tmp_path: Path) -> None:
    from connectors.log.open import open_log

    outputs = []
    for size in (1, 7, 1000):
        with open_log(f"sqlite:///{tmp_path / str(size)}.db", SystemClock()) as log:
            make_topics(log)
            fill(log, range(25))
            drain(job_on(log, settings=ExtractSettings(batch_records=size)), log)
            outputs.append([one for one in on_signals(log) if not isinstance(one, ExtractorChanged)])
    assert outputs[0] == outputs[1] == outputs[2]
    assert len(outputs[0]) == 27


def test_broken_records_are_put_aside_with_their_bytes_and_the_stream_goes_on(log: Log) -> None:
    make_topics(log)
    fill(log, range(10))
    late = json.loads(encode(article(10)))
    huge = json.dumps(late | {"text": "x" * (MAX_RECORD_BYTES + 1)}).encode()
    broken = [
        b"\xff\xfe no JSON",
        b'{"kind": "song", "title": "la"}',
        json.dumps(late | {"revision": "soon"}).encode(),
        json.dumps(late | {"schema_version": 99}).encode(),
        huge,
        encode(coverage(20, 1, 2)),
        b"[" * 20_000,
        b"",
    ]
    offsets = log.append(ARTICLES, [Entry(0, raw) for raw in broken])
    fill(log, range(10, 20))
    drain(job_on(log), log)
    assert len(signals_of(on_signals(log))) == 20
    letters = dead_letters(log)
    assert [letter.offset for letter in letters] == list(offsets)
    assert [letter.reason.value for letter in letters] == [
        "not_json", "broken_record", "broken_record", "broken_record", "too_large", "broken_record", "not_json", "not_json"
    ]  # fmt: skip
    for letter, raw in zip(letters, broken, strict=True):
        assert letter.original == raw[:524_288]
        assert letter.original_bytes == len(raw)
        assert letter.dead_letter_id == dead_letter_id(log.log_id, ARTICLES, 0, letter.offset)
        assert letter.stage == "extract"
        assert letter.error
    assert letters[2].article_id == article(10).article_id
    assert "upgrade" in letters[3].error
    assert_coverage_law(log)


def test_one_article_that_breaks_the_extractor_costs_no_other(sqlite_log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    make_topics(sqlite_log)
    fill(sqlite_log, range(300))
    failing_on(monkeypatch, 17, 255)
    drain(job_on(sqlite_log), sqlite_log)
    letters = dead_letters(sqlite_log)
    assert [letter.article_id for letter in letters] == [article(17).article_id, article(255).article_id]
    assert [letter.original for letter in letters] == [encode(article(17)), encode(article(255))]
    assert {letter.reason for letter in letters} == {DeadLetterReason.EXTRACTION_FAILED}
    assert letters[0].error == "ValueError: a text nobody has met\\ud800"
    made = [one.article_id for one in signals_of(on_signals(sqlite_log))]
    assert made == [article(n).article_id for n in range(300) if n not in {17, 255}]


def test_when_most_fail_it_stops_and_writes_nothing(sqlite_log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    make_topics(sqlite_log)
    fill(sqlite_log, range(40), coverage_every=1000)
    failing_on(monkeypatch, *range(0, 40, 3), *range(1, 40, 3))
    job = job_on(sqlite_log)
    with pytest.raises(FatalError, match=r"27 of 40 records failed.*extraction_failed") as stopped:
        job.step()
    assert "put-aside" in stopped.value.remedy
    job.close()
    for topic in (SIGNALS, DEAD_LETTERS):
        assert sqlite_log.end_offset(topic, 0) == sqlite_log.start_offset(topic, 0)
    assert sqlite_log.committed("extract", ARTICLES) == {}
    anyway = job_on(sqlite_log, settings=ExtractSettings(most_failures=1.0))
    drain(anyway, sqlite_log)
    assert len(dead_letters(sqlite_log)) == 27


def test_most_of_many_small_batches_stops_it_too(sqlite_log: Log) -> None:
    make_topics(sqlite_log)
    sqlite_log.append(ARTICLES, [Entry(0, b"no") for _ in range(40)])
    job = job_on(sqlite_log, settings=ExtractSettings(batch_records=6))
    with pytest.raises(FatalError, match="24 of 24"):
        drain(job, sqlite_log)
    assert len(dead_letters(sqlite_log)) == 18


def test_unknown_fields_are_counted_and_signs_of_life_told(sqlite_log: Log) -> None:
    make_topics(sqlite_log)
    fill(sqlite_log, range(10))
    newer = json.loads(encode(article(10))) | {"mood": "blue"}
    sqlite_log.append(ARTICLES, [Entry(0, json.dumps(newer).encode()), Entry(0, b"broken")])
    beats, clock = Beats(), ManualClock(START)
    job = ExtractJob(sqlite_log, beats, clock, ExtractSettings())
    assert job.step() == 13
    at, detail = beats.rows["extract"]
    assert at == START
    told = {name: detail[name] for name in ("records", "signals", "dead_letters", "unknown_fields", "partitions")}
    assert told == {"records": 13, "signals": 11, "dead_letters": 1, "unknown_fields": 1, "partitions": "0"}
    times = beats.times
    job.step()
    assert beats.times == times
    for _ in range(3):
        clock.advance_to(clock.now() + timedelta(seconds=15))
        job.step()
    assert beats.times == times + 3
    assert beats.rows["extract"][0] == clock.now()


def test_an_idle_step_runs_no_beam(sqlite_log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    make_topics(sqlite_log)
    job = job_on(sqlite_log)

    def run(self: InProcessPipeline) -> dict[str, int]:
        raise AssertionError("Beam ran without a record")

    monkeypatch.setattr(InProcessPipeline, "run", run)
    assert job.step() == 0


def test_a_new_extractor_is_told_once_for_each_partition(sqlite_log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    make_topics(sqlite_log, partitions=2)
    beats = Beats()
    versions = extractor_for().version, "b" * 32
    for number, version in enumerate((versions[0], versions[0], versions[1], versions[1])):
        monkeypatch.setattr("pipelines.extraction.record_batches.extractor_in_use", lambda _, v=version: _Version(v))
        fill(sqlite_log, range(number * 20, number * 20 + 20))
        job = job_on(sqlite_log, beats)
        drain(job, sqlite_log)
        job.close()
    told = [
        (one.partition, one.previous, one.extractor_version)
        for one in on_signals(sqlite_log)
        if isinstance(one, ExtractorChanged)
    ]
    assert told == [
        (0, None, versions[0]), (1, None, versions[0]), (0, versions[0], versions[1]), (1, versions[0], versions[1])
    ]  # fmt: skip


class _Version:
    def __init__(self, version: str) -> None:
        self.version = version


class _Unsteady:
    """A log that fails at the given calls of append, or after having written."""

    def __init__(self, log: Log, fail_at: Sequence[int], *, written: bool) -> None:
        self._log = log
        self._calls = itertools.count()
        self._fail_at = fail_at
        self._written = written

    def __getattr__(self, name: str) -> object:
        return getattr(self._log, name)

    def append(self, topic: str, entries: Sequence[Entry]) -> tuple[int, ...]:
        fails = next(self._calls) in self._fail_at
        if fails and not self._written:
            raise LogUnavailableError("away")
        offsets = self._log.append(topic, entries)
        if fails:
            raise LogUnavailableError("away after writing")
        return offsets


@pytest.mark.parametrize("written", [False, True])
def test_a_log_that_is_away_for_a_while_loses_nothing(sqlite_log: Log, written: bool) -> None:
    make_topics(sqlite_log)
    fill(sqlite_log, range(10))
    sqlite_log.append(ARTICLES, [Entry(0, b"broken")])
    fill(sqlite_log, range(10, 20))
    unsteady = cast(Log, _Unsteady(sqlite_log, (0, 2), written=written))
    stop = threading.Event()
    job = ExtractJob(unsteady, _StopAt(stop, 23), SystemClock(), ExtractSettings())
    job.run(stop)
    assert {one.article_id for one in signals_of(on_signals(sqlite_log))} == {article(n).article_id for n in range(20)}
    assert {letter.original for letter in dead_letters(sqlite_log)} == {b"broken"}
    assert len(dead_letters(sqlite_log)) == (2 if written else 1)
    assert_coverage_law(sqlite_log)
    assert sqlite_log.committed("extract", ARTICLES) == {0: sqlite_log.end_offset(ARTICLES, 0)}


class _StopAt(Beats):
    """Ends the job once it tells of ``records``."""

    def __init__(self, stop: threading.Event, records: int) -> None:
        super().__init__()
        self._stop = stop
        self._records = records

    def beat(self, job: str, *, at: object, detail: object) -> None:
        assert isinstance(detail, dict)
        if detail.get("records") == self._records:
            self._stop.set()


class _AwayOnce(Beats):
    """A store that cannot be asked the first time."""

    asked = 0

    def heartbeats(self) -> Mapping[str, tuple[datetime, Mapping[str, str | int | float]]]:
        self.asked += 1
        if self.asked == 1:
            raise StoreUnavailableError("locked")
        return super().heartbeats()


def test_records_polled_while_the_store_is_away_are_not_lost(sqlite_log: Log) -> None:
    make_topics(sqlite_log)
    fill(sqlite_log, range(10))
    job = job_on(sqlite_log, _AwayOnce())
    with pytest.raises(StoreUnavailableError):
        job.step()
    assert job.step() == 11
    assert len(signals_of(on_signals(sqlite_log))) == 10


def test_beam_leaves_the_root_logger_alone() -> None:
    import subprocess
    import sys

    code = (
        "import logging, pipelines.extraction.beam; root = logging.getLogger();"
        "assert root.handlers == [] and logging.root.manager.disable == 0, root.handlers"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert logging.root.manager.disable == 0


class _Empty(DoFn[bytes, bytes]):
    """Says nothing, whatever it is given."""

    def process(self, element: bytes) -> Iterator[bytes]:
        return iter(())


def test_beam_leaves_no_folder_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def build(impulse: PCollection[bytes]) -> None:
        each("nothing", impulse, _Empty(), bytes)

    InProcessPipeline(build).run()
    assert list(tmp_path.iterdir()) == []
