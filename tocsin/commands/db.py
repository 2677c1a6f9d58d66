"""`tocsin db`: the state of the store's schema, its migration, and what it keeps beside the ledger made anew."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tocsin.workplace import folder_option, open_store_of, open_workplace, store_url_of


@click.group(name="db", epilog="Example: tocsin db check --folder desk")
def command() -> None:
    """Check and migrate the store."""


@command.command(epilog="Example: tocsin db check --folder desk")
@folder_option
def check(folder: Path) -> None:
    """Say whether the store has the schema this version needs; exit code 1 when it must be migrated."""
    from connectors.store.open import check_schema

    workplace = open_workplace(folder)
    state = check_schema(workplace.url(workplace.settings.store))
    click.echo(f"schema {state.current or 'none'}, this version needs {state.needed}")
    sys.exit(0 if state.current == state.needed else 1)


@command.command(epilog="Example: tocsin db migrate --folder desk")
@folder_option
def migrate(folder: Path) -> None:
    """Bring the store to the schema this version needs (make a backup first)."""
    from connectors.store.open import migrate as migrate_store

    workplace = open_workplace(folder)
    migrate_store(store_url_of(workplace))
    click.echo("the store has the schema this version needs")


@command.command(epilog="Example: tocsin db rebuild --folder desk")
@folder_option
def rebuild(folder: Path) -> None:
    """Make anew, from the ledger, what the store keeps of what stands: open alerts, blind watches, crossings that wait.

    Needed only where `tocsin verify` says so. The ledger itself is never changed.
    """
    store = open_store_of(open_workplace(folder))
    try:
        store.rebuild_standings()
    finally:
        store.close()
    click.echo("what stands is what the ledger says")
