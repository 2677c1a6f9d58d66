"""`tocsin feeds add, pause, resume, starter, import-opml, export-opml`: which feeds stand in the settings."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connectors.clock import SystemClock
from connectors.feeds.settings import shown_url
from schemas.errors import TocsinError, UsageError
from schemas.plain_text import plain_line, plural
from tocsin.folder_lock import supervisor_at_work
from tocsin.settings import FILE_NAME
from tocsin.workplace import folder_option, open_workplace

if TYPE_CHECKING:
    from tocsin.feed_checks import FeedCheck
    from tocsin.feed_outlook import Outlook
    from tocsin.settings import Workplace

_SHOWN = 10

#: An hour is learnt so long after it began.
LEARNT_AFTER_HOURS = 25


@click.command(epilog="Example: tocsin feeds add https://news.example/ --folder desk")
@click.argument("url")
@click.option("--id", "feed_id", help="The id of the feed (default: its host).")
@click.option("--name", default="", help="The publisher as people know it (default: what the feed calls itself).")
@click.option("--dry-run", is_flag=True, help="Only say what would be added and what it would bring.")
@folder_option
def add(url: str, feed_id: str | None, name: str, dry_run: bool, folder: Path) -> None:
    """Add the feed at URL, or the first that the page there names, to the settings, and say what it will bring.

    Its language and what extraction can do for it, items a day, what present feeds bring already, which rules its present
    items meet, and when it joins the counts. The table is appended to tocsin.toml; a running service is to be started again.
    """
    from tocsin.commands.feeds import rows_of
    from tocsin.feed_checks import check_urls
    from tocsin.feed_discovery import find_feeds
    from tocsin.feed_naming import check_new_id, web_address
    from tocsin.feed_outlook import outlook
    from tocsin.feed_tables import append_feeds, feed_id_for, feed_table, shown_table

    workplace = open_workplace(folder)
    known = {feed.url: feed.id for feed in workplace.settings.feeds}
    networks = workplace.settings.allow_addresses
    ids = {feed.id for feed in workplace.settings.sources}
    if feed_id is not None:
        check_new_id(feed_id, ids)
    address, *others = find_feeds(web_address(url), workplace.folder / FILE_NAME, networks)
    if address in known:
        raise UsageError(
            f"{shown_url(address)} is in the settings already, as {known[address]}", remedy="nothing to do"
        )
    (found,) = check_urls([address], networks)
    if found.fault:
        raise TocsinError(f"{shown_url(address)}: {found.fault}", remedy="give the address of another feed of the site")
    feed_id = feed_id or feed_id_for(address, ids)
    rows = rows_of(workplace)
    _say_outlook(found, outlook(found, workplace, rows), begun=bool(rows))
    for other in others[:_SHOWN]:
        click.echo(f"also there: {shown_url(other)}", err=True)
    table = feed_table(feed_id, address, name=name or found.title)
    if not dry_run:
        append_feeds(workplace, [table])
    click.echo(shown_table(table, address))
    click.echo(f"{'would be added' if dry_run else 'added'} to {workplace.folder / FILE_NAME}", err=True)
    if not dry_run:
        _say_restart(workplace)


def _say_restart(workplace: Workplace) -> None:
    """Say that a service at work still polls what stood in the settings when it began."""
    if process := supervisor_at_work(workplace.folder.absolute()):
        click.echo(
            f"`tocsin run` (process {process}) goes on with the settings of its start: stop it and start it again",
            err=True,
        )


def _say_outlook(found: FeedCheck, seen: Outlook, *, begun: bool) -> None:
    lines = [
        f"{shown_url(found.url)}: {found.title or 'a feed without a title'}, {plural(found.entries, 'entry', 'entries')}"
    ]
    lines.append(f"language: {seen.language or 'unknown'}; extraction: {seen.support.value}")
    lines.append("items a day: " + ("unknown" if seen.items_a_day is None else f"{seen.items_a_day:.1f}"))
    for feed_id, count in seen.overlap.items():
        lines.append(f"known already from {feed_id}: {count} of {found.entries}")
    met = {rule: count for rule, count in seen.rules.items() if count}
    for rule, count in met.items():
        lines.append(f"rule {rule}: {count} of its present items")
    if seen.rules and not met:
        lines.append(f"none of the {len(seen.rules)} rules meets one of its present items")
    lines.append(f"counts: {_when_it_counts(SystemClock().now(), begun=begun)}")
    for line in lines:
        click.echo(plain_line(line, 300), err=True)


def _when_it_counts(now: datetime, *, begun: bool) -> str:
    """Say when what the feed brings counts; ``begun``: feeds were polled in this folder before."""
    if not begun:
        return "from the start, since nothing was polled here yet"
    from alerts.tracks.feed_roll import SHADOW_HOURS, YOUNG_BELOW_HOURS, YOUNG_SHADOW_HOURS

    late, early = (now + timedelta(hours=hours + LEARNT_AFTER_HOURS) for hours in (SHADOW_HOURS, YOUNG_SHADOW_HOURS))
    return (
        f"for spike, drop and cusum from about {late:%d %b %H:%M} UTC on ({early:%d %b} in rules that know less than"
        f" {YOUNG_BELOW_HOURS // 24} days), and until then it corroborates only; for other detectors at once"
    )


@click.command(epilog="Example: tocsin feeds pause example-news --folder desk")
@click.argument("feed_id", metavar="ID")
@folder_option
def pause(feed_id: str, folder: Path) -> None:
    """Poll the feed ID no more until it is resumed; its place is kept. A running service is to be started again.

    A watched folder is then left alone, and whoever pushes is answered 503 with Retry-After; `push.NAME` is one token's,
    `push` all of them. Coverage tells it as paused, not as blind.
    """
    _set_paused(open_workplace(folder), feed_id, paused=True)


@click.command(epilog="Example: tocsin feeds resume example-news --folder desk")
@click.argument("feed_id", metavar="ID")
@folder_option
def resume(feed_id: str, folder: Path) -> None:
    """Poll the feed, watched folder or endpoint ID again, from where it stood. A running service is to be started again."""
    _set_paused(open_workplace(folder), feed_id, paused=False)


def _set_paused(workplace: Workplace, feed_id: str, *, paused: bool) -> None:
    from tocsin.feed_tables import set_paused

    changed = set_paused(workplace, feed_id, paused=paused)
    state = "paused" if paused else "not paused"
    click.echo(f"{feed_id} is {state} in the settings{'' if changed else ' already'}", err=True)
    _say_restart(workplace)


@click.command(name="import-opml", epilog="Example: tocsin feeds import-opml subscriptions.opml --folder desk")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Only print the tables.")
@folder_option
def import_opml(file: Path, dry_run: bool, folder: Path) -> None:
    """Append the feeds of an OPML FILE ("-" reads standard input) to the settings; folders become the label "folder",
    a category "/kind/state" (or another kind of publisher) its `kind`, a category "/full-text" `full_text = true`.

    Feeds whose address stands there already are left as they are. Exit code 1 when an outline has no address that can
    be read; the others are added all the same.
    """
    from tocsin.feed_tables import append_feeds, feed_id_for, feed_table, shown_table
    from tocsin.opml import FOLDER_LABEL, read_opml

    workplace = open_workplace(folder)
    body = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    listed = read_opml(body, str(file))
    known = {feed.url for feed in workplace.settings.feeds}
    ids = [feed.id for feed in workplace.settings.feeds]
    tables, shown = [], []
    for feed in listed.feeds:
        if feed.url in known:
            continue
        ids.append(feed_id_for(feed.url, set(ids)))
        labels = {FOLDER_LABEL: feed.folder} if feed.folder else None
        tables.append(
            feed_table(ids[-1], feed.url, name=feed.title, kind=feed.kind, full_text=feed.full_text, labels=labels)
        )
        shown.append(shown_table(tables[-1], feed.url))
    if tables and not dry_run:
        append_feeds(workplace, tables)
    click.echo("\n\n".join(shown))
    there = len(listed.feeds) - len(tables)
    what = "would be added" if dry_run else "added"
    refused = f"{len(listed.refused)} without an address to read"
    if listed.refused:
        refused += f": {', '.join(listed.refused[:_SHOWN])}{', …' if len(listed.refused) > _SHOWN else ''}"
    click.echo(f"{len(tables)} {what}, {there} there already, {refused}", err=True)
    sys.exit(1 if listed.refused else 0)


@click.command(epilog="Example: tocsin feeds starter caucasus --folder desk")
@click.argument("name", required=False)
@click.option("--dry-run", is_flag=True, help="Only print the tables.")
@folder_option
def starter(name: str | None, dry_run: bool, folder: Path) -> None:
    """Append the feeds of the starter list NAME to the settings; without NAME say which lists there are.

    Feeds whose address or id stands there already are left as they are. The lists are a beginning: which sources to
    trust is yours to say.
    """
    from tocsin.feed_tables import append_feeds
    from tocsin.starter.lists import NAMES, starter_list

    if name is None:
        for one in map(starter_list, NAMES):
            click.echo(f"{one.name}: {len(one.feeds)} feeds")
            for line in filter(None, one.about):
                click.echo(f"  {line}")
        return
    listed = starter_list(name)
    workplace = open_workplace(folder)
    known = {word for feed in workplace.settings.feeds for word in (feed.id, feed.url)}
    tables = [one.table for one in listed.feeds if not known & {one.feed.id, one.feed.url}]
    if tables and not dry_run:
        append_feeds(workplace, tables)
    click.echo("".join(tables).strip())
    what = "would be added" if dry_run else "added"
    click.echo(f"{len(tables)} {what}, {len(listed.feeds) - len(tables)} there already", err=True)
    if tables and not dry_run:
        click.echo("→ tocsin feeds check reads each of them now", err=True)


@click.command(name="export-opml", epilog="Example: tocsin feeds export-opml --folder desk > subscriptions.opml")
@folder_option
def export_opml(folder: Path) -> None:
    """Print the feeds of the settings as OPML 2.0, in the folders of their labels.

    An address that holds a password or a key is printed without it, and said so.
    """
    from tocsin.opml import write_opml

    feeds = open_workplace(folder).settings.feeds
    bare = [feed.model_copy(update={"url": feed.shown_url}) if feed.url != feed.shown_url else feed for feed in feeds]
    click.echo(write_opml(bare), nl=False)
    for feed, shown in zip(feeds, bare, strict=True):
        if feed is not shown:
            click.echo(f"{feed.id}: its address is printed without user, password, keys and fragment", err=True)
