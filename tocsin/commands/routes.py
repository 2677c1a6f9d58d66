"""`tocsin routes`: where an alert would go, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connectors.clock import SystemClock
from schemas.alert_event import AlertEvent
from schemas.errors import UsageError
from schemas.reasons import DeliveryStatus, EventKind, EventReason, Severity
from tocsin.event_lines import printable
from tocsin.workplace import folder_option, json_option, open_store_of, open_workplace

if TYPE_CHECKING:
    from pipelines.notifying.routing import Way
    from schemas.ports.store import Delivery
    from tocsin.settings import Workplace


@click.group(name="routes", epilog="Example: tocsin routes test --severity high --label desk=caucasus")
def command() -> None:
    """Show who is told of what."""


@command.command(epilog="Example: tocsin routes test --severity high --rule azerbaijan-russia --label desk=caucasus")
@click.argument("alert", required=False)
@click.option(
    "--severity", type=click.Choice([s.value for s in Severity]), default="high", show_default=True, help="How loudly."
)
@click.option("--rule", default="a-rule", help="The name of the rule.")
@click.option("--key", default="AZE-RUS", help="The key.")
@click.option("--label", "labels", multiple=True, metavar="NAME=VALUE", help="A label of the rule; may be given again.")
@click.option(
    "--event",
    type=click.Choice([k.value for k in EventKind]),
    default="opened",
    show_default=True,
    help="What happened.",
)
@folder_option
@json_option
def test(
    alert: str | None,
    severity: str,
    rule: str,
    key: str,
    labels: tuple[str, ...],
    event: str,
    folder: Path,
    as_json: bool,
) -> None:
    """Say where an alert would go now, to each receiver: ALERT (an id or its beginning), or one that the options describe.

    Nothing is sent. Silences, quiet hours, limits and groups count as they stand at this moment.
    """
    workplace = open_workplace(folder)
    now = SystemClock().now()
    made = _described(severity, rule, key, labels, event, now) if alert is None else _stored(workplace, alert, now)
    for delivery, route in _ways(workplace, made, now):
        if as_json:
            click.echo(json.dumps(_as_object(delivery, route)))
        else:
            click.echo(printable(_line(delivery, route)))


def _described(severity: str, rule: str, key: str, labels: tuple[str, ...], kind: str, now: datetime) -> AlertEvent:
    pairs = [label.partition("=") for label in labels]
    wrong = [name for name, sign, _ in pairs if not sign or not name]
    if wrong:
        raise UsageError(f"--label {wrong[0]}: no label", remedy="write it as NAME=VALUE")
    return AlertEvent(
        alert_id="0" * 24,
        seq=1,
        event=EventKind(kind),
        reason=EventReason.CROSSED,
        rule=rule,
        key=key,
        severity=Severity(severity),
        labels={name: value for name, _, value in pairs},
        at=now,
    )


def _stored(workplace: Workplace, begins: str, now: datetime) -> AlertEvent:
    from tocsin.commands.alerts_show import stored_alert

    store = open_store_of(workplace)
    try:
        return stored_alert(store, begins).events[-1].model_copy(update={"at": now})
    finally:
        store.close()


def _ways(workplace: Workplace, event: AlertEvent, now: datetime) -> list[tuple[Delivery, str]]:
    from pipelines.notifying.planning import plan
    from pipelines.notifying.routing import lead
    from pipelines.notifying.situations import Situations
    from schemas.ports.store import OutboxEntry
    from tocsin.receivers import receiver_of
    from tocsin.routes_settings import routing_of

    settings = workplace.settings
    if not settings.receivers:
        raise UsageError("there are no [[receivers]] in the settings", remedy="add one: see docs/settings.md")
    receivers = [receiver_of(one) for one in settings.receivers]
    routing = routing_of(settings.routes, settings.inhibit_rules)
    entry = OutboxEntry(position=1, event=event, event_hash=event.chain_hash(), recorded_at=now)
    store = open_store_of(workplace)
    try:
        situation = Situations(store, routing).of([entry], receivers, now)
    finally:
        store.close()
    ways = lead(event, routing.routes, [receiver.name for receiver in receivers]).ways
    found = plan([entry], receivers, now, situation)
    return [(delivery, _route_name(ways, delivery.receiver)) for delivery in found]


def _route_name(ways: Mapping[str, Way], receiver: str) -> str:
    way = ways.get(receiver)
    if way is None:
        return ""
    return way.route.name if way.route is not None else "no route matches: every receiver"


def _line(delivery: Delivery, route: str) -> str:
    by = f" ({route})" if route else ""
    if delivery.status is DeliveryStatus.PENDING:
        return f"{delivery.receiver}: told at once{by}"
    if delivery.status is DeliveryStatus.HELD:
        return f"{delivery.receiver}: held: {delivery.reason}{by}"
    return f"{delivery.receiver}: not told: {delivery.reason}{by}"


def _as_object(delivery: Delivery, route: str) -> dict[str, str]:
    return {
        "receiver": delivery.receiver,
        "status": delivery.status.value,
        "reason": delivery.reason,
        "route": route,
        "at": delivery.next_attempt_at.isoformat(),
    }
