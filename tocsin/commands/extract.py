"""`tocsin extract`: articles in files to signals, through the same transforms as the service, without log or folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from schemas.errors import UnprocessableError, UsageError
from schemas.plain_text import plural
from tocsin.article_files import FoundArticle, articles_in, articles_on
from tocsin.progress import Progress
from tocsin.settings import FILE_NAME
from tocsin.workplace import open_workplace

if TYPE_CHECKING:
    from pipelines.extraction.bounded import ToldExtraction
    from pipelines.extraction.marks import MarkedSignal

_BATCH_ARTICLES = 1_000
_DASH = Path("-")


@click.command(
    name="extract",
    epilog="Example: tocsin extract story.txt --explain\n\n"
    "Example: tocsin extract story.txt --html > story-marked.html\n\n"
    """Example: echo '{"title": "Baku and Kyiv sign an agreement"}' | tocsin extract -""",
)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True))
@click.option("--explain", is_flag=True, help="One line a sentence: its actors, pairs, topics and persons.")
@click.option(
    "--html", "as_html", is_flag=True, help="One page with actors, pairs, tones and topics marked in the text."
)
@click.option(
    "--actors",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file with own actors; may be given several times.",
)
def command(files: tuple[Path, ...], explain: bool, as_html: bool, actors: tuple[Path, ...]) -> None:
    """Turn the articles in FILES into signals, JSON Lines on standard output ("-" reads standard input).

    JSON Lines need "text" or "title" (or a "summary"); "date", "url", "source", "language" and "id" are used when there,
    and usual other names of them are understood. A .txt or .html file is one article. JSON arrays, CSV, Parquet and
    packed files (.gz, .xz, .bz2, .zst) are read, too. Without a date an article is of today, which decides who holds an
    office. Exit code 1 when an article could not be used; the others are printed all the same.
    """
    from connectors.clock import SystemClock

    asked = files or (_DASH,)
    if asked == (_DASH,) and sys.stdin.isatty():
        raise UsageError("no file, and nothing on standard input", remedy="tocsin extract FILE…, or - after a pipe")
    if explain and as_html:
        raise UsageError("--explain and --html are two forms of one answer", remedy="give one of them")
    from pipelines.extraction.bounded import ToldExtraction

    if not actors:
        _tell_of_own_actors()
    mistakes = 0
    with Progress("extracting") as progress:
        found = _found(asked, SystemClock().now(), progress)
        if as_html:
            mistakes = _print_page(found, actors)
        extraction = ToldExtraction(actors, explain=explain) if not as_html else None
        while extraction is not None and (batch := list(islice(found, _BATCH_ARTICLES))):
            mistakes += _print(batch, extraction)
    if mistakes:
        click.echo(f"{plural(mistakes, 'article')} could not be used", err=True)
        sys.exit(1)


def _tell_of_own_actors() -> None:
    """Say that the own actors of a service in this folder are not read: whoever added one wonders why it is not found."""
    settings = Path(FILE_NAME)
    if not settings.is_file():
        return
    try:
        workplace = open_workplace(Path())
        files = workplace.files(workplace.settings.actors)
    except UsageError:  # Settings that are wrong are no business of a command that does not read them.
        return
    if files:
        words = " ".join(f"--actors {file}" for file in files)
        click.echo(f"the own actors of {settings} are not read here; with them: {words}", err=True)


def _print(batch: list[FoundArticle], extraction: ToldExtraction) -> int:
    """Print what was found on stdout and each mistake with its place on stderr; return the number of mistakes."""
    for one in batch:
        if one.article is None:
            click.echo(f"{one.place}: {one.mistake}", err=True)
    usable = [(one.place, one.article) for one in batch if one.article is not None]
    told = extraction.tell([article for _, article in usable])
    for failure in told.failures:
        click.echo(f"{usable[failure.offset][0]}: {failure.error} ({failure.reason.value})", err=True)
    out = sys.stdout.buffer
    out.writelines(line + b"\n" for line in told.lines)
    out.flush()
    return len(batch) - len(usable) + len(told.failures)


def _print_page(found: Iterator[FoundArticle], actors: tuple[Path, ...]) -> int:
    """Print the page article by article on stdout, and each mistake with its place on stderr; return the number of mistakes."""
    from pipelines.extraction.extractor import extractor_for
    from tocsin.marked_page import page_of

    extractor = extractor_for(actors)
    mistakes = 0

    def marked() -> Iterator[MarkedSignal]:
        nonlocal mistakes
        for one in found:
            try:
                if one.article is None:
                    raise UnprocessableError(one.mistake)
                yield extractor.marked(one.article)
            except UnprocessableError as error:
                mistakes += 1
                click.echo(f"{one.place}: {error.message}", err=True)

    for part in page_of(marked()):
        sys.stdout.buffer.write(part.encode())
    sys.stdout.buffer.flush()
    return mistakes


def _found(files: tuple[Path, ...], now: datetime, progress: Progress) -> Iterator[FoundArticle]:
    """Yield the articles of all ``files``; the bar tells bytes read of them, or articles read from standard input."""
    total = sum(path.stat().st_size for path in files if path != _DASH)
    before = 0
    for path in files:
        if path == _DASH:
            for number, one in enumerate(articles_on(sys.stdin.buffer, now), start=1):
                progress.update(number, None)
                yield one
        else:
            yield from articles_in(path, now, partial(_tell, progress, before, total))
            before += path.stat().st_size


def _tell(progress: Progress, before: int, total: int, done: int, _: int | None) -> None:
    progress.update(before + done, total)
