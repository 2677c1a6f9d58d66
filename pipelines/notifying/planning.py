"""Outbox entries and receivers → deliveries: each (event, receiver) gets one row, open or ended with its reason. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pipelines.notifying.holding import Hold, Holding
from pipelines.notifying.joining import JOINS_WITHIN, ToldOpening, joined_by, joined_reason, joining_message_id, waits
from pipelines.notifying.overlap import led_by_stronger
from pipelines.notifying.pacing import AtMost, QuietHours
from pipelines.notifying.routing import Inhibition, Led, Route, Way, lead
from pipelines.notifying.silencing import silence_over
from pipelines.notifying.strands import settle, strand_of
from schemas.alert_event import AlertEvent
from schemas.ids import digest
from schemas.ports.response import Silence
from schemas.ports.store import Delivery, OutboxEntry
from schemas.reasons import DeliveryReason, DeliveryStatus, EventKind, EventReason, Severity

#: What is older than this when it can first be sent goes into the while-away message.
STALE_AFTER = timedelta(hours=1)

#: Events about the service rather than the news.
SERVICE_EVENTS = frozenset(
    {EventKind.RULE_READY, EventKind.RULE_REMOVED, EventKind.ENGINE_CHANGED, EventKind.EXTRACTOR_CHANGED}
)

#: Events that ring, rather than tell of an end or of the watch.
_RINGS = frozenset({EventKind.OPENED, EventKind.ESCALATED, EventKind.REMINDED, EventKind.UPDATED})

#: A crossing that must last is no alert yet.
_NO_ALERT_YET = frozenset({EventKind.PENDING, EventKind.SUBSIDED})

#: What somebody who cares for an alert needs not be told.
_NEEDLESS_ONCE_SEEN = frozenset({EventKind.UPDATED, EventKind.REMINDED})

#: Ends in which something else was told instead.
_TOLD_BY_ANOTHER = frozenset(
    {
        DeliveryReason.NEWER_EVENT,
        DeliveryReason.WHILE_AWAY,
        DeliveryReason.TOLD_TOGETHER,
        DeliveryReason.SAME_STORIES,
    }
)
NONE: frozenset[str] = frozenset()
_RANK = {severity: rank for rank, severity in enumerate(Severity)}
_AWAY = "away_"


@dataclass(frozen=True)
class Receiver:
    """Who is told, and of what: alerts of at least ``min_severity`` that carry all of ``labels``; and when."""

    name: str
    min_severity: Severity = Severity.LOW
    labels: Mapping[str, str] = field(default_factory=dict)
    service_events: bool = False
    quiet: QuietHours | None = None
    at_most: AtMost | None = None
    keeps_incidents: bool = False  # and so is told when somebody acknowledges


@dataclass(frozen=True)
class Situation:
    """What a plan depends on besides the entries.

    ``articles``: ids of the articles of openings, by event hash, as far as they are needed. ``earlier``: what was planned
    for a receiver lately, as far back as its limits and groups look. ``open_alerts``: their newest events, for inhibitions.
    ``told``: the openings a receiver was told of lately, which others on the same articles join.
    """

    routes: Sequence[Route] = ()
    inhibitions: Sequence[Inhibition] = ()
    silences: Sequence[Silence] = ()
    acknowledged: Collection[str] = ()
    articles: Mapping[str, frozenset[str]] = field(default_factory=dict)
    open_alerts: Sequence[AlertEvent] = ()
    earlier: Mapping[str, Sequence[Delivery]] = field(default_factory=dict)
    told: Mapping[str, Sequence[ToldOpening]] = field(default_factory=dict)


#: Every receiver gets everything at once.
NOTHING_SPECIAL = Situation()


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
    if event.event in _NO_ALERT_YET:
        return DeliveryReason.NOT_YET
    if event.reason is EventReason.LATE_EVIDENCE:
        return DeliveryReason.ADDED_LATE
    if event.event in SERVICE_EVENTS and not receiver.service_events:
        return DeliveryReason.SERVICE_EVENT
    if _RANK[event.severity] < _RANK[receiver.min_severity]:
        return DeliveryReason.BELOW_SEVERITY
    if any(event.labels.get(name) != value for name, value in receiver.labels.items()):
        return DeliveryReason.OTHER_LABELS
    return None


def plan(
    entries: Sequence[OutboxEntry], receivers: Sequence[Receiver], now: datetime, situation: Situation = NOTHING_SPECIAL
) -> tuple[Delivery, ...]:
    """Return the deliveries of ``entries`` (in outbox order). Events of one batch are settled among themselves: what
    opened and ended in it is not told, only the newest event of an alert is, and only the strongest of several openings
    about the same articles."""
    names = [receiver.name for receiver in receivers]
    led = [lead(entry.event, situation.routes, names) for entry in entries]
    return tuple(d for receiver in receivers for d in _plan_for(receiver, entries, led, now, situation))


def _plan_for(
    receiver: Receiver, entries: Sequence[OutboxEntry], led: Sequence[Led], now: datetime, situation: Situation
) -> list[Delivery]:
    left_out = [
        left_out_because(receiver, entry, ways, now, situation) for entry, ways in zip(entries, led, strict=True)
    ]
    reasons = [None if left is None else left.reason for left in left_out]
    _settle_batch(entries, reasons)
    stale = [i for i, entry in enumerate(entries) if reasons[i] is None and now - entry.event.at > STALE_AFTER]
    away_id = _away_id(receiver.name, [entries[i] for i in stale]) if stale else ""
    openings = {i: e.event for i, e in enumerate(entries) if reasons[i] is None and i not in stale}
    spoken_for = led_by_stronger(openings, {i: situation.articles.get(entries[i].event_hash, NONE) for i in openings})
    holding = Holding(receiver.name, receiver.quiet, receiver.at_most, situation.earlier.get(receiver.name, ()), now)
    told: dict[int, Delivery] = {}
    # Those that speak for others come first, because the others are told in their messages.
    for i in sorted(range(len(entries)), key=lambda i: (i in spoken_for, i)):
        entry, reason, message_id, hold = entries[i], reasons[i], own_message_id(receiver.name, entries[i]), None
        speaker = ""
        if i in stale:
            # The last one carries the message for all; the others end here and lead to it by the message id.
            message_id = away_id
            reason = DeliveryReason.WHILE_AWAY if i != stale[-1] else None
        elif i in spoken_for:
            message_id, reason = told[spoken_for[i]].message_id, DeliveryReason.SAME_STORIES
            speaker = told[spoken_for[i]].alert_id
        elif reason is None:
            way = led[i].ways[receiver.name]
            hold = holding.hold(entry.event, way)
            thread = _thread_for(entry, receiver, way, hold, now, situation)
            if thread is not None:
                hold = None
                message_id = joining_message_id(receiver.name, entry.event_hash, thread)
                if waits(thread, now):
                    message_id, reason = thread.delivery.message_id, DeliveryReason.SAME_STORIES
                    speaker = thread.event.alert_id
            else:
                message_id = hold.message_id if hold is not None and hold.message_id else message_id
                holding.note(message_id, held=hold is not None)
        left = left_out[i]
        detail = left.detail if left is not None and left.reason is reason else ""
        detail = f"in the message of alert {speaker}" if speaker else detail
        if hold is not None and hold.drops:
            reason, hold = hold.reason, None
        told[i] = _delivery(entry, receiver.name, message_id, reason, now, hold=hold, detail=detail)
    return [told[i] for i in range(len(entries))]


def _thread_for(
    entry: OutboxEntry, receiver: Receiver, way: Way, hold: Hold | None, now: datetime, situation: Situation
) -> ToldOpening | None:
    """Return the opening whose thread ``entry`` joins; None where it rings, or waits for another reason than its group."""
    interval = way.route.grouping.interval if way.route is not None else JOINS_WITHIN
    articles = situation.articles.get(entry.event_hash, NONE)
    told = situation.told.get(receiver.name, ())
    thread = joined_by(entry.event, articles, told, now, max(interval, JOINS_WITHIN))
    if thread is None or (hold is not None and hold.reason is not DeliveryReason.GROUP_WAIT and not waits(thread, now)):
        return None
    return thread


@dataclass(frozen=True)
class LeftOut:
    """Why an event is not told to a receiver; ``detail`` names what decided it (a route, a silence), for people."""

    reason: DeliveryReason
    detail: str = ""


def left_out_because(
    receiver: Receiver, entry: OutboxEntry, led: Led, now: datetime, situation: Situation
) -> LeftOut | None:
    """Return why ``receiver`` is not told of ``entry`` whatever else comes, or None."""
    event = entry.event
    reason = not_for(receiver, event)
    if reason is not None:
        return LeftOut(reason)
    if receiver.name not in led.ways:
        muted = f"by {', '.join(led.muted_by)}" if led.muted_by else ""
        return LeftOut(DeliveryReason.MUTED if muted and not led.ways else DeliveryReason.NOT_ROUTED, muted)
    silence = silence_over(event, situation.silences, situation.articles.get(entry.event_hash, NONE), now)
    if silence is not None:
        return LeftOut(DeliveryReason.SILENCED, f"{silence.silence_id} by {silence.author}")
    if event.alert_id in situation.acknowledged and event.event in _NEEDLESS_ONCE_SEEN:
        return LeftOut(DeliveryReason.ACKNOWLEDGED)
    if event.event in _RINGS:
        for inhibition in situation.inhibitions:
            for source in situation.open_alerts:
                if inhibition.explains(source, event):
                    return LeftOut(DeliveryReason.INHIBITED, f"by {source.rule} {source.key}")
    return None


def own_message_id(receiver: str, entry: OutboxEntry) -> str:
    """Return the id of the message that tells ``entry`` alone."""
    return "msg_" + digest("message", receiver, entry.event_hash, length=24)


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
    entry: OutboxEntry,
    receiver: str,
    message_id: str,
    reason: DeliveryReason | None,
    now: datetime,
    *,
    hold: Hold | None = None,
    detail: str = "",
) -> Delivery:
    words = "" if reason is None else f"{reason.value}: {detail}" if detail else reason.value
    status = DeliveryStatus.PENDING if reason is None else status_of(reason)
    if hold is not None:
        status, words = DeliveryStatus.HELD, f"{hold.reason.value}: until {hold.until:%Y-%m-%d %H:%M:%S} UTC"
    made = Delivery(
        delivery_id=0,  # given by the store
        position=entry.position,
        event_hash=entry.event_hash,
        alert_id=entry.event.alert_id,
        seq=entry.event.seq,
        receiver=receiver,
        message_id=message_id,
        status=status,
        next_attempt_at=now if hold is None else hold.until,
        reason=words,
        created_at=now,
        ended_at=None if reason is None else now,
    )
    return made if made.reason else made.model_copy(update={"reason": joined_reason(made)})


def status_of(reason: DeliveryReason) -> DeliveryStatus:
    """Return the end a delivery comes to by ``reason``."""
    if reason in _TOLD_BY_ANOTHER:
        return DeliveryStatus.SUPERSEDED
    if reason in (DeliveryReason.REFUSED, DeliveryReason.OUT_OF_ATTEMPTS, DeliveryReason.OUT_OF_TIME):
        return DeliveryStatus.DEAD
    return DeliveryStatus.SUPPRESSED
