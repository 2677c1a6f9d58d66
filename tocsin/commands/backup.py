"""`tocsin backup`: one consistent set of a folder, taken while it runs."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from connectors.clock import SystemClock
from schemas.plain_text import plural
from tocsin.progress import Progress
from tocsin.workplace import folder_option, json_option, open_workplace


@click.command(name="backup", epilog="Example: tocsin backup backups/2025-01-22 --folder desk")
@click.argument("target", metavar="DIR", type=click.Path(path_type=Path))
@folder_option
@json_option
def command(target: Path, folder: Path, as_json: bool) -> None:
    """Copy log, store, snapshot, settings, rules and actors into the new folder DIR, beside running jobs or without them.

    The parts go together: whatever the store has decided is in the log. Secrets are not in it, because they never stand in
    the settings; the archive is not either: its files never change once they are written, so any copying tool takes it.
    """
    from pipelines.backup import back_up
    from tocsin.backup_places import files_of, places_of

    workplace = open_workplace(folder)
    places = places_of(workplace, files_of(workplace))
    with Progress("copying") as progress:
        backup = back_up(places, target, SystemClock(), lambda _, done, total: progress.update(done, total))
    if as_json:
        click.echo(json.dumps(asdict(backup)))
        return
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    click.echo(
        f"{target}: {plural(len(backup.sha256), 'file')}, {size / 1e6:,.1f} MB; {plural(backup.events, 'event')} of the ledger, "
        f"signals decided up to {backup.decided:,} of {backup.log_end:,}"
    )
    click.echo(f"To bring it back: tocsin restore {target} --folder NEW")
