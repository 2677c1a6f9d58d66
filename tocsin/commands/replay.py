"""`tocsin replay`: history through the same extraction and the same engine, to know what would have rung."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alerts.rules.model import RuleSet
from schemas.errors import UsageError
from schemas.plain_text import plural
from tocsin.history import actors_option, extracted, from_option, number_of, rules_in, to_option, workers_option
from tocsin.progress import Progress
from tocsin.workplace import folder_option, json_option

if TYPE_CHECKING:
    from connectors.archive.folder import Archive
    from pipelines.replay.extract_archive import ArchiveExtraction
    from pipelines.replay.ledger_file import LedgerSummary
    from pipelines.replay.log_range import LogRange
    from pipelines.replay.summary import ReplaySummary, RuleSummary


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
@workers_option
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

    What stands behind -- are options of Apache Beam for the pipeline in each process, as -- --direct_num_workers=2; they
    change no signal.

    Of an archived log nothing is extracted: its signals are stepped as they lay in the log. Without --rules the rules in
    the log decide, and from its first record on the ledger is the live one, byte for byte.

    With --verify the ledger of a service is checked: its signals are decided again, which must give the same bytes. Then
    its articles are extracted anew and replayed by the time of their news, whatever order they came in: what crosses once
    an hour is a day old must be the same, or the cause is named (late, backfill, dead_letter, extractor, rule, coverage …),
    and each crossing that opened no alert says why (firing, cooling, limit, schedule …). Exit code 1 where the ledger
    differs, or a difference has no cause.
    """
    from connectors.archive.folder import Archive
    from pipelines.replay.replay import days_between, named_sources

    if beam_options:
        from pipelines.extraction.beam import check_options

        check_options(beam_options)
    if verify:
        _refuse_beside_verify(archive_folder, ledger, of, log_id, first, last, actors, sources)
        from tocsin.commands.replay_verified import verify_folder

        verify_folder(folder, rules_path, workers=workers, batch=batch, as_json=as_json)
        return
    if archive_folder is None or ledger is None:
        missing = "--archive DIR" if archive_folder is None else "--ledger FILE"
        raise UsageError(
            f"{missing} is missing", remedy="say it, or check a service: tocsin replay --verify --folder DESK"
        )
    folder = archive_folder
    say = _say_json if as_json else _say
    first_day, last_day = first.date() if first else None, last.date() if last else None
    only = [name.strip() for names in sources for name in names.split(",") if name.strip()]
    if replays_log(folder, of):
        if only:
            raise UsageError("an archived log is replayed as it lay, with all sources", remedy="leave --sources away")
        signals, result, summary = _stepped_log(folder, log_id, rules_path, actors, first_day, last_day, ledger)
        say(result, summary, None, ledger, [signals.first_day, signals.last_day])
        return
    if rules_path is None:
        raise UsageError("no rules are named", remedy="name a rule file, or a folder of them: --rules PATH")
    rules, text = rules_in(rules_path, actors)
    archive = Archive.existing(folder)
    days = days_between(archive, first_day, last_day)
    named_sources(archive, days, only)
    version, extraction = extracted(archive, days, actors, workers=workers, batch=batch, beam_options=beam_options)
    result, summary = _stepped(archive, version, days, rules, text, ledger, only)
    say(result, summary, extraction, ledger, days)


