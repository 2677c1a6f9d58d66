"""Each (event, receiver) is planned once, claimed by one, tried in order and ended with a reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from schemas.errors import FatalError
from schemas.ports.store import Attempt, Delivery, OutboxEntry, Store
from schemas.reasons import DeliveryStatus
from tests.contract.store.scribe import START, Scribe


def delivery_of(entry: OutboxEntry, receiver: str = "desk", **changes: object) -> Delivery:
    fields: dict[str, object] = {
        "delivery_id": 0,
        "position": entry.position,
        "event_hash": entry.event_hash,
        "alert_id": entry.event.alert_id,
        "seq": entry.event.seq,
        "receiver": receiver,
        "message_id": f"m-{entry.position}-{receiver}",
        "status": DeliveryStatus.PENDING,
        "next_attempt_at": START,
        "created_at": START,
    }
    return Delivery.model_validate({**fields, **changes})


def write_events(store: Store, *about: tuple[str, str]) -> Sequence[OutboxEntry]:
    """Commit one event for each (rule, key; "" for none) of ``about`` and return the outbox."""
    scribe = Scribe(store)
    for rule, key in about:
        scribe.commit(scribe.decide(rule, key=key, about_alert=bool(key)))
    return store.outbox_after(0, 1000)


def plan(store: Store, deliveries: Sequence[Delivery]) -> None:
    cursor = max(delivery.position for delivery in deliveries)
    assert store.plan_deliveries(expected_cursor=store.outbox_cursor(), cursor=cursor, deliveries=deliveries)


def claim(store: Store, owner: str = "one", *, after_s: float = 0.0, limit: int = 100) -> list[tuple[str, int, str]]:
    """Return (alert, seq, receiver) of what ``owner`` gets ``after_s`` seconds from the start, leased for a minute."""
    now = START + timedelta(seconds=after_s)
    claimed = store.claim_due(now=now, owner=owner, lease_s=60.0, limit=limit)
    return [(delivery.alert_id, delivery.seq, delivery.receiver) for delivery in claimed]


def attempt(delivery: Delivery, outcome: str = "delivered", detail: str = "250 OK") -> Attempt:
    return Attempt(delivery_id=delivery.delivery_id, at=START + timedelta(seconds=1), outcome=outcome, detail=detail)


def test_planning_moves_the_cursor_once(store: Store, open_again: Callable[[], Store]) -> None:
    entries = write_events(store, ("a", "x"), ("a", "y"))
    assert store.outbox_cursor() == 0
    planned = [delivery_of(entry, receiver) for entry in entries for receiver in ("desk", "night")]
    cursor = entries[-1].position
    assert store.plan_deliveries(expected_cursor=0, cursor=cursor, deliveries=planned)
    assert not open_again().plan_deliveries(expected_cursor=0, cursor=cursor, deliveries=planned)
    assert store.outbox_cursor() == cursor
    stored = store.deliveries()
    assert [(d.position, d.receiver) for d in stored] == [(d.position, d.receiver) for d in planned]
    assert len({d.delivery_id for d in stored}) == 4
    assert [d.model_copy(update={"delivery_id": 0}) for d in stored] == planned


def test_the_cursor_moves_over_entries_nobody_hears_of(store: Store) -> None:
    (entry,) = write_events(store, ("a", "x"))
    assert store.plan_deliveries(expected_cursor=0, cursor=entry.position, deliveries=[])
    assert store.deliveries() == []


def test_a_plan_for_an_event_that_is_not_there_writes_nothing(store: Store) -> None:
    (entry,) = write_events(store, ("a", "x"))
    with pytest.raises(FatalError):
        store.plan_deliveries(
            expected_cursor=0, cursor=99, deliveries=[delivery_of(entry), delivery_of(entry, position=99)]
        )
    assert store.outbox_cursor() == 0
    assert store.deliveries() == []


def test_one_message_in_flight_per_alert_and_receiver_lowest_seq_first(store: Store) -> None:
    entries = write_events(store, ("a", "x"), ("a", "x"), ("a", "y"))
    plan(store, [delivery_of(entry, receiver) for entry in reversed(entries) for receiver in ("desk", "night")])
    x, y = entries[0].event.alert_id, entries[2].event.alert_id
    assert sorted(claim(store)) == sorted([(x, 1, "desk"), (x, 1, "night"), (y, 3, "desk"), (y, 3, "night")])
    assert claim(store, "two") == []
    first = next(d for d in store.deliveries() if (d.seq, d.receiver) == (1, "desk"))
    done = first.model_copy(update={"status": DeliveryStatus.DELIVERED, "attempts": 1})
    assert store.record_attempt(done, attempt(first), owner="one")
    assert claim(store, "two") == [(x, 2, "desk")]


def test_a_retry_blocks_later_events_of_its_alert_until_it_ends(store: Store) -> None:
    entries = write_events(store, ("a", "x"), ("a", "x"))
    plan(store, [delivery_of(entry) for entry in entries])
    (claimed,) = store.claim_due(now=START, owner="one", lease_s=60.0, limit=10)
    later = START + timedelta(seconds=30)
    retry = claimed.model_copy(
        update={"status": DeliveryStatus.RETRYING, "attempts": 1, "next_attempt_at": later, "reason": "503"}
    )
    assert store.record_attempt(retry, attempt(claimed, "retry", "503"), owner="one")
    assert claim(store, after_s=29) == []
    (again,) = store.claim_due(now=later, owner="two", lease_s=60.0, limit=10)
    assert again == retry  # The lease went with the attempt, the message id stayed.
    dead = again.model_copy(update={"status": DeliveryStatus.DEAD, "attempts": 2, "reason": "410", "ended_at": later})
    assert store.record_attempt(dead, attempt(again, "refused", "410"), owner="two")
    assert [seq for _, seq, _ in claim(store, after_s=31)] == [2]
    assert [(a.outcome, a.detail) for a in store.attempts(claimed.delivery_id)] == [
        ("retry", "503"),
        ("refused", "410"),
    ]
    assert next(d for d in store.deliveries() if d.seq == 1) == dead


def test_events_of_rules_do_not_wait_for_those_of_other_rules(store: Store) -> None:
    entries = write_events(store, ("a", ""), ("b", ""), ("a", ""))
    plan(store, [delivery_of(entry) for entry in entries])
    assert len(claim(store)) == 2  # The first of each rule.


def test_what_is_due_longest_comes_first_within_the_limit(store: Store) -> None:
    entries = write_events(store, ("a", "x"), ("a", "y"), ("a", "z"))
    ahead = (2, 1, 9)
    plan(
        store,
        [delivery_of(e, next_attempt_at=START + timedelta(seconds=s)) for e, s in zip(entries, ahead, strict=True)],
    )
    assert claim(store) == []
    assert [seq for _, seq, _ in claim(store, after_s=5, limit=1)] == [2]
    assert [seq for _, seq, _ in claim(store, "two", after_s=5)] == [1]


def test_a_lease_expires_and_is_lost(store: Store, open_again: Callable[[], Store]) -> None:
    (entry,) = write_events(store, ("a", "x"))
    plan(store, [delivery_of(entry)])
    (held,) = store.claim_due(now=START, owner="one", lease_s=60.0, limit=10)
    other = open_again()
    assert claim(other, "two", after_s=59) == []
    assert len(claim(store, "one", after_s=59)) == 1  # Its own it gets again, and the lease anew.
    assert claim(other, "two", after_s=118) == []
    assert len(claim(other, "two", after_s=120)) == 1
    done = held.model_copy(update={"status": DeliveryStatus.DELIVERED, "attempts": 1})
    assert not store.record_attempt(done, attempt(held, detail="late"), owner="one")
    assert [d.status for d in store.deliveries()] == [DeliveryStatus.PENDING]
    assert other.record_attempt(done, attempt(held), owner="two")
    assert not other.record_attempt(done, attempt(held, detail="again"), owner="two")
    assert [a.detail for a in store.attempts(held.delivery_id)] == ["late", "250 OK", "again"]
    assert store.deliveries(open_only=True) == []


def test_an_end_always_has_its_time(store: Store) -> None:
    (entry,) = write_events(store, ("a", "x"))
    plan(store, [delivery_of(entry)])
    (held,) = store.claim_due(now=START, owner="one", lease_s=60.0, limit=10)
    done = held.model_copy(update={"status": DeliveryStatus.DELIVERED})
    assert store.record_attempt(done, attempt(held), owner="one")
    assert [d.ended_at for d in store.deliveries()] == [attempt(held).at]


def test_superseding_ends_what_is_open_and_lets_the_newer_go(store: Store) -> None:
    entries = write_events(store, ("a", "x"), ("a", "x"), ("a", "x"))
    plan(store, [delivery_of(entry) for entry in entries])
    first, second, third = store.deliveries()
    now = START + timedelta(seconds=3)
    ended = [first.delivery_id, second.delivery_id]
    assert store.end_deliveries(ended, status=DeliveryStatus.SUPERSEDED, reason="newer_event", now=now) == 2
    assert store.end_deliveries(ended, status=DeliveryStatus.SUPPRESSED, reason="x", now=now) == 0
    first = store.deliveries()[0]
    assert (first.status, first.reason, first.ended_at) == (DeliveryStatus.SUPERSEDED, "newer_event", now)
    assert [d.delivery_id for d in store.deliveries(open_only=True)] == [third.delivery_id]
    assert [seq for _, seq, _ in claim(store)] == [3]
    assert store.end_deliveries([], status=DeliveryStatus.SUPPRESSED, reason="x", now=now) == 0


def test_a_notifier_does_not_end_what_another_is_sending(store: Store) -> None:
    entries = write_events(store, ("a", "x"), ("a", "x"))
    plan(store, [delivery_of(entry) for entry in entries])
    (held,) = store.claim_due(now=START, owner="one", lease_s=60.0, limit=10)

    def end(owner: str, after_s: float) -> int:
        now = START + timedelta(seconds=after_s)
        status = DeliveryStatus.SUPERSEDED
        return store.end_deliveries([held.delivery_id], status=status, reason="newer_event", now=now, owner=owner)

    assert end("two", 59) == 0
    assert end("one", 59) == 1


def test_an_open_status_is_no_end(store: Store) -> None:
    with pytest.raises(FatalError):
        store.end_deliveries([1], status=DeliveryStatus.RETRYING, reason="x", now=START)


def test_deliveries_planned_as_ended_are_never_claimed(store: Store) -> None:
    (entry,) = write_events(store, ("a", "x"))
    plan(store, [delivery_of(entry, status=DeliveryStatus.SUPPRESSED, reason="shadow")])
    assert claim(store) == []
    assert store.deliveries(alert_id=entry.event.alert_id)[0].ended_at == START
    assert store.deliveries(alert_id="other") == []


def test_dead_ones_are_found_by_when_they_died(store: Store) -> None:
    entries = write_events(store, ("a", "x"), ("a", "y"), ("a", "z"))
    plan(store, [delivery_of(entry) for entry in entries])
    for n, status in enumerate((DeliveryStatus.DEAD, DeliveryStatus.DELIVERED, DeliveryStatus.DEAD)):
        held = store.deliveries()[n]
        died_at = START + timedelta(hours=n)
        store.end_deliveries([held.delivery_id], status=status, reason="refused", now=died_at)
    assert [d.seq for d in store.dead_deliveries(START)] == [1, 3]
    assert [d.seq for d in store.dead_deliveries(START + timedelta(hours=2))] == [3]
    assert store.dead_deliveries(START + timedelta(hours=3)) == []


def test_what_a_server_answered_is_kept_whatever_it_holds(store: Store) -> None:
    (entry,) = write_events(store, ("a", "x"))
    plan(store, [delivery_of(entry)])
    (held,) = store.claim_due(now=START, owner="one", lease_s=60.0, limit=10)
    hostile = "a\x00b\ud800c \U0001f525 " + "x" * 100_000
    assert store.record_attempt(
        held.model_copy(update={"reason": hostile}), attempt(held, "retry", hostile), owner="one"
    )
    clean = "a\ufffdb\ufffdc \U0001f525 " + "x" * 100_000
    assert store.attempts(held.delivery_id)[0].detail == clean
    assert store.deliveries()[0].reason == clean


def test_a_thousand_deliveries_are_planned_and_claimed(store: Store) -> None:
    entries = write_events(store, ("a", "x"))
    receivers = [f"receiver-{n:04}" for n in range(1001)]
    plan(store, [delivery_of(entries[0], receiver) for receiver in receivers])
    claimed = store.claim_due(now=START, owner="one", lease_s=60.0, limit=5000)
    assert [d.receiver for d in claimed] == receivers
    ids = [d.delivery_id for d in claimed]
    assert store.end_deliveries(ids, status=DeliveryStatus.SUPPRESSED, reason="x", now=START) == 1001
