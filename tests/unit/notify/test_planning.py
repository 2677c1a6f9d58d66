"""Each (event, receiver) gets one delivery, open or ended with its reason; a batch is settled within itself."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta

import pytest

from pipelines.notifying.planning import Receiver, Situation, first_position_away, is_while_away, not_for, plan
from pipelines.notifying.strands import settle, strand_of
from schemas.alert_event import AlertEvent
from schemas.reasons import DeliveryReason, DeliveryStatus, EventKind, EventReason, Severity
from tests.contract.channels.messages import event
from tests.unit.notify.world import (
    BLIND,
    ESCALATED,
    OPENED,
    RESOLVED,
    RETRACTED,
    SIGHTED,
    START,
    UPDATED,
    entries_of,
)

PHONE = Receiver("phone")


def made(kind: EventKind, seq: int, **more: object) -> AlertEvent:
    return event(event=kind, seq=seq, at=START, **more)


def reasons(events: Sequence[AlertEvent], receiver: Receiver = PHONE, *, later_s: float = 0.0) -> list[str]:
    now = START + timedelta(seconds=later_s)
    return [delivery.reason for delivery in plan(entries_of(events), [receiver], now)]


@pytest.mark.parametrize(
    ("receiver", "told", "reason"),
    [
        (PHONE, made(OPENED, 1), None),
        (PHONE, made(OPENED, 1, mode="shadow"), DeliveryReason.SHADOW),
        (PHONE, made(EventKind.RULE_READY, 1, alert_id=""), DeliveryReason.SERVICE_EVENT),
        (PHONE, made(EventKind.PENDING, 1, alert_id=""), DeliveryReason.NOT_YET),
        (PHONE, made(EventKind.SUBSIDED, 1, alert_id=""), DeliveryReason.NOT_YET),
        (PHONE, made(EventKind.REMINDED, 2), None),
        (PHONE, made(UPDATED, 2, reason=EventReason.EVIDENCE_CHANGED), None),
        (PHONE, made(UPDATED, 2, reason=EventReason.LATE_EVIDENCE), DeliveryReason.ADDED_LATE),
        (Receiver("phone", service_events=True), made(EventKind.RULE_READY, 1, alert_id=""), None),
        (Receiver("phone", min_severity=Severity.CRITICAL), made(OPENED, 1), DeliveryReason.BELOW_SEVERITY),
        (Receiver("phone", min_severity=Severity.HIGH), made(OPENED, 1), None),
        (Receiver("phone", labels={"desk": "x"}), made(OPENED, 1), DeliveryReason.OTHER_LABELS),
        (Receiver("phone", labels={"desk": "x"}), made(OPENED, 1, labels={"desk": "y"}), DeliveryReason.OTHER_LABELS),
        (Receiver("phone", labels={"desk": "x"}), made(OPENED, 1, labels={"desk": "x", "a": "b"}), None),
    ],
)
def test_who_is_told_of_what(receiver: Receiver, told: AlertEvent, reason: DeliveryReason | None) -> None:
    assert not_for(receiver, told) == reason
    (delivery,) = plan(entries_of([told]), [receiver], START)
    assert delivery.reason == (reason.value if reason else "")
    assert (delivery.ended_at is None) == (reason is None)
    assert delivery.status is (DeliveryStatus.SUPPRESSED if reason else DeliveryStatus.PENDING)


def test_only_the_newest_event_of_an_alert_is_told() -> None:
    events = [made(OPENED, 1), made(ESCALATED, 2), made(UPDATED, 3)]
    assert reasons(events) == ["newer_event", "newer_event", ""]


def test_a_reminder_takes_the_place_of_what_was_not_told_yet_and_an_end_takes_its_place() -> None:
    newer = DeliveryReason.NEWER_EVENT.value
    assert reasons([made(OPENED, 1), made(EventKind.REMINDED, 2)]) == [newer, ""]
    assert reasons([made(EventKind.REMINDED, 2), made(RESOLVED, 3)]) == [newer, ""]


def test_nobody_is_reminded_who_cares_for_it_already() -> None:
    reminder = made(EventKind.REMINDED, 2)
    seen = Situation(acknowledged=[reminder.alert_id])
    (delivery,) = plan(entries_of([reminder]), [PHONE], START, seen)
    assert delivery.reason == DeliveryReason.ACKNOWLEDGED.value
    (grown,) = plan(entries_of([made(ESCALATED, 3)]), [PHONE], START, seen)
    assert grown.reason == "", "what grows is told all the same"


@pytest.mark.parametrize("end", [RESOLVED, RETRACTED])
def test_what_is_over_is_not_told(end: EventKind) -> None:
    assert reasons([made(OPENED, 1), made(ESCALATED, 2), made(end, 3)]) == ["already_resolved"] * 3


def test_an_end_whose_beginning_was_planned_before_waits_for_its_turn() -> None:
    assert reasons([made(RESOLVED, 5)]) == [""]


def test_alerts_do_not_take_each_other_s_events() -> None:
    events = [made(OPENED, 1), made(OPENED, 2, alert_id="b" * 24), made(RESOLVED, 3)]
    assert reasons(events) == ["already_resolved", "", "already_resolved"]


def test_going_blind_does_not_hide_that_it_rang() -> None:
    assert reasons([made(OPENED, 1), made(BLIND, 2)]) == ["", ""]
    assert reasons([made(OPENED, 1), made(BLIND, 2), made(SIGHTED, 3)]) == [
        "",
        "already_resolved",
        "already_resolved",
    ]


def test_what_is_older_than_an_hour_goes_into_one_message() -> None:
    events = [made(OPENED, n, alert_id=f"{n:024}") for n in (1, 2, 3)]
    planned = plan(entries_of(events), [PHONE], START + timedelta(hours=2))
    assert [delivery.reason for delivery in planned] == ["while_away", "while_away", ""]
    assert {delivery.message_id for delivery in planned} == {planned[0].message_id}
    assert all(map(is_while_away, planned))
    assert first_position_away(planned[-1]) == 1
    assert reasons(events, later_s=3600) == ["", "", ""], "an hour is not over an hour"


def test_message_ids_are_the_same_whoever_plans_and_whenever() -> None:
    entries = entries_of([made(OPENED, 1), made(OPENED, 2, alert_id="b" * 24)])
    receivers = [PHONE, Receiver("mail")]
    one = plan(entries, receivers, START)
    two = plan(entries, receivers, START + timedelta(minutes=5))
    assert [d.message_id for d in one] == [d.message_id for d in two]
    assert len({d.message_id for d in one}) == 4, "each (event, receiver) has its own"


@pytest.mark.parametrize("seed", range(20))
def test_laws_of_a_plan(seed: int) -> None:
    r = random.Random(seed)
    kinds = list(EventKind)
    events = [
        made(r.choice(kinds), n, alert_id=r.choice(("a" * 24, "b" * 24, "")), mode=r.choice(("live", "live", "shadow")))
        for n in range(1, r.randrange(2, 30))
    ]
    receivers = [PHONE, Receiver("mail", service_events=True, min_severity=Severity.HIGH)]
    planned = plan(entries_of(events), receivers, START + timedelta(hours=r.choice((0, 3))))
    assert sorted((d.receiver, d.position) for d in planned) == sorted(
        (receiver.name, n) for receiver in receivers for n in range(1, len(events) + 1)
    )
    for delivery in planned:
        assert (delivery.status is DeliveryStatus.PENDING) == (delivery.reason == "") == (delivery.ended_at is None)
        if delivery.status is DeliveryStatus.PENDING:
            newer = [other for other in events[delivery.position :] if other.mode == "live"]
            strand = strand_of(events[delivery.position - 1])
            overtaken = any(strand_of(other) == strand for other in newer) if strand else False
            assert is_while_away(delivery) or not overtaken, "only the newest of a strand is told"


def test_a_strand_nobody_heard_the_beginning_of_ends_silently() -> None:
    assert settle([made(RESOLVED, 9)], told=False) == (DeliveryReason.NEVER_TOLD,)
    assert settle([made(RESOLVED, 9)], told=True) == (None,)
    assert settle([], told=True) == ()
    assert strand_of(made(EventKind.OVERFLOW, 1)) is None
