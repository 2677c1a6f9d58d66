"""Finds articles in the log by URL, id or words. Every revision with its place; newest articles first.

    JSON of a record ──may it be meant?──▶ nothing: passed over  │  else it is decoded, and looked at

The log is gone through once; of the articles that are meant the other records are read where they lie.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Collection, Iterator
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
    """One article: its revisions, its signals and its dead letters, oldest first; ``lost`` is what of it lies in those."""

    article_id: str
    articles: list[tuple[Place, Article]] = field(default_factory=list)
    signals: list[tuple[Place, Signal]] = field(default_factory=list)
    dead: list[tuple[Place, DeadLetter]] = field(default_factory=list)
    lost: list[Article] = field(default_factory=list)

    @property
    def newest(self) -> Article | Signal:
        """The newest revision there is, as an article or, where the article was trimmed, as its signal or dead letter."""
        every: list[Article | Signal] = [article for _, article in self.articles]
        every.extend(self.lost)
        every.extend(signal for _, signal in self.signals)
        return max(every, key=lambda one: one.revised_at)


def find_articles(log: Log, query: str, progress: Progress = no_progress) -> list[Found]:
    """Return the articles ``query`` means: a URL, an id or its beginning, or words that all stand in the text.

    An exact URL or id is preferred to words.
    """
    wanted = _Query(query)
    places = _Places()
    fits: dict[str, int] = {}
    for topic, record in _records(log, progress):
        places.note(topic, record)
        if not wanted.may_fit(record.value):
            continue
        decoded = _decoded(topic, record)
        if decoded is not None:
            fits[decoded.article_id] = max(fits.get(decoded.article_id, _NOT), wanted.fits(decoded))
    letters = list(_dead_letters(log))
    for _, letter in letters:
        lost = _original(letter)
        if lost is not None:
            fits[lost.article_id] = max(fits.get(lost.article_id, _NOT), wanted.fits(lost))
    best = max(fits.values(), default=_NOT)
    if best == _NOT:
        return []
    # Another revision of the same article need not have the words.
    chosen = {article_id: Found(article_id) for article_id, fit in fits.items() if fit == best}
    for topic, record in places.read(log, chosen):
        decoded = _decoded(topic, record)
        if decoded is None or decoded.article_id not in chosen:
            continue
        found, place = chosen[decoded.article_id], _place(topic, record)
        if isinstance(decoded, Article):
            found.articles.append((place, decoded))
        else:
            found.signals.append((place, decoded))
    for place, letter in letters:
        lost = _original(letter)
        name = letter.article_id or (lost.article_id if lost is not None else "")
        if name in chosen:
            chosen[name].dead.append((place, letter))
            if lost is not None:
                chosen[name].lost.append(lost)
    return sorted(chosen.values(), key=lambda found: (found.newest.event_time, found.article_id), reverse=True)


_EXACT, _LOOSE, _NOT = 2, 1, 0


class _Query:
    def __init__(self, query: str) -> None:
        self._text = query.strip()
        self._url = _bare(self._text)
        self._words = self._text.casefold().split()
        self._exact = [_in_json(part) for part in (self._text, self._url) if part]
        self._loose = [_in_json(word).decode() for word in self._words]

    def may_fit(self, raw: bytes) -> bool:
        """Tell from the JSON of a record whether it may fit; what cannot need not be decoded."""
        if any(part in raw for part in self._exact):
            return True
        if not self._loose:
            return False
        text = raw.decode("utf-8", "replace").casefold()
        return all(word in text for word in self._loose)

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


def _in_json(text: str) -> bytes:
    """Return ``text`` as it stands within a string of JSON."""
    return json.dumps(text, ensure_ascii=False)[1:-1].encode("utf-8", "replace")


def _bare(url: str) -> str:
    return url.partition("#")[0].rstrip("/").removeprefix("https://").removeprefix("http://").removeprefix("www.")


class _Places:
    """Where the records of each article lie, in 16 bytes a record: ids by their hash, so that some may be others'."""

    def __init__(self) -> None:
        self._runs: dict[tuple[str, int], tuple[array[int], array[int]]] = {}

    def note(self, topic: str, record: LogRecord) -> None:
        """Note where ``record`` lies; of one that does not begin as articles do nothing is known, so it is anybody's."""
        found = _ID_IN_JSON.match(record.value)
        names, offsets = self._runs.setdefault((topic, record.partition), (array("q"), array("q")))
        names.append(hash(found[1]) if found is not None else _ANYBODY)
        offsets.append(record.offset)

    def read(self, log: Log, article_ids: Collection[str]) -> Iterator[tuple[str, LogRecord]]:
        """Yield the records that may be of ``article_ids``: articles first, so that signals are met after them."""
        wanted = {hash(name.encode()) for name in article_ids} | {_ANYBODY}
        for (topic, partition), (names, offsets) in self._runs.items():
            for name, offset in zip(names, offsets, strict=True):
                if name in wanted:
                    records = log.read(topic, partition, offset, max_records=1)
                    yield from ((topic, record) for record in records if record.offset == offset)


#: How records of articles begin, and what stands for the others.
_ID_IN_JSON = re.compile(rb'\{"schema_version":\d+,"kind":"(?:article|signal)","article_id":"([^"\\]*)"')
_ANYBODY = 0

#: How records of other kinds begin: they are of no article.
_OTHER_KIND = re.compile(rb'\{"schema_version":\d+,"kind":"(?!article"|signal")')


def _records(log: Log, progress: Progress) -> Iterator[tuple[str, LogRecord]]:
    """Yield the records of every article, then those of every signal."""
    spans = [(ARTICLES, p) for p in range(log.partitions(ARTICLES))] + [(SIGNALS, 0)]
    total = sum(log.end_offset(topic, p) - log.start_offset(topic, p) for topic, p in spans)
    done = 0
    for topic, partition in spans:
        for record in _read(log, topic, partition):
            done += 1
            if done % 1000 == 0:
                progress(done, total)
            if not _OTHER_KIND.match(record.value):
                yield topic, record
    progress(total, total)


def _decoded(topic: str, record: LogRecord) -> Article | Signal | None:
    try:
        decoded = decode_articles(record.value) if topic == ARTICLES else decode_signals(record.value)
    except BrokenRecordError:
        return None
    return decoded if isinstance(decoded, Article | Signal) else None


def _original(letter: DeadLetter) -> Article | None:
    """Return the article that could not be handled, where its bytes are one."""
    try:
        decoded = decode_articles(letter.original)
    except BrokenRecordError:
        return None
    return decoded if isinstance(decoded, Article) else None


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
