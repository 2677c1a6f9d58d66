"""What these tests put on ``articles`` and find on ``signals`` and ``dead-letters``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from schemas.article import Article, Source
from schemas.coverage import Coverage, FeedCoverage
from schemas.dead_letter import DeadLetter
from schemas.ids import article_id, content_hash, milliseconds
from schemas.ports.log import Entry, Log
from schemas.reasons import EventTimeReason, FeedState
from schemas.signal import Signal
from schemas.topics import ALL_TOPICS, ARTICLES, DEAD_LETTERS, SIGNALS
from schemas.wire import SignalsRecord, decode_dead_letter, decode_signals, encode

START = datetime(2025, 7, 1, 6, 0, tzinfo=UTC)

_TITLES = (
    "Azerbaijan summons the Russian ambassador over arrests in Yekaterinburg",
    "Ukraine and the United Kingdom sign an agreement on drones",
    "Local bakery wins a prize for its bread",
    "Президент России встретился с премьер-министром Армении",
    "Baku closes the Russian House, Moscow protests",
)


def article(number: int) -> Article:
    """Return the article ``number`` of an invented stream, one a minute."""
    at = START + timedelta(minutes=number)
    title, text = f"{_TITLES[number % len(_TITLES)]} ({number})", f"Officials spoke in Baku on day {number}. " * 3
    return Article(
        article_id=article_id("gazette.example", str(number)),
        revision=milliseconds(at),
        revised_at=at,
        source=Source(id="gazette.example"),
        feed_id="gazette",
        title=title,
        text=text,
        observed_at=at,
        event_time=at,
        event_time_reason=EventTimeReason.PUBLISHED,
        content_hash=content_hash(title, "", text),
    )


def coverage(minute: int, partition: int, partitions: int) -> Coverage:
    """Return the coverage of the minute before ``START + minute``."""
    feed = FeedCoverage(
        feed_id="gazette", source=Source(id="gazette.example"), state=FeedState.OK, polls_due=1, polls_succeeded=1
    )
    at = START + timedelta(minutes=minute)
    return Coverage(
        since=at - timedelta(minutes=1), at=at, partition=partition, partitions=partitions, full=False, feeds=(feed,)
    )


def make_topics(log: Log, partitions: int = 1) -> None:
    """Make all topics."""
    for topic in ALL_TOPICS:
        log.create_topic(topic, partitions if topic == ARTICLES else 1)


def fill(log: Log, numbers: range, *, coverage_every: int = 10) -> None:
    """Append articles over the partitions in turn, with a coverage of every partition after each ``coverage_every``."""
    partitions = log.partitions(ARTICLES)
    entries: list[Entry] = []
    for number in numbers:
        one = article(number)
        entries.append(Entry(number % partitions, encode(one), one.article_id.encode()))
        if (number + 1) % coverage_every == 0:
            entries += [Entry(p, encode(coverage(number + 1, p, partitions))) for p in range(partitions)]
    log.append(ARTICLES, entries)


def values(log: Log, topic: str, partition: int = 0) -> Iterator[bytes]:
    """Yield what lies in a partition."""
    offset = log.start_offset(topic, partition)
    while records := log.read(topic, partition, offset, max_records=1000):
        yield from (record.value for record in records)
        offset = records[-1].offset + 1


def on_signals(log: Log) -> list[SignalsRecord]:
    """Return all records of ``signals``."""
    return [decode_signals(value) for value in values(log, SIGNALS)]


def signals_of(records: Sequence[SignalsRecord]) -> list[Signal]:
    """Return the signals among ``records``."""
    return [record for record in records if isinstance(record, Signal)]


def dead_letters(log: Log) -> list[DeadLetter]:
    """Return all dead letters."""
    return [decode_dead_letter(value) for value in values(log, DEAD_LETTERS)]


def assert_coverage_law(log: Log) -> None:
    """Wherever a coverage of a partition lies on ``signals``, every article before it in that partition came earlier."""
    records = on_signals(log)
    articles: dict[int, list[bytes]] = {p: list(values(log, ARTICLES, p)) for p in range(log.partitions(ARTICLES))}
    first_seen: dict[str, int] = {}
    for place, record in enumerate(records):
        if isinstance(record, Signal):
            first_seen.setdefault(record.article_id, place)
    forwarded = [(place, record) for place, record in enumerate(records) if isinstance(record, Coverage)]
    assert forwarded
    for place, record in forwarded:
        own = articles[record.partition]
        before = own[: own.index(encode(record))]
        for raw in before:
            if b'"kind":"article"' in raw:
                name = Article.model_validate_json(raw).article_id
                assert first_seen[name] < place, f"coverage of partition {record.partition} overtook {name}"


class Beats:
    """The signs of life, in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[datetime, Mapping[str, str | int | float]]] = {}
        self.times = 0

    def beat(self, job: str, *, at: datetime, detail: Mapping[str, str | int | float]) -> None:
        """Remember the newest of each job."""
        self.rows[job] = (at, dict(detail))
        self.times += 1

    def heartbeats(self) -> Mapping[str, tuple[datetime, Mapping[str, str | int | float]]]:
        """Return them."""
        return dict(self.rows)
