"""What people answered is kept with who, when and why; the hours beside an event; messages found again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from pydantic import ValidationError

from schemas.ports.channel import HourBar
from schemas.ports.response import Acknowledgement, AlertVerdict, Silence
from schemas.ports.store import Delivery, Store
from schemas.reasons import DeliveryStatus, Judgement
from tests.contract.store.scribe import START, Scribe

HOUR = timedelta(hours=1)


def silence(silence_id: str = "s1", /, **changes: object) -> Silence:
    values: dict[str, object] = {"silence_id": silence_id, "created_at": START, "author": "ann", "rule": "r"}
    return Silence.model_validate({**values, "ends_at": START + HOUR, **changes})


def test_the_first_acknowledgement_stands(store: Store) -> None:
    first = Acknowledgement(alert_id="a1", at=START, author="ann", comment="on it\x00")
    assert store.acknowledge(first)
    assert not store.acknowledge(first.model_copy(update={"author": "bob"}))
    assert store.acknowledgements(["a1", "a2"]) == {"a1": first.model_copy(update={"comment": "on it\ufffd"})}
    assert store.acknowledgements([]) == {}


def test_silences_are_kept_whole_and_end(store: Store) -> None:
    by_time = silence()
    by_count = silence("s2", rule="", alert_id="a1", ends_at=None, until_stories=18, comment="known")
    by_story = silence("s3", key="AZE-RUS", ends_at=None, articles=("x", "y"), created_at=START + HOUR)
    for one in (by_time, by_count, by_story, by_time):
        store.add_silence(one)
    assert store.silences() == [by_time, by_count, by_story]
    assert store.silences(in_force_at=START) == [by_time, by_count, by_story]
    assert store.silences(in_force_at=START + HOUR) == [by_count, by_story], "an hour is over"
    assert store.lift_silence("s2", at=START + HOUR, by="bob")
    assert not store.lift_silence("s2", at=START + HOUR, by="bob"), "it is lifted already"
    assert not store.lift_silence("nonsense", at=START, by="bob")
    assert [s.silence_id for s in store.silences(in_force_at=START + HOUR)] == ["s3"]
    lifted = store.silences()[1]
    assert (lifted.lifted_at, lifted.lifted_by) == (START + HOUR, "bob"), "it stays on record"


@pytest.mark.parametrize(
    "changes",
    [{"rule": ""}, {"alert_id": "a1"}, {"ends_at": None}],
    ids=["about nothing", "about two things", "endless"],
)
def test_a_silence_is_about_one_thing_and_has_an_end(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        silence(**changes)


def test_the_hours_beside_an_event(store: Store) -> None:
    bars = [HourBar(start=START, count=3, expected=0.5), HourBar(start=START + HOUR, count=0)]
    store.add_event_hours({"h1": bars, "h2": []})
    store.add_event_hours({"h1": []})
    assert list(store.event_hours("h1")) == bars, "what is there stays"
    assert list(store.event_hours("h2")) == list(store.event_hours("h3")) == []


def planned(store: Store, *messages: tuple[str, DeliveryStatus]) -> None:
    scribe = Scribe(store)
    for message_id, status in messages:
        cursor = store.outbox_cursor()
        scribe.commit(scribe.decide())
        (entry,) = store.outbox_after(cursor, 1)
        delivery = Delivery(
            delivery_id=0,
            position=entry.position,
            event_hash=entry.event_hash,
            alert_id=entry.event.alert_id,
            seq=entry.event.seq,
            receiver="desk",
            message_id=message_id,
            status=status,
            next_attempt_at=START,
            created_at=START,
        )
        assert store.plan_deliveries(expected_cursor=cursor, cursor=entry.position, deliveries=[delivery])


def test_what_was_planned_is_found_by_message_and_by_time(store: Store) -> None:
    planned(store, ("m0", DeliveryStatus.HELD), ("m1", DeliveryStatus.PENDING), ("m1", DeliveryStatus.SUPPRESSED))
    assert [d.position for d in store.deliveries_of_message("m1")] == [2, 3]
    assert [d.message_id for d in store.deliveries_since("desk", START)] == ["m0", "m1", "m1"]
    assert store.deliveries_since("desk", START + HOUR) == store.deliveries_since("other", START) == []


def test_what_is_held_holds_up_nothing(store: Store) -> None:
    planned(store, ("later", DeliveryStatus.HELD), ("now", DeliveryStatus.PENDING))
    claimed = store.claim_due(now=START - HOUR, owner="one", lease_s=60, limit=10)
    assert claimed == [], "nothing is due"
    claimed = store.claim_due(now=START, owner="one", lease_s=60, limit=10)
    assert {d.message_id for d in claimed} == {"later", "now"}


def test_verdicts_are_kept_and_the_newest_stands(store: Store, open_again: Callable[[], Store]) -> None:
    first = AlertVerdict(alert_id="a1", at=START, author="ann", judgement=Judgement.NOISE, note="old news\x00")
    later = first.model_copy(update={"at": START + HOUR, "judgement": Judgement.USEFUL, "note": ""})
    other = AlertVerdict(alert_id="a2", at=START, author="bob", judgement=Judgement.USEFUL)
    for one in (later, first, first, other):
        store.add_verdict(one)
    assert open_again().verdicts() == {"a1": later, "a2": other}
    undone = later.model_copy(update={"at": START + 2 * HOUR, "judgement": Judgement.UNDONE})
    store.add_verdict(undone)
    assert store.verdicts() == {"a2": other}
    assert undone in store.newest_answers(9)
    store.add_verdict(again := first.model_copy(update={"at": START + 3 * HOUR, "note": ""}))
    assert store.verdicts()["a1"] == again


def test_the_newest_answers_of_each_kind_are_for_the_audit(store: Store) -> None:
    for number in range(3):
        at = START + number * HOUR
        store.acknowledge(Acknowledgement(alert_id=f"a{number}", at=at, author="ann"))
        store.add_silence(silence(f"s{number}", created_at=at, ends_at=at + 24 * HOUR))
        store.add_verdict(AlertVerdict(alert_id="a0", at=at, author="bob", judgement=Judgement.NOISE))
    assert store.lift_silence("s0", at=START + 9 * HOUR, by="bob")
    newest = store.newest_answers(2)
    assert {one.alert_id for one in newest if isinstance(one, Acknowledgement)} == {"a1", "a2"}
    assert {one.silence_id for one in newest if isinstance(one, Silence)} == {"s0", "s2"}, "lifting one makes it new"
    judged = [one.at for one in newest if isinstance(one, AlertVerdict)]
    assert sorted(judged) == [START + HOUR, START + 2 * HOUR], "a verdict that was replaced stays on record"
    assert store.newest_answers(0) == []
