"""`alerts why` and `trace` where articles lie on several partitions of Apache Kafka, one of which is not extracted any more."""

from __future__ import annotations

import json
import uuid
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
from schemas.dead_letter import DeadLetter, dead_letter_id
from schemas.ports.log import Entry, Log
from schemas.reasons import DeadLetterReason, FeedState
from schemas.topics import ARTICLES, DEAD_LETTERS, SIGNALS
from schemas.wire import SignalsRecord, encode
from tests.pipeline.explaining.scripted import article
from tests.services.kafka.broker import KafkaBroker
from tests.services.kafka.external import ExternalBroker
from tocsin.cli import cli
from tocsin.rule_files import read_rules
from tocsin.settings import load_workplace
from tocsin.workplace import open_store_of

pytestmark = pytest.mark.kafka

_START = datetime(2025, 3, 3, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_HOURS = 40
#: One feed a partition, in this order.
_FEEDS = ("alfa", "bravo", "charlie")
#: From this hour on nothing of the last partition is extracted.
_STALLED = 30

RULES = """\
rules:
  - name: norway-iceland
    watch: {pair: [Norway, Iceland]}
    when: {threshold: {count: 2, within: 6h}}
"""

#: Feed, hour, title.
NEWS = (
    ("charlie", 2, "Harvest festival opens in Lisbon"),
    ("alfa", 5, "Norway and Iceland quarrel over mackerel"),
    ("charlie", 7, "Iceland answers Norway on fishing quotas"),
    ("alfa", 20, "Norway recalls its envoy from Iceland"),
    ("bravo", 21, "Iceland closes its ports to ships of Norway"),  # lies in the dead letters
    ("alfa", 32, "Norway warns Iceland over the fishing zone"),
    ("charlie", 33, "Iceland sends its coast guard against trawlers of Norway"),  # waits in the stalled partition
)
_REFUSED = "bravo-21"


def _article(feed: str, hour: int, title: str) -> Article:
    published = _START + hour * _HOUR + timedelta(minutes=7)
    return article(f"{feed}-{hour}", published, title, feed=feed)


def _coverage(hour: int, partition: int) -> Coverage:
    since = _START + hour * _HOUR
    feeds = tuple(
        FeedCoverage(
            feed_id=feed,
            source=Source(id=feed, name=feed.title()),
            state=FeedState.OK,
            polls_due=1,
            polls_succeeded=1,
            reached_back_to=since - _HOUR,
        )
        for feed in _FEEDS
    )
    return Coverage(since=since, at=since + _HOUR, partition=partition, partitions=len(_FEEDS), full=True, feeds=feeds)


def _append(log: Log, articles: list[Article]) -> None:
    places = log.append(ARTICLES, [Entry(_FEEDS.index(a.feed_id), encode(a), a.feed_id.encode()) for a in articles])
    polls = [Entry(part, encode(_coverage(hour, part))) for hour in range(_HOURS) for part in range(len(_FEEDS))]
    log.append(ARTICLES, polls)
    refused, offset = next((a, o) for a, o in zip(articles, places, strict=True) if a.article_id == _REFUSED)
    letter = DeadLetter(
        dead_letter_id=dead_letter_id(log.log_id, ARTICLES, _FEEDS.index("bravo"), offset),
        stage="extract",
        reason=DeadLetterReason.EXTRACTION_FAILED,
        error="the model would not",
        topic=ARTICLES,
        partition=_FEEDS.index("bravo"),
        offset=offset,
        article_id=refused.article_id,
        original=encode(refused),
        original_bytes=1,
        recorded_at=refused.observed_at,
    )
    log.append(DEAD_LETTERS, [Entry(0, encode(letter))])
    stalls = _START + _STALLED * _HOUR
    extracted = [a for a in articles if a is not refused and (a.feed_id != _FEEDS[-1] or a.observed_at < stalls)]
    timed: list[tuple[datetime, int, SignalsRecord]] = [
        (one.revised_at, 0, one) for one in extractor_for().extract_many(extracted)
    ]
    last = len(_FEEDS) - 1
    for hour in range(_HOURS):
        parts = [part for part in range(len(_FEEDS)) if part != last or hour < _STALLED]
        timed += [(_START + (hour + 1) * _HOUR, 1, _coverage(hour, part)) for part in parts]
    for _, _, record in sorted(timed, key=lambda one: one[:2]):
        log.append(SIGNALS, [Entry(0, encode(record))])


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, kafka_broker: KafkaBroker | ExternalBroker) -> Path:
    """The folder of a service whose log is on Kafka, all of it decided."""
    kafka_log = f"kafka://{kafka_broker.bootstrap}/test-{uuid.uuid4().hex[:12]}"
    folder = tmp_path_factory.mktemp("desk")
    (folder / "rules").mkdir()
    (folder / "rules" / "desk.yaml").write_text(RULES)
    (folder / "tocsin.toml").write_text(f'log = "{kafka_log}"\narticle_partitions = {len(_FEEDS)}\n')
    workplace = load_workplace(folder, {})
    store = open_store_of(workplace)
    try:
        with open_log(kafka_log, SystemClock()) as log:
            for topic, partitions in ((ARTICLES, len(_FEEDS)), (SIGNALS, 1), (DEAD_LETTERS, 1)):
                log.create_topic(topic, partitions)
            activate_rules(log, ManualClock(_START), *read_rules(workplace))
            _append(log, [_article(*one) for one in NEWS])
            job = DecideJob(log, store, SystemClock(), DecideSettings(workplace.path(workplace.settings.snapshots)))
            job.recover()
            while job.step():
                pass
    finally:
        store.close()
    return folder


