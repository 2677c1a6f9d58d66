"""`tocsin archive`: old articles in, records out, and what the archive holds."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from schemas.errors import UsageError
from schemas.plain_text import plural
from tocsin.disk_use import shown_bytes
from tocsin.import_maps import check_map
from tocsin.progress import Progress
from tocsin.workplace import json_option

if TYPE_CHECKING:
    from connectors.archive.field_map import FieldMap
    from connectors.archive.import_rows import Row
    from connectors.archive.imported_items import Midnight
    from connectors.archive.stamps import StampShares
    from pipelines.archive_summary import ArchiveSummary
    from pipelines.import_history import ImportReport

#: Rows a map is guessed from.
_GUESS_ROWS = 200

#: A day in UTC.
_DAY = click.DateTime(["%Y-%m-%d"])

archive_option = click.option(
    "--archive",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The folder of the archive.",
)


@click.group(name="archive", epilog="Example: tocsin archive info --archive history")
def command() -> None:
    """Import old articles into an archive; show what it holds; write its records out."""


@command.command(
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
@click.option("--tz", default="UTC", show_default=True, help="The zone of times written without one.")
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
    tz: str,
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

    zone = _zone(tz)
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


@command.command(epilog="Example: tocsin archive info --archive history")
@archive_option
@json_option
def info(folder: Path, as_json: bool) -> None:
    """Show what the archive holds.

    Of imported history the sources, from when to when, the holes in them, and the signals kept of each version of
    extraction (`prune-signals` removes old ones); of archived logs the records of every partition, their offsets and
    days, and offsets that are missing.
    """
    from connectors.archive.folder import Archive
    from connectors.archive.log_tier import logs_in
    from pipelines.archive_summary import summary_of

    logs = logs_in(folder)
    if Archive(folder).days() or not logs:
        with Progress("reading days") as progress:
            summary = summary_of(Archive.existing(folder), progress.update)
        click.echo(json.dumps(summary.as_json())) if as_json else _show_imports(summary)
    for log_id in logs:
        _show_log(folder, log_id, as_json=as_json)


@command.command(name="prune-signals", epilog="Example: tocsin archive prune-signals --archive history")
@archive_option
@click.option(
    "--keep",
    type=click.IntRange(min=0),
    default=2,
    show_default=True,
    metavar="N",
    help="Of how many versions of extraction the signals stay: those written last.",
)
@click.option("--dry-run", is_flag=True, help="Show what would go; remove nothing.")
def prune_signals(folder: Path, keep: int, dry_run: bool) -> None:
    """Remove the signals of old versions of extraction from an archive of imported history.

    Each version of extraction (a new release, other own actors) keeps its own signals of the articles, so that a second
    replay need not extract again. Articles are never touched: signals that are missed are made again.
    """
    from connectors.archive.folder import Archive
    from connectors.archive.signal_caches import remove_caches, signal_caches

    caches = signal_caches(Archive.existing(folder).folder)
    for cache in caches[:keep]:
        click.echo(
            f"kept     {cache.version}  {shown_bytes(cache.size_bytes)}, last written {cache.written_at:%Y-%m-%d}"
        )
    for cache in caches[keep:]:
        click.echo(f"{'would go' if dry_run else 'removed ':8} {cache.version}  {shown_bytes(cache.size_bytes)}")
    if not dry_run:
        click.echo(f"{shown_bytes(remove_caches(folder, caches[keep:]))} free", err=True)


@command.command(epilog="Example: tocsin archive export --archive data/archive --from 2025-01-01 > january.jsonl")
@archive_option
@click.option(
    "--topic", type=click.Choice(("articles", "signals")), default="articles", show_default=True, help="Which records."
)
@click.option("--from", "first", type=_DAY, metavar="DAY", help="The first day they came, as 2025-01-31, UTC.")
@click.option("--to", "last", type=_DAY, metavar="DAY", help="The last day, UTC, included.")
@click.option("--log-id", help="Which log, where the archive holds several.")
def export(folder: Path, topic: str, first: datetime | None, last: datetime | None, log_id: str | None) -> None:
    """Write the records of the archive to stdout, one JSON object a line: imported articles, then the archived log.

    What is no JSON is left out and counted on stderr. `tocsin archive import` reads the articles again, every field of them; it
    makes coverage anew from when they came.
    """
    from connectors.archive.log_tier import logs_in
    from pipelines.archive_records import archived_records

    if log_id is None and len(logs_in(folder)) > 1:
        raise UsageError(f"{folder} holds several logs", remedy=f"say which: --log-id {logs_in(folder)[-1]}")
    days = first.date() if first else None, last.date() if last else None
    written = left_out = 0
    with Progress("exporting") as progress:
        for raw in archived_records(folder, topic, *days, log_id):
            if b"\n" in raw or not raw.startswith(b"{"):
                left_out += 1
                continue
            sys.stdout.buffer.write(raw + b"\n")
            written += 1
            if written % 1_000 == 0:
                progress.update(written, None)
    click.echo(
        f"{plural(written, 'record')}{f', {left_out:,} that are no JSON left out' if left_out else ''}", err=True
    )


def _show_imports(summary: ArchiveSummary) -> None:
    click.echo(
        f"{plural(summary.articles, 'article')} on {plural(summary.days, 'day')}, {summary.first} to {summary.last}"
    )
    for source in summary.sources:
        holes = plural(len(source.holes), "hole")
        end = f"ended {source.last}" if source.ended else "to the end"
        click.echo(f"  {source.source}: {plural(source.articles, 'article')} from {source.first}, {end}, {holes}")
    for hole in summary.shared_holes:
        click.echo(f"  nothing at all {hole.first} to {hole.last} ({hole.hours} h)")
    for kept in summary.signals:
        click.echo(
            f"  signals of extraction {kept.extractor_version}: {kept.days:,} days, {kept.first} to {kept.last}, "
            f"{shown_bytes(kept.bytes)}, last written {kept.written_at[:10]}"
        )


def _show_log(folder: Path, log_id: str, *, as_json: bool) -> None:
    from connectors.archive.archived_log import ArchivedLog
    from pipelines.log_summary import log_summary

    with Progress("reading files") as progress:
        partitions = log_summary(ArchivedLog(folder, log_id), progress.update)
    if as_json:
        click.echo(json.dumps({"log_id": log_id, "partitions": [one.as_json() for one in partitions]}))
        return
    click.echo(f"log {log_id}")
    for one in partitions:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in one.records.items())
        click.echo(
            f"  {one.topic}/{one.partition}: {kinds}; offsets {one.first:,} to {one.until - 1:,}, "
            f"{one.first_day} to {one.last_day}, {plural(one.files, 'file')}, {shown_bytes(one.bytes)}"
        )
        for hole in one.holes:
            click.echo(f"    missing: offsets {hole.first:,} to {hole.until - 1:,}")


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
