"""`tocsin archive`: old articles in, records out, and what the archive holds."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from schemas.errors import UsageError
from schemas.plain_text import plural, shown_bytes
from tocsin.commands.archive_import import archive_option, import_
from tocsin.moments import DAY
from tocsin.progress import Progress
from tocsin.workplace import json_option

if TYPE_CHECKING:
    from pipelines.archive_summary import ArchiveSummary


@click.group(name="archive", epilog="Example: tocsin archive info --archive history")
def command() -> None:
    """Import old articles into an archive; show what it holds; write its records out."""


command.add_command(import_)


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
@click.option("--from", "first", type=DAY, metavar="DAY", help="The first day they came, as 2025-01-31, UTC.")
@click.option("--to", "last", type=DAY, metavar="DAY", help="The last day, UTC, included.")
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
