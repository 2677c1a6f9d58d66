"""`tocsin actors`: own actors, and what their names find; updates and reviews are in :mod:`tocsin.commands.actors_kept`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alerts.rules.mistakes import clipped, one_of
from schemas.errors import UsageError
from schemas.plain_text import plural
from tocsin.actor_files import actor_files_of, articles_options, newest_articles
from tocsin.commands.actors_kept import accept, review, update
from tocsin.commands.alerts import printable
from tocsin.progress import Progress
from tocsin.workplace import folder_option, json_option, open_workplace

if TYPE_CHECKING:
    from pipelines.extraction.actors.catalogue import Catalogue
    from pipelines.own_actors.comparing import Difference
    from pipelines.own_actors.trying import NameTried
    from schemas.article import Article

_SHOWN = 20


@click.group(name="actors", epilog='Example: tocsin actors add "Caspian Wind" --type company --country AZE')
def command() -> None:
    """Own actors: add them, try their names on articles, see what changes, keep the data up to date."""


command.add_command(update)
command.add_command(review)
command.add_command(accept)


@command.command(name="list", epilog="Example: tocsin actors list --all energy")
@click.argument("words", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="The built-in actors, too.")
@folder_option
@json_option
def list_(words: tuple[str, ...], everything: bool, folder: Path, as_json: bool) -> None:
    """List the actors of your own files, or all; with WORDS those whose id, type or name has all of them."""
    from pipelines.extraction.actors.catalogue import load_catalogue
    from pipelines.extraction.actors.data_files import own_actors_in, read_data_files

    files = actor_files_of(open_workplace(folder)).files
    catalogue = load_catalogue(files)
    read, _ = read_data_files(files)
    own = own_actors_in(read, files)
    names: dict[str, list[str]] = {}
    for alias in catalogue.aliases:
        names.setdefault(alias.actor, []).append(alias.text)
    count = 0
    for actor in catalogue.actors.values():
        told = {
            "id": actor.id,
            "name": actor.name,
            "type": actor.type,
            "country": actor.country,
            "own": actor.id in own,
            "names": names.get(actor.id, []),
        }
        searched = " ".join([actor.id, actor.type, actor.name, *names.get(actor.id, [])]).lower()
        if (everything or actor.id in own) and all(word.lower() in searched for word in words):
            count += 1
            line = f"{actor.id:24} {actor.type:14} {actor.name}  [{', '.join(names.get(actor.id, []))}]"
            click.echo(json.dumps(told, ensure_ascii=False) if as_json else printable(line))
    for file in read:
        if file.entries.replaces is not None:
            click.echo(f"{file.entries.replaces} is as of {file.entries.as_of} ({file.path.name})", err=True)
    click.echo(f"{count} {'actor' if count == 1 else 'actors'}", err=True)


@command.command(epilog='Example: tocsin actors add TotalEnergies --type company --country FRA --alias "Total SA"')
@click.argument("name")
@click.option("--id", "actor_id", help="How rules call it (default: made from the name).")
@click.option("--type", "kind", help="country, territory, body, alliance, armed_group, company, agency, party …")
@click.option("--country", help="Where it is at home, as FRA or France; it is not counted as that country.")
@click.option("--alias", "aliases", multiple=True, help="Another name; may be given several times.")
@click.option("--as-written", multiple=True, help="Another name, taken only as it is written, as an abbreviation is.")
@click.option("--unless", multiple=True, help="Not meant where this stands within 150 characters.")
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False), help="Which file (default: own.yaml).")
@folder_option
def add(
    name: str,
    actor_id: str | None,
    kind: str | None,
    country: str | None,
    aliases: Sequence[str],
    as_written: Sequence[str],
    unless: Sequence[str],
    file: Path | None,
    folder: Path,
) -> None:
    """Add an actor called NAME, or names to one that is known so, to your own file; what stands there stays as it is."""
    from pipelines.actor_directory import actor_directory
    from pipelines.own_actors.adding import Said, entry_of
    from pipelines.own_actors.writing import add_entry

    files = actor_files_of(open_workplace(folder))
    directory = actor_directory(files.files)
    known = directory.resolve(name) if actor_id is None else None
    home = directory.resolve(country) if country else None
    if country and home is None:
        close = list(directory.suggest(country))[:3]
        remedy = f"did you mean {one_of(close)}?" if close else "write its name or its three letters: Georgia, GEO"
        raise UsageError(f"no country is called {clipped(country)!r}", remedy=remedy)
    entry = entry_of(Said(name, known, actor_id, kind, home, aliases, as_written, unless))
    path = file or files.own
    line = add_entry(path, entry, files.files)
    click.echo(f"{path}: {printable(line)}")
    click.echo(f"next: tocsin actors try {entry['id']}; a running `tocsin run` reads it when it is restarted", err=True)


@command.command(name="try", epilog="Example: tocsin actors try CASPIANWIND --archive data/archive")
@click.argument("names", nargs=-1)
@articles_options
@folder_option
@json_option
def try_(names: tuple[str, ...], archive: Path | None, last: int, folder: Path, as_json: bool) -> None:
    """Show what the names of actors find in the newest articles, ambiguous names first.

    NAMES are ids or names of actors (default: all of your own). A name is called ambiguous where it is also written as a
    common word, is often part of a longer name, or stands where it is not taken for the actor.
    """
    from pipelines.extraction.actors.catalogue import load_catalogue
    from pipelines.own_actors.trying import names_tried

    workplace = open_workplace(folder)
    files = actor_files_of(workplace).files
    catalogue = load_catalogue(files)
    actors = _actors_meant(names, files, catalogue)
    articles = newest_articles(workplace, archive, last)
    with Progress("trying names") as progress:
        tried = names_tried(catalogue, actors, _told(articles, progress))
    for one in tried:
        click.echo(one.model_dump_json() if as_json else _name_lines(one))
    doubtful = sum(bool(one.doubts) for one in tried)
    click.echo(f"{plural(len(tried), 'name')} in {plural(len(articles), 'article')}, {doubtful} ambiguous", err=True)


def _actors_meant(names: Sequence[str], files: Sequence[Path], catalogue: Catalogue) -> set[str]:
    from pipelines.actor_directory import ActorDirectory
    from pipelines.extraction.actors.data_files import own_actors_in, read_data_files

    if not names:
        own = own_actors_in(read_data_files(files)[0], files)
        if not own:
            raise UsageError("there are no own actors", remedy="name some, or make one: tocsin actors add NAME")
        return own
    directory = ActorDirectory(catalogue)
    found = set()
    for name in names:
        actor = directory.resolve(name)
        if actor is None:
            close = ", ".join(directory.suggest(name)) or "tocsin actors list --all"
            raise UsageError(f"no actor is called {name!r}", remedy=f"did you mean: {close}")
        found.add(actor)
    return found


def _name_lines(tried: NameTried) -> str:
    head = f"{tried.actor} {printable(tried.text)}: {plural(tried.hits, 'hit')} in {plural(tried.articles, 'article')}"
    lines = [f"{head}{'  AMBIGUOUS' if tried.doubts else ''}", *(f"    ! {doubt}" for doubt in tried.doubts)]
    return "\n".join([*lines, *(f"    … {printable(example)} …" for example in tried.examples)])


@command.command(epilog="Example: tocsin actors diff new.yaml --last 5000")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--without", is_flag=True, help="Show what taking FILE out would change instead.")
@articles_options
@folder_option
@json_option
def diff(file: Path, without: bool, archive: Path | None, last: int, folder: Path, as_json: bool) -> None:
    """Show which actors and pairs are found otherwise in the newest articles with the actors of FILE.

    FILE is added to your own files in the place of one of the same name; of one of your own it is shown what it brings.
    """
    from pipelines.extraction.extractor import Extractor
    from pipelines.own_actors.comparing import compared

    workplace = open_workplace(folder)
    files = actor_files_of(workplace).files
    others = [one for one in files if one.name != file.name]
    with_file = files if _is_one_of(file, files) else [*others, file]
    before = others if _is_one_of(file, files) else files
    before, after = (with_file, others) if without else (before, with_file)
    articles = newest_articles(workplace, archive, last)
    with Progress("extracting twice") as progress:
        result = compared(Extractor(before), Extractor(after), _told(articles, progress))
    if as_json:
        click.echo(result.model_dump_json())
        return
    for title, differences in (("actors", result.actors), ("pairs", result.pairs)):
        for one in differences[:_SHOWN]:
            click.echo(f"{title:7} {_difference_lines(one)}")
        if len(differences) > _SHOWN:
            click.echo(f"{title:7} … and {len(differences) - _SHOWN} more (--json shows all)")
    click.echo(f"{result.changed:,} of {result.articles:,} articles differ", err=True)


def _is_one_of(file: Path, files: Sequence[Path]) -> bool:
    return file.resolve() in {one.resolve() for one in files}


def _told(articles: Sequence[Article], progress: Progress) -> Iterator[Article]:
    for number, article in enumerate(articles, start=1):
        progress.update(number, len(articles))
        yield article


def _difference_lines(one: Difference) -> str:
    examples = "".join(f"\n          {printable(example)}" for example in one.examples)
    return f"{one.what}: +{one.gained:,} −{one.lost:,} articles{examples}"
