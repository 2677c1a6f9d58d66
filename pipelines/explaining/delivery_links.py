"""The last links, from the store: who was to be told of an alert, who was not and why, and what arrived."""

from __future__ import annotations

from collections.abc import Iterator

from alerts.rules.model import Mode
from pipelines.explaining.links import Checked, Link, State
from schemas.ports.store import Delivery, Store
from schemas.reasons import DeliveryReason, DeliveryStatus

_WORDS = {
    DeliveryReason.SHADOW.value: "the rule is in shadow",
    DeliveryReason.BELOW_SEVERITY.value: "it asks for louder alerts",
    DeliveryReason.OTHER_LABELS.value: "it asks for other labels",
    DeliveryReason.ALREADY_RESOLVED.value: "it was over before it could be told",
    DeliveryReason.NEWER_EVENT.value: "a newer event was told instead",
    DeliveryReason.WHILE_AWAY.value: "it went into the message about what happened meanwhile",
    DeliveryReason.NEVER_TOLD.value: "its opening was never told there",
    DeliveryReason.NOT_ROUTED.value: "the routes lead it to others",
    DeliveryReason.MUTED.value: "a route tells nobody",
    DeliveryReason.SILENCED.value: "somebody asked for silence",
    DeliveryReason.ACKNOWLEDGED.value: "somebody cares for it",
    DeliveryReason.INHIBITED.value: "an open alert explains it",
    DeliveryReason.TOO_MANY.value: "over the messages this receiver wants",
    DeliveryReason.QUIET_HOURS.value: "quiet hours",
    DeliveryReason.GROUP_WAIT.value: "it waits for others of its group",
    DeliveryReason.ESCALATION.value: "told if nobody acknowledges",
    DeliveryReason.TOLD_TOGETHER.value: "it went into one message with others",
    DeliveryReason.SAME_STORIES.value: "a stronger key on the same stories was told instead",
}


def delivery_links(store: Store, alert: str, mode: Mode) -> Iterator[Checked]:
    """Yield whether ``alert`` was silenced, and whether it was delivered."""
    deliveries = store.deliveries(alert_id=alert)
    if not deliveries:
        text = "nobody was to be told: no receivers, or the notifier has not planned it yet"
        yield Checked(Link.SILENCED, State.BROKEN, "the rule is in shadow" if mode is Mode.SHADOW else text)
        return
    silenced = [d for d in deliveries if d.status in (DeliveryStatus.SUPPRESSED, DeliveryStatus.SUPERSEDED)]
    others = [d for d in deliveries if d not in silenced]
    state = State.HOLDS if not silenced else State.NOTE if others else State.BROKEN
    text = "for nobody" if not silenced else f"{len(silenced)} of {len(deliveries)} messages were not to be sent"
    yield Checked(Link.SILENCED, state, text, tuple(_line(delivery) for delivery in silenced))
    if not others:
        return
    arrived = [d for d in others if d.status is DeliveryStatus.DELIVERED]
    text = f"{len(arrived)} of {len(others)} messages were delivered"
    state = State.HOLDS if arrived else State.BROKEN
    yield Checked(Link.DELIVERED, state, text, tuple(_line(delivery) for delivery in others))


def _line(delivery: Delivery) -> str:
    reason, _, detail = delivery.reason.partition(": ")
    known = _WORDS.get(reason)
    why = delivery.reason if known is None else f"{known}: {detail}" if detail else known
    tries = f" after {delivery.attempts} attempts" if delivery.attempts else ""
    return f"{delivery.receiver}: {delivery.status.value}{tries}{f' ({why})' if why else ''}"
