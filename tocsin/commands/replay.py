"""`tocsin replay`: history through the same extraction and the same engine, to know what would have rung."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alerts.rules.model import RuleSet
from schemas.errors import UsageError
from tocsin.commands.replay_told import Replayed, say, say_json
from tocsin.history import (
    actors_option,
    asked_order,
    deciding_workers_option,
    extracted,
    from_option,
    order_option,
    rules_in,
    to_option,
)
from tocsin.progress import Progress
from tocsin.workplace import folder_option, json_option

if TYPE_CHECKING:
    from pipelines.replay.ledger_file import LedgerSummary
    from pipelines.replay.order import Order
    from pipelines.replay.past import Past
    from pipelines.replay.shared_out import SharedReplay
    from pipelines.replay.summary import ReplaySummary


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
    beam_options: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show what the rules would have rung on the history in an archive, and write it as a ledger, one event a line.

    What extraction finds is kept in the archive, so the second replay extracts nothing; stopped at any moment, what is
    done stays done. The same archive and rules give the same digest, with any --workers and --batch. Each rule begins to
    learn what is normal on the first day. Exit code 0 whatever rang, 2 for mistakes in rules or options.

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
        _refuse_beside_verify(archive_folder, ledger, of, log_id, order, first, last, actors, sources)
        from tocsin.commands.replay_verified import verify_folder

        verify_folder(folder, rules_path, workers=workers, batch=batch, as_json=as_json)
        return
    if archive_folder is None or ledger is None:
        missing = "--archive DIR" if archive_folder is None else "--ledger FILE"
        raise UsageError(
            f"{missing} is missing", remedy="say it, or check a service: tocsin replay --verify --folder DESK"
        )
    first_day, last_day = first.date() if first else None, last.date() if last else None
    only = [name.strip() for names in sources for name in names.split(",") if name.strip()]
    asked = asked_order(order)
    if replays_log(archive_folder, of):
        if only:
            raise UsageError("an archived log is replayed as it lay, with all sources", remedy="leave --sources away")
        done = _replayed_log(archive_folder, log_id, rules_path, actors, asked, first_day, last_day, ledger)
    else:
        if rules_path is None:
            raise UsageError("no rules are named", remedy="name a rule file, or a folder of them: --rules PATH")
        from pipelines.replay.replay import activation
        from pipelines.replay.shared_out import SharedReplay
        from pipelines.replay.shares import shares_of

        rules, text = rules_in(rules_path, actors)
        past = _past(archive_folder, asked, first_day, last_day, only)
        version, extraction = extracted(
            past.archive, past.files, actors, workers=workers, batch=batch, beam_options=beam_options
        )
        shared = SharedReplay(
            past, version, activation(rules, text, past.days[0]), only, shares_of(rules, len(past.days), workers)
        )
        result, summary = _stepped(shared, rules, ledger)
        done = Replayed(ledger, past.chosen, past.days, result, summary, extraction, len(shared.shares))
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
    }
    wrong = [name for name, value in given.items() if value is not None]
    if wrong:
        raise UsageError(
            f"--verify goes without {', '.join(wrong)}",
            remedy="it reads the log, the archive and the actors that the settings of --folder name, all of it",
        )


def replays_log(folder: Path, of: str | None) -> bool:
    """Tell whether the archived log is meant; :raises UsageError: there is imported history too, and nobody said."""
    from connectors.archive.folder import Archive
    from connectors.archive.log_tier import logs_in

    log, imports = bool(logs_in(folder)), bool(Archive(folder).days())
    if of is None and log and imports:
        raise UsageError(f"{folder} holds imported history and an archived log", remedy="say --of imports or --of log")
    return of == "log" or (of is None and log)


def _past(folder: Path, order: Order | None, first: date | None, last: date | None, sources: Sequence[str]) -> Past:
    from connectors.archive.folder import Archive
    from pipelines.replay.past import past_of
    from pipelines.replay.replay import named_sources

    past = past_of(Archive.existing(folder), order, first, last)
    named_sources(past.archive, past.files, sources)
    return past


def _stepped(shared: SharedReplay, rules: RuleSet, ledger: Path) -> tuple[LedgerSummary, ReplaySummary]:
    from pipelines.garbage import seldom_collected
    from pipelines.replay.ledger_file import write_ledger
    from pipelines.replay.summary import ReplaySummary

    summary = ReplaySummary(rules.rules)
    with Progress("deciding") as progress, seldom_collected():
        result = write_ledger(ledger, summary.counted(shared.decisions(progress.update)))
    return result, summary


def _replayed_log(
    folder: Path,
    log_id: str | None,
    rules_path: Path | None,
    actors: Sequence[Path],
    asked: Order | None,
    first: date | None,
    last: date | None,
    ledger: Path,
) -> Replayed:
    from connectors.archive.archived_log import ArchivedLog
    from pipelines.garbage import seldom_collected
    from pipelines.replay.ledger_file import write_ledger
    from pipelines.replay.log_published import replay_published
    from pipelines.replay.log_range import range_between, replay_recorded, replay_rules
    from pipelines.replay.order import Order, order_of_log
    from pipelines.replay.summary import ReplaySummary

    chosen = order_of_log(asked)
    signals = range_between(ArchivedLog.existing(folder, log_id), first, last)
    rules, text = rules_in(rules_path, actors) if rules_path is not None else (None, "")
    summary = ReplaySummary(rules.rules if rules is not None else ())
    with Progress("deciding") as progress, seldom_collected():
        if chosen.order is Order.PUBLICATION:
            decisions = replay_published(signals, rules, text, progress.update)
        elif rules is None:
            decisions = replay_recorded(signals, progress.update)
        else:
            decisions = replay_rules(signals, rules, text, progress.update)
        result = write_ledger(ledger, summary.counted(decisions))
    return Replayed(ledger, chosen, [signals.first_day, signals.last_day], result, summary)
