"""Tells an open alert again where its route asks for it and nobody acknowledged it.

A reminder is a further try at the delivery that told the alert: it is kept as an attempt, and the newest one says when the
next is due. Whoever gets it sees a message id of its own, the same on every retry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipelines.notifying.composing import Composer, NotifyStore
from pipelines.notifying.planning import Receiver, not_for
from pipelines.notifying.routing import lead
from pipelines.notifying.silencing import silence_over
from pipelines.notifying.situations import Routing, Situations, every_route
from schemas.alert_event import AlertEvent
from schemas.ids import digest
from schemas.ports.channel import Message
from schemas.ports.store import Attempt, Delivery
from schemas.reasons import DeliveryStatus

#: How an attempt is kept that told an alert again.
REMINDED = "reminded"

_SUBJECT_MARK = "STILL OPEN "


@dataclass(frozen=True)
class Reminder:
    """What is to be told again: ``delivery`` is the one that told it."""

    delivery: Delivery
    message: Message


class Reminders:
    """Finds what is due. Reads the store only, and only where a route has a ``repeat_interval``."""

    def __init__(self, store: NotifyStore, routing: Routing, situations: Situations, composer: Composer) -> None:
        self._store = store
        self._routing = routing
        self._situations = situations
        self._composer = composer
        self._any = any(route.repeat is not None for route in every_route(routing.routes))

    def due(self, receivers: Sequence[Receiver], now: datetime) -> list[Reminder]:
        """Return the reminders due at ``now``."""
        if not self._any:
            return []
        open_alerts = self._situations.open_alerts(self._store.outbox_cursor())
        seen = self._store.acknowledgements([event.alert_id for event in open_alerts])
        silences = self._store.silences(in_force_at=now)
        found = []
        for event in open_alerts:
            articles = self._articles(event) if silences else frozenset()
            if event.alert_id not in seen and silence_over(event, silences, articles, now) is None:
                found += [r for receiver in receivers if (r := self._of(event, receiver, receivers, now)) is not None]
        return found

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
        told = [
            one
            for one in self._store.deliveries(alert_id=event.alert_id)
            if one.receiver == receiver.name and one.status is DeliveryStatus.DELIVERED
        ]
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
        return Reminder(delivery, self._composer.again(event, delivery, message_id, _SUBJECT_MARK))
