"""Opens what a command needs of a folder: settings, log, store. Imports the heavy parts only when asked for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from connectors.clock import SystemClock
from schemas.ports.log import Log
from schemas.ports.store import Store
from tocsin.settings import Workplace, load_workplace

F = TypeVar("F", bound=Callable[..., object])

#: The option every command has that works on a folder.
folder_option = click.option(
    "--folder",
    "-C",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    envvar="TOCSIN_FOLDER",
    help="The folder with tocsin.toml (default: here).",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Machine output: JSON, one object a line.")


def open_workplace(folder: Path) -> Workplace:
    """Return the settings of ``folder``; :raises UsageError: none, or mistakes."""
    return load_workplace(folder)


def open_log_of(workplace: Workplace, stopping: Callable[[], bool] = lambda: False) -> Log:
    """Open the log of the settings and make its topics where they are missing. Once ``stopping``, calls on a log that is away
    give up soon."""
    from connectors.log.open import open_log
    from schemas.topics import ARTICLES, DEAD_LETTERS, SIGNALS

    log = open_log(_made(workplace, workplace.settings.log), SystemClock(), stopping=stopping)
    log.create_topic(ARTICLES, workplace.settings.article_partitions)
    log.create_topic(SIGNALS, 1)
    log.create_topic(DEAD_LETTERS, 1)
    return log


def open_store_of(workplace: Workplace) -> Store:
    """Open the store of the settings, migrated."""
    from connectors.store.open import open_store

    return open_store(store_url_of(workplace))


def store_url_of(workplace: Workplace) -> str:
    """Return the address of the store, its folder made where it is a file."""
    return _made(workplace, workplace.settings.store)


def _made(workplace: Workplace, url: str) -> str:
    """Return ``url`` with its folder made, where it names a file."""
    full = workplace.url(url)
    if full.startswith("sqlite:///"):
        Path(full.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    return full
