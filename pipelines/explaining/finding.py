"""Finds articles in the log by URL, id or words. Every revision with its place; newest articles first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from pipelines.explaining.engine_then import Progress, no_progress
from schemas.article import Article
from schemas.dead_letter import DeadLetter
from schemas.errors import BrokenRecordError
from schemas.ids import from_milliseconds
from schemas.ports.log import Log, LogRecord
from schemas.signal import Signal
from schemas.topics import ARTICLES, DEAD_LETTERS, SIGNALS
from schemas.wire import decode_articles, decode_dead_letter, decode_signals

#: The beginning of an id that is taken for one.
_ID_CHARACTERS = 8


@dataclass(frozen=True)
class Place:
    """Where a record lies, and when the log took it."""

    topic: str
    partition: int
    offset: int
    appended_at: datetime


@dataclass
class Found:
    """One article: its revisions, its signals and its dead letters, oldest first."""

    article_id: str
    articles: list[tuple[Place, Article]] = field(default_factory=list)
    signals: list[tuple[Place, Signal]] = field(default_factory=list)
    dead: list[tuple[Place, DeadLetter]] = field(default_factory=list)

    @property
    def newest(self) -> Article | Signal:
        """The newest revision there is, as an article or, where the article was trimmed, as its signal."""
        every: list[Article | Signal] = [article for _, article in self.articles]
        every.extend(signal for _, signal in self.signals)
        return max(every, key=lambda one: one.revised_at)


def find_articles(log: Log, query: str, progress: Progress = no_progress) -> list[Found]:
    """Return the articles ``query`` means: a URL, an id or its beginning, or words that all stand in the text.

    An exact URL or id is preferred to words.
    """
    wanted = _Query(query)
    fits: dict[str, int] = {}
    for _, record in _records(log, progress):
        fits[record.article_id] = max(fits.get(record.article_id, _NOT), wanted.fits(record))
    best = max(fits.values(), default=_NOT)
    if best == _NOT:
        return []
    # Read again: another revision of the same article need not have the words.
    chosen = {article_id: Found(article_id) for article_id, fit in fits.items() if fit == best}
    for place, record in _records(log, no_progress):
        if record.article_id not in chosen:
            continue
        if isinstance(record, Article):
            chosen[record.article_id].articles.append((place, record))
        else:
            chosen[record.article_id].signals.append((place, record))
    for place, letter in _dead_letters(log):
        if letter.article_id in chosen:
            chosen[letter.article_id].dead.append((place, letter))
    return sorted(chosen.values(), key=lambda found: (found.newest.event_time, found.article_id), reverse=True)


_EXACT, _LOOSE, _NOT = 2, 1, 0


class _Query:
    def __init__(self, query: str) -> None:
        self._text = query.strip()
        self._url = _bare(self._text)
        self._words = self._text.casefold().split()

    def fits(self, record: Article | Signal) -> int:
        if record.url is not None and _bare(record.url) == self._url:
            return _EXACT
        if record.article_id == self._text:
            return _EXACT
        if len(self._text) >= _ID_CHARACTERS and record.article_id.startswith(self._text):
            return _EXACT
        body = record.text if isinstance(record, Signal) else f"{record.title} {record.summary} {record.text}"
        text = f"{record.title} {body}".casefold()
        return _LOOSE if self._words and all(word in text for word in self._words) else _NOT


def _bare(url: str) -> str:
    return url.partition("#")[0].rstrip("/").removeprefix("https://").removeprefix("http://").removeprefix("www.")


def _records(log: Log, progress: Progress) -> Iterator[tuple[Place, Article | Signal]]:
    """Yield every article, then every signal, so that a signal of a revision is met after its article."""
    spans = [(ARTICLES, p) for p in range(log.partitions(ARTICLES))] + [(SIGNALS, 0)]
    total = sum(log.end_offset(topic, p) - log.start_offset(topic, p) for topic, p in spans)
    done = 0
    for topic, partition in spans:
        for record in _read(log, topic, partition):
            done += 1
            if done % 1000 == 0:
                progress(done, total)
            try:
                decoded = decode_articles(record.value) if topic == ARTICLES else decode_signals(record.value)
            except BrokenRecordError:
                continue
            if isinstance(decoded, Article | Signal):
                yield _place(topic, record), decoded
    progress(total, total)


def _dead_letters(log: Log) -> Iterator[tuple[Place, DeadLetter]]:
    for record in _read(log, DEAD_LETTERS, 0):
        try:
            yield _place(DEAD_LETTERS, record), decode_dead_letter(record.value)
        except BrokenRecordError:
            continue


def _read(log: Log, topic: str, partition: int) -> Iterator[LogRecord]:
    offset = log.start_offset(topic, partition)
    while records := log.read(topic, partition, offset, max_records=1000):
        yield from records
        offset = records[-1].offset + 1


def _place(topic: str, record: LogRecord) -> Place:
    return Place(topic, record.partition, record.offset, from_milliseconds(record.append_time_ms))
