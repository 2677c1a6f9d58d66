"""What commands over old news share: options, the rules they try, and signals of an archive, extracted where missing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alerts.rules.model import Mode, RuleSet
from schemas.errors import UsageError
from tocsin.moments import DAY
from tocsin.progress import Progress
from tocsin.rule_files import read_files

if TYPE_CHECKING:
    from alerts.rules.directory import ActorDirectory
    from connectors.archive.folder import Archive
    from pipelines.replay.extract_archive import ArchiveExtraction
    from pipelines.replay.order import ChosenOrder, Order
    from pipelines.replay.past import Past

#: What is read of a folder of rules; timeline tests lie beside them.
_RULE_FILES, _TESTS = (".yaml", ".yml"), ".test"

#: Articles shown of those no signal could be made of.
_FAILED_SHOWN = 5

archive_option = click.option(
    "--archive",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The folder of the archive; see tocsin archive import.",
)
actors_option = click.option(
    "--actors",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    help="A file of own actors; may be given again.",
)
from_option = click.option(
    "--from",
    "first",
    type=DAY,
    metavar="DAY",
    help="The first day, as 2020-01-31, UTC; the archive's first where left out.",
)
to_option = click.option(
    "--to", "last", type=DAY, metavar="DAY", help="The last day, UTC, included; the archive's last where left out."
)
order_option = click.option(
    "--order",
    type=click.Choice(("arrival", "publication")),
    help="Articles as and when they arrived, or as and when they were published; by default what the archive knows.",
)
_workers = partial(
    click.option,
    "--workers",
    type=click.IntRange(1, 256),
    default=min(2, os.cpu_count() or 1),
    show_default="2, on one core 1",
)
workers_option = _workers(help="Processes that extract at the same time.")
deciding_workers_option = _workers(
    help="Processes that extract at the same time; with many rules over many days they share out the rules to decide, too."
)


def rules_in(path: Path, actors: Sequence[Path], names: ActorDirectory | None = None) -> tuple[RuleSet, str]:
    """Return the rules in ``path``, a file or a folder, and their text; ``names`` are those of ``actors``, if they are known.

    :raises UsageError: no rule file, or mistakes (all of them).
    """
    from pipelines.actor_directory import actor_directory

    paths = [path]
    if path.is_dir():
        paths = sorted(p for p in path.iterdir() if p.suffix in _RULE_FILES and not p.stem.endswith(_TESTS))
    if not paths:
        raise UsageError(f"no rule file is in {path}", remedy="rule files end in .yaml")
    files = read_files(paths, names or actor_directory(actors))
    rules = RuleSet.of(*(rule for file in files for rule in file.rules.rules))
    if not any(rule.mode is not Mode.OFF for rule in rules.rules):
        raise UsageError(f"no rule in {path} is switched on", remedy="write one, or take `mode: off` away")
    return rules, "\n".join(f"# {file.path.name}\n{file.text}" for file in files)


def extracted(
    archive: Archive,
    days: Sequence[date],
    actors: Sequence[Path],
    *,
    workers: int,
    batch: int,
    beam_options: Sequence[str] = (),
) -> tuple[str, ArchiveExtraction]:
    """Extract what ``days`` of ``archive`` have no signals of yet; return the extractor's version and what was done.

    Articles no signal could be made of are told on stderr.
    """
    from pipelines.extraction.extractor import extractor_for
    from pipelines.replay.extract_archive import extract_archive

    version = extractor_for(actors).version
    try:
        with Progress("extracting") as progress:
            extraction = extract_archive(
                archive, version, days, actors, progress.update, workers=workers, batch=batch, beam_options=beam_options
            )
    except KeyboardInterrupt:
        click.echo("what is extracted stays so: the same command goes on from there", err=True)
        raise
    for one in extraction.failed[:_FAILED_SHOWN]:
        click.echo(f"no signal could be made of article {one.article_id}: {one.reason}: {one.error}", err=True)
    without = sum(archive.count(day) - archive.signals_count(version, day) for day in days)
    if without:
        click.echo(f"{number_of(without, 'article')} without a signal: no rule counts them", err=True)
    return version, extraction


def asked_order(order: str | None) -> Order | None:
    """Return what was said with --order."""
    from pipelines.replay.order import Order

    return None if order is None else Order(order)


def past_in(folder: Path, order: str | None, first: datetime | None, last: datetime | None) -> Past:
    """Return the imported history in ``folder`` from ``first`` to ``last`` as the options say it; the order is told on stderr.

    :raises UsageError: there is no archive, or nothing in those days.
    """
    from connectors.archive.folder import Archive
    from pipelines.replay.past import past_of

    days = (first.date() if first else None, last.date() if last else None)
    past = past_of(Archive.existing(folder), asked_order(order), *days)
    click.echo(order_in_words(past.chosen), err=True)
    return past


def order_in_words(chosen: ChosenOrder) -> str:
    """Return which order was taken, and why."""
    from pipelines.replay.order import Order, OrderReason

    late = f"{chosen.late:,} of {number_of(chosen.articles, 'article')} arrived too late to count"
    why = {
        OrderReason.LOG: "the log has them as they came",
        OrderReason.NO_ARRIVALS: "the archive knows when articles were published, not when they arrived",
        OrderReason.MOSTLY_LATE: f"{late}, as when old news are fetched at once",
        OrderReason.ARRIVALS: "the archive knows when articles arrived",
        OrderReason.ASKED: "as asked",
    }[chosen.because]
    if chosen.late and chosen.order is Order.ARRIVAL:
        why += f"; {late}"
    return f"order: {chosen.order.value} ({why})"


def number_of(count: int, what: str) -> str:
    """Return ``count`` and the noun ``what`` in its number."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
