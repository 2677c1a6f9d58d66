"""Tells an open alert again where its route asks for it and nobody acknowledged it; tells machines that somebody did.

A reminder is a further try at the delivery that told the alert: it is kept as an attempt, and the newest one says when the
next is due. Whoever gets it sees a message id of its own, the same on every retry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.explanation.service_note import acknowledged_note
from pipelines.notifying.composing import Composer, NotifyStore
from pipelines.notifying.joining import thread_joined
from pipelines.notifying.planning import Receiver, not_for
from pipelines.notifying.routing import lead
from pipelines.notifying.silencing import silence_over
from pipelines.notifying.situations import Routing, Situations, every_route
from schemas.alert_event import AlertEvent
from schemas.ids import digest
from schemas.ports.channel import Message
from schemas.ports.response import Acknowledgement
from schemas.ports.store import Attempt, Delivery
from schemas.reasons import DeliveryStatus

#: How an attempt is kept that told an alert again, and one that told that somebody cares for it.
REMINDED = "reminded"
ACKNOWLEDGED = "acknowledged"

_SUBJECT_MARK = "STILL OPEN "


@dataclass(frozen=True)
class Reminder:
    """What is to be told after ``delivery``, which told the alert; ``told_as`` is how the attempt is kept that did."""

    delivery: Delivery
    message: Message
    told_as: str = REMINDED


class Reminders:
    """Finds what is due. Reads the store only, and only where a route has a ``repeat_interval`` or a receiver keeps
    incidents."""

    def __init__(self, store: NotifyStore, routing: Routing, situations: Situations, composer: Composer) -> None:
        self._store = store
        self._routing = routing
        self._situations = situations
        self._composer = composer
        self._any = any(route.repeat is not None for route in every_route(routing.routes))

    def due(self, receivers: Sequence[Receiver], now: datetime) -> list[Reminder]:
        """Return the reminders due at ``now``."""
        keepers = [receiver for receiver in receivers if receiver.keeps_incidents]
        if not self._any and not keepers:
            return []
        open_alerts = self._situations.open_alerts(self._store.outbox_cursor())
        seen = self._store.acknowledgements([event.alert_id for event in open_alerts])
        silences = self._store.silences(in_force_at=now)
        found = []
        for event in open_alerts:
            articles = self._articles(event) if silences else frozenset()
            if event.alert_id not in seen and silence_over(event, silences, articles, now) is None:
                found += [r for receiver in receivers if (r := self._of(event, receiver, receivers, now)) is not None]
            if event.alert_id in seen:
                found += [r for keeper in keepers if (r := self._cared_for(event, keeper, seen[event.alert_id]))]
        return found

    def _cared_for(self, event: AlertEvent, keeper: Receiver, by: Acknowledgement) -> Reminder | None:
        told = self._told(event, keeper)
        tries = [one for delivery in told for one in self._store.attempts(delivery.delivery_id)]
        if not told or any(one.outcome == ACKNOWLEDGED for one in tries):
            return None
        return Reminder(told[-1], acknowledged_note(event, by), ACKNOWLEDGED)

    def _told(self, event: AlertEvent, receiver: Receiver) -> list[Delivery]:
        return [
            one
            for one in self._store.deliveries(alert_id=event.alert_id)
            if one.receiver == receiver.name and one.status is DeliveryStatus.DELIVERED and not thread_joined(one)
        ]

    def _articles(self, event: AlertEvent) -> frozenset[str]:
        return frozenset(item.article_id for item in self._store.evidence(event.evidence).values())

    def _of(
        self, event: AlertEvent, receiver: Receiver, receivers: Sequence[Receiver], now: datetime
    ) -> Reminder | None:
        way = lead(event, self._routing.routes, [one.name for one in receivers]).ways.get(receiver.name)
        if way is None or way.route is None or way.route.repeat is None or not_for(receiver, event) is not None:
            return None
        if receiver.quiet is not None and receiver.quiet.until(now, event.severity) is not None:
            return None
        told = self._told(event, receiver)
        if not told:
            return None
        tries = self._store.attempts(told[-1].delivery_id)
        return self._made(event, told[-1], tries, way.route.repeat, now)

    def _made(
        self, event: AlertEvent, delivery: Delivery, tries: Sequence[Attempt], repeat: timedelta, now: datetime
    ) -> Reminder | None:
        heard = [one for one in tries if one.outcome in ("delivered", REMINDED)]
        if not heard or heard[-1].at + repeat > now:
            return None
        message_id = "again_" + digest("again", delivery.message_id, str(len(heard)), length=24)
        return Reminder(delivery, self._composer.again(event, delivery, message_id, _SUBJECT_MARK, now))
