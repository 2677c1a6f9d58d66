"""`tocsin alerts`: what rang, and each alert with its counts, its evidence and its life."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from schemas.alert_event import AlertEvent
from schemas.durations import parse_duration
from schemas.errors import UsageError
from schemas.ports.store import LedgerStore, Store
from tocsin.commands.alerts_answers import ANSWERS
from tocsin.commands.alerts_export import export
from tocsin.commands.alerts_missed import missed
from tocsin.commands.alerts_show import show
from tocsin.commands.alerts_verdict import verdict
from tocsin.commands.alerts_why import why
from tocsin.event_lines import event_line, printable
from tocsin.moments import moment
from tocsin.stopping import stop_on_signals
from tocsin.workplace import folder_option, json_option, open_store_of, open_workplace

__all__ = ["command", "event_line", "printable"]

#: Seconds between two looks of --watch.
FOLLOW_EVERY_S = 1.0

_NOTHING = "nothing rang yet; `tocsin rules match` shows what the rules would count"
_NONE_OPEN = "no alert is open"
_NONE_SINCE = "nothing rang since then"


@click.group(name="alerts", epilog="Example: tocsin alerts list --folder desk")
def command() -> None:
    """List and show alerts."""


command.add_command(show)
command.add_command(why)
command.add_command(verdict)
command.add_command(export)
command.add_command(missed)
for answer in ANSWERS:
    command.add_command(answer)


@command.command(name="list", epilog="Example: tocsin alerts list --rule azerbaijan-russia --watch")
@folder_option
@json_option
@click.option("--rule", help="Only alerts of this rule.")
@click.option("--open", "only_open", is_flag=True, help="Only alerts that are open, each with its newest event.")
@click.option("--all", "show_all", is_flag=True, help="Every event, not one line an alert.")
@click.option("--since", default="", help="Only what happened since: 7d, 12h, or a time as 2025-01-31T06:00 (UTC).")
@click.option("--last", type=click.IntRange(min=1), help="Only the last so many alerts to begin; with --all, events.")
@click.option("--watch", is_flag=True, help="Go on: print each event as it is decided, until Ctrl-C.")
def list_alerts(
    folder: Path,
    as_json: bool,
    rule: str | None,
    only_open: bool,
    show_all: bool,
    since: str,
    last: int | None,
    watch: bool,
) -> None:
    """List alerts, oldest first: one line each with its state, or every event with --all.

    Crossings that a rule lets wait (for) come last, as pending. With --json every event is written, with --open those
    that say how the open alerts stand.
    """
    from pipelines.explaining.ledger_span import first_position_at

    if only_open and show_all:
        raise click.UsageError("--open and --all: one of them.")
    began = _moment_of(since) if since else None
    store = open_store_of(open_workplace(folder))
    try:
        first = first_position_at(store, began) if began is not None else 1
        if show_all or (as_json and not only_open):
            shown, read = _events_from(store, first, rule, last)
        else:
            standing = store.standing(ended=not only_open, rule=rule, newest_from=first, last=last)
            shown, read = [*standing.alerts, *(() if as_json else standing.pending)], standing.position
        if not shown and rule is not None and not watch:
            _must_have_been(store, rule)
        if not shown and not as_json:
            nothing = (
                _NOTHING if rule is None else f"{rule} never rang; `tocsin rules match {rule}` shows what it counts"
            )
            click.echo(_NONE_OPEN if only_open else _NONE_SINCE if since else nothing, err=True)
        for event in shown:
            _print(event, as_json=as_json)
        if watch:
            _follow(store, read, rule, as_json=as_json)
    finally:
        store.close()


def _must_have_been(store: Store, rule: str) -> None:
    """Check that a rule is called so, or was; :raises UsageError: none ever was, with the nearest that is."""
    from alerts.rules.mistakes import did_you_mean
    from alerts.rules.model import RuleSet

    sets = (RuleSet.from_compiled(kept.compiled).rules for kept in store.rule_sets())
    names = {one.name for rules in sets for one in rules}
    if names and rule not in names:
        raise UsageError(f"no rule called {rule!r} was ever in force", remedy=did_you_mean(rule, names))


def _moment_of(since: str) -> datetime:
    """Return the moment ``since`` names; :raises BadParameter: it names none."""
    from connectors.clock import SystemClock

    with contextlib.suppress(ValueError):
        return SystemClock().now() - parse_duration(since)
    try:
        return moment(since)
    except click.BadParameter as error:
        raise click.BadParameter(f"{since!r} is no time: write 7d, 12h, or 2025-01-31T06:00 (UTC)") from error


def _events_from(
    store: LedgerStore, first: int, rule: str | None, last: int | None
) -> tuple[Sequence[AlertEvent], int]:
    """Return the events from position ``first`` on, of ``rule``, the ``last`` of them; and the position of the newest of all."""
    if last is not None and rule is None and (head := store.decider_head()) is not None:
        first = max(first, head.events - last + 1)
    shown: deque[AlertEvent] = deque(maxlen=last)
    read = first - 1
    for event in store.events(first_position=first):
        read += 1
        if rule in (None, event.rule):
            shown.append(event)
    return shown, read


def _print(event: AlertEvent, *, as_json: bool) -> None:
    click.echo(event.model_dump_json() if as_json else event_line(event))


def _follow(store: LedgerStore, read: int, rule: str | None, *, as_json: bool) -> None:
    """Print what comes after the first ``read`` events of the ledger until the process is told to stop."""
    stop = threading.Event()
    stop_on_signals(stop.set)
    while not stop.wait(FOLLOW_EVERY_S):
        for event in store.events(first_position=read + 1):
            read += 1
            if rule in (None, event.rule):
                _print(event, as_json=as_json)
        sys.stdout.flush()
