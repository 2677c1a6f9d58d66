"""`tocsin archive`: old articles in, and what the archive holds."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from schemas.errors import UsageError
from tocsin.progress import Progress
from tocsin.workplace import json_option

if TYPE_CHECKING:
    from connectors.archive.field_map import FieldMap
    from connectors.archive.import_rows import Row
    from pipelines.import_history import ImportReport

#: Rows a map is guessed from.
_GUESS_ROWS = 200

archive_option = click.option(
    "--archive",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The folder of the archive.",
)


@click.group(name="archive", epilog="Example: tocsin archive info --archive history")
def command() -> None:
    """Import old articles into an archive; show what it holds."""


@command.command(
    name="import",
    epilog="Example: tocsin archive import old.jsonl.xz --map published=t,source=src,title=title,url=url --archive history",
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@archive_option
@click.option("--map", "mapping", help="FIELD=COLUMN by commas; a column may be a dotted path. Guessed where left out.")
@click.option("--source", default="", help="The source of rows that name none.")
@click.option("--tz", default="UTC", show_default=True, help="The zone of times written without one.")
@click.option("--dry-run", is_flag=True, help="Show the map and the first rows; write nothing.")
def import_(files: tuple[Path, ...], folder: Path, mapping: str | None, source: str, tz: str, dry_run: bool) -> None:
    """Import FILES: JSON Lines, JSON arrays, CSV or Parquet, each also .gz, .xz, .bz2 or .zst.

    The fields of --map are published, observed, source, title, summary, text, url, guid, language, country. Importing a
    file again changes nothing. Exit code 1 when no row could be used.
    """
    from connectors.archive.field_map import FieldMap
    from connectors.archive.folder import Archive
    from pipelines.import_history import ImportReport, import_items, items_in, write_rhythm

    zone = _zone(tz)
    fields = FieldMap.parse(mapping) if mapping else _guessed(files)
    click.echo(f"map: {fields}", err=True)
    if "published" not in fields.paths:
        raise UsageError("no column with the time of publication", remedy="name it: --map published=COLUMN,…")
    report = ImportReport()
    if dry_run:
        _show_rows(files, fields, zone, source)
        return
    archive = Archive(folder)
    with Progress("reading") as progress:
        items = items_in(_rows(files, progress), fields, zone, source, report)
        import_items(archive, items, report, progress.update)
        write_rhythm(archive, progress.update)
    _show_report(report)
    sys.exit(0 if report.rows > sum(report.left_out.values()) else 1)


@command.command(epilog="Example: tocsin archive info --archive history")
@archive_option
@json_option
def info(folder: Path, as_json: bool) -> None:
    """Show the sources of the archive, from when to when, and the holes in it."""
    from connectors.archive.folder import Archive
    from pipelines.archive_summary import summary_of

    summary = summary_of(Archive.existing(folder))
    if as_json:
        click.echo(json.dumps(summary.as_json()))
        return
    click.echo(f"{summary.articles:,} articles on {summary.days:,} days, {summary.first} to {summary.last}")
    for source in summary.sources:
        end = f"ended {source.last}" if source.ended else "to the end"
        click.echo(
            f"  {source.source}: {source.articles:,} articles from {source.first}, {end}, {len(source.holes)} holes"
        )
    for hole in summary.shared_holes:
        click.echo(f"  nothing at all {hole.first} to {hole.last} ({hole.hours} h)")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            f"--tz: there is no zone {name!r}", remedy="for example UTC, Europe/Berlin, Asia/Baku"
        ) from error


def _rows(files: tuple[Path, ...], progress: Progress | None = None) -> Iterator[Row]:
    from connectors.archive.import_rows import read_rows

    for path in files:
        yield from read_rows(path, progress.update) if progress else read_rows(path)


def _guessed(files: tuple[Path, ...]) -> FieldMap:
    from connectors.archive.field_map import FieldMap

    return FieldMap.guessed([row.values for row in islice(_rows(files), _GUESS_ROWS) if row.values is not None])


def _show_rows(files: tuple[Path, ...], fields: FieldMap, zone: ZoneInfo, source: str) -> None:
    from connectors.archive.imported_items import UnusableRowError, article_of, item_of

    with_values = [(row.place, row.values) for row in islice(_rows(files), _GUESS_ROWS) if row.values is not None]
    for place, values in with_values[:3]:
        try:
            click.echo(article_of(item_of(values, fields, zone, source), None).model_dump_json(exclude_defaults=True))
        except UnusableRowError as error:
            click.echo(f"{place}: left out: {error}", err=True)
    for field, path in fields.paths.items():
        empty = sum(1 for _, values in with_values if fields.value(values, field) in (None, ""))
        if empty:
            click.echo(f"{field} ({path}) is empty in {empty} of the first {len(with_values)} rows", err=True)


def _show_report(report: ImportReport) -> None:
    click.echo(
        f"{report.rows:,} rows: {report.articles:,} articles, {report.revisions:,} later wordings, "
        f"{report.duplicates:,} there already, {sum(report.left_out.values()):,} left out"
    )
    if report.day_only:
        click.echo(f"  {report.day_only:,} have a day and no time: each was laid somewhere in its day")
    for reason, count in report.left_out.most_common():
        click.echo(f"  left out, {reason}: {count:,}, first at {report.first_left_out[reason]}")