def _refuse_beside_verify(
    archive: Path | None,
    ledger: Path | None,
    of: str | None,
    log_id: str | None,
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


def _stepped(
    archive: Archive,
    version: str,
    days: Sequence[date],
    rules: RuleSet,
    text: str,
    ledger: Path,
    sources: Sequence[str],
) -> tuple[LedgerSummary, ReplaySummary]:
    from pipelines.replay.garbage import seldom_collected
    from pipelines.replay.ledger_file import write_ledger
    from pipelines.replay.replay import activation, number_of_records, records_of, replay
    from pipelines.replay.summary import ReplaySummary

    summary = ReplaySummary(rules.rules)
    begin = activation(rules, text, days[0])
    with Progress("deciding") as progress, seldom_collected():
        decisions = replay(
            lambda: records_of(archive, version, days, begin, frozenset(sources)),
            progress.update,
            None if sources else number_of_records(archive, version, days),
        )
        result = write_ledger(ledger, summary.counted(decisions))
    return result, summary


def _stepped_log(
    folder: Path,
    log_id: str | None,
    rules_path: Path | None,
    actors: Sequence[Path],
    first: date | None,
    last: date | None,
    ledger: Path,
) -> tuple[LogRange, LedgerSummary, ReplaySummary]:
    from connectors.archive.archived_log import ArchivedLog
    from pipelines.replay.garbage import seldom_collected
    from pipelines.replay.ledger_file import write_ledger
    from pipelines.replay.log_range import range_between, replay_recorded, replay_rules
    from pipelines.replay.summary import ReplaySummary

    signals = range_between(ArchivedLog.existing(folder, log_id), first, last)
    rules, text = rules_in(rules_path, actors) if rules_path is not None else (None, "")
    summary = ReplaySummary(rules.rules if rules is not None else ())
    with Progress("deciding") as progress, seldom_collected():
        if rules is None:
            decisions = replay_recorded(signals, progress.update)
        else:
            decisions = replay_rules(signals, rules, text, progress.update)
        result = write_ledger(ledger, summary.counted(decisions))
    return signals, result, summary


def _say_json(
    result: LedgerSummary,
    summary: ReplaySummary,
    extraction: ArchiveExtraction | None,
    ledger: Path,
    days: Sequence[date],
) -> None:
    about = {
        "kind": "replay",
        "ledger": str(ledger),
        "digest": result.digest,
        "events": result.events,
        "kinds": result.kinds,
        "first_day": days[0].isoformat(),
        "last_day": days[-1].isoformat(),
        "extracted": extraction.articles if extraction else 0,
        "not_extracted": [asdict(one) for one in extraction.failed] if extraction else [],
        "rules": [rule.as_json() for rule in summary.rules.values()],
    }
    click.echo(json.dumps(about))


def _say(
    result: LedgerSummary,
    summary: ReplaySummary,
    extraction: ArchiveExtraction | None,
    ledger: Path,
    days: Sequence[date],
) -> None:
    rang = [rule for rule in summary.rules.values() if rule.opened]
    silent = [rule.rule for rule in summary.rules.values() if not rule.opened]
    click.echo(
        f"{number_of(len(summary.rules), 'rule')} from {days[0]} to {days[-1]}: "
        f"{number_of(summary.opened, 'alert')} opened, by {number_of(len(rang), 'rule')}"
    )
    width = max((len(rule.rule) for rule in rang), default=0)
    for rule in rang:
        click.echo(f"  {rule.rule:{width}}  {_in_words(rule)}")
    if silent:
        click.echo(f"  never rang: {', '.join(silent)}")
    if extraction is not None:
        click.echo(f"extracted now: {number_of(extraction.articles, 'article')}; the rest was there already")
    click.echo(f"{ledger}: {number_of(result.events, 'event')}, one a line")
    click.echo(f"digest {result.digest}")
    click.echo(
        "Next: tocsin rules explain NAME says a rule of a folder in words; in the ledger, the events `opened` are what rang."
    )


def _in_words(rule: RuleSummary) -> str:
    parts = [number_of(rule.opened, "alert")]
    if rule.while_learning:
        parts.append(f"{rule.while_learning} of them before normal was known")
    if len(rule.keys) > 1:
        parts.append(f"{plural(len(rule.keys), 'key')}")
    if rule.escalated:
        parts.append(f"grew {number_of(rule.escalated, 'time')}")
    if rule.retracted:
        parts.append(f"{rule.retracted} taken back")
    return f"{', '.join(parts)}; first {_shown(rule.first)}, last {_shown(rule.last)}"


def _shown(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M") if moment is not None else "never"
