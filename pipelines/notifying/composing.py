"""Claimed delivery → what to do with it: the message to send, or the reason why it is not told. Reads the store only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from alerts.explanation.background import Background
from alerts.explanation.carriers import HEADLINES, headlines
from alerts.explanation.foreign import ForeignTitle, foreign_titles
from alerts.explanation.joining_note import joining_message
from alerts.explanation.message import alert_message
from alerts.explanation.names import ActorNames
from alerts.explanation.subject import SUBJECT_LIMIT
from alerts.explanation.while_away import several_message, while_away_message
from pipelines.notifying.answer_links import AnswerLinks
from pipelines.notifying.holding import held_because, is_told_together
from pipelines.notifying.joining import named_in_another, thread_joined
from pipelines.notifying.open_alerts import OpenAlertsStore
from pipelines.notifying.overlap import strongest_first
from pipelines.notifying.planning import first_position_away, is_while_away
from pipelines.notifying.silencing import silence_over
from pipelines.notifying.strands import settle, strand_of
from pipelines.notifying.translating import Translations
from schemas.alert_event import AlertEvent, Evidence
from schemas.errors import FatalError
from schemas.plain_text import shortened
from schemas.ports.channel import HourBar, Message
from schemas.ports.response import ResponseStore
from schemas.ports.store import Delivery, DeliveryStore, EventHoursStore, HeartbeatStore, OutboxEntry
from schemas.reasons import DeliveryReason, DeliveryStatus, EventKind

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


class NotifyStore(DeliveryStore, ResponseStore, EventHoursStore, HeartbeatStore, OpenAlertsStore, Protocol):
    """What telling people needs of the store."""

    def evidence(self, hashes: Sequence[str]) -> Mapping[str, Evidence]:
        """Return what is known by ``hashes``."""
        ...


@dataclass(frozen=True)
class Telling:
    """``message`` is to be sent; ``ended`` lists deliveries that are not told, each with its reason. ``untranslated``: its
    headlines in other languages without a translation so far."""

    message: Message | None
    ended: Sequence[tuple[Delivery, DeliveryReason]] = ()
    untranslated: Sequence[ForeignTitle] = ()


class Composer:
    """Finds events and evidence and puts them into words. ``page``: the address of the web page, for links."""

    def __init__(
        self,
        store: NotifyStore,
        names: ActorNames,
        *,
        backgrounds: Backgrounds = without_history,
        page: str | None = None,
        links: AnswerLinks | None = None,
        translations: Translations | None = None,
    ) -> None:
        self._links = links
        self._translations = translations
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
        if is_told_together(delivery):
            return self._together(delivery, now)
        event = self._event(delivery)
        ended = self._answered(delivery, event, now) or self._settled(delivery, event, now)
        if ended:
            return Telling(None, ended)
        return self._alone(event, delivery, now)

    def _alone(
        self,
        event: AlertEvent,
        delivery: Delivery,
        now: datetime,
        ended: Sequence[tuple[Delivery, DeliveryReason]] = (),
    ) -> Telling:
        message = self._alert(event, delivery, now)
        untranslated = self._untranslated(message, event)
        thread = thread_joined(delivery)
        if thread:
            message = joining_message(message, self._opening(thread, delivery.receiver), thread, self._names)
        return Telling(message, ended, untranslated)

    def _opening(self, alert_id: str, receiver: str) -> AlertEvent | None:
        """Return the first event of an alert that was planned for ``receiver``."""
        planned = [one for one in self._store.deliveries(alert_id=alert_id) if one.receiver == receiver]
        return self._event(min(planned, key=lambda one: one.seq)) if planned else None

    def _untranslated(self, message: Message, event: AlertEvent) -> Sequence[ForeignTitle]:
        if self._translations is None:
            return ()
        by_id = self._backgrounds(event, ()).by_id
        titles = foreign_titles(message.evidence[:HEADLINES], by_id, self._translations.target)
        return [title for title in titles if not self._translations.known(title)]

    def _background(self, event: AlertEvent, event_hash: str, evidence: Sequence[Evidence]) -> Background:
        background = self._backgrounds(event, self._store.event_hours(event_hash))
        if self._translations is None:
            return background
        titles = foreign_titles(headlines(evidence), background.by_id, self._translations.target)
        return replace(background, translations={t.text: self._translations.known(t) for t in titles})

    def _alert(self, event: AlertEvent, delivery: Delivery, now: datetime) -> Message:
        known = self._store.evidence(event.evidence)
        evidence = [known[hash_] for hash_ in event.evidence if hash_ in known]
        message = alert_message(
            event,
            evidence,
            self._names,
            message_id=delivery.message_id,
            background=self._background(event, delivery.event_hash, evidence),
            page=self._page,
            also=self._spoken_for(delivery),
        )
        if self._links is None:
            return message
        return message.model_copy(update={"answers": self._links.of(event, delivery.receiver, now)})

    def again(self, event: AlertEvent, delivery: Delivery, message_id: str, mark: str, now: datetime) -> Message:
        """Return the message that tells ``event`` once more, marked so that nobody takes it for news."""
        message = self._alert(event, delivery.model_copy(update={"message_id": message_id}), now)
        return message.model_copy(update={"subject": shortened(mark + message.subject, SUBJECT_LIMIT)})

    def _spoken_for(self, delivery: Delivery) -> list[AlertEvent]:
        """Return the events of weaker alerts on the same stories that are told in the message of ``delivery``."""
        with_it = self._store.deliveries_of_message(delivery.message_id)
        return strongest_first([self._event(other) for other in with_it if named_in_another(other)])

    def _together(self, delivery: Delivery, now: datetime) -> Telling:
        """Return one message for all that is held for the same moment and is still worth telling.

        The others end here, before it is sent, and lead to it by the message id; ``delivery`` carries it from now on.
        """
        planned = self._store.deliveries_of_message(delivery.message_id)
        if any(one.delivery_id == delivery.delivery_id and one.ended_at is not None for one in planned):
            return Telling(None)  # Another one of this turn carries the message.
        told: list[Delivery] = []
        ended: list[tuple[Delivery, DeliveryReason]] = []
        for one in planned:
            if one.ended_at is None:
                gone = self._gone(one, now)
                if gone is not None:
                    ended.append((one, gone))
                else:
                    told.append(one)
            elif one.reason == DeliveryReason.TOLD_TOGETHER.value and self._gone(one, now) is None:
                told.append(one)
        if delivery.delivery_id not in {one.delivery_id for one in told}:
            return Telling(None, [pair for pair in ended if pair[0].delivery_id == delivery.delivery_id])
        ended += [(one, DeliveryReason.TOLD_TOGETHER) for one in told if one.ended_at is None]
        ended = [pair for pair in ended if pair[0].delivery_id != delivery.delivery_id]
        if len(told) == 1:
            return self._alone(self._event(delivery), delivery, now, ended)
        because = held_because(delivery) or self._held_before(planned)
        events = [self._event(one) for one in told]
        message = several_message(events, self._names, message_id=delivery.message_id, because=because)
        return Telling(message, ended)

    @staticmethod
    def _held_before(planned: Sequence[Delivery]) -> DeliveryReason:
        """Return why a message that is tried again was held: its first try has taken the place of the reason."""
        kept = next((held_because(one) for one in planned if held_because(one)), None)
        return kept or (
            DeliveryReason.GROUP_WAIT if planned[0].message_id.startswith("group_") else DeliveryReason.QUIET_HOURS
        )

    def _gone(self, held: Delivery, now: datetime) -> DeliveryReason | None:
        """Return why ``held``, whose time has come, is not worth telling any more; None where it is."""
        event = self._event(held)
        answered = self._answered(held, event, now)
        if answered:
            return answered[0][1]
        strand = strand_of(event)
        if strand is None or not event.alert_id:
            return None
        others = [o for o in self._store.deliveries(alert_id=event.alert_id) if o.receiver == held.receiver]
        newer = [o for o in others if o.seq > held.seq and strand_of(self._event(o)) == strand]
        if any(o.reason in _OVER for o in newer):
            return DeliveryReason.ALREADY_RESOLVED
        due = [o for o in newer if o.ended_at is None and o.next_attempt_at <= now]
        if any(o.status is DeliveryStatus.DELIVERED for o in newer):
            return DeliveryReason.NEWER_EVENT
        told = any(self._may_have_arrived(o, now) for o in others if o.seq < held.seq)
        return settle([event, *(self._event(o) for o in due)], told=told)[0]

    def _answered(self, delivery: Delivery, event: AlertEvent, now: datetime) -> list[tuple[Delivery, DeliveryReason]]:
        """Return ``delivery`` with the answer of a person that makes telling it needless; empty for none."""
        silences = self._store.silences(in_force_at=now)
        if silences:
            known = self._store.evidence(event.evidence) if any(s.articles for s in silences) else {}
            if silence_over(event, silences, {item.article_id for item in known.values()}, now) is not None:
                return [(delivery, DeliveryReason.SILENCED)]
        if held_because(delivery) is DeliveryReason.ESCALATION:
            if self._store.acknowledgements([event.alert_id]):
                return [(delivery, DeliveryReason.ACKNOWLEDGED)]
            gone = self._gone_while_held(delivery, event)
            if gone is not None:
                return [(delivery, gone)]
        return []

    def _gone_while_held(self, held: Delivery, event: AlertEvent) -> DeliveryReason | None:
        """Return what happened to an alert before its escalation was due: it ended, or a newer event is told instead."""
        strand = strand_of(event)
        others = self._store.deliveries(alert_id=event.alert_id) if event.alert_id else ()
        newer = {o.seq: self._event(o) for o in others if o.receiver == held.receiver and o.seq > held.seq}
        kinds = [newer[seq].event for seq in sorted(newer) if strand_of(newer[seq]) == strand]
        if kinds and kinds[-1] in (EventKind.RESOLVED, EventKind.RETRACTED):
            return DeliveryReason.ALREADY_RESOLVED
        return None

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
            held = other.status is DeliveryStatus.HELD and other.next_attempt_at > now
            if other.ended_at is None and other.position > delivery.position and not is_while_away(other) and not held:
                newer = self._event(other)
                if strand_of(newer) == strand:
                    unsent.append(other)
                    events.append(newer)
        if event.event in (EventKind.UPDATED, EventKind.REMINDED) and any(
            named_in_another(one) or thread_joined(one) for one in others if one.seq < event.seq
        ):
            return [(delivery, DeliveryReason.SAME_STORIES)]
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
        if named_in_another(delivery):
            return False  # It was named in the message of another alert, whose end is told.
        if delivery.reason == DeliveryReason.TOLD_TOGETHER.value:
            with_it = self._store.deliveries_of_message(delivery.message_id)
            return any(self._may_have_arrived(o, now) for o in with_it if o.reason != delivery.reason)
        if delivery.reason == DeliveryReason.WHILE_AWAY.value:
            return any(self._may_have_arrived(carrier, now) for carrier in self._carriers(delivery))
        if delivery.attempts > 0:
            return any(attempt.outcome == UNCLEAR for attempt in self._store.attempts(delivery.delivery_id))
        # Still so when a newer event has ended it since: else the end of the alert would not be told.
        # What was held could not be tried before its time.
        return (delivery.ended_at or now) - max(delivery.created_at, delivery.next_attempt_at) > _TRIED_WITHIN

    def _carriers(self, told_away: Delivery) -> list[Delivery]:
        """Return the delivery (one) that carries the while-away message in which ``told_away`` is told."""
        planned = {other.delivery_id: other for _, others in self._away_deliveries(told_away) for other in others}
        return [
            other
            for other in planned.values()
            if other.message_id == told_away.message_id and other.reason != DeliveryReason.WHILE_AWAY.value
        ]
