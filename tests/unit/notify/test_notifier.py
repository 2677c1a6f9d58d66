"""Telling people: at least once, in order for each (alert, receiver), the newest only, nothing that is over."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.notifying.planning import Receiver
from pipelines.notifying.retrying import RetryPolicy
from schemas.errors import StoreUnavailableError
from schemas.ports.channel import Message, Outcome
from schemas.reasons import DeliveryStatus, EventKind, MessageKind
from tests.unit.notify.world import (
    BLIND,
    ESCALATED,
    LATER,
    NEVER,
    OPENED,
    RESOLVED,
    SIGHTED,
    UNSURE,
    UPDATED,
    YES,
    Desk,
    Phone,
    by_alert,
)

DELIVERED, SUPPRESSED, SUPERSEDED = DeliveryStatus.DELIVERED, DeliveryStatus.SUPPRESSED, DeliveryStatus.SUPERSEDED


@pytest.fixture
def phone() -> Phone:
    return Phone()


@pytest.fixture
def desk(tmp_path: Path, phone: Phone) -> Desk:
    return Desk(tmp_path, phone)


def test_what_rang_is_told_once(desk: Desk, phone: Phone) -> None:
    made = desk.ring()
    notifier = desk.notifier()
    assert desk.step(notifier) == 2, "planned and delivered"
    assert desk.step(notifier, times=3) == 0
    assert phone.told == [("opened", made.seq)]
    assert desk.ends() == [(1, DELIVERED, "")]
    (attempt,) = desk.store.attempts(1)
    assert (attempt.outcome, attempt.detail) == ("delivered", "taken")


def test_the_life_of_an_alert_is_told_in_order(desk: Desk, phone: Phone) -> None:
    notifier = desk.notifier()
    for kind in (OPENED, ESCALATED, UPDATED, EventKind.REMINDED, RESOLVED):
        desk.ring(kind)
        desk.step(notifier)
        desk.pass_time(minutes=10)
    assert phone.told == [("opened", 1), ("escalated", 2), ("updated", 3), ("reminded", 4), ("resolved", 5)]


def test_a_busy_receiver_gets_the_newest_only(desk: Desk, phone: Phone) -> None:
    phone.answers = [LATER]
    notifier = desk.notifier()
    desk.ring(OPENED)
    desk.step(notifier)
    desk.ring(ESCALATED)
    desk.ring(UPDATED)
    desk.settle(notifier)
    assert phone.told == [("updated", 3)]
    assert desk.ends() == [(1, SUPERSEDED, "newer_event"), (2, SUPERSEDED, "newer_event"), (3, DELIVERED, "")]


def test_what_was_resolved_while_the_receiver_was_busy_never_pages(desk: Desk, phone: Phone) -> None:
    phone.answers = [LATER]
    notifier = desk.notifier()
    desk.ring(OPENED)
    desk.step(notifier)
    desk.ring(RESOLVED)
    desk.settle(notifier)
    assert phone.told == []
    assert desk.ends() == [(1, SUPPRESSED, "already_resolved"), (2, SUPPRESSED, "already_resolved")]


def test_who_may_have_heard_of_the_beginning_hears_of_the_end(desk: Desk, phone: Phone) -> None:
    phone.answers = [UNSURE]
    notifier = desk.notifier()
    desk.ring(OPENED)
    desk.step(notifier)
    desk.ring(RESOLVED)
    desk.settle(notifier)
    assert phone.told == [("resolved", 2)]


@pytest.mark.parametrize(
    ("first", "told", "end"),
    [(NEVER, [], (2, SUPPRESSED, "never_told")), (UNSURE, [("resolved", 2)], (2, DELIVERED, ""))],
)
def test_the_end_waits_for_the_beginning_to_be_given_up(
    desk: Desk, phone: Phone, first: Outcome, told: list[tuple[str, int]], end: tuple[int, DeliveryStatus, str]
) -> None:
    """Opened fails for good, whether it may have arrived decides about its end, which is never told before that."""
    phone.answer = first
    notifier = desk.notifier(retry=RetryPolicy(max_attempts=1))
    desk.ring(OPENED)
    desk.step(notifier)
    assert desk.ends()[0][1] is DeliveryStatus.DEAD
    phone.answer = YES
    desk.ring(RESOLVED)
    desk.settle(notifier)
    assert phone.told == told
    assert desk.ends()[1] == end


def test_the_end_of_what_this_receiver_never_heard_of_is_not_told(tmp_path: Path) -> None:
    phone = Phone()
    desk = Desk(tmp_path, phone, receivers=[Receiver("phone", labels={"desk": "x"})])
    notifier = desk.notifier()
    desk.ring(OPENED)  # without the label, say before the rule got it
    desk.step(notifier)
    desk.ring(RESOLVED, labels={"desk": "x"})
    desk.settle(notifier)
    assert phone.told == []
    assert desk.ends() == [(1, SUPPRESSED, "other_labels"), (2, SUPPRESSED, "never_told")]


def test_who_heard_of_an_alert_hears_that_its_rule_went_into_the_shadow(desk: Desk, phone: Phone) -> None:
    notifier = desk.notifier()
    desk.ring(OPENED)
    desk.step(notifier)
    desk.ring(RESOLVED)
    for kind in (OPENED, ESCALATED, RESOLVED):
        desk.ring(kind, mode="shadow")
    desk.settle(notifier)
    assert phone.told == [("opened", 1), ("resolved", 2)]


def test_blindness_is_told_beside_the_life_of_an_alert(desk: Desk, phone: Phone) -> None:
    notifier = desk.notifier()
    for kind in (OPENED, BLIND, SIGHTED, RESOLVED):
        desk.ring(kind)
        desk.step(notifier)
    assert [kind for kind, _ in phone.told] == ["opened", "blind", "sighted", "resolved"]


def test_one_busy_receiver_does_not_hold_up_another(tmp_path: Path) -> None:
    phone, mail = Phone(answer=LATER), Phone("mail")
    desk = Desk(tmp_path, phone, mail)
    notifier = desk.notifier()
    for key in ("AZE-RUS", "GBR-UKR"):
        desk.ring(key=key)
    desk.step(notifier)
    assert len(mail.got) == 2
    assert phone.got == []
    assert len(desk.open) == 2


def test_a_message_keeps_its_id_over_retries(desk: Desk, phone: Phone) -> None:
    phone.answers = [LATER, UNSURE, LATER, RuntimeError("a defect of the channel"), YES]
    desk.ring()
    desk.settle(desk.notifier())
    assert len(phone.tried) == 5
    assert len({message.message_id for message in phone.tried}) == 1
    (delivery,) = desk.store.deliveries()
    assert delivery.attempts == 5
    outcomes = [attempt.outcome for attempt in desk.store.attempts(delivery.delivery_id)]
    assert outcomes == ["retry", "unclear", "retry", "unclear", "delivered"]


def test_what_the_channel_raised_is_not_shown(desk: Desk, phone: Phone) -> None:
    phone.answers = [ValueError("whsec_verysecret")]
    desk.ring()
    desk.step(desk.notifier())
    (attempt,) = desk.store.attempts(1)
    assert attempt.detail == "the channel failed: ValueError"


def test_the_receiver_s_wish_to_wait_is_heard(desk: Desk, phone: Phone) -> None:
    phone.answers = [Outcome(result="retry", detail="429", retry_after_s=600)]
    notifier = desk.notifier()
    desk.ring()
    desk.step(notifier)
    desk.pass_time(seconds=599)
    assert desk.step(notifier) == 0
    desk.pass_time(seconds=2)
    desk.step(notifier)
    assert len(phone.got) == 1


def test_a_channel_that_hangs_is_given_up_and_tried_again(desk: Desk, phone: Phone) -> None:
    async def hang(message: Message) -> Outcome:
        await asyncio.sleep(3600)
        return YES

    answer, phone.send = phone.send, hang  # type: ignore[method-assign]
    notifier = desk.notifier(longest_try_s=0.05)
    desk.ring()
    desk.step(notifier)
    phone.send = answer  # type: ignore[method-assign]
    desk.settle(desk.notifier())
    assert phone.told == [("opened", 1)]
    assert [a.outcome for a in desk.store.attempts(1)] == ["unclear", "delivered"]


def test_a_dead_delivery_is_told_through_the_others_once_an_hour(tmp_path: Path) -> None:
    phone, mail, chat = Phone(answer=NEVER), Phone("mail"), Phone("chat")
    desk = Desk(tmp_path, phone, mail, chat)
    notifier = desk.notifier()
    desk.ring(key="AZE-RUS")
    desk.settle(notifier)
    for other in (mail, chat):
        notes = [message for message in other.got if message.kind is MessageKind.SERVICE]
        assert len(notes) == 1
        assert notes[0].subject.startswith("NOT DELIVERED to phone")
        assert "no such address" in notes[0].body
    assert desk.ends() == [(1, DeliveryStatus.DEAD, "refused")]
    desk.ring(key="GBR-UKR")
    desk.settle(notifier)
    assert sum(m.kind is MessageKind.SERVICE for m in mail.got) == 1
    desk.pass_time(hours=1)
    desk.ring(key="ARM-AZE")
    desk.settle(notifier)
    assert sum(m.kind is MessageKind.SERVICE for m in mail.got) == 2
    assert not [m for m in phone.got if m.kind is MessageKind.SERVICE], "who cannot be reached is not told of it"


def test_the_others_hear_of_a_receiver_that_cannot_be_reached_and_of_its_end(tmp_path: Path) -> None:
    phone, mail = Phone(answer=LATER), Phone("mail")
    desk = Desk(tmp_path, phone, mail)
    notifier = desk.notifier(retry=RetryPolicy(first_s=60, longest_s=60))
    desk.ring()

    def notes() -> list[str]:
        return [m.subject.partition(":")[0] for m in mail.got if m.kind is MessageKind.SERVICE]

    desk.settle(notifier, hours=4 / 60)
    assert notes() == [], "a short failure is nobody's business"
    desk.settle(notifier, hours=0.5)
    assert notes() == ["CANNOT BE REACHED"]
    note = next(m for m in mail.got if m.kind is MessageKind.SERVICE)
    assert "busy" in note.body
    assert phone.tried[0].subject in note.body, "what waits may be what they must know"
    desk.settle(notifier, hours=1)
    assert notes() == ["CANNOT BE REACHED"] * 2, "told again after an hour, not with each try"
    phone.answer = YES
    desk.settle(notifier)
    assert notes() == [*["CANNOT BE REACHED"] * 2, "REACHED AGAIN"]
    end = mail.got[-1]
    assert end.over
    assert end.thread_id == note.thread_id
    desk.ring(key="GBR-UKR")
    desk.settle(notifier)
    assert notes()[-1] == "REACHED AGAIN"
    assert len(notes()) == 3
    assert all(m.kind is not MessageKind.SERVICE for m in phone.tried)


def test_a_first_failure_and_its_end_are_in_the_log(desk: Desk, phone: Phone, caplog: pytest.LogCaptureFixture) -> None:
    phone.answers = [LATER, LATER]
    desk.ring()
    desk.settle(desk.notifier())
    assert [
        record.getMessage().partition(" after")[0] for record in caplog.records if record.levelname == "WARNING"
    ] == [
        "receiver phone cannot be reached and is tried again: busy",
        "receiver phone is reached again",
    ]


def test_trying_ends_after_a_day_and_says_so(desk: Desk, phone: Phone) -> None:
    phone.answer = LATER
    notifier = desk.notifier(retry=RetryPolicy(first_s=600, longest_s=7200))
    desk.ring()
    desk.settle(notifier)
    assert desk.ends() == [(1, DeliveryStatus.DEAD, "out_of_time")]


def test_what_happened_while_away_comes_in_one_message(desk: Desk, phone: Phone) -> None:
    for key in ("AZE-RUS", "GBR-UKR", "ARM-AZE"):
        desk.ring(OPENED, key=key, ago_s=3 * 3600)
    desk.ring(RESOLVED, key="ARM-AZE", ago_s=2 * 3600)
    fresh = desk.ring(OPENED, key="TUR-SYR")
    desk.settle(desk.notifier())
    away, alert = sorted(phone.got, key=lambda message: message.kind is not MessageKind.WHILE_AWAY)
    assert away.kind is MessageKind.WHILE_AWAY
    assert [event.key for event in away.events] == ["AZE-RUS", "GBR-UKR"], "what is over does not page"
    assert alert.event == fresh
    assert len(phone.got) == 2


def test_what_is_told_away_is_followed_by_its_end(desk: Desk, phone: Phone) -> None:
    desk.ring(OPENED, ago_s=2 * 3600)
    notifier = desk.notifier()
    desk.settle(notifier)
    desk.ring(RESOLVED)
    desk.settle(notifier)
    assert [m.kind for m in phone.got] == [MessageKind.WHILE_AWAY, MessageKind.ALERT]


def test_a_receiver_that_left_the_settings_ends_with_a_reason(tmp_path: Path) -> None:
    phone, mail = Phone(answer=LATER), Phone("mail")
    desk = Desk(tmp_path, phone, mail)
    desk.ring()
    desk.step(desk.notifier())
    desk.phones, desk.receivers = (mail,), (Receiver("mail"),)
    desk.settle(desk.notifier("two"))
    assert desk.ends() == [(1, SUPPRESSED, "no_such_receiver")]


def test_events_of_the_service_reach_who_asked_for_them(tmp_path: Path) -> None:
    phone, screen = Phone(), Phone("screen")
    desk = Desk(tmp_path, phone, screen, receivers=[Receiver("phone"), Receiver("screen", service_events=True)])
    desk.ring(EventKind.RULE_READY, key="")
    desk.settle(desk.notifier())
    assert phone.got == []
    assert [m.event.event for m in screen.got if m.event] == [EventKind.RULE_READY]


def test_erased_evidence_does_not_keep_an_alert_from_ringing(desk: Desk, phone: Phone) -> None:
    desk.ring(evidence=("0" * 32,))
    desk.settle(desk.notifier())
    assert phone.told == [("opened", 1)]
    assert phone.got[0].evidence == ()


def test_signs_of_life_tell_how_far_it_is(desk: Desk) -> None:
    desk.ring()
    notifier = desk.notifier()
    desk.step(notifier)
    assert desk.store.heartbeats()["notify"] == (desk.clock.now(), {"position": 1, "delivered": 1})
    desk.pass_time(seconds=3)
    desk.step(notifier)
    assert desk.store.heartbeats()["notify"][0] == desk.clock.now() - timedelta(seconds=3), "not with every look"
    desk.pass_time(seconds=3)
    desk.step(notifier)
    assert desk.store.heartbeats()["notify"][0] == desk.clock.now(), "and with nothing to do as well"


@pytest.mark.parametrize("seed", range(5))
def test_laws_over_any_weather(tmp_path: Path, seed: int) -> None:
    """Whatever receivers answer and in which portions events come: each ends, in order, and what is open at the end and was
    never refused has been told in its newest state."""
    r = random.Random(seed)
    phones = [Phone("phone"), Phone("mail")]
    desk = Desk(tmp_path, *phones)
    lives = {f"K{n}": [OPENED, *r.choices((ESCALATED, UPDATED), k=r.randrange(4))] for n in range(6)}
    for key in r.sample(sorted(lives), 3):
        lives[key].append(RESOLVED)
    written: dict[str, list[tuple[int, EventKind]]] = {}
    while any(lives.values()):
        for phone in phones:
            phone.answers = r.choices((YES, LATER, UNSURE), k=6)
        for _ in range(r.randrange(1, 5)):
            key = r.choice([key for key, left in lives.items() if left] or [""])
            if key:
                made = desk.ring(lives[key].pop(0), key=key)
                written.setdefault(made.alert_id, []).append((made.seq, made.event))
        desk.step(desk.notifier(r.choice(("one", "two"))), times=r.randrange(3))
        desk.pass_time(seconds=r.randrange(90))
    desk.settle(desk.notifier("last"))
    assert not desk.open
    rows = desk.store.deliveries()
    assert len(rows) == 2 * sum(map(len, written.values()))
    for phone in phones:
        told = by_alert(phone.got)
        for alert, life in written.items():
            seqs = told.get(alert, [])
            assert seqs == sorted(seqs), "in order"
            assert set(seqs) <= {seq for seq, _ in life}
            last_seq, last_kind = life[-1]
            if last_kind is not RESOLVED:
                assert seqs[-1] == last_seq, "the newest state of what is open has been told"
            elif seqs and seqs[-1] != last_seq:
                pytest.fail("who was told of the beginning was not told of the end")


def test_a_store_that_cannot_be_reached_is_waited_for(
    desk: Desk, phone: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    desk.ring()
    notifier = desk.notifier(idle_s=0.01)
    falls = [StoreUnavailableError("locked")]
    cursor = desk.store.outbox_cursor

    def fall() -> int:
        if falls:
            raise falls.pop()
        return cursor()

    desk.store.outbox_cursor = fall  # type: ignore[method-assign]

    async def run() -> None:
        stop = asyncio.Event()
        phone.before_answer = stop.set
        async with asyncio.timeout(60):
            await notifier.run(stop)

    asyncio.run(run())
    assert phone.told == [("opened", 1)]
    assert caplog.text.count("notify waits: locked") == 1
    assert desk.ends() == [(1, DELIVERED, "")], "what was on its way when the stop came is recorded"


def test_a_stop_cuts_a_slow_try_and_says_that_it_may_have_arrived(desk: Desk, phone: Phone) -> None:
    async def run() -> None:
        stop = asyncio.Event()

        async def slow(message: Message) -> Outcome:
            stop.set()
            await asyncio.sleep(3600)
            return YES

        phone.send = slow  # type: ignore[method-assign]
        async with asyncio.timeout(60):
            await desk.notifier().run(stop)

    desk.ring()
    asyncio.run(run())
    (attempt,) = desk.store.attempts(1)
    assert attempt.outcome == "unclear"
    (delivery,) = desk.open
    assert delivery.attempts == 1
