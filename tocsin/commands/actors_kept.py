"""`tocsin actors update`, `review` and `accept`: newer data without a release, and names that only the news has told of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from schemas.errors import UsageError
from schemas.plain_text import plural
from tocsin.actor_files import actor_files_of
from tocsin.commands.alerts import printable
from tocsin.moments import DAY
from tocsin.progress import Progress
from tocsin.workplace import folder_option, json_option, open_log_of, open_workplace

if TYPE_CHECKING:
    from pipelines.own_actors.reviewing import Reviewed
    from schemas.signal import Signal


@click.command(epilog="Example: tocsin actors update officials-2026-11.yaml")
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--undo", "undone", metavar="NAME", help="Take the last update of NAME (as 60_officials) back.")
@folder_option
def update(file: Path | None, undone: str | None, folder: Path) -> None:
    """Install FILE, a newer version of a built-in data file, without a new version of Tocsin.

    FILE begins with "replaces: 60_officials" (a built-in file's name) and "as_of: 2026-11-20" (its date). It is checked
    with all other files first. What comes with a later version of Tocsin and is newer takes its place again.
    """
    from pipelines.own_actors.updating import undo
    from pipelines.own_actors.updating import update as install

    files = actor_files_of(open_workplace(folder))
    if (file is None) == (undone is None):
        raise UsageError("give either a file or --undo NAME", remedy="tocsin actors update FILE")
    if undone is not None:
        now = undo(undone, files.folder, files.files)
        click.echo(f"{undone} is as of {now or 'the release'} again")
    elif file is not None:
        done = install(file, files.folder, files.files)
        click.echo(f"{done.name} is as of {done.as_of} (before: {done.before or 'the release'}) in {done.path}")
    click.echo(
        "a running `tocsin run` reads it when it is restarted; `tocsin actors diff` shows what changes", err=True
    )


@click.command(epilog="Example: tocsin actors review --limit 20")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Names to show.")
@folder_option
@json_option
def review(limit: int, folder: Path, as_json: bool) -> None:
    """List persons with a role and organisations that are no actors yet, though several publishers name them.

    From the signals the log holds: names in at least three articles of at least two publishers. What is worth keeping is
    taken over by `tocsin actors accept`, and is then no longer listed.
    """
    from pipelines.extraction.actors.catalogue import load_catalogue
    from pipelines.extraction.actors.finder import ActorFinder
    from pipelines.own_actors.reviewing import names_to_review
    from pipelines.rule_matches import signals_in_log

    workplace = open_workplace(folder)
    finder = ActorFinder(load_catalogue(actor_files_of(workplace).files))
    read = 0

    def counted(signals: Iterable[Signal]) -> Iterator[Signal]:
        nonlocal read
        for signal in signals:
            read += 1
            yield signal

    with Progress("reading signals") as progress, open_log_of(workplace) as log:
        found = names_to_review(counted(signals_in_log(log, progress.update)), finder)
    for one in found[:limit]:
        click.echo(one.model_dump_json() if as_json else _review_lines(one))
    click.echo(f"{len(found)} {'name' if len(found) == 1 else 'names'} to review in {read:,} signals", err=True)
    if not read:
        click.echo("the log holds no signals yet: `tocsin run` reads feeds and makes them", err=True)


def _review_lines(one: Reviewed) -> str:
    acting = f" — {one.actor}, {one.role}" if one.actor else ""
    counts = f"{plural(one.articles, 'article')}, {plural(one.publishers, 'publisher')}, since {one.first_seen}"
    head = f"{one.name} ({one.label.lower()}){acting}: {counts}"
    return "\n".join([printable(head), *(f"    {printable(example)}" for example in one.examples)])


@click.command(
    epilog='Example: tocsin actors accept "Anna Novak" --actor POL --role "Deputy Minister" --from 2026-02-01'
)
@click.argument("name")
@click.option("--actor", help="In whose name the person acts: the id or name of an actor.")
@click.option("--role", help="In which role.")
@click.option("--from", "start", type=DAY, help="First day in the role (default: today).")
@click.option("--until", type=DAY, help="First day out of it (default: believed for two years from today).")
@click.option("--type", "kind", help="For an organisation: its type, as company or agency.")
@click.option("--country", help="For an organisation: where it is at home.")
@folder_option
def accept(
    name: str,
    actor: str | None,
    role: str | None,
    start: datetime | None,
    until: datetime | None,
    kind: str | None,
    country: str | None,
    folder: Path,
) -> None:
    """Take NAME over into your own actor file: a person who acts for an actor, or an organisation of a type."""
    from connectors.clock import SystemClock
    from pipelines.actor_directory import actor_directory
    from pipelines.own_actors.adding import Said, entry_of, official_entry
    from pipelines.own_actors.writing import add_entry

    files = actor_files_of(open_workplace(folder))
    directory = actor_directory(files.files)
    if kind is not None and actor is None:
        entry = entry_of(Said(name, type=kind, country=country and (directory.resolve(country) or country)))
    elif actor is not None and role is not None:
        acting_for = directory.resolve(actor)
        if acting_for is None:
            close = ", ".join(directory.suggest(actor)) or "tocsin actors list --all"
            raise UsageError(f"no actor is called {actor!r}", remedy=f"did you mean: {close}")
        today = SystemClock().now().date()
        begin = start.date() if start is not None else today
        end: date | None = until.date() if until is not None else None
        entry = official_entry(name, acting_for, role, begin, end, today, f"review {today}")
    else:
        raise UsageError(
            f"say who {name!r} is", remedy="--actor ID --role ROLE for a person, --type TYPE for an organisation"
        )
    line = add_entry(files.own, entry, files.files)
    click.echo(f"{files.own}: {printable(line)}")
    click.echo("a running `tocsin run` reads it when it is restarted", err=True)
