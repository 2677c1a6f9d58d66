"""What `tocsin replay` does: imported history or an archived log through the engine, into a ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alerts.rules.model import RuleSet
from schemas.errors import UsageError
from tocsin.commands.replay_told import Replayed
from tocsin.history import extracted, rules_in
from tocsin.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.replay.ledger_file import LedgerSummary
    from pipelines.replay.log_range import LogRange
    from pipelines.replay.order import Order
    from pipelines.replay.past import Past
    from pipelines.replay.shared_out import SharedReplay
    from pipelines.replay.summary import ReplaySummary
    from schemas.alert_event import Decision


@dataclass(frozen=True)
class Wanted:
    """What is replayed, by which rules and to where; see the options of the command."""

    archive: Path
    ledger: Path
    of: str | None
    log_id: str | None
    rules: Path | None
    actors: Sequence[Path]
    order: Order | None
    first: date | None
    last: date | None
    sources: Sequence[str]
    workers: int
    batch: int
    beam_options: Sequence[str]
    fresh: bool


def replayed(wanted: Wanted) -> Replayed:
    """Replay it, write the ledger and return what was found; :raises UsageError: what is wanted does not go together."""
    if not replays_log(wanted.archive, wanted.of):
        return _replayed_imports(wanted)
    if wanted.sources:
        raise UsageError("an archived log is replayed as it lay, with all sources", remedy="leave --sources away")
    return _replayed_log(wanted)


def replays_log(folder: Path, of: str | None) -> bool:
    """Tell whether the archived log is meant; :raises UsageError: there is imported history too, and nobody said."""
    from connectors.archive.folder import Archive
    from connectors.archive.log_tier import logs_in

    log, imports = bool(logs_in(folder)), bool(Archive(folder).days())
    if of is None and log and imports:
        raise UsageError(f"{folder} holds imported history and an archived log", remedy="say --of imports or --of log")
    return of == "log" or (of is None and log)


def _replayed_imports(wanted: Wanted) -> Replayed:
    if wanted.rules is None:
        raise UsageError("no rules are named", remedy="name a rule file, or a folder of them: --rules PATH")
    from pipelines.replay.replay import activation
    from pipelines.replay.shared_out import SharedReplay
    from pipelines.replay.shares import shares_of
    from pipelines.replay.unfinished import key_of, unfinished

    rules, text = rules_in(wanted.rules, wanted.actors)
    past = _past(wanted)
    version, extraction = extracted(
        past.archive,
        past.files,
        wanted.actors,
        workers=wanted.workers,
        batch=wanted.batch,
        beam_options=wanted.beam_options,
    )
    begin, sources = activation(rules, text, past.days[0]), wanted.sources
    shares = shares_of(rules, len(past.days), wanted.workers)
    with unfinished(past.archive, key_of(past, version, begin, sources)) as kept:
        if kept is not None and wanted.fresh:
            kept.remove()
        result, summary = _stepped(SharedReplay(past, version, begin, sources, shares, kept), rules, wanted.ledger)
        if kept is not None:
            kept.remove()
    return Replayed(wanted.ledger, past.chosen, past.days, result, summary, extraction, len(shares))


def _past(wanted: Wanted) -> Past:
    from connectors.archive.folder import Archive
    from pipelines.replay.past import past_of
    from pipelines.replay.replay import named_sources

    past = past_of(Archive.existing(wanted.archive), wanted.order, wanted.first, wanted.last)
    named_sources(past.archive, past.files, wanted.sources)
    return past


def _stepped(shared: SharedReplay, rules: RuleSet, ledger: Path) -> tuple[LedgerSummary, ReplaySummary]:
    from pipelines.garbage import seldom_collected
    from pipelines.replay.ledger_file import write_ledger
    from pipelines.replay.summary import ReplaySummary

    left = shared.first_day()
    if left is not None:
        click.echo(
            f"deciding goes on with {left}: an earlier run of this replay was stopped there (or --fresh)", err=True
        )
    summary = ReplaySummary(rules.rules)
    try:
        with Progress("deciding") as progress, seldom_collected():
            result = write_ledger(ledger, summary.counted(shared.decisions(progress.update)))
    except KeyboardInterrupt:
        if (reached := shared.first_day()) is not None:
            click.echo(f"decided up to {reached}: the same command goes on from there", err=True)
        raise
    return result, summary


def _replayed_log(wanted: Wanted) -> Replayed:
    from connectors.archive.archived_log import ArchivedLog
    from pipelines.garbage import seldom_collected
    from pipelines.replay.ledger_file import write_ledger
    from pipelines.replay.log_range import range_between
    from pipelines.replay.order import order_of_log
    from pipelines.replay.summary import ReplaySummary

    signals = range_between(ArchivedLog.existing(wanted.archive, wanted.log_id), wanted.first, wanted.last)
    rules, text = rules_in(wanted.rules, wanted.actors) if wanted.rules is not None else (None, "")
    chosen, summary = order_of_log(wanted.order), ReplaySummary(rules.rules if rules is not None else ())
    with Progress("deciding") as progress, seldom_collected():
        decisions = _decisions_of_log(signals, rules, text, chosen.order, progress)
        result = write_ledger(wanted.ledger, summary.counted(decisions))
    return Replayed(wanted.ledger, chosen, [signals.first_day, signals.last_day], result, summary)


def _decisions_of_log(
    signals: LogRange, rules: RuleSet | None, text: str, order: Order, progress: Progress
) -> Iterator[Decision]:
    from pipelines.replay.log_published import replay_published
    from pipelines.replay.log_range import replay_recorded, replay_rules
    from pipelines.replay.order import Order

    if order is Order.PUBLICATION:
        return replay_published(signals, rules, text, progress.update)
    if rules is None:
        return replay_recorded(signals, progress.update)
    return replay_rules(signals, rules, text, progress.update)
