"""The engine's step on signals of feed items beside decoding the same records with pydantic, at 1,000 and 10,000 keys.

Real items where the evaluation data are there, and then one count for every pair in them as well; else invented ones. Both are
CPU of one process, in turns; docs/adr/0011 says what is judged and why two more lines are printed. And of the job around it, on
a log and a store in files: how long a snapshot, a new rule and a restart hold up the stream; what 100,000 keys weigh, and what
two years of them cost.
"""

from __future__ import annotations

import gc
import json
import lzma
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from alerts.detectors.spike_bank import SpikeBank
from alerts.detectors.spike_parameters import SpikeParameters
from alerts.engine import Engine
from alerts.engine_state import freeze
from alerts.rules.model import AnyActor, PairPart, Rule, RuleSet, Scope, Spike, Watch, WatchKind, rules_hash
from alerts.tracks.feed_shares import FeedShares
from benchmarks.figures import Figure, report
from benchmarks.mixed_feed import mixed_feed
from connectors.clock import SystemClock
from connectors.log.open import open_log
from connectors.store.open import open_store
from pipelines.decide import LIVE_SNAPSHOT_RECORDS, DecideJob, DecideSettings
from pipelines.extraction.extractor import extractor_for
from pipelines.garbage import Tidying, seldom_collected
from schemas.article import Article, Source
from schemas.control import RulesActivated
from schemas.coverage import Coverage, FeedCoverage
from schemas.fingerprint import encode as encode_fingerprint
from schemas.ids import article_id, content_hash, milliseconds
from schemas.ports.log import Entry, Log
from schemas.ports.store import Store
from schemas.reasons import EventTimeReason, FeedState, Prominence
from schemas.signal import ActorFound, PairFound, Signal, ToneCounts
from schemas.topics import DEAD_LETTERS, SIGNALS
from schemas.wire import SignalsRecord, decode_signals, encode

