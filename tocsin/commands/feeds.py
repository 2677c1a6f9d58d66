"""`tocsin feeds`: the state of every feed, what is at a URL now, what is in a file."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connectors.clock import SystemClock
from schemas.errors import TocsinError
from schemas.plain_text import plain_line
from schemas.reasons import FeedState
from tocsin.commands.feed_checking import check
from tocsin.commands.feed_sources import add, export_opml, import_opml, pause, resume, starter
from tocsin.disk_use import file_of
from tocsin.settings import FILE_NAME
from tocsin.workplace import folder_option, json_option, open_workplace

if TYPE_CHECKING:
    from connectors.feeds.settings import FeedSettings
    from pipelines.pages.feed_rows import FeedShown, Joining
    from schemas.ports.store import FeedRow
    from tocsin.feed_checks import ParsedFile
    from tocsin.settings import Workplace

_TEXT = 100


@click.group(name="feeds", epilog="Example: tocsin feeds list --folder desk")
def command() -> None:
    """List, check, add and parse feeds."""


for _other in (check, add, pause, resume, starter, import_opml, export_opml):
    command.add_command(_other)


@command.command(name="list", epilog="Example: tocsin feeds list --folder desk")
@folder_option
@json_option
def list_feeds(folder: Path, as_json: bool) -> None:
    """Show every feed with its state: when it was read last, when next, how many items came, and what is wrong.

    A feed in shadow says for how many rules and until when: it joined lately, and corroborates without counting yet. With
    --json that is `shadow`; null: it is in none; no such key: the log or the engine cannot be read.
    """
    from pipelines.pages.feed_rows import shown_feeds

    workplace = open_workplace(folder)
    rows = rows_of(workplace)
    sources = {feed.id: feed for feed in workplace.settings.sources}
    listed = [_known_row(feed, rows) for feed in sources.values()]
    listed += [row for feed_id, row in sorted(rows.items()) if feed_id not in sources]
    joining = _shadows(workplace)
    now = SystemClock().now()
    shown = shown_feeds(listed, sources, joining or {}, now)
    if as_json:
        for one in shown:
            click.echo(json.dumps(_row_object(one, shadows_known=joining is not None)))
    elif not shown:
        click.echo(f"there are no feeds in {workplace.folder / FILE_NAME}; add a [[feeds]] section", err=True)
    else:
        _print_table([("FEED", "STATE", "READ", "NEXT", "ITEMS", ""), *(_cells(one, now) for one in shown)])


@command.command(epilog="Example: tocsin feeds parse saved.xml other.atom | jq .title")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True)
)
def parse(files: tuple[Path, ...]) -> None:
    """Print the entries of the documents in FILES as JSON Lines ("-" reads standard input).

    They are parsed as the poll job does it, in a process with limits. Exit code 1 where a document is no feed; the
    others are printed all the same.
    """
    from tocsin.feed_checks import parse_files

    faults = 0

    def show(parsed: ParsedFile) -> None:
        nonlocal faults
        if parsed.document is None:
            faults += 1
            click.echo(f"{parsed.name}: {parsed.fault}", err=True)
            return
        if parsed.document.flaw:
            click.echo(f"{parsed.name}: read, though it is not well-formed: {parsed.document.flaw}", err=True)
        for entry in parsed.document.entries:
            click.echo(json.dumps({"file": parsed.name, **entry.model_dump(mode="json")}, ensure_ascii=False))

    parse_files(files, lambda path: sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes(), show)
    sys.exit(1 if faults else 0)


def rows_of(workplace: Workplace) -> Mapping[str, FeedRow]:
    """Return what the store knows of feeds, by id; nothing, and no store is made, where nothing ever ran."""
    from connectors.store.open import open_store

    path = file_of(workplace, workplace.settings.store)
    if path is not None and not path.exists():
        return {}
    store = open_store(workplace.url(workplace.settings.store), migrate=False)
    try:
        return store.feed_rows()
    finally:
        store.close()


def _known_row(feed: FeedSettings, rows: Mapping[str, FeedRow]) -> FeedRow:
    """Return what is known of a feed of the settings; what they say of it now goes before what was polled."""
    from schemas.ports.store import FeedRow

    row = rows.get(feed.id) or FeedRow(feed_id=feed.id, url=feed.shown_url, state=FeedState.NEW)
    if feed.paused and row.state is not FeedState.PAUSED:
        return row.model_copy(update={"state": FeedState.PAUSED, "state_reason": "paused in the settings"})
    return row


def _shadows(workplace: Workplace) -> Mapping[str, Joining] | None:
    """Return the feeds in shadow by id; None, and why is told, where that cannot be known: the list is shown all the same."""
    from tocsin.feed_shadows import shadows_of

    try:
        return shadows_of(workplace)
    except TocsinError as error:
        click.echo(f"which feeds are in shadow is not known: {plain_line(error.message, 300)}", err=True)
        return None


def _row_object(shown: FeedShown, *, shadows_known: bool) -> Mapping[str, object]:
    document = shown.row.model_dump(mode="json", exclude={"cursor"})
    if shadows_known:
        joining = shown.joining
        document["shadow"] = joining and {
            "until": joining.until.isoformat(),
            "rules": joining.rules,
            "words": joining.words,
        }
    return document


def _cells(shown: FeedShown, now: datetime) -> tuple[str, ...]:
    row = shown.row
    if row.state in (FeedState.PAUSED, FeedState.MUTED, FeedState.REMOVED) or row.next_poll_at is None:
        following = "-"
    else:
        following = f"in {_span(row.next_poll_at - now)}" if row.next_poll_at > now else "now"
    read = f"{_span(now - row.last_success_at)} ago" if row.last_success_at else "never"
    said = (shown.joining.words if shown.joining else "", plain_line(row.state_reason or row.last_error, _TEXT))
    remark = "; ".join(filter(None, said))
    return row.feed_id, row.state.value, read, following, f"{row.items_seen:,}", remark


def _span(span: timedelta) -> str:
    seconds = max(0, round(span.total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        click.echo("  ".join([*cells, row[-1]]).rstrip())
