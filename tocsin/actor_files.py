"""Own actor files of a folder, the articles their names are tried on, and the options that say which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

from schemas.article import Article
from schemas.errors import UsageError
from tocsin.progress import Progress
from tocsin.settings import Workplace
from tocsin.workplace import open_log_of

F = TypeVar("F", bound=Callable[..., object])

#: The file that commands write to where none is named, beside the other actor files.
OWN_FILE = "own.yaml"


@dataclass(frozen=True)
class ActorFiles:
    """``folder`` is where new files go; ``files`` are those of the settings, in the order they are read."""

    folder: Path
    files: Sequence[Path]

    @property
    def own(self) -> Path:
        """The file that entries are added to."""
        return self.folder / OWN_FILE


def actor_files_of(workplace: Workplace) -> ActorFiles:
    """Return the actor files of the settings.

    :raises UsageError: the settings read no folder of actor files, so that a new file would change nothing.
    """
    patterns = workplace.settings.actors
    for pattern in patterns:
        folder = Path(pattern).parent
        if Path(pattern).name == "*.yaml" and "*" not in str(folder):
            return ActorFiles(workplace.path(folder), workplace.files(patterns))
    raise UsageError(
        f"the settings read no folder of actor files: actors = {list(patterns)}",
        remedy='set actors = ["actors/*.yaml"] in tocsin.toml',
    )


def articles_options(command: F) -> F:
    """Add the options that say which articles: ``--archive`` and ``--last``."""
    last = click.option(
        "--last", type=click.IntRange(min=1), default=20_000, show_default=True, help="So many of the newest articles."
    )
    archive = click.option(
        "--archive",
        type=click.Path(path_type=Path, file_okay=False),
        help="An archive folder (default: the articles the log holds).",
    )
    return archive(last(command))


def newest_articles(workplace: Workplace, archive: Path | None, last: int) -> Sequence[Article]:
    """Return the newest articles of ``archive``, or of the log; :raises UsageError: there are none."""
    from connectors.archive.folder import Archive
    from pipelines.own_actors.newest_articles import newest_in_archive, newest_in_log

    with Progress("reading articles") as progress:
        if archive is not None:
            return newest_in_archive(Archive.existing(archive), last, progress.update)
        with open_log_of(workplace) as log:
            found = newest_in_log(log, last, progress.update)
    if not found:
        raise UsageError("the log holds no articles", remedy="name an archive: --archive DIR")
    return found
