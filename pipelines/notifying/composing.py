"""Claimed delivery → what to do with it: the message to send, or the reason why it is not told. Reads the store only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from alerts.explanation.background import Background
from alerts.explanation.message import alert_message
from alerts.explanation.names import ActorNames
from alerts.explanation.while_away import while_away_message
from pipelines.notifying.planning import first_position_away, is_while_away
from pipelines.notifying.strands import settle, strand_of
from schemas.alert_event import AlertEvent, Evidence
from schemas.errors import FatalError
from schemas.ports.channel import HourBar, Message
from schemas.ports.response import ResponseStore
from schemas.ports.store import Delivery, DeliveryStore, EventHoursStore, HeartbeatStore, OutboxEntry
from schemas.reasons import DeliveryReason, DeliveryStatus

#: Outbox entries planned at once.
PLAN_BATCH = 500

#: How an attempt is kept whose message may have arrived although no answer came.
UNCLEAR = "unclear"

#: Reasons for which an event ended the strand without being told.
_OVER = frozenset({DeliveryReason.ALREADY_RESOLVED.value, DeliveryReason.NEVER_TOLD.value})

#: A delivery without a recorded try that is older than this may have been sent by a notifier that was killed.
_TRIED_WITHIN = timedelta(minutes=1)


#: What is known beside an event, given its hours.
Backgrounds = Callable[[AlertEvent, Sequence[HourBar]], Background]


def without_history(event: AlertEvent, hours: Sequence[HourBar]) -> Background:
    """Return the hours alone: nothing is known of what the key was about before."""
    return Background(hours=hours)


class NotifyStore(DeliveryStore, ResponseStore, EventHoursStore, HeartbeatStore, Protocol):
    """What telling people needs of the store."""

    def evidence(self, hashes: Sequence[str]) -> Mapping[str, Evidence]:
        """Return what is known by ``hashes``."""
        ...


@dataclass(frozen=True)
class Telling:
    """``message`` is to be sent; ``ended`` lists deliveries that are not told, each with its reason."""

    message: Message | None
    ended: Sequence[tuple[Delivery, DeliveryReason]] = ()


class Composer:
    """Finds events and evidence and puts them into words. ``page``: the address of the web page, for links."""

    def __init__(
        self,
        store: NotifyStore,
        names: ActorNames,
        *,
        backgrounds: Backgrounds = without_history,
        page: str | None = None,
    ) -> None:
        self._store = store
        self._names = names
        self._backgrounds = backgrounds
        self._page = page

    def telling(self, delivery: Delivery, now: datetime) -> Telling:
        """Return what to do with ``delivery``, which the caller has claimed: being claimed, it is the oldest open one of
        its (alert, receiver), and none of the newer ones can be on its way."""
        if is_while_away(delivery):
            events = self._away_events(delivery)
            if not events:
                return Telling(None, [(delivery, DeliveryReason.NEWER_EVENT)])
            return Telling(while_away_message(events, self._names, message_id=delivery.message_id))
        event = self._event(delivery)
        ended = self._settled(delivery, event, now)
        if ended:
            return Telling(None, ended)
        return Telling(self._alert(event, delivery))

    def _alert(self, event: AlertEvent, delivery: Delivery) -> Message:
        known = self._store.evidence(event.evidence)
        return alert_message(
            event,
            [known[hash_] for hash_ in event.evidence if hash_ in known],
            self._names,
            message_id=delivery.message_id,
            background=self._backgrounds(event, self._store.event_hours(delivery.event_hash)),
            page=self._page,
        )

    def _settled(self, delivery: Delivery, event: AlertEvent, now: datetime) -> list[tuple[Delivery, DeliveryReason]]:
        """Return the deliveries of the event's strand that are not to be told, ``delivery`` among them or none."""
        strand = strand_of(event)
        if strand is None:
            return []
        others = [
            other
            for other in self._store.deliveries(alert_id=event.alert_id, open_only=not event.alert_id)
            if other.receiver == delivery.receiver and other.delivery_id != delivery.delivery_id
        ]
        unsent, events = [delivery], [event]
        for other in sorted(others, key=lambda d: d.seq):
            if other.ended_at is None and other.position > delivery.position and not is_while_away(other):
                newer = self._event(other)
                if strand_of(newer) == strand:
                    unsent.append(other)
                    events.append(newer)
        # Blindness of a whole rule has no alert to look up; it is always told.
        told = not event.alert_id or any(
            self._may_have_arrived(one, now) for one in (delivery, *others) if one.seq <= event.seq
        )
        later = (other for other in others if other.seq > delivery.seq and is_while_away(other))
        if any(strand_of(self._event(other)) == strand for other in later):
            return [(delivery, DeliveryReason.NEWER_EVENT)]
        reasons = settle(events, told=told)
        return [(one, reason) for one, reason in zip(unsent, reasons, strict=True) if reason is not None]

    def _event(self, delivery: Delivery) -> AlertEvent:
        entries = self._store.outbox_after(delivery.position - 1, 1)
        if not entries or entries[0].position != delivery.position:
            raise FatalError(
                f"the outbox has no entry {delivery.position}, although a delivery of it is open",
                remedy="the store was changed by hand or restored in part: restore it whole from a backup",
            )
        return entries[0].event

    def _away_events(self, delivery: Delivery) -> list[AlertEvent]:
        """Return the events to tell in the while-away message that ``delivery`` carries: those planned for it, without
        the ones that were overtaken while the receiver could not be reached."""
        events = []
        for entry, others in self._away_deliveries(delivery):
            mine = [other.position for other in others if other.message_id == delivery.message_id]
            if entry.position in mine and not self._overtaken(entry, others):
                events.append(entry.event)
        return events

    def _away_deliveries(self, delivery: Delivery) -> list[tuple[OutboxEntry, list[Delivery]]]:
        """Return the outbox entries that a while-away message can be about (they lie in one planned batch), each with what
        was planned of its alert for the receiver."""
        entries = self._store.outbox_after(first_position_away(delivery) - 1, PLAN_BATCH)
        of_alert = {
            alert_id: [d for d in self._store.deliveries(alert_id=alert_id) if d.receiver == delivery.receiver]
            for alert_id in {entry.event.alert_id for entry in entries}
        }
        return [(entry, of_alert[entry.event.alert_id]) for entry in entries]

    def _overtaken(self, entry: OutboxEntry, others: Sequence[Delivery]) -> bool:
        """Return whether a newer event of the same strand was told already, or ended it unheard."""
        strand = strand_of(entry.event)
        newer = (other for other in others if other.position > entry.position and not is_while_away(other))
        return strand is not None and any(
            (other.status is DeliveryStatus.DELIVERED or other.reason in _OVER)
            and strand_of(self._event(other)) == strand
            for other in newer
        )

    def _may_have_arrived(self, delivery: Delivery, now: datetime) -> bool:
        """Return whether the receiver may have heard of ``delivery``. What a killed notifier sent has no recorded try."""
        if delivery.status is DeliveryStatus.DELIVERED:
            return True
        if delivery.reason == DeliveryReason.WHILE_AWAY.value:
            return any(self._may_have_arrived(carrier, now) for carrier in self._carriers(delivery))
        if delivery.attempts > 0:
            return any(attempt.outcome == UNCLEAR for attempt in self._store.attempts(delivery.delivery_id))
        # Still so when a newer event has ended it since: else the end of the alert would not be told.
        return (delivery.ended_at or now) - delivery.created_at > _TRIED_WITHIN

    def _carriers(self, told_away: Delivery) -> list[Delivery]:
        """Return the delivery (one) that carries the while-away message in which ``told_away`` is told."""
        planned = {other.delivery_id: other for _, others in self._away_deliveries(told_away) for other in others}
        return [
            other
            for other in planned.values()
            if other.message_id == told_away.message_id and other.reason != DeliveryReason.WHILE_AWAY.value
        ]
