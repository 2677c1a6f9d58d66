"""`tocsin restore`: a backup into an empty folder, where it goes on without telling anybody twice."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connectors.clock import SystemClock
from schemas.errors import TocsinError, UsageError
from schemas.plain_text import plural
from tocsin.folder_lock import FolderLock
from tocsin.settings import FILE_NAME, Workplace, parse_settings
from tocsin.workplace import json_option

if TYPE_CHECKING:
    from schemas.ports.log import Log
    from schemas.ports.store import Store

#: How often and how long articles are waited for that another process seems to hold.
_IDLE_STEPS, _STEP_S = 60, 0.5


@click.command(name="restore", epilog="Example: tocsin restore backups/2025-01-22 --folder desk-again")
@click.argument("backup", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--folder",
    "-C",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The folder to restore into; it must not hold one yet.",
)
@json_option
def command(backup: Path, folder: Path, as_json: bool) -> None:
    """Bring the backup in DIR back into the empty folder --folder; `tocsin run` there goes on from it.

    Nobody is told again: what was on its way then, and what had happened and was not yet decided, ends with the reason
    `restored`, because it may have been told since. New alerts ring as usual. Stop the original first: two would ring.
    """
    from pipelines.backup import FILES, read_backup
    from pipelines.restore import go_on_in_silence, put_back
    from tocsin.backup_places import places_of

    made = read_backup(backup)
    if (folder / FILE_NAME).exists():
        raise UsageError(f"{folder} holds a {FILE_NAME} already", remedy="restore into an empty folder")
    settings = backup / FILES / FILE_NAME
    workplace = Workplace(
        folder=folder, settings=parse_settings(settings.read_text(encoding="utf-8"), str(settings), os.environ)
    )
    names = [name.removeprefix(f"{FILES}/") for name in made.sha256 if name.startswith(f"{FILES}/")]
    places = places_of(workplace, {name: folder / name for name in names if name != FILE_NAME})
    folder.mkdir(parents=True, exist_ok=True)
    with FolderLock(folder.absolute()):
        put_back(backup, places)
        receivers = [receiver.name for receiver in workplace.settings.receivers]
        silenced = go_on_in_silence(
            places, SystemClock(), receivers, lambda log, store: _extract(workplace, log, store)
        )
        shutil.copyfile(settings, folder / FILE_NAME)  # Last: without settings nothing runs in a half restored folder.
    if as_json:
        click.echo(json.dumps({"made_at": made.made_at, **silenced._asdict()}))
        return
    click.echo(f"{folder} is as of {made.made_at}: {plural(made.events, 'event')} of the ledger")
    click.echo(
        f"in silence: {plural(silenced.decided, 'signal')} decided, {plural(silenced.ended, 'message')} on their way ended, "
        f"{plural(silenced.untold, 'event')} not told"
    )
    click.echo(f"Look first: tocsin alerts list --folder {folder}. Then: tocsin run --folder {folder}")


def _extract(workplace: Workplace, log: Log, store: Store) -> None:
    from pipelines.extract import ExtractJob, ExtractSettings
    from pipelines.restore import articles_left

    job = ExtractJob(
        log, store, SystemClock(), ExtractSettings(own_files=tuple(workplace.files(workplace.settings.actors)))
    )
    idle = 0
    try:
        # The member of the group that was at work when the backup was made holds its partitions until its lease has run out.
        while articles_left(log) and idle < _IDLE_STEPS:
            idle = 0 if job.step(_STEP_S) else idle + 1
    finally:
        job.close()
    if articles_left(log):
        raise TocsinError("the articles in the backup could not be extracted", remedy="begin anew in another folder")
