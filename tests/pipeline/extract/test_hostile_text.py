"""Hostile texts through the job: each ends as a signal, cut with a reason, or as a dead letter, and costs bounded time."""

from __future__ import annotations

import random
import time

import pytest

from connectors.clock import SystemClock
from pipelines.extract import ExtractJob, ExtractSettings
from pipelines.extraction.extractor import extractor_for
from schemas.article import Article
from schemas.ids import content_hash
from schemas.model import MAX_RECORD_BYTES
from schemas.ports.log import Entry, Log
from schemas.reasons import CutReason, DeadLetterReason
from schemas.topics import ARTICLES, SIGNALS
from schemas.wire import encode
from tests.pipeline.extract.stream import Beats, article, dead_letters, make_topics, on_signals, signals_of, values

#: No text costs more than so many times an ordinary one of the length that is read at most, and a second beside it.
DEAREST = 40

NAMES = ("Russia", "Ukraine", "Baku", "NATO", "Iranian", "President Putin", "Aliyev")
MANY = random.Random(1).choices(NAMES, k=80_000)


def with_text(number: int, text: str) -> Article:
    one = article(number)
    return one.changed(text=text, content_hash=content_hash(one.title, "", text))


@pytest.fixture(scope="module")
def usual_s() -> float:
    """CPU seconds of an ordinary text of the length that is read at most."""
    plain = with_text(0, "Envoys of Russia met in Baku. " * 6_600)
    extractor_for().extract(plain)
    begin = time.process_time()
    extractor_for().extract(plain)
    return time.process_time() - begin


def through_job(log: Log, *values: bytes) -> float:
    """Let the job take ``values``; return its CPU seconds."""
    log.append(ARTICLES, [Entry(0, value) for value in values])
    job = ExtractJob(log, Beats(), SystemClock(), ExtractSettings(most_failures=1))
    begin = time.process_time()
    while log.committed("extract", ARTICLES).get(0, 0) < log.end_offset(ARTICLES, 0):
        job.step(0.2)
    took_s = time.process_time() - begin
    job.close()
    return took_s


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        pytest.param(" and ".join(MANY), CutReason.RECORD_LIMIT, id="80,000 actors in a sentence"),
        pytest.param(". ".join(MANY), CutReason.RECORD_LIMIT, id="80,000 sentences of an actor"),
        pytest.param("a" * 1_000_000, CutReason.RECORD_LIMIT, id="a word of a megabyte"),
        pytest.param("." * 1_000_000, CutReason.RECORD_LIMIT, id="a megabyte of dots"),
        pytest.param("Baku\n" * 150_000, CutReason.RECORD_LIMIT, id="lines"),
        pytest.param("\u202eBaku\u202c " * 80_000, CutReason.RECORD_LIMIT, id="turned around"),
        pytest.param(("B" + "\u0301" * 50 + "aku ") * 8_000, None, id="piled up"),
        pytest.param("Baku\x00" * 40_000, CutReason.CHARACTERS, id="NUL"),
    ],
)
def test_a_hostile_text_becomes_a_signal_in_bounded_time(
    sqlite_log: Log, text: str, cut: CutReason | None, usual_s: float
) -> None:
    make_topics(sqlite_log)
    took_s = through_job(sqlite_log, encode(with_text(1, text)), encode(article(2)))
    assert took_s < DEAREST * usual_s + 1
    found = {signal.article_id: signal for signal in signals_of(on_signals(sqlite_log))}
    assert dead_letters(sqlite_log) == []
    assert cut is None or cut in found[article(1).article_id].cuts
    assert found[article(2).article_id].cuts == ()
    assert max(len(value) for value in values(sqlite_log, SIGNALS)) <= MAX_RECORD_BYTES


def test_what_no_record_can_be_is_put_aside_and_the_stream_goes_on(sqlite_log: Log) -> None:
    make_topics(sqlite_log)
    good = encode(article(1))
    huge = good[:-1] + b" " * 3_000_000 + b"}"
    half = good.replace(b"Officials", b"\\ud800Officials", 1)
    cut_off = good[: len(good) // 2]
    nested = b"[" * 500_000
    through_job(sqlite_log, huge, half, cut_off, nested, b"\x00" * 1_000, encode(article(2)))
    reasons = [letter.reason for letter in dead_letters(sqlite_log)]
    assert reasons[0] is DeadLetterReason.TOO_LARGE
    assert len(reasons) == 5
    assert set(reasons[1:]) <= {
        DeadLetterReason.NOT_JSON,
        DeadLetterReason.BROKEN_RECORD,
        DeadLetterReason.HOSTILE_TEXT,
    }
    assert article(2).article_id in {signal.article_id for signal in signals_of(on_signals(sqlite_log))}
