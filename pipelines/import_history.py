"""Brings old articles into an archive, and says from their own rhythm what was watched when.

    rows ──▶ items ──spooled by day──▶ in order of observation ──▶ articles by day ──▶ coverage by day

Importing the same file twice changes nothing. An import that stops half way leaves whole days; doing it again ends it.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, tzinfo
from itertools import groupby
from pathlib import Path

from connectors.archive.field_map import FieldMap
from connectors.archive.folder import Archive, Known
from connectors.archive.import_rows import Row
from connectors.archive.imported_items import ImportedItem, Midnight, UnusableRowError, article_of, item_of
from connectors.archive.one_writer import only_writer
from connectors.archive.own_records import article_in, own_record
from connectors.archive.rhythm import ArchiveRhythm
from schemas.article import Article
from schemas.errors import FatalError
from schemas.ids import milliseconds
from schemas.wire import decode_articles, encode

Told = Callable[[int, int | None], None]

#: Items held in memory before they are spooled to files.
_SPOOL_ITEMS = 20_000

#: How the name of the folder of those files begins, in the archive's own.
_SPOOL = ".import-"


def nobody(done: int, total: int | None) -> None:
    """Tell nobody."""


@dataclass
class ImportReport:
    """What became of the rows: rows = articles + revisions + duplicates + left_out."""

    rows: int = 0
    articles: int = 0
    revisions: int = 0
    duplicates: int = 0
    day_only: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    first_left_out: dict[str, str] = field(default_factory=dict)  # reason -> place

    def leave_out(self, reason: str, place: str) -> None:
        """Count a row no article can be made of."""
        self.left_out[reason] += 1
        self.first_left_out.setdefault(reason, place)


@contextmanager
def only_import(folder: Path) -> Iterator[None]:
    """Hold the archive in ``folder`` for one import, and remove what one that was killed had spooled there.

    :raises ArchiveUnavailableError: another import is at work there, or the folder cannot be made.
    """
    with only_writer(folder, ".import.lock", "wait until the other import has ended, then start this one again"):
        for left in folder.glob(f"{_SPOOL}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield


def items_in(
    rows: Iterable[Row],
    fields: FieldMap,
    zone: tzinfo,
    source: str,
    report: ImportReport,
    midnight: Midnight = Midnight.TIME,
    *,
    as_they_are: bool = False,
) -> Iterator[ImportedItem | Article]:
    """Yield the items of ``rows`` and count in ``report`` what is none. ``as_they_are``: rows that are articles of ours stay
    the very same, whatever ``fields`` say."""
    for row in rows:
        report.rows += 1
        if row.values is None:
            report.leave_out(row.mistake.split(":", maxsplit=1)[0], row.place)
            continue
        try:
            if as_they_are and (record := own_record(row.values)) is not None:
                yield article_in(record)
                continue
            item = item_of(row.values, fields, zone, source, midnight)
        except UnusableRowError as error:
            report.leave_out(error.message.split(":", maxsplit=1)[0], row.place)
            continue
        report.day_only += item.day_only
        yield item


def import_items(
    archive: Archive, items: Iterable[ImportedItem | Article], report: ImportReport, told: Told = nobody
) -> None:
    """Add ``items`` (in any order) to ``archive``; ``told`` hears days done and days in all once all were read."""
    archive.folder.mkdir(parents=True, exist_ok=True)
    spool = Path(tempfile.mkdtemp(prefix=_SPOOL, dir=archive.folder))
    try:
        days = _spool(items, spool)
        _file_in(archive, spool, days, report, told)
    finally:
        shutil.rmtree(spool, ignore_errors=True)  # The next import removes what is left.


def _spool(items: Iterable[ImportedItem | Article], spool: Path) -> set[date]:
    days: set[date] = set()
    held: dict[date, list[str]] = defaultdict(list)
    for count, item in enumerate(items, start=1):
        if isinstance(item, Article):
            day, line = item.revised_at.date(), encode(item).decode()
        else:
            day, line = item.day, json.dumps(asdict(item), ensure_ascii=False)
        held[day].append(line)
        if count % _SPOOL_ITEMS == 0:
            _append(spool, held)
        days.add(day)
    _append(spool, held)
    return days


def _append(spool: Path, held: dict[date, list[str]]) -> None:
    for day, lines in held.items():
        try:
            with (spool / day.isoformat()).open("a", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in lines)
        except OSError as error:
            raise FatalError(
                f"{spool.parent} cannot be written: {error.strerror}",
                remedy="make room there, twice the size of the text, then import again: nothing was imported",
            ) from error
    held.clear()


def _file_in(archive: Archive, spool: Path, days: set[date], report: ImportReport, told: Told) -> None:
    """Go through all days in order, so that the first sight of an article is met before its later wordings."""
    known: dict[str, Known] = {}
    everything = sorted(days | set(archive.days()))
    for number, day in enumerate(everything):
        told(number, len(everything))
        there = archive.known(day)
        for old in there:
            known[old.article_id] = old
        if day not in days:
            continue
        with (spool / day.isoformat()).open(encoding="utf-8") as file:
            items = [_spooled(line) for line in file]
        own = [item for item in items if isinstance(item, Article)]
        fresh = [
            *_own_articles(own, {(old.article_id, old.revised_ms) for old in there}, known, report),
            *_new_articles([item for item in items if isinstance(item, ImportedItem)], known, report),
        ]
        if fresh:
            archive.add(day, fresh)
    told(len(everything), len(everything))


def _spooled(line: str) -> ImportedItem | Article:
    if not line.startswith('{"schema_version"'):
        return ImportedItem(**json.loads(line))
    article = decode_articles(line.encode())
    assert isinstance(article, Article)
    return article


def _own_articles(
    articles: list[Article], there: set[tuple[str, int]], known: dict[str, Known], report: ImportReport
) -> Iterator[Article]:
    """Yield those of ``articles``, all of one day, that are not ``there``, by id and revision: none of them is changed."""
    articles.sort(key=lambda article: (article.revision, article.article_id))
    for article in articles:
        name = (article.article_id, article.revision)
        if name in there:
            report.duplicates += 1
            continue
        there.add(name)
        before = known.get(article.article_id)
        if before is None:
            report.articles += 1
        else:
            report.revisions += 1
        if before is None or before.revised_ms < article.revision:
            known[article.article_id] = _known(article)
        yield article


def _known(article: Article) -> Known:
    return Known(
        article.article_id,
        milliseconds(article.observed_at),
        article.revision,
        milliseconds(article.event_time),
        article.content_hash,
    )


def _new_articles(items: list[ImportedItem], known: dict[str, Known], report: ImportReport) -> Iterator[Article]:
    items.sort(key=lambda item: (item.observed_ms, item.article_id, item.content))
    for item in items:
        before = known.get(item.article_id)
        content = item.content
        if before is not None and (before.content_hash == content or item.observed_ms <= before.revised_ms):
            report.duplicates += 1
            continue
        article = article_of(item, before)
        if before is None:
            report.articles += 1
        else:
            report.revisions += 1
        known[item.article_id] = _known(article)
        yield article


def write_rhythm(archive: Archive, told: Told = nobody) -> None:
    """Write the coverage of all days anew from the rhythm of the imported articles."""
    days = archive.days()

    def sightings() -> Iterator[tuple[str, datetime]]:
        for number, day in enumerate(days):
            told(number, len(days))
            yield from archive.feed_sightings(day)

    rhythm = ArchiveRhythm.of(sightings(), archive.feed_sources())
    for day, of_day in groupby(rhythm.coverage(), key=lambda record: record.since.date()):
        archive.write_coverage(day, of_day)
    told(len(days), len(days))
