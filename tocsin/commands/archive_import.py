"""`tocsin archive import`: old articles of any file into an archive; what is guessed of their columns and times is said."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from schemas.errors import UsageError
from schemas.plain_text import plural
from tocsin.import_maps import check_map
from tocsin.progress import Progress

if TYPE_CHECKING:
    from connectors.archive.field_map import FieldMap
    from connectors.archive.import_rows import Row
    from connectors.archive.imported_items import Midnight
    from connectors.archive.stamps import StampShares
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


@click.command(
    name="import",
    epilog="Example: tocsin archive import old.jsonl.xz --map published=t,source=src,title=title,url=url --archive history",
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@archive_option
@click.option("--map", "mapping", help="FIELD=COLUMN by commas; a column may be a dotted path. Guessed where left out.")
@click.option(
    "--preset",
    type=click.Choice(("event-registry", "feedly", "meltwater", "gdelt")),
    help="The map of a service's exports instead of --map.",
)
@click.option("--source", default="", help="The source of rows that name none.")
@click.option("--tz", show_default="UTC", help="The zone of times written without one.")
@click.option(
    "--midnight",
    "asked_midnight",
    type=click.Choice(("day", "time")),
    help="What 00:00 says: a day without a time, or that time. Left out: a day where most of the first rows stand there.",
)
@click.option("--dry-run", is_flag=True, help="Show the map and the first rows; write nothing.")
def import_(
    files: tuple[Path, ...],
    folder: Path,
    mapping: str | None,
    preset: str | None,
    source: str,
    tz: str | None,
    asked_midnight: str | None,
    dry_run: bool,
) -> None:
    """Import FILES: JSON Lines, JSON arrays, {"articles": […]}, CSV or Parquet, each also .gz, .xz, .bz2, .zst or .zip.

    The fields of --map are published, observed, source, title, summary, text, url, guid, language, country, kind (state, public,
    private, party, community, wire or official). Articles that `tocsin archive export` wrote (or the Parquet files of an archive)
    stay what they were, every field, unless --map or --preset is given. Importing a file again changes nothing. Exit code 1 when
    no row could be used.
    """
    from connectors.archive.field_map import FieldMap
    from connectors.archive.folder import Archive
    from connectors.archive.imported_items import Midnight
    from connectors.archive.own_records import own_record
    from pipelines.import_history import ImportReport, import_items, items_in, only_import, write_rhythm

    zone = _zone(tz or "UTC")
    if mapping and preset:
        raise UsageError("--map and --preset exclude each other", remedy="keep one")
    as_they_are = not (mapping or preset)
    first = _first_rows(files)
    foreign = [values for _, values in first if not as_they_are or own_record(values) is None]
    if len(foreign) < len(first):
        own = len(first) - len(foreign)
        click.echo(f"{own} of the first {len(first)} rows are records of an archive: taken as they are", err=True)
    fields = FieldMap.parse(mapping) if mapping else _guessed(foreign, preset)
    if foreign or not first:
        check_map(fields, foreign)
    stamps = _stamps(foreign, fields, zone)
    midnight = Midnight(asked_midnight or ("day" if stamps.midnights_are_days else "time"))
    report = ImportReport()
    if dry_run:
        _show_rows(first[:3], fields, zone, source, midnight, as_they_are=as_they_are)
        _show_empty(foreign, fields)
        _show_stamps(stamps)
    if stamps.zoneless and tz is None:
        click.echo(
            f"{stamps.zoneless} of the first {stamps.all} rows have times without a zone: taken for UTC; --tz says another",
            err=True,
        )
    if stamps.midnights_are_days and not asked_midnight:
        click.echo(
            f"{stamps.midnight} of the first {stamps.all} rows stand at exactly 00:00: taken for days without a time, and laid "
            "somewhere in their day; --midnight time keeps them there",
            err=True,
        )
    if dry_run:
        return
    archive = Archive(folder)
    with only_import(folder), Progress("reading") as progress:
        items = items_in(_rows(files, progress), fields, zone, source, report, midnight, as_they_are=as_they_are)
        import_items(archive, items, report, progress.update)
        write_rhythm(archive, progress.update)
    _show_report(report)
    sys.exit(0 if report.rows > sum(report.left_out.values()) else 1)


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


def _guessed(rows: list[Mapping[str, object]], preset: str | None) -> FieldMap:
    from connectors.archive.field_map import FieldMap
    from connectors.archive.presets import preset_map

    return preset_map(preset, rows) if preset else FieldMap.guessed(rows)


def _first_rows(files: tuple[Path, ...]) -> list[tuple[str, Mapping[str, object]]]:
    """Return place and values of the first rows, those that are none left out."""
    return [(row.place, row.values) for row in islice(_rows(files), _GUESS_ROWS) if row.values is not None]


def _stamps(rows: list[Mapping[str, object]], fields: FieldMap, zone: ZoneInfo) -> StampShares:
    from connectors.archive.stamps import share_of_stamps

    return share_of_stamps([fields.value(values, "published") for values in rows], zone)


def _show_rows(
    rows: list[tuple[str, Mapping[str, object]]],
    fields: FieldMap,
    zone: ZoneInfo,
    source: str,
    midnight: Midnight,
    *,
    as_they_are: bool,
) -> None:
    from connectors.archive.imported_items import UnusableRowError, article_of, item_of
    from connectors.archive.own_records import article_in, own_record

    for place, values in rows:
        record = own_record(values) if as_they_are else None
        try:
            if record is not None:
                article = article_in(record)
            else:
                article = article_of(item_of(values, fields, zone, source, midnight), None)
            click.echo(article.model_dump_json(exclude_defaults=True))
        except UnusableRowError as error:
            click.echo(f"{place}: left out: {error}", err=True)


def _show_empty(rows: list[Mapping[str, object]], fields: FieldMap) -> None:
    for field, path in fields.paths.items():
        empty = sum(1 for values in rows if fields.value(values, field) in (None, ""))
        if empty:
            click.echo(f"{field} ({path}) is empty in {empty} of the first {len(rows)} rows", err=True)


def _show_stamps(shares: StampShares) -> None:
    """Say how many of the stamps are missing, or say a day and no time of day: then nobody knows when an alert rang."""
    click.echo(
        f"times of publication in the first {shares.all} rows: {shares.missing} missing, {shares.unreadable} that cannot be "
        f"read, {shares.day_only} with a day alone, {shares.midnight} at exactly 00:00",
        err=True,
    )
    if shares.day_only:
        click.echo("a day alone is laid somewhere in its day, always the same place, never all at 00:00", err=True)


def _show_report(report: ImportReport) -> None:
    click.echo(
        f"{plural(report.rows, 'row')}: {plural(report.articles, 'article')}, {plural(report.revisions, 'later wording')}, "
        f"{report.duplicates:,} there already, {sum(report.left_out.values()):,} left out"
    )
    if report.day_only:
        click.echo(f"  {report.day_only:,} have a day and no time: each was laid somewhere in its day")
    for reason, count in report.left_out.most_common():
        click.echo(f"  left out, {reason}: {count:,}, first at {report.first_left_out[reason]}")