def ask(desk: Path, *words: str) -> str:
    told = CliRunner().invoke(cli, [*words, "-C", str(desk)])
    assert told.exit_code == 0, (told.output, told.exception)
    return told.stdout


def why(desk: Path, hour: int) -> tuple[str, dict[str, dict[str, object]]]:
    """Return the first link that failed, and every link by name, as asked at the end of ``hour``."""
    moment = _START + (hour + 1) * _HOUR
    answer = json.loads(ask(desk, "alerts", "why", "Norway & Iceland", "--at", f"{moment:%Y-%m-%dT%H:%M}", "--json"))
    return answer["broken"], {link["link"]: link for link in answer["links"]}


def test_where_it_rang_every_link_holds_until_the_messages(desk: Path) -> None:
    broken, links = why(desk, 7)
    assert broken == "routed"
    assert links["opened"]["state"] == "holds"
    assert links["seen"]["text"] == "3 articles of these hours reached the rules"


def test_what_could_not_be_extracted_is_the_first_link_that_failed(desk: Path) -> None:
    broken, links = why(desk, 22)
    assert broken == "extracted"
    assert "1 article could not be extracted; 1 of them by its words about what the rule counts" in str(links[broken])
    assert "the model would not" in str(links[broken]["details"])


def test_what_waits_in_a_stalled_partition_is_the_first_link_that_failed(desk: Path) -> None:
    broken, links = why(desk, 34)
    assert broken == "extracted"
    assert "1 article had not been extracted by then" in str(links[broken]["text"])
    assert "trawlers of Norway" in str(links[broken]["details"])


def test_a_stalled_partition_is_named_where_nothing_of_it_waits(desk: Path) -> None:
    broken, links = why(desk, 32)
    assert broken == "extracted"
    since = _START + _STALLED * _HOUR
    told = f"nothing was extracted of partition 2 of 3 since {since:%Y-%m-%d %H:%M} UTC: hours wait for it"
    assert str(links[broken]["text"]).startswith(told)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("https://alfa.example/alfa-20", ["articles[0] 1 ", "counts  norway-iceland  ISL-NOR: counted"]),
        ("charlie-7", ["articles[2] 1 ", "opened"]),
        ("answers fishing quotas", ["charlie-7", "articles[2] 1 "]),
        (_REFUSED, ["articles[1] 0 ", "the model would not"]),
        ("coast guard trawlers", ["articles[2] 2 ", "it was not extracted yet"]),
        ("Lisbon", ["articles[2] 0 "]),
    ],
)
def test_an_article_is_followed_wherever_it_lies(desk: Path, query: str, says: list[str]) -> None:
    told = ask(desk, "trace", query)
    for words in says:
        assert words in told, told
