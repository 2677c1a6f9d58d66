"""`tocsin search`: articles in the archive and in the log, with their words and how many there were each month."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connectors.clock import SystemClock
from schemas.durations import parse_duration
from schemas.errors import UsageError
from schemas.plain_text import plain_line, plural
from tocsin.progress import Progress
from tocsin.workplace import folder_option, json_option, open_workplace

if TYPE_CHECKING:
    from pipelines.search import Hit, Search
    from schemas.ports.log import Log

_YEARS = re.compile(r"([0-9]{1,3})\s*y", re.ASCII)
_OLDEST = datetime(1, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


@click.command(name="search", epilog='Example: tocsin search "earthquake baku" --since 1y --folder desk')
@click.argument("words")
@click.option("--since", default="", help="How far back: 30d, 1y, or a day as 2025-01-31. Everything where left out.")
@click.option(
    "--archive", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Another archive, alone."
)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Articles shown, the newest.")
@folder_option
@json_option
def command(words: str, since: str, archive: Path | None, limit: int, folder: Path, as_json: bool) -> None:
    """Show the articles that hold all of WORDS, newest first, with a bar a month and the words as they stand there.

    A word fits every word that begins with it; case and accents do not matter; "words in quotes" stand together. Looks
    through the archive of the folder, imported history too, and what the log has beyond it. Exit code 1 where nothing was
    found.
    """
    from pipelines.search import Search

    now = SystemClock().now()
    search = Search.of(words, beginning(since, now), now + _DAY)
    with Progress("searching") as progress:
        for number, raw in enumerate(_records(archive, folder, search.since), start=1):
            search.take([raw])
            if number % 1_000 == 0:
                progress.update(number, None)
    (_say_json if as_json else _say)(search, limit)
    raise SystemExit(0 if search.hits() else 1)


def beginning(since: str, now: datetime) -> datetime:
    """Return the instant ``since`` names; :raises UsageError: it names none."""
    try:
        if not since:
            return _OLDEST
        if years := _YEARS.fullmatch(since.strip().lower()):
            return now - timedelta(days=365 * int(years[1]))
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", since.strip()):
            return datetime.combine(date.fromisoformat(since.strip()), time(), tzinfo=UTC)
        return now - parse_duration(since)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"--since: {since!r} names no time", remedy="for example 30d, 1y, or 2025-01-31") from error


def _records(archive: Path | None, folder: Path, since: datetime) -> Iterator[bytes]:
    """Yield what the archive holds, then what the log has beyond it; only of days on which such articles can have come."""
    from connectors.archive.archived_log import ArchivedLog
    from connectors.log.open import open_log
    from pipelines.archive_records import archived_records, is_archive
    from schemas.topics import ARTICLES
    from tocsin.disk_use import file_of

    first = (since - _DAY).date() if since > _OLDEST else None
    if archive is not None:
        yield from archived_records(archive, ARTICLES, first, None)
        return
    workplace = open_workplace(folder)
    place = workplace.path(workplace.settings.archive)
    if is_archive(place):
        yield from archived_records(place, ARTICLES, first, None)
    path = file_of(workplace, workplace.settings.log)
    if path is not None and not path.exists():
        return
    with open_log(workplace.url(workplace.settings.log), SystemClock()) as log:
        archived = ArchivedLog(place, log.log_id)
        for partition in range(log.partitions(ARTICLES)):
            yield from _beyond(log, partition, archived.end_offset(ARTICLES, partition))


def _beyond(log: Log, partition: int, archived: int) -> Iterator[bytes]:
    from schemas.topics import ARTICLES

    offset = max(log.start_offset(ARTICLES, partition), min(archived, log.end_offset(ARTICLES, partition)))
    while records := log.read(ARTICLES, partition, offset, max_records=1_000):
        yield from (record.value for record in records)
        offset = records[-1].offset + 1


def _say_json(search: Search, limit: int) -> None:
    hits = search.hits()
    for hit in hits[:limit]:
        article = hit.article
        click.echo(
            json.dumps(
                {
                    "kind": "hit",
                    "article_id": article.article_id,
                    "event_time": article.event_time.isoformat(),
                    "source": article.source.id,
                    "title": article.title,
                    "url": article.url,
                    "matched": hit.matched,
                }
            )
        )
    click.echo(json.dumps({"kind": "search", "terms": search.terms, "articles": len(hits), "months": search.months()}))


def _say(search: Search, limit: int) -> None:
    from pipelines.search import sparkline

    hits, months = search.hits(), search.months()
    noun = "article" if len(hits) == 1 else "articles"
    click.echo(f"{len(hits):,} {noun} with {', '.join(search.terms)}, of {plural(search.records, 'record')}")
    if not hits:
        return
    shown = dict(list(months.items())[-(shutil.get_terminal_size().columns - 30) :])
    top = max(shown, key=lambda month: shown[month])
    names = list(shown)
    click.echo(f"{names[0]} {sparkline(list(shown.values()))} {names[-1]}, most in {top}: {shown[top]:,}")
    for hit in hits[:limit]:
        _say_hit(hit)
    if len(hits) > limit:
        click.echo(f"… and {len(hits) - limit:,} older ones (--limit)")


def _say_hit(hit: Hit) -> None:
    article = hit.article
    source = plain_line(article.source.name or article.source.id, 40)
    words = ", ".join(dict.fromkeys(plain_line(word, 40) for word in hit.matched))
    title = plain_line(article.title or "(no title)", 140)
    click.echo(f"{article.event_time:%Y-%m-%d %H:%M}  {source}  {title}  [{words}]")
    if article.url:
        click.echo(f"  {plain_line(article.url, 300)}")
