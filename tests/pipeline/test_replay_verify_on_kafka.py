"""`tocsin replay --verify` of a service whose log is on Apache Kafka: partitions of articles, offsets with gaps."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from connectors.clock import ManualClock, SystemClock
from connectors.log.open import open_log
from pipelines.activate_rules import activate_rules
from pipelines.decide import DecideJob, DecideSettings
from pipelines.extraction.extractor import extractor_for
from schemas.article import Article, Source
from schemas.coverage import Coverage, FeedCoverage
from schemas.ids import milliseconds
from schemas.ports.log import Entry, Log
from schemas.reasons import EventTimeReason, FeedState
from schemas.topics import ARTICLES, DEAD_LETTERS, SIGNALS
from schemas.wire import SignalsRecord, encode
from tocsin.commands.replay import command
from tocsin.rule_files import read_rules
from tocsin.settings import Workplace, load_workplace
from tocsin.workplace import open_store_of

_START = datetime(2025, 3, 3, tzinfo=UTC)
_HOURS = 60
_HOUR = timedelta(hours=1)
_FEEDS = ("alfa", "bravo")

RULES = """\
rules:
  - name: norway-iceland
    watch: {pair: [Norway, Iceland]}
    when: {threshold: {count: 2, within: 6h}}
"""

#: Feed, hour published, hours until it was seen, title. The last two cross only with what came too late.
NEWS = (
    ("alfa", 5, 0, "Norway and Iceland quarrel over mackerel"),
    ("bravo", 7, 1, "Iceland answers Norway on fishing quotas"),
    ("alfa", 20, 0, "Norway recalls its envoy from Iceland"),
    ("bravo", 21, 30, "Iceland closes its ports to ships of Norway"),
)


def _article(feed: str, hour: int, delay: int, title: str) -> Article:
    published = _START + hour * _HOUR + timedelta(minutes=7)
    seen = published + delay * _HOUR
    return Article(
        article_id=f"{feed}-{hour}",
        revision=milliseconds(seen),
        revised_at=seen,
        source=Source(id=feed, name=feed),
        feed_id=feed,
        title=title,
        observed_at=seen,
        event_time=published,
        event_time_reason=EventTimeReason.PUBLISHED,
        content_hash=title,
    )


def _coverage(hour: int, partition: int) -> Coverage:
    since = _START + hour * _HOUR
    feeds = tuple(
        FeedCoverage(
            feed_id=feed,
            source=Source(id=feed, name=feed),
            state=FeedState.OK,
            polls_due=1,
            polls_succeeded=1,
            reached_back_to=since - _HOUR,
        )
        for feed in _FEEDS
    )
    return Coverage(since=since, at=since + _HOUR, partition=partition, partitions=2, full=True, feeds=feeds)


def _append(log: Log, articles: list[Article]) -> None:
    """Append the articles, two partitions of them, and, one append a record, what came of them in order of time."""
    log.append(ARTICLES, [Entry(_FEEDS.index(one.feed_id), encode(one), one.feed_id.encode()) for one in articles])
    timed: list[tuple[datetime, int, SignalsRecord]] = [
        (one.revised_at, 0, one) for one in extractor_for().extract_many(articles)
    ]
    timed += [(_START + (hour + 1) * _HOUR, 1, _coverage(hour, part)) for hour in range(_HOURS) for part in (0, 1)]
    for _, _, record in sorted(timed, key=lambda one: one[:2]):
        log.append(SIGNALS, [Entry(0, encode(record))])


def _live(workplace: Workplace) -> None:
    store = open_store_of(workplace)
    try:
        with open_log(workplace.url(workplace.settings.log), SystemClock()) as log:
            for topic, partitions in ((ARTICLES, 2), (SIGNALS, 1), (DEAD_LETTERS, 1)):
                log.create_topic(topic, partitions)
            activate_rules(log, ManualClock(_START), *read_rules(workplace))
            _append(log, [_article(*one) for one in NEWS])
            job = DecideJob(log, store, SystemClock(), DecideSettings(workplace.path(workplace.settings.snapshots)))
            job.recover()
            while job.step():
                pass
    finally:
        store.close()


@pytest.mark.kafka
def test_a_ledger_on_kafka_is_verified_and_its_crossings_compared(tmp_path: Path, kafka_url: str) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "desk.yaml").write_text(RULES)
    (tmp_path / "tocsin.toml").write_text(f'log = "{kafka_url}"\narticle_partitions = 2\n')
    _live(load_workplace(tmp_path, {}))
    told = CliRunner().invoke(command, ["--verify", "--folder", str(tmp_path), "--workers", "1", "--json"])
    assert told.exit_code == 0, (told.output, told.exception)
    about = json.loads(told.stdout)
    assert about["ok"] is True
    assert about["complete"] is True
    assert about["articles"] == len(NEWS)
    assert about["ledger"]["recomputed"] == about["ledger"]["events"] > 0
    assert about["ledger"]["digest"] == about["ledger"]["recomputed_digest"]
    assert about["opened"] == 1
    assert about["crossings"]["same"] == about["crossings"]["live"] == 4
    differing = {(one["in"], *(cause["cause"] for cause in one["causes"])) for one in about["differences"]}
    assert differing == {("replay", "late")}
