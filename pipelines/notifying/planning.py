"""Outbox entries and receivers → deliveries: each (event, receiver) gets one row, open or ended with its reason. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pipelines.notifying.strands import settle, strand_of
from schemas.alert_event import AlertEvent
from schemas.ids import digest
from schemas.ports.store import Delivery, OutboxEntry
from schemas.reasons import DeliveryReason, DeliveryStatus, EventKind, Severity

#: What is older than this when it can first be sent goes into the while-away message.
STALE_AFTER = timedelta(hours=1)

#: Events about the service rather than the news.
SERVICE_EVENTS = frozenset(
    {EventKind.RULE_READY, EventKind.RULE_REMOVED, EventKind.ENGINE_CHANGED, EventKind.EXTRACTOR_CHANGED}
)

_RANK = {severity: rank for rank, severity in enumerate(Severity)}
_AWAY = "away_"


@dataclass(frozen=True)
class Receiver:
    """Who is told, and of what: alerts of at least ``min_severity`` that carry all of ``labels``."""

    name: str
    min_severity: Severity = Severity.LOW
    labels: Mapping[str, str] = field(default_factory=dict)
    service_events: bool = False


def is_while_away(delivery: Delivery) -> bool:
    """Return whether ``delivery`` is told in a while-away message."""
    return delivery.message_id.startswith(_AWAY)


def first_position_away(delivery: Delivery) -> int:
    """Return the outbox position of the first event told in the while-away message of ``delivery``."""
    return int(delivery.message_id.removeprefix(_AWAY).partition("_")[0])


def not_for(receiver: Receiver, event: AlertEvent) -> DeliveryReason | None:
    """Return why ``receiver`` is not told of ``event``, or None."""
    if event.mode == "shadow":
        return DeliveryReason.SHADOW
    if event.event in SERVICE_EVENTS and not receiver.service_events:
        return DeliveryReason.SERVICE_EVENT
    if _RANK[event.severity] < _RANK[receiver.min_severity]:
        return DeliveryReason.BELOW_SEVERITY
    if any(event.labels.get(name) != value for name, value in receiver.labels.items()):
        return DeliveryReason.OTHER_LABELS
    return None


def plan(entries: Sequence[OutboxEntry], receivers: Sequence[Receiver], now: datetime) -> tuple[Delivery, ...]:
    """Return the deliveries of ``entries`` (in outbox order). Events of one batch are settled among themselves: what
    opened and ended in it is not told, and only the newest event of an alert is."""
    return tuple(delivery for receiver in receivers for delivery in _plan_for(receiver, entries, now))


def _plan_for(receiver: Receiver, entries: Sequence[OutboxEntry], now: datetime) -> list[Delivery]:
    reasons = [not_for(receiver, entry.event) for entry in entries]
    _settle_batch(entries, reasons)
    stale = [i for i, entry in enumerate(entries) if reasons[i] is None and now - entry.event.at > STALE_AFTER]
    away_id = _away_id(receiver.name, [entries[i] for i in stale]) if stale else ""
    deliveries = []
    for i, entry in enumerate(entries):
        message_id = "msg_" + digest("message", receiver.name, entry.event_hash, length=24)
        reason = reasons[i]
        if i in stale:
            # The last one carries the message for all; the others end here and lead to it by the message id.
            message_id = away_id
            reason = DeliveryReason.WHILE_AWAY if i != stale[-1] else None
        deliveries.append(_delivery(entry, receiver.name, message_id, reason, now))
    return deliveries


def _away_id(receiver: str, entries: Sequence[OutboxEntry]) -> str:
    """Return the message id of a while-away message; it starts with where to look for its events."""
    told = digest("while-away", receiver, *(entry.event_hash for entry in entries), length=24)
    return f"{_AWAY}{entries[0].position}_{told}"


def _settle_batch(entries: Sequence[OutboxEntry], reasons: list[DeliveryReason | None]) -> None:
    strands: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for i, entry in enumerate(entries):
        strand = strand_of(entry.event)
        if reasons[i] is None and strand is not None:
            strands[strand].append(i)
    for indices in strands.values():
        events = [entries[i].event for i in indices]
        # A strand that began before this batch may have been told; that is looked up when its turn comes.
        told = events[0].event not in (EventKind.OPENED, EventKind.BLIND)
        for i, reason in zip(indices, settle(events, told=told), strict=True):
            reasons[i] = reason


def _delivery(
    entry: OutboxEntry, receiver: str, message_id: str, reason: DeliveryReason | None, now: datetime
) -> Delivery:
    return Delivery(
        delivery_id=0,  # given by the store
        position=entry.position,
        event_hash=entry.event_hash,
        alert_id=entry.event.alert_id,
        seq=entry.event.seq,
        receiver=receiver,
        message_id=message_id,
        status=DeliveryStatus.PENDING if reason is None else status_of(reason),
        next_attempt_at=now,
        reason="" if reason is None else reason.value,
        created_at=now,
        ended_at=None if reason is None else now,
    )


def status_of(reason: DeliveryReason) -> DeliveryStatus:
    """Return the end a delivery comes to by ``reason``."""
    if reason in (DeliveryReason.NEWER_EVENT, DeliveryReason.WHILE_AWAY):
        return DeliveryStatus.SUPERSEDED
    if reason in (DeliveryReason.REFUSED, DeliveryReason.OUT_OF_ATTEMPTS, DeliveryReason.OUT_OF_TIME):
        return DeliveryStatus.DEAD
    return DeliveryStatus.SUPPRESSED
