"""`tocsin replay`: history through the same extraction and the same engine, to know what would have rung."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alerts.rules.model import Mode, RuleSet
from schemas.errors import UsageError
from tocsin.progress import Progress
from tocsin.rule_files import read_files
from tocsin.workplace import json_option

if TYPE_CHECKING:
    from connectors.archive.folder import Archive
    from pipelines.replay.extract_archive import ArchiveExtraction
    from pipelines.replay.ledger_file import LedgerSummary
    from pipelines.replay.log_range import LogRange
    from pipelines.replay.summary import ReplaySummary, RuleSummary

#: A day in UTC.
_DAY = click.DateTime(["%Y-%m-%d"])

#: What is read of a folder of rules; timeline tests lie beside them.
_RULE_FILES, _TESTS = (".yaml", ".yml"), ".test"

#: Articles shown of those no signal could be made of.
_FAILED_SHOWN = 5


@click.command(
    name="replay",
    epilog="Example: tocsin replay --archive history --rules rules/caucasus.yaml --from 2020-09-01 --ledger rang.jsonl",
)
@click.option(
    "--archive",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The folder of the archive: of tocsin archive import, or of the job archive.",
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
@click.option(
    "--actors",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    help="A file of own actors; may be given again.",
)
@click.option(
    "--from",
    "first",
    type=_DAY,
    metavar="DAY",
    help="The first day, as 2020-01-31, UTC; the archive's first where left out.",
)
@click.option(
    "--to", "last", type=_DAY, metavar="DAY", help="The last day, UTC, included; the archive's last where left out."
)
@click.option(
    "--ledger", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Where to write the events."
)
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=min(2, os.cpu_count() or 1),
    show_default="2, on one core 1",
    help="Processes that extract at the same time.",
)
@click.option(
    "--batch",
    type=click.IntRange(1, 100_000),
    default=1_000,
    show_default=True,
    help="Articles that are extracted together, at least.",
)
@json_option
def command(
    folder: Path,
    of: str | None,
    log_id: str | None,
    rules_path: Path | None,
    actors: tuple[Path, ...],
    first: datetime | None,
    last: datetime | None,
    ledger: Path,
    workers: int,
    batch: int,
    as_json: bool,
) -> None:
    """Show what the rules would have rung on the history in an archive, and write it as a ledger, one event a line.

    What extraction finds is kept in the archive, so the second replay extracts nothing; stopped at any moment, what is
    done stays done. The same archive and rules give the same digest, with any --workers and --batch. Each rule begins to
    learn what is normal on the first day. Exit code 0 whatever rang, 2 for mistakes in rules or options.

    Of an archived log nothing is extracted: its signals are stepped as they lay in the log. Without --rules the rules in
    the log decide, and from its first record on the ledger is the live one, byte for byte.
    """
    from connectors.archive.folder import Archive
    from pipelines.replay.replay import days_between

    say = _say_json if as_json else _say
    first_day, last_day = first.date() if first else None, last.date() if last else None
    if replays_log(folder, of):
        signals, result, summary = _stepped_log(folder, log_id, rules_path, actors, first_day, last_day, ledger)
        say(result, summary, None, ledger, [signals.first_day, signals.last_day])
        return
    if rules_path is None:
        raise UsageError("no rules are named", remedy="name a rule file, or a folder of them: --rules PATH")
    rules, text = _rules(rules_path, actors)
    archive = Archive.existing(folder)
    days = days_between(archive, first_day, last_day)
    version, extraction = _extracted(archive, days, actors, workers=workers, batch=batch)
    result, summary = _stepped(archive, version, days, rules, text, ledger)
    say(result, summary, extraction, ledger, days)


def replays_log(folder: Path, of: str | None) -> bool:
    """Tell whether the archived log is meant; :raises UsageError: there is imported history too, and nobody said."""
    from connectors.archive.folder import Archive
    from connectors.archive.log_tier import logs_in

    log, imports = bool(logs_in(folder)), bool(Archive(folder).days())
    if of is None and log and imports:
        raise UsageError(f"{folder} holds imported history and an archived log", remedy="say --of imports or --of log")
    return of == "log" or (of is None and log)


def _rules(path: Path, actors: Sequence[Path]) -> tuple[RuleSet, str]:
    """Return the rules in ``path`` and their text; :raises UsageError: no rule file, or mistakes (all of them)."""
    from pipelines.actor_directory import actor_directory

    paths = [path]
    if path.is_dir():
        paths = sorted(p for p in path.iterdir() if p.suffix in _RULE_FILES and not p.stem.endswith(_TESTS))
    if not paths:
        raise UsageError(f"no rule file is in {path}", remedy="rule files end in .yaml")
    files = read_files(paths, actor_directory(actors))
    rules = RuleSet.of(*(rule for file in files for rule in file.rules.rules))
    if not any(rule.mode is not Mode.OFF for rule in rules.rules):
        raise UsageError(f"no rule in {path} is switched on", remedy="write one, or take `mode: off` away")
    return rules, "\n".join(f"# {file.path.name}\n{file.text}" for file in files)


def _extracted(
    archive: Archive, days: Sequence[date], actors: Sequence[Path], *, workers: int, batch: int
) -> tuple[str, ArchiveExtraction]:
    from pipelines.extraction.extractor import extractor_for
    from pipelines.replay.extract_archive import extract_archive

    version = extractor_for(actors).version
    with Progress("extracting") as progress:
        extraction = extract_archive(archive, version, days, actors, progress.update, workers=workers, batch=batch)
    for one in extraction.failed[:_FAILED_SHOWN]:
        click.echo(f"no signal could be made of article {one.article_id}: {one.reason}: {one.error}", err=True)
    without = sum(archive.count(day) - archive.signals_count(version, day) for day in days)
    if without:
        click.echo(f"{_number(without, 'article')} without a signal: no rule counts them", err=True)
    return version, extraction


def _stepped(
    archive: Archive, version: str, days: Sequence[date], rules: RuleSet, text: str, ledger: Path
) -> tuple[LedgerSummary, ReplaySummary]:
    from pipelines.replay.ledger_file import write_ledger
    from pipelines.replay.replay import activation, number_of_records, records_of, replay
    from pipelines.replay.summary import ReplaySummary

    summary = ReplaySummary(rules.rules)
    records = records_of(archive, version, days, activation(rules, text, days[0]))
    with Progress("deciding") as progress:
        decisions = replay(records, progress.update, number_of_records(archive, version, days))
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
    from pipelines.replay.ledger_file import write_ledger
    from pipelines.replay.log_range import range_between, replay_recorded, replay_rules
    from pipelines.replay.summary import ReplaySummary

    signals = range_between(ArchivedLog.existing(folder, log_id), first, last)
    rules, text = _rules(rules_path, actors) if rules_path is not None else (None, "")
    summary = ReplaySummary(rules.rules if rules is not None else ())
    with Progress("deciding") as progress:
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
        f"{_number(len(summary.rules), 'rule')} from {days[0]} to {days[-1]}: "
        f"{_number(summary.opened, 'alert')} opened, by {_number(len(rang), 'rule')}"
    )
    width = max((len(rule.rule) for rule in rang), default=0)
    for rule in rang:
        click.echo(f"  {rule.rule:{width}}  {_in_words(rule)}")
    if silent:
        click.echo(f"  never rang: {', '.join(silent)}")
    if extraction is not None:
        click.echo(f"extracted now: {_number(extraction.articles, 'article')}; the rest was there already")
    click.echo(f"{ledger}: {_number(result.events, 'event')}, one a line")
    click.echo(f"digest {result.digest}")
    click.echo(
        "Next: tocsin rules explain FILE says a rule in words; in the ledger, the events `opened` are what rang."
    )


def _in_words(rule: RuleSummary) -> str:
    parts = [_number(rule.opened, "alert")]
    if rule.while_learning:
        parts.append(f"{rule.while_learning} of them before normal was known")
    if len(rule.keys) > 1:
        parts.append(f"{len(rule.keys)} keys")
    if rule.escalated:
        parts.append(f"grew {_number(rule.escalated, 'time')}")
    if rule.retracted:
        parts.append(f"{rule.retracted} taken back")
    return f"{', '.join(parts)}; first {_shown(rule.first)}, last {_shown(rule.last)}"


def _shown(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M") if moment is not None else "never"


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
