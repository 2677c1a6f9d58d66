"""Pollers as real processes: of two on one log and one store one is killed, and the other does its work too; one is stopped
while the log is away."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from connectors.clock import SystemClock
from connectors.feeds.settings import FeedSettings
from connectors.log.open import open_log
from connectors.store.open import open_store
from pipelines.polling.parts import parts_of, wanted_parts
from schemas.article import Article
from schemas.coverage import Coverage
from schemas.ports.log import Log
from schemas.ports.store import Store
from schemas.topics import ARTICLES
from schemas.wire import decode_articles
from tests.chaos.growing_feeds import Growing, GrowingFeeds
from tests.chaos.service_process import ServiceProcess, lives, own_ports, state_of, wait_for
from tests.services.kafka.broker import KafkaBroker
from tests.services.kafka.external import ExternalBroker

INTERVAL = timedelta(seconds=5)
PARTITIONS = 2
#: A folder without a rule does not start.
_RULE = """
rules:
  - name: azerbaijan-russia
    watch: {pair: [Azerbaijan, Russia]}
    when: {spike: {}}
"""


@dataclass
class Place:
    """Where two pollers meet, each with a folder of its own."""

    folder: Path
    log_url: str
    store_url: str
    feeds: GrowingFeeds
    started: dict[str, ServiceProcess] = field(default_factory=dict)

    def start(self, name: str) -> ServiceProcess:
        folder = self.folder / name
        (folder / "rules").mkdir(parents=True, exist_ok=True)
        (folder / "rules" / "desk.yaml").write_text(_RULE)
        (folder / "tocsin.toml").write_text(
            f'log = "{self.log_url}"\nstore = "{self.store_url}"\narticle_partitions = {PARTITIONS}\n'
            f'allow_addresses = ["127.0.0.0/8"]\n[polling]\nname = "{name}"\ntakeover = "6s"\n'
            + self.feeds.settings(f"{INTERVAL.seconds}s")
        )
        self.started[name] = ServiceProcess(folder, "poll")
        return self.started[name]

    def of(self, name: str) -> set[str]:
        """Return the feeds that ``name`` is to have while both live."""
        wanted = wanted_parts(name, ("one", "two"))
        feeds = [FeedSettings(id=id_, url=f"http://127.0.0.{n}/") for n, id_ in enumerate(self.feeds.feeds, 1)]
        parts = parts_of(feeds)
        return {f"feed{number}" for number, feed in enumerate(feeds, 1) if parts[feed.id] in wanted}


@contextmanager
def place_of(folder: Path, log_url: str, store_url: str) -> Iterator[Place]:
    with GrowingFeeds(16) as feeds:
        place = Place(folder, log_url, store_url, feeds)
        try:
            yield place
        finally:
            for service in place.started.values():
                service.end()


def written(log: Log) -> tuple[list[Article], dict[int, list[Coverage]]]:
    """Return the articles, and the coverage of each partition in its order."""
    articles: list[Article] = []
    coverage: dict[int, list[Coverage]] = {partition: [] for partition in range(PARTITIONS)}
    for partition, told in coverage.items():
        offset = log.start_offset(ARTICLES, partition)
        while batch := log.read(ARTICLES, partition, offset, max_records=1_000):
            for record in (decode_articles(found.value) for found in batch):
                if isinstance(record, Article):
                    articles.append(record)
                elif isinstance(record, Coverage):
                    told.append(record)
            offset = batch[-1].offset + 1
    return articles, coverage


def wait_for_its_share(name: str, service: ServiceProcess) -> None:
    """Wait until ``name`` has said that it has the parts that are to be its own beside the other one."""
    said = f"{name} has {len(wanted_parts(name, ('one', 'two')))} of 64 parts"
    service.wait_for(f"{name} to have its share", lambda: said in service.stderr)


def unsaved_of(store: Store, place: Place, feed_ids: set[str]) -> set[str]:
    """Return those of which the store does not know the last time that they were asked."""
    known = {feed_id: row.last_success_at for feed_id, row in store.feed_rows(feed_ids, with_cursors=False).items()}
    asked_at = {feed_id: place.feeds.feeds[feed_id].asked_at[-1] for feed_id in feed_ids}
    return {feed_id for feed_id in feed_ids if (at := known.get(feed_id)) is None or at < asked_at[feed_id]}


def kill_at_once(service: ServiceProcess, feeds: GrowingFeeds, caught: Growing) -> None:
    """Kill supervisor and poller, neither of which can do anything about it; return when the feeds have taken in all that the
    poller has asked, ``caught`` among them."""
    (poller,) = service.started("poll")
    os.kill(service.process.pid, signal.SIGSTOP)  # Or it would start another.
    os.kill(poller, signal.SIGSTOP)
    wait_for("the poller to stand still", lambda: state_of(poller) == "T")
    connections = own_ports(poller, feeds.port)
    assert connections
    feeds.over.clear()
    os.kill(poller, signal.SIGKILL)  # First: it would see the end of its supervisor, and stop in good order.
    service.kill()
    wait_for("the end of the poller", lambda: not lives(poller))
    caught.held = False
    caught.let_go.set()
    wait_for("the end of its connections", lambda: connections <= feeds.over)


def kill_one_of_two(place: Place) -> None:
    feeds = place.feeds.feeds
    with closing(open_store(place.store_url)), open_log(place.log_url, SystemClock()) as log:
        log.create_topic(ARTICLES, PARTITIONS)  # So that both begin at once, and neither waits for tables.
    one, two = place.start("one"), place.start("two")
    wait_for_its_share("one", one)
    wait_for_its_share("two", two)
    one.wait_for("every feed to be asked", lambda: all(feed.asked_at for feed in feeds.values()))

    mine, others = place.of("one"), place.of("two")
    assert len(mine) >= 4
    assert len(others) >= 4
    caught = feeds[min(mine)]
    caught.held = True
    one.wait_for("a request to be on its way", caught.waiting.is_set)
    with closing(open_store(place.store_url, migrate=False)) as store:
        one.wait_for("the rest of a round to be kept", lambda: len(unsaved_of(store, place, mine)) <= len(mine) // 2)
        kill_at_once(one, place.feeds, caught)
        unsaved = unsaved_of(store, place, mine)
    assert min(mine) in unsaved
    before = {feed_id: len(feed.asked_at) for feed_id, feed in feeds.items()}

    def taken_over() -> bool:
        """Whether what the first answer since then held is kept, for each feed."""
        known = {feed_id: row.last_success_at for feed_id, row in store.feed_rows(with_cursors=False).items()}
        return all(
            len(feed.asked_at) > (number := before[feed_id])
            and (at := known.get(feed_id)) is not None
            and at >= feed.asked_at[number]
            for feed_id, feed in feeds.items()
        )

    with closing(open_store(place.store_url, migrate=False)) as store:
        two.wait_for("every feed to be read by the one that lives", taken_over)
    two.press_ctrl_c()
    assert two.ended() == 0, two.stderr

    for feed_id, feed in feeds.items():
        for number, (earlier, later) in enumerate(pairwise(feed.asked_at), 1):
            excused = feed_id in unsaved and number == before[feed_id]  # Nobody can know that it was asked.
            assert excused or later - earlier >= INTERVAL, f"{feed_id} was asked twice within its interval"
    with open_log(place.log_url, SystemClock()) as log:
        articles, coverage = written(log)
    check_articles(place, articles, unsaved)
    for told in coverage.values():
        check_coverage(
            place, told, unsaved, killed_at=max(feeds[feed_id].asked_at[before[feed_id] - 1] for feed_id in mine)
        )


def check_articles(place: Place, articles: list[Article], unsaved: set[str]) -> None:
    """Everything that was told in an answer is in the log; the last answer may have met the stop."""
    found = Counter(article.title for article in articles)
    for feed_id, feed in place.feeds.feeds.items():
        titles = [item.title for item in reversed(feed.items)]
        assert set(titles[:-1]) <= set(found), f"{feed_id} lost something"
        if feed_id not in unsaved:
            assert all(found[title] <= 1 for title in titles), f"{feed_id} was read by two"


def check_coverage(place: Place, told: list[Coverage], unsaved: set[str], *, killed_at: datetime) -> None:
    """One record follows the other without a gap, from one poller to the other, and each poll is told once."""
    assert told[0].full
    for earlier, later in pairwise(told):
        assert later.since == earlier.at
    assert told[-1].at > killed_at
    assert len({record.at for record in told}) == len(told) >= 2
    due = Counter({line.feed_id: 0 for record in told for line in record.feeds})
    for record in told:
        due.update({line.feed_id: line.polls_due for line in record.feeds})
    for feed_id, feed in place.feeds.feeds.items():
        untold = len(feed.asked_at) - due[feed_id]
        # What was on its way when its poller died, or when the other was stopped, is no poll.
        assert 0 <= untold <= 1 + (feed_id in unsaved), f"{feed_id}: {untold} polls are not told"


def test_on_sqlite(tmp_path: Path) -> None:
    with place_of(tmp_path, f"sqlite:///{tmp_path}/log.db", f"sqlite:///{tmp_path}/store.db") as place:
        kill_one_of_two(place)


@pytest.mark.kafka
@pytest.mark.postgres
def test_on_kafka_and_postgresql(tmp_path: Path, kafka_url: str, postgres_url: str) -> None:
    with place_of(tmp_path, kafka_url, postgres_url) as place:
        kill_one_of_two(place)


@pytest.mark.kafka
def test_a_stop_while_kafka_is_away_is_a_clean_one_and_nothing_is_lost(
    tmp_path: Path, kafka_url: str, kafka_broker: KafkaBroker | ExternalBroker
) -> None:
    with place_of(tmp_path, kafka_url, f"sqlite:///{tmp_path}/store.db") as place:
        feeds = place.feeds.feeds
        service = place.start("one")
        service.wait_for("every feed to be asked", lambda: all(feed.asked_at for feed in feeds.values()))
        kafka_broker.kill()
        try:
            # Its first article that cannot be written holds it until its time-out; later it tries again and again.
            already = sum(len(feed.asked_at) for feed in feeds.values())
            service.wait_for(
                "something that cannot be written",
                lambda: sum(len(feed.asked_at) for feed in feeds.values()) > already or "poll waits" in service.stderr,
            )
            service.press_ctrl_c()
            assert service.ended() == 0, service.stderr
            assert "is killed" not in service.stderr
        finally:
            kafka_broker.start()
        restarted_at = SystemClock().now()
        service = place.start("one")

        def all_is_kept() -> bool:
            kept = [row.last_success_at for row in store.feed_rows(with_cursors=False).values()]
            return len(kept) == len(feeds) and all(at is not None and at > restarted_at for at in kept)

        with closing(open_store(place.store_url, migrate=False)) as store:
            service.wait_for("every feed to be read again", all_is_kept)
        service.press_ctrl_c()
        assert service.ended() == 0, service.stderr
        with open_log(kafka_url, SystemClock()) as log:
            articles, _ = written(log)
        check_articles(place, articles, unsaved=set(feeds))
