"""An alert that opens minutes after another on mostly the same articles joins its thread, quietly, instead of ringing. Pure.

Within one batch the strongest speaks for the others (``overlap``); this is for what is decided later. Critical alerts and those
that are graver than what was told ring all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipelines.notifying.overlap import same_articles, strength
from schemas.alert_event import AlertEvent
from schemas.ids import digest
from schemas.ports.store import Delivery
from schemas.reasons import DeliveryReason, DeliveryStatus, EventKind, Severity

#: How long after an alert was told another joins it, where no route asks for a longer ``group_interval``. A war that goes on
#: longer rings again.
JOINS_WITHIN = timedelta(minutes=30)

_PREFIX = "also_"
_RANK = {severity: rank for rank, severity in enumerate(Severity)}
_TOLD = frozenset({DeliveryStatus.PENDING, DeliveryStatus.RETRYING, DeliveryStatus.DELIVERED, DeliveryStatus.HELD})


@dataclass(frozen=True)
class ToldOpening:
    """An opening that a receiver was told of, or will be, in a message of its own; its alert is still open."""

    event: AlertEvent
    delivery: Delivery
    articles: frozenset[str]


def may_be_joined(delivery: Delivery) -> bool:
    """Return whether ``delivery`` is, or will be, a message that others can join: told, and itself no joined one."""
    return (
        delivery.status in _TOLD and bool(delivery.alert_id) and not delivery.message_id.startswith((_PREFIX, "away_"))
    )


def joined_by(
    event: AlertEvent, articles: frozenset[str], told: Sequence[ToldOpening], now: datetime, within: timedelta
) -> ToldOpening | None:
    """Return the strongest of ``told`` whose thread ``event`` joins, or None: it rings by itself."""
    if event.event is not EventKind.OPENED or event.severity is Severity.CRITICAL or not articles:
        return None
    found = [
        one
        for one in told
        if one.event.alert_id != event.alert_id
        and _RANK[one.event.severity] >= _RANK[event.severity]
        and now - (one.delivery.ended_at or one.delivery.created_at) <= within
        and same_articles(articles, one.articles)
    ]
    return max(found, key=lambda one: strength(one.event), default=None)


def waits(told: ToldOpening, now: datetime) -> bool:
    """Return whether the message of ``told`` is still held, so that it can name what joins it."""
    return told.delivery.status is DeliveryStatus.HELD and told.delivery.next_attempt_at > now


def joining_message_id(receiver: str, event_hash: str, told: ToldOpening) -> str:
    """Return the id of the message in which an opening joins ``told``; it says whose thread that is."""
    return f"{_PREFIX}{told.event.alert_id}_{digest('also', receiver, event_hash, length=24)}"


def thread_joined(delivery: Delivery) -> str:
    """Return the id of the alert whose thread ``delivery`` joins; empty for a message of its own."""
    return delivery.message_id.split("_")[1] if delivery.message_id.startswith(_PREFIX) else ""


def joined_reason(delivery: Delivery) -> str:
    """Return the reason that stays with a delivered message that joined a thread; empty for others."""
    thread = thread_joined(delivery)
    return f"{DeliveryReason.SAME_STORIES.value}: in the thread of alert {thread}" if thread else ""


def named_in_another(delivery: Delivery) -> bool:
    """Return whether ``delivery`` ended because the message of a stronger alert names it."""
    reason = delivery.reason.partition(":")[0]
    return delivery.status is DeliveryStatus.SUPERSEDED and reason == DeliveryReason.SAME_STORIES.value