_HEADLINER = Path("data") / "headliner_2019_2021.jsonl.xz"
_START = datetime(2025, 1, 6, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_FEEDS = tuple(f"feed-{number:02d}" for number in range(40))

#: Records before the clock runs, and those that are measured; an hour brings so many.
WARM, MEASURED, AN_HOUR = 24_000, 12_000, 120
STATE_MB = 400.0
RESTART_S = 10.0
YEARS_MINUTES = 15.0

#: How long a record may wait, in seconds: what an article may take from the log to its notification.
HELD_S = 2.0

#: Records kept back, to come one by one while a new rule is warmed.
LIVE = 2_000

#: Records that are decoded, then stepped. In whose turn the collector looks through everything, a fifth of a second each of some
#: fifteen times, is chance; so it is asked for in several.
TURNS = (500, 430, 570, 370, 640)

#: Feeds of the 100,000 keys; each is a column of shares of every key.
MANY_FEEDS = 40


def main(data: Path | None) -> int:
    """Measure; return 1 where a figure is not reached."""
    return report(_figures(data))


def _figures(data: Path | None) -> Iterator[Figure]:
    items = _item_signals(data)
    for keys in (1_000, 10_000):
        stream = _invented_keys(items, keys)
        yield from _measured(f"decide_records/s_{keys}_keys", stream, at_most=1.0 if keys == 1_000 else None)
    if data is not None and (data / _HEADLINER).is_file():
        yield from _measured("decide_records/s_each_pair_of_news", _news(data), at_most=1.0)
    yield from _held(_invented_keys(items, 10_000))
    yield from _many_keys(100_000)


@dataclass(frozen=True)
class Stream:
    """Records in order; those from ``warm`` on are measured."""

    records: Sequence[bytes]
    warm: int


def _measured(name: str, stream: Stream, at_most: float | None) -> Iterator[Figure]:
    """Yield records a second of the engine's step alone beside those of decoding alone: first with Python's collector as it
    comes, which is judged; then without any collection, and of both together as the job does them, for whoever reads that."""
    deciding, decoding = np.mean([_apart(stream, turn) for turn in TURNS], axis=0).tolist()
    yield _figure(f"{name}:decoding", deciding, decoding, at_most=at_most)
    with _no_collection():
        deciding, decoding = _apart(stream, TURNS[0])
    yield _figure(f"{name}:decoding_no_gc", deciding, decoding)
    whole = _as_the_job_runs(stream)
    yield _figure(f"{name}_in_job:decoding_no_gc", whole, decoding)


def _figure(name: str, ours_s: float, reference_s: float, at_most: float | None = None) -> Figure:
    """Return records a second of what takes so many seconds a record, and what ours takes as a part of the reference."""
    return Figure(name, 1.0 / ours_s, 1.0 / reference_s, ours_s / reference_s, at_most=at_most)


def _apart(stream: Stream, turn: int) -> tuple[float, float]:
    """Return seconds a record of the engine's step and of decoding, each alone, in turns of so many records."""
    engine, deciding, decoding = Engine(), 0.0, 0.0
    offset = 0
    for begin in range(0, len(stream.records), turn):
        raw = stream.records[begin : begin + turn]
        started = time.process_time()
        records = [decode_signals(record) for record in raw]
        decoded = time.process_time()
        for record in records:
            engine.step(offset, record)
            offset += 1
        stepped = time.process_time()
        if begin >= stream.warm:
            decoding, deciding = decoding + decoded - started, deciding + stepped - decoded
    count = len(stream.records) - -(-stream.warm // turn) * turn
    print(f"{engine.rules['every-pair'].tracks[0].keys():,} keys", file=sys.stderr)
    return deciding / count, decoding / count


def _as_the_job_runs(stream: Stream) -> float:
    """Return seconds a record of decoding and stepping one after the other, with the collector as the job has it."""
    engine, started = Engine(), 0.0
    with seldom_collected():
        tidying = Tidying()
        for offset, raw in enumerate(stream.records):
            if offset == stream.warm:
                started = time.process_time()
            engine.step(offset, decode_signals(raw))
            tidying.took(1)
    return (time.process_time() - started) / (len(stream.records) - stream.warm)


@contextmanager
def _no_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _held(stream: Stream) -> Iterator[Figure]:
    """Yield how long the job that decides, on files, holds up the stream: for a snapshot, after a restart, for a new rule."""
    with TemporaryDirectory(prefix="tocsin-decide-") as name, _opened(Path(name)) as (log, store):
        settings = DecideSettings(snapshots=Path(name) / "snapshots", snapshot_every_records=1_000_000)
        before = len(stream.records) - LIVE - LIVE_SNAPSHOT_RECORDS
        log.append(SIGNALS, [Entry(0, record) for record in stream.records[:before]])
        job = DecideJob(log, store, SystemClock(), settings)
        job.recover()
        _to_the_end(job)
        yield _seconds("snapshot_s_10000_keys/limit", lambda: freeze(job.engine), HELD_S)
        _seconds("the whole snapshot, most of it in another thread", job.take_snapshot, HELD_S)
        size = sum(path.stat().st_size for path in settings.snapshots.iterdir())
        print(f"the snapshot: {size / 1e6:.0f} MB", file=sys.stderr)

        log.append(SIGNALS, [Entry(0, record) for record in stream.records[before:-LIVE]])
        _to_the_end(job)
        again = DecideJob(log, store, SystemClock(), settings)
        yield _seconds("restart_s_10000_keys/limit", again.recover, RESTART_S)
        print(f"the restart: {LIVE_SNAPSHOT_RECORDS:,} records since the snapshot decided again", file=sys.stderr)

        yield from _beside_a_new_rule(log, again, stream.records[-LIVE:])


def _beside_a_new_rule(log: Log, job: DecideJob, live: Sequence[bytes]) -> Iterator[Figure]:
    """Yield how long a record waits at most while a new rule is warmed, and when it takes force; one comes at each look."""
    log.append(SIGNALS, [Entry(0, encode(_rules("another", "every-pair").changed(deferred=True)))])
    job.tend()
    begin, hours = log.end_offset(SIGNALS, 0), (WARM + MEASURED - LIVE) // AN_HOUR
    coming, looks, begun = iter(live), [0.0], time.process_time()
    while job.engine.waiting is not None:
        log.append(SIGNALS, [Entry(0, record) for record in islice(coming, 1)])
        started = time.process_time()
        job.tend()
        looks.append(time.process_time() - started)
    *warming, taking = looks
    print(
        f"the new rule: warmed on {hours} hours, {begin:,} records, in {time.process_time() - begun:.0f} s of processor,"
        f" {len(live) - len(list(coming)):,} records decided meanwhile",
        file=sys.stderr,
    )
    for name, held_s in (("beside_new_rule", max(warming)), ("new_rule_takes_force", taking)):
        yield Figure(f"{name}_s_10000_keys/limit", held_s, HELD_S, held_s / HELD_S, at_most=1.0)


def _to_the_end(job: DecideJob) -> None:
    while job.step():
        pass


def _seconds(name: str, call: Callable[[], object], limit_s: float) -> Figure:
    """Return the processor seconds of ``call``, which is one thread: what it takes where nothing else runs."""
    wall_s, processor_s = time.perf_counter(), time.process_time()
    call()
    wall_s, processor_s = time.perf_counter() - wall_s, time.process_time() - processor_s
    print(f"{name.partition('/')[0]}: {processor_s:.1f} s of processor, {wall_s:.1f} s on the clock", file=sys.stderr)
    return Figure(name, processor_s, limit_s, processor_s / limit_s, at_most=1.0)


@contextmanager
def _opened(folder: Path) -> Iterator[tuple[Log, Store]]:
    with open_log(f"sqlite:///{folder / 'log.db'}", SystemClock()) as log:
        for topic in (SIGNALS, DEAD_LETTERS):
            log.create_topic(topic, 1)
        with closing(open_store(f"sqlite:///{folder / 'store.db'}")) as store:
            yield log, store


def _many_keys(keys: int) -> Iterator[Figure]:
    """Yield what so many keys weigh, baselines and shares of feeds, and what two years of hours cost, from 48 of them."""
    bank, shares = SpikeBank(SpikeParameters(), 480_000), FeedShares()
    for _ in range(keys):
        bank.add_row()
        shares.add_row()
    shares.learn({1: dict.fromkeys(map(str, range(MANY_FEEDS)), 1)}, {})
    counts = np.random.default_rng(1).poisson(0.3, (48, keys)).astype(np.float64)
    for hour in range(100):
        bank.open_next()
        bank.counts[bank.open_hour % bank.parameters.kept_h, 1 : bank.rows] = counts[hour % 48]
    started = time.process_time()
    for hour in range(48):
        bank.open_next()
        bank.counts[bank.open_hour % bank.parameters.kept_h, 1 : bank.rows] = counts[hour]
        bank.may_reach(slice(0, bank.rows), bank.open_hour, 4, 3.0, 2.0)
        for window in range(len(bank.parameters.windows_h)):  # As the first article of an hour makes it.
            bank.expected(1, bank.open_hour, window)
        shares.learn({}, {})
    minutes = (time.process_time() - started) / 48 * 17_520 / 60
    arrays = (bank.state(np.arange(bank.rows))[1], shares.state()[1])
    state_bytes, remembered_bytes = sum(a.nbytes for named in arrays for a in named.values()), bank.remembered_bytes()
    print(f"sums remembered beside the state: {remembered_bytes / 1e6:.1f} MB", file=sys.stderr)
    megabytes = (state_bytes + remembered_bytes) / 1e6
    yield Figure("state_mb_100000_keys/limit", megabytes, STATE_MB, megabytes / STATE_MB, at_most=1.0)
    yield Figure("minutes_100000_keys_17520_hours/limit", minutes, YEARS_MINUTES, minutes / YEARS_MINUTES, at_most=1.0)


# -- streams ------------------------------------------------------------------------------------------------------------


def _rules(*names: str) -> RulesActivated:
    part = PairPart(one=(AnyActor(),), other=(AnyActor(),))
    watch = Watch(kind=WatchKind.PAIR, pair=part, scope=Scope.SENTENCE, prominence=(Prominence.TITLE, Prominence.MAIN))
    rules = [Rule(name=name, watch=watch, when=(Spike(),), max_keys=50_000) for name in names]
    compiled = RuleSet.of(*rules).compiled()
    return RulesActivated(rules_hash=rules_hash(compiled), text="# bench", compiled=compiled, activated_at=_START)


def _coverage(since: datetime, feeds: Sequence[str]) -> Coverage:
    rows = tuple(
        FeedCoverage(
            feed_id=feed,
            source=Source(id=feed, name=feed, country="USA"),
            state=FeedState.OK,
            polls_due=4,
            polls_succeeded=4,
            reached_back_to=since,
        )
        for feed in feeds
    )
    return Coverage(since=since, at=since + _HOUR, partition=0, partitions=1, full=True, feeds=rows)


def _item_signals(data: Path | None) -> list[Signal]:
    """Return the signals of the short items of the mixed feed."""
    feed = mixed_feed(data)
    print(f"the items: {feed.origin}", file=sys.stderr, flush=True)
    return extractor_for().extract_many([article for article in feed.articles if article.feed_id == "items"])


def _invented_keys(items: Sequence[Signal], keys: int) -> Stream:
    """Return the items over and over, each a story of its own, on one of ``keys`` pairs (some are far more frequent)."""
    choose = random.Random(keys)
    weights = np.cumsum([1.0 / (rank + 20) for rank in range(keys)])
    records: list[SignalsRecord] = [_rules("every-pair"), _coverage(_START - _HOUR, _FEEDS)]
    for number in range(WARM + MEASURED):
        hour, place = divmod(number, AN_HOUR)
        moment = _START + hour * _HOUR + place * _HOUR / AN_HOUR
        # First every key once, then as often as it is its habit.
        key = number if number < keys else int(np.searchsorted(weights, choose.random() * weights[-1]))
        records.append(_on_pair(items[number % len(items)], number, key, moment, choose))
        if place == AN_HOUR - 1:
            records.append(_coverage(_START + hour * _HOUR, _FEEDS))
    return Stream([encode(record) for record in records], WARM + WARM // AN_HOUR + 2)


def _on_pair(item: Signal, number: int, key: int, moment: datetime, choose: random.Random) -> Signal:
    one, other = f"A{key % 300:04d}", f"B{key // 300:04d}"
    found = PairFound(
        source=one,
        target=other,
        directed=False,
        prominence=Prominence.TITLE,
        tones=ToneCounts(neutral=1),
        mentions=1,
        sentences=(0,),
    )
    actors = tuple(
        ActorFound(id=actor, type="company", mentions=1, prominence=Prominence.TITLE, sentences=(0,))
        for actor in (one, other)
    )
    feed = choose.choice(_FEEDS)
    return item.model_copy(
        update={
            "article_id": f"{number:024x}",
            "revision": milliseconds(moment),
            "revised_at": moment,
            "observed_at": moment,
            "event_time": moment,
            "feed_id": feed,
            "source": Source(id=feed, name=feed, country="USA"),
            "fingerprint": encode_fingerprint([choose.getrandbits(32) for _ in range(64)]),
            "actors": (*item.actors, *actors),
            "pairs": (*item.pairs, found),
        }
    )


def _news(data: Path) -> Stream:
    """Return real items in their own order and time, extracted, with a Coverage an hour of every source so far."""
    with lzma.open(data / _HEADLINER, "rt", encoding="utf-8") as lines:
        rows = sorted((json.loads(line) for line in islice(lines, WARM + MEASURED)), key=lambda row: str(row["t"]))
    articles = [_article(number, row) for number, row in enumerate(rows)]
    feeds = sorted({article.feed_id for article in articles})
    hour = articles[0].event_time.replace(minute=0, second=0, microsecond=0)
    records: list[SignalsRecord] = [_rules("every-pair"), _coverage(hour - _HOUR, feeds)]
    for signal in extractor_for().extract_many(articles):
        while signal.event_time >= hour + _HOUR:
            records.append(_coverage(hour, feeds))
            hour += _HOUR
        records.append(signal)
    return Stream([encode(record) for record in records], len(records) // 2)


def _article(number: int, row: dict[str, str]) -> Article:
    moment = datetime.fromisoformat(str(row["t"]).replace("Z", "+00:00"))
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    title, summary = row["title"] or "", row["desc"] or ""
    return Article(
        article_id=article_id(row["src"], str(number)),
        revision=milliseconds(moment),
        revised_at=moment,
        source=Source(id=row["src"], name=row["src"], country="USA"),
        feed_id=row["src"],
        title=title,
        summary=summary,
        observed_at=moment,
        event_time=moment,
        event_time_reason=EventTimeReason.PUBLISHED,
        content_hash=content_hash(title, summary, ""),
    )
