"""`tocsin alerts`: what rang, and each alert with its counts, its evidence and its life."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from schemas.alert_event import AlertEvent
from tocsin.commands.alerts_answers import ANSWERS
from tocsin.commands.alerts_export import export
from tocsin.commands.alerts_missed import missed
from tocsin.commands.alerts_show import show
from tocsin.commands.alerts_verdict import verdict
from tocsin.commands.alerts_why import why
from tocsin.event_lines import event_line, printable
from tocsin.workplace import folder_option, json_option, open_store_of, open_workplace

__all__ = ["command", "event_line", "latest_of_alerts", "printable"]


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


@command.command(name="list", epilog="Example: tocsin alerts list --rule azerbaijan-russia")
@folder_option
@json_option
@click.option("--rule", help="Only alerts of this rule.")
@click.option("--all", "show_all", is_flag=True, help="Every event, not one line an alert.")
def list_alerts(folder: Path, as_json: bool, rule: str | None, show_all: bool) -> None:
    """List alerts, oldest first: one line each with its state, or every event with --all."""
    store = open_store_of(open_workplace(folder))
    try:
        events = list(store.events(rule=rule))
    finally:
        store.close()
    if as_json:
        for event in events:
            click.echo(event.model_dump_json())
        return
    shown = events if show_all else latest_of_alerts(events)
    if not shown:
        click.echo("nothing rang yet; `tocsin rules match` shows what the rules would count", err=True)
    for event in shown:
        click.echo(event_line(event))


def latest_of_alerts(events: Sequence[AlertEvent]) -> list[AlertEvent]:
    """Return the last event of each alert, in the order the alerts opened; events of rules are left out."""
    latest: dict[str, AlertEvent] = {}
    for event in events:
        if event.alert_id:
            latest[event.alert_id] = event
    return list(latest.values())
