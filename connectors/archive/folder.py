"""An archive folder: articles and coverage by day of observation, in the order they were observed; signals beside them.

DIR/articles/2020/2020-01-03.parquet   DIR/coverage/2020/…   DIR/signals/<extractor version>/2020/…
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path

import numpy as np
import numpy.typing as npt

from connectors.archive.day_files import (
    Cell,
    Kind,
    about,
    day_path,
    days_in,
    has_column,
    read_columns,
    read_milliseconds,
    read_records,
    read_text,
    write_day,
)
from connectors.archive.rhythm import feed_of
from schemas.article import Article, Source
from schemas.coverage import Coverage
from schemas.errors import UsageError
from schemas.ids import from_milliseconds, milliseconds
from schemas.signal import Signal
from schemas.wire import decode_articles, decode_signals, encode


@dataclass(frozen=True, slots=True)
class Known:
    """What decides whether an item is new: first and last sight, the event time the first fixed, and its last wording."""

    article_id: str
    observed_ms: int
    revised_ms: int
    event_ms: int
    content_hash: str


class Archive:
    """One folder. Days are written whole and atomically; reading keeps nothing open."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def existing(cls, folder: Path) -> Archive:
        """Return the archive in ``folder``; :raises UsageError: there is none."""
        archive = cls(folder)
        if not archive.days():
            raise UsageError(
                f"{folder} holds no archive",
                remedy=f"import articles first: tocsin archive import FILE --archive {folder}",
            )
        return archive

    # -- articles ---------------------------------------------------------------------------------------------------

    def days(self) -> list[date]:
        """Return the days that have articles, in order."""
        return days_in(self.folder / "articles")

    def articles(self, day: date) -> list[Article]:
        """Return the articles of ``day`` in the order they were observed; none where it has no file."""
        found = [decode_articles(raw) for raw in self.article_records(day)]
        return [record for record in found if isinstance(record, Article)]

    def article_records(self, day: date) -> list[bytes]:
        """Return the same as JSON."""
        path = day_path(self.folder / "articles", day)
        return read_records(path) if path.exists() else []

    def known(self, day: date) -> list[Known]:
        """Return what tells the articles of ``day`` from new ones, in their order."""
        path = day_path(self.folder / "articles", day)
        if not path.exists():
            return []
        rows = read_columns(path, ["article_id", "observed_at", "revision", "event_time", "content_hash"])
        return [Known(str(row[0]), int(row[1]), int(row[2]), int(row[3]), str(row[4])) for row in rows]

    def times(self, day: date) -> list[tuple[int, int, int]]:
        """Return (first observed, event time, this wording observed) of every article of ``day`` in milliseconds, in order."""
        rows = read_columns(day_path(self.folder / "articles", day), ["observed_at", "event_time", "revision"])
        return [(int(observed), int(event), int(revised)) for observed, event, revised in rows]

    def time_columns(self, day: date) -> Sequence[npt.NDArray[np.int64]]:
        """Return the same as three columns."""
        path = day_path(self.folder / "articles", day)
        return read_milliseconds(path, ["observed_at", "event_time", "revision"])

    def sightings(self, day: date) -> list[tuple[str, datetime]]:
        """Return (source id, when observed) of every article of ``day``, in order."""
        rows = read_columns(day_path(self.folder / "articles", day), ["source", "revised_at"])
        return [(str(source), from_milliseconds(int(at))) for source, at in rows]

    def feed_sightings(self, day: date) -> list[tuple[str, datetime]]:
        """Return (feed id, when observed) of every article of ``day``, in order."""
        path = day_path(self.folder / "articles", day)
        if not has_column(path, "feed_id"):
            return [(feed_of(source), at) for source, at in self.sightings(day)]
        rows = read_columns(path, ["feed_id", "revised_at"])
        return [(str(feed_id), from_milliseconds(int(at))) for feed_id, at in rows]

    def feed_sources(self) -> dict[str, Source]:
        """Return who publishes what, by the ids of feeds that are named otherwise than imports name them: as their first
        article says, and the feed itself where its articles are of several."""
        publishers: defaultdict[str, set[str]] = defaultdict(set)
        first: dict[str, tuple[Path, int]] = {}
        for day in self.days():
            path = day_path(self.folder / "articles", day)
            rows = read_columns(path, ["feed_id", "source"]) if has_column(path, "feed_id") else []
            for number, (feed_id, source) in enumerate(rows):
                name = str(feed_id)
                if name != feed_of(str(source)):
                    publishers[name].add(str(source))
                    first.setdefault(name, (path, number))
        found = {name: Source(id=name, name=name) for name in publishers}
        for path, of_path in groupby(first.items(), key=lambda one: one[1][0]):
            records = read_records(path)
            for name, (_, number) in of_path:
                article = decode_articles(records[number])
                if isinstance(article, Article) and len(publishers[name]) == 1:
                    found[name] = article.source
        return found

    def add(self, day: date, articles: Sequence[Article]) -> None:
        """Add ``articles``, all of them observed (or revised) on ``day`` and none of them there yet."""
        rows = [_article_row(article, encode(article).decode()) for article in [*self.articles(day), *articles]]
        rows.sort(key=lambda row: (row["revised_at"], row["article_id"], row["revision"]))
        write_day(day_path(self.folder / "articles", day), Kind.ARTICLES, rows)

    def count(self, day: date) -> int:
        """Return how many articles ``day`` has."""
        return _rows_of(day_path(self.folder / "articles", day))

    def articles_digest(self, day: date) -> str:
        """Return a digest of the articles of ``day``; empty where it has none."""
        path = day_path(self.folder / "articles", day)
        return about(path)[1] if path.exists() else ""

    # -- coverage ---------------------------------------------------------------------------------------------------

    def coverage(self, day: date) -> list[Coverage]:
        """Return the coverage of the stretches that begin on ``day``, in order."""
        path = day_path(self.folder / "coverage", day)
        found = [decode_articles(raw) for raw in read_records(path)] if path.exists() else []
        return [record for record in found if isinstance(record, Coverage)]

    def coverage_count(self, day: date) -> int:
        """Return how many records of coverage ``day`` has."""
        return _rows_of(day_path(self.folder / "coverage", day))

    def coverage_digest(self, day: date) -> str:
        """Return a digest of the coverage of ``day``; empty where it has none."""
        path = day_path(self.folder / "coverage", day)
        return about(path)[1] if path.exists() else ""

    def coverage_days(self) -> list[date]:
        """Return the days that have coverage, in order."""
        return days_in(self.folder / "coverage")

    def write_coverage(self, day: date, records: Iterable[Coverage]) -> None:
        """Replace the coverage of ``day``."""
        rows: list[Mapping[str, Cell]] = [
            {"at": milliseconds(record.at), "record": encode(record).decode()} for record in records
        ]
        write_day(day_path(self.folder / "coverage", day), Kind.COVERAGE, rows)

    # -- signals ----------------------------------------------------------------------------------------------------

    def signals(self, version: str, day: date) -> list[Signal] | None:
        """Return the cached signals of the articles ``day`` has now; None where they must be extracted."""
        path = day_path(self._signals_folder(version), day)
        if not path.exists() or about(path)[2] != self.articles_digest(day):
            return None
        found = [decode_signals(raw) for raw in read_records(path)]
        return [record for record in found if isinstance(record, Signal)]

    def signal_records(self, version: str, day: date) -> list[bytes]:
        """Return the JSON of every cached signal of ``day``, in order; see :meth:`has_signals`."""
        return read_records(day_path(self._signals_folder(version), day))

    def signal_text(self, version: str, day: date) -> tuple[bytes, npt.NDArray[np.int32]]:
        """Return the same one behind the other, and where each begins; the end of the last, too."""
        return read_text(day_path(self._signals_folder(version), day))

    def signal_ids(self, version: str, day: date) -> list[tuple[str, int]]:
        """Return the article id and the revision of each of them."""
        rows = read_columns(day_path(self._signals_folder(version), day), ["article_id", "revised_at"])
        return [(str(article_id), int(revised_ms)) for article_id, revised_ms in rows]

    def has_signals(self, version: str, day: date) -> bool:
        """Tell whether the signals of ``day`` are cached."""
        path = day_path(self._signals_folder(version), day)
        return path.exists() and about(path)[2] == self.articles_digest(day)

    def signals_count(self, version: str, day: date) -> int:
        """Return how many signals of ``day`` are cached."""
        return _rows_of(day_path(self._signals_folder(version), day))

    def cache_signals(self, version: str, day: date, signals: Sequence[Signal]) -> None:
        """Keep ``signals``, made from the articles ``day`` has now, in their order."""
        rows: list[Mapping[str, Cell]] = [
            {
                "revised_at": milliseconds(signal.revised_at),
                "article_id": signal.article_id,
                "record": encode(signal).decode(),
            }
            for signal in signals
        ]
        write_day(day_path(self._signals_folder(version), day), Kind.SIGNALS, rows, self.articles_digest(day))

    def _signals_folder(self, version: str) -> Path:
        return self.folder / "signals" / version


def _rows_of(path: Path) -> int:
    return about(path)[0] if path.exists() else 0


def _article_row(article: Article, record: str) -> dict[str, Cell]:
    return {
        "revised_at": milliseconds(article.revised_at),
        "observed_at": milliseconds(article.observed_at),
        "event_time": milliseconds(article.event_time),
        "article_id": article.article_id,
        "revision": article.revision,
        "source": article.source.id,
        "feed_id": article.feed_id,
        "content_hash": article.content_hash,
        "record": record,
    }
