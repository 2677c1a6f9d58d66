"""`tocsin alerts`: what rang, and each alert with its counts, its evidence and its life."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from schemas.alert_event import AlertEvent, Evidence
from schemas.errors import UsageError
from schemas.ports.store import Delivery
from schemas.reasons import EventKind
from tocsin.commands.alerts_why import why
from tocsin.workplace import folder_option, json_option, open_store_of, open_workplace


@click.group(name="alerts", epilog="Example: tocsin alerts list --folder desk")
def command() -> None:
    """List and show alerts."""


command.add_command(why)


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


@command.command(epilog="Example: tocsin alerts show 3f2a9c")
@click.argument("alert")
@folder_option
@json_option
def show(alert: str, folder: Path, as_json: bool) -> None:
    """Show one alert (its id or the beginning of it): counts, expectation, evidence by story, life, deliveries."""
    store = open_store_of(open_workplace(folder))
    try:
        events = [event for event in store.events() if event.alert_id.startswith(alert) and event.alert_id]
        ids = sorted({event.alert_id for event in events})
        if len(ids) != 1:
            found = f"{len(ids)} alerts begin so: {', '.join(ids[:5])}" if ids else "no alert has that id"
            raise UsageError(f"{alert}: {found}", remedy="`tocsin alerts list` shows the ids")
        evidence = store.evidence([name for event in events for name in event.evidence])
        deliveries = store.deliveries(alert_id=ids[0])
    finally:
        store.close()
    if as_json:
        for event in events:
            found_here = [evidence[name].model_dump(mode="json") for name in event.evidence if name in evidence]
            click.echo(json.dumps({**event.model_dump(mode="json"), "evidence_texts": found_here}))
        return
    _show(
        events, [evidence[n] for n in dict.fromkeys(n for e in events for n in e.evidence) if n in evidence], deliveries
    )


def latest_of_alerts(events: Sequence[AlertEvent]) -> list[AlertEvent]:
    """Return the last event of each alert, in the order the alerts opened; events of rules are left out."""
    latest: dict[str, AlertEvent] = {}
    for event in events:
        if event.alert_id:
            latest[event.alert_id] = event
    return list(latest.values())


def event_line(event: AlertEvent) -> str:
    """Return one line about ``event``."""
    counts = event.counts
    normal = f" (normal {event.expected:g})" if event.expected is not None else ""
    score = f" score {event.score:g}" if event.score is not None else ""
    number = (
        f" {counts.stories} stories, {counts.publishers} publishers in {event.window.hours} h" if event.window else ""
    )
    note = " · learning: normal not yet known" if event.learning and event.alert_id else ""
    who = event.key or "-"
    return (
        f"{event.at:%Y-%m-%d %H:%M}  {event.event.value:<10} {event.severity.value.upper():<8} {event.rule}  {who}"
        f"{number}{normal}{score}{note}  {event.alert_id[:12]}"
    ).rstrip()


def _show(events: Sequence[AlertEvent], evidence: Sequence[Evidence], deliveries: Sequence[Delivery]) -> None:
    opened = next((e for e in events if e.event is EventKind.OPENED), events[0])
    click.echo(f"{opened.severity.value.upper()} {opened.key} — rule {opened.rule}, alert {opened.alert_id}")
    click.echo("\nLife")
    for event in events:
        click.echo(f"  {event_line(event)}  [{event.reason.value}{f': {event.detail}' if event.detail else ''}]")
    click.echo("\nNumbers when it opened")
    if opened.window is not None:
        click.echo(
            f"  window     {opened.window.start:%Y-%m-%d %H:%M} to {opened.window.end:%Y-%m-%d %H:%M} ({opened.window.hours} h)"
        )
    click.echo(
        f"  counted    {opened.counts.stories} stories, {opened.counts.publishers} publishers, {opened.counts.articles} articles"
    )
    if opened.expected is not None:
        times = f", {opened.ratio:g} times" if opened.ratio is not None else ""
        click.echo(f"  expected   {opened.expected:g}{times}")
    if opened.score is not None:
        click.echo(f"  score      {opened.score:g} (−log10 of the chance that normal news gives as much)")
    if opened.coverage is not None:
        click.echo(
            f"  coverage   {opened.coverage:.0%} of the feeds"
            + (f", blind: {', '.join(opened.blind_feeds)}" if opened.blind_feeds else "")
        )
    if opened.feeds_changed:
        click.echo(f"  changed    feeds in the last 14 days: {', '.join(opened.feeds_changed)}")
    click.echo("\nEvidence by story")
    stories: dict[str, list[Evidence]] = {}
    for item in evidence:
        stories.setdefault(item.story, []).append(item)
    for items in stories.values():
        first = min(items, key=lambda e: (e.article_id != e.story, e.event_time, e.article_id))
        carriers = ", ".join(sorted({e.source.name or e.source.id for e in items}))
        click.echo(f"  {first.event_time:%m-%d %H:%M}  {printable(first.title)}")
        click.echo(f"               {printable(carriers)}  {printable(first.url or '')}")
        if first.excerpt and first.excerpt != first.title:
            click.echo(f"               “{printable(first.excerpt)}”")
    if deliveries:
        click.echo("\nDeliveries")
        for delivery in deliveries:
            why = f" ({delivery.reason})" if delivery.reason else ""
            click.echo(f"  {delivery.receiver}: {delivery.status.value} after {delivery.attempts} attempts{why}")


def printable(text: str) -> str:
    """Return ``text`` without characters that could move the cursor or turn the line around."""
    return "".join(c if c.isprintable() else " " for c in text)
