"""`tocsin verify`: decide the log again and compare the ledger with it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from schemas.plain_text import plural
from tocsin.progress import Progress
from tocsin.workplace import folder_option, json_option, open_log_of, open_store_of, open_workplace


@click.command(name="verify", epilog="Example: tocsin verify --folder desk")
@folder_option
@json_option
def command(folder: Path, as_json: bool) -> None:
    """Recompute every event from the signals log and compare it, byte by byte, with the stored ledger.

    What the log has forgotten is read from the archive. Where that does not reach back to the first record, the older
    events are checked by their hashes and chains alone, which is said.
    Exit code 0 when they are the same, 1 when not.
    """
    from connectors.archive.tiered_log import TieredLog
    from pipelines.verify import verify

    workplace = open_workplace(folder)
    with open_log_of(workplace) as log:
        store = open_store_of(workplace)
        try:
            with Progress("verifying") as progress:
                result = verify(
                    TieredLog(log, workplace.path(workplace.settings.archive)),
                    store,
                    snapshots=workplace.path(workplace.settings.snapshots),
                    progress=progress.update,
                )
        finally:
            store.close()
    if as_json:
        click.echo(
            json.dumps(
                {
                    "ok": result.ok,
                    "events": result.events,
                    "recomputed": result.recomputed,
                    "not_recomputed": result.not_recomputed,
                    "first_offset": result.first_offset,
                    "records": result.records,
                    "digest": result.digest,
                    "recomputed_digest": result.recomputed_digest,
                    "other_segments": result.other_segments,
                    "erased_evidence": result.erased_evidence,
                    "differences": result.differences,
                }
            )
        )
    else:
        click.echo(
            f"{plural(result.events, 'event')}, {plural(result.records, 'record')} of signals decided again,"
            f" digest {result.digest[:16]}"
        )
        if result.not_recomputed:
            click.echo(
                f"{plural(result.not_recomputed, 'event')} could not be recomputed, because the log was trimmed;"
                f" their hashes, chains and evidence were checked. From offset {result.first_offset} on all were recomputed"
            )
        for version in result.other_segments:
            click.echo(f"events of engine {version} were checked by their chain only: this is another engine")
        for difference in result.differences:
            click.echo(f"DIFFERS: {difference}")
        if result.more_differences:
            click.echo(f"… and {result.more_differences} more differences")
        click.echo("the ledger is what the log says" if result.ok else "the ledger is NOT what the log says")
    sys.exit(0 if result.ok else 1)
