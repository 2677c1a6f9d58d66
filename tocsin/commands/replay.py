"""`tocsin replay`: history through the same extraction and the same engine, to know what would have rung."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from schemas.errors import UsageError
from tocsin.commands.replay_run import Wanted, replayed
from tocsin.commands.replay_told import say, say_json
from tocsin.history import (
    actors_option,
    asked_order,
    deciding_workers_option,
    from_option,
    order_option,
    to_option,
)
from tocsin.workplace import folder_option, json_option


@click.command(
    name="replay",
    epilog="Example: tocsin replay --archive history --rules rules/caucasus.yaml --from 2020-09-01 --ledger rang.jsonl",
)
@click.option(
    "--archive",
    "archive_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of the archive: of tocsin archive import, or of the job archive. Needed without --verify.",
)
@click.option(
    "--of",
    type=click.Choice(("imports", "log")),
    help="What is replayed, where the archive holds both: imported history, or the archived log.",
)
@click.option("--log-id", help="Which log is replayed, where the archive holds several.")
@click.option(
    "--rules",
    "rules_path",
    type=click.Path(path_type=Path, exists=True),
    help="A rule file, or a folder of them; of an archived log its own rules where left out.",
)
@actors_option
@order_option
@from_option
@to_option
@click.option(
    "--source",
    "--sources",
    "sources",
    multiple=True,
    metavar="ID[,ID]…",
    help="Only news of these sources, as if there were no others; ids with commas between, or given again.",
)
@click.option(
    "--ledger",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write the events. Needed without --verify.",
)
@click.option(
    "--verify",
    is_flag=True,
    help="Check the live ledger of --folder: by its bytes, and by its crossings against a replay of its articles.",
)
@folder_option
@deciding_workers_option
@click.option(
    "--batch",
    type=click.IntRange(1, 100_000),
    default=1_000,
    show_default=True,
    help="Articles that are extracted together, at least.",
)
@click.option(
    "--fresh", is_flag=True, help="Decide anew, also where a run of this replay that was stopped left its state."
)
@click.argument("beam_options", nargs=-1, type=click.UNPROCESSED)
@json_option
def command(
    archive_folder: Path | None,
    of: str | None,
    log_id: str | None,
    rules_path: Path | None,
    actors: tuple[Path, ...],
    order: str | None,
    first: datetime | None,
    last: datetime | None,
    sources: tuple[str, ...],
    ledger: Path | None,
    verify: bool,
    folder: Path,
    workers: int,
    batch: int,
    fresh: bool,
    beam_options: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show what the rules would have rung on the history in an archive, and write it as a ledger, one event a line.

    What extraction finds is kept in the archive, so the second replay extracts nothing. Stopped at any moment, what is done
    stays done: the same command goes on from there, to the same ledger, and says so; --fresh begins to decide anew. The same
    archive and rules give the same digest, with any --workers and --batch. Each rule begins to learn what is normal on the
    first day. Exit code 0 whatever rang, 2 for mistakes in rules or options.

    With many rules over many days each of the --workers decides for a share of the rules, and the ledger is put together; an
    archived log is decided by one process.

    What stands behind -- are options of Apache Beam for the pipeline in each process, as -- --direct_num_workers=2; they
    change no signal.

    Of an archived log nothing is extracted: its signals are stepped as they lay in the log. Without --rules the rules in
    the log decide, and from its first record on the ledger is the live one, byte for byte.

    By --order arrival each article comes when it was observed, and one that came a day after its hour counts for nothing, as
    live. By --order publication each comes when it was published, its edits as long after it as they came, so nothing is late:
    what would have rung had everything been there in time. An archived log is taken by arrival, imported history by arrival
    where it knows when most articles came in time, else by publication; which and why is printed.

    With --verify the ledger of a service is checked: its signals are decided again, which must give the same bytes. Then
    its articles are extracted anew and replayed by the time of their news, whatever order they came in: what crosses once
    an hour is a day old must be the same, or the cause is named (late, backfill, dead_letter, extractor, rule, coverage …),
    and each crossing that opened no alert says why (firing, cooling, limit, schedule …). Exit code 1 where the ledger
    differs, or a difference has no cause.
    """
    if beam_options:
        from pipelines.extraction.beam import check_options

        check_options(beam_options)
    if verify:
        _refuse_beside_verify(archive_folder, ledger, of, log_id, order, first, last, actors, sources, fresh=fresh)
        from tocsin.commands.replay_verified import verify_folder

        verify_folder(folder, rules_path, workers=workers, batch=batch, as_json=as_json)
        return
    if archive_folder is None or ledger is None:
        missing = "--archive DIR" if archive_folder is None else "--ledger FILE"
        raise UsageError(
            f"{missing} is missing", remedy="say it, or check a service: tocsin replay --verify --folder DESK"
        )
    done = replayed(
        Wanted(
            archive=archive_folder,
            ledger=ledger,
            of=of,
            log_id=log_id,
            rules=rules_path,
            actors=actors,
            order=asked_order(order),
            first=first.date() if first else None,
            last=last.date() if last else None,
            sources=[name.strip() for names in sources for name in names.split(",") if name.strip()],
            workers=workers,
            batch=batch,
            beam_options=beam_options,
            fresh=fresh,
        )
    )
    (say_json if as_json else say)(done)


def _refuse_beside_verify(
    archive: Path | None,
    ledger: Path | None,
    of: str | None,
    log_id: str | None,
    order: str | None,
    first: datetime | None,
    last: datetime | None,
    actors: Sequence[Path],
    sources: Sequence[str],
    *,
    fresh: bool,
) -> None:
    given: dict[str, object] = {
        "--archive": archive,
        "--ledger": ledger,
        "--of": of,
        "--log-id": log_id,
        "--order": order,
        "--from": first,
        "--to": last,
        "--actors": actors or None,
        "--sources": sources or None,
        "--fresh": fresh or None,
    }
    wrong = [name for name, value in given.items() if value is not None]
    if wrong:
        raise UsageError(
            f"--verify goes without {', '.join(wrong)}",
            remedy="it reads the log, the archive and the actors that the settings of --folder name, all of it",
        )
