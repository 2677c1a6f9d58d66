"""The last links, from the store: who was to be told of an alert, who was not and why, and what arrived."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from alerts.rules.model import Mode
from pipelines.explaining.links import Checked, Link, State
from pipelines.notifying.joining import thread_joined
from schemas.plain_text import plural
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


#: Ends that a person's answer brings; those that the settings bring; those in which another message tells it.
_SILENCED = frozenset(r.value for r in (DeliveryReason.SHADOW, DeliveryReason.SILENCED, DeliveryReason.ACKNOWLEDGED))
_TOLD_OTHERWISE = DeliveryStatus.SUPERSEDED

#: Outbox entries looked at behind the cursor for one that waits to be planned.
_WAITING = 500


def delivery_links(store: Store, alert: str, mode: Mode) -> Iterator[Checked]:
    """Yield whether ``alert`` was silenced, whether it was led to anybody, and whether it was delivered."""
    deliveries = store.deliveries(alert_id=alert)
    if not deliveries:
        yield from _nobody(store, alert, mode)
        return
    silenced = [d for d in deliveries if _reason(d) in _SILENCED]
    yield _left_out(Link.SILENCED, silenced, len(deliveries), "for nobody")
    led = [d for d in deliveries if d not in silenced]
    if not led:
        return
    elsewhere = [d for d in led if d.status is DeliveryStatus.SUPPRESSED]
    names = ", ".join(sorted({d.receiver for d in led if d not in elsewhere}))
    yield _left_out(Link.ROUTED, elsewhere, len(led), f"to {names}")
    due = [d for d in led if d not in elsewhere]
    if not due:
        return
    own = [d for d in due if d.status is not _TOLD_OTHERWISE]
    arrived = [d for d in own if d.status is DeliveryStatus.DELIVERED]
    if own:
        text = f"{len(arrived)} of {len(own)} messages were delivered"
        state = State.HOLDS if arrived else State.BROKEN
    else:
        text, state = "only in the message of another event or alert", State.NOTE
    yield Checked(Link.DELIVERED, state, text, tuple(_line(delivery) for delivery in due))


def _nobody(store: Store, alert: str, mode: Mode) -> Iterator[Checked]:
    """Yield why there is nothing planned of ``alert`` for anybody."""
    if mode is Mode.SHADOW:
        yield Checked(Link.SILENCED, State.BROKEN, "the rule is in shadow")
        return
    yield Checked(Link.SILENCED, State.HOLDS, "for nobody")
    waiting = store.outbox_after(store.outbox_cursor(), _WAITING)
    if any(entry.event.alert_id == alert for entry in waiting):
        text = "the notifier has not come to it yet: look at `tocsin status`"
    else:
        text = "there was nobody to tell: no [[receivers]] in tocsin.toml"
    yield Checked(Link.ROUTED, State.BROKEN, text)


def _left_out(link: Link, out: Sequence[Delivery], of: int, otherwise: str) -> Checked:
    """Return ``link`` with what was left out at it: nothing, something (a note), or everything (it is broken)."""
    state = State.HOLDS if not out else State.NOTE if len(out) < of else State.BROKEN
    text = otherwise if not out else f"{len(out)} of {of} messages were not to be sent"
    return Checked(link, state, text, tuple(_line(delivery) for delivery in out))


def _reason(delivery: Delivery) -> str:
    return delivery.reason.partition(":")[0]


def _line(delivery: Delivery) -> str:
    reason, _, detail = delivery.reason.partition(": ")
    known = _WORDS.get(reason)
    if thread_joined(delivery) and reason == DeliveryReason.SAME_STORIES.value:
        known = "quietly, for it is about mostly the same stories as another alert"
    why = delivery.reason if known is None else f"{known}: {detail}" if detail else known
    tries = f" after {plural(delivery.attempts, 'attempt')}" if delivery.attempts else ""
    return f"{delivery.receiver}: {delivery.status.value}{tries}{f' ({why})' if why else ''}"
