"""Events in order and in chains, on condition, byte for byte."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from schemas.alert_event import ChainHead, Decision, ledger_digest
from schemas.errors import AnotherDeciderError, FatalError
from schemas.ids import canonical_json, digest
from schemas.ports.store import Opening, Store
from schemas.reasons import EventKind
from tests.contract.store.scribe import START, Scribe, evidence_of, provenance


def test_a_new_store_is_empty_and_keeps_its_id(store: Store, open_again: Callable[[], Store]) -> None:
    assert store.decider_head() is None
    assert store.chain_heads() == {}
    assert list(store.events()) == []
    assert len(store.store_id) == 32
    assert open_again().store_id == store.store_id


def test_what_was_committed_is_read_by_another_process(store: Store, open_again: Callable[[], Store]) -> None:
    scribe = Scribe(store)
    first, second = scribe.decide("a", detail="naïve «Ильхам» \x00\x1f"), scribe.decide("b")
    head = scribe.commit(first, second)
    other = open_again()
    assert other.decider_head() == head
    assert list(other.events()) == [first.event, second.event]
    assert other.chain_heads() == {"a": ChainHead.after(first.event), "b": ChainHead.after(second.event)}
    assert list(other.events_with_provenance()) == [(first.event, provenance(0)), (second.event, provenance(0))]


def test_stored_bytes_are_those_that_were_hashed(store: Store) -> None:
    scribe = Scribe(store)
    decision = scribe.decide(detail="Баку")
    scribe.commit(decision)
    (row,) = store.stored_events()
    assert row.body == canonical_json(decision.event.model_dump(mode="json"))
    assert row.hash == digest("alert-event", row.body, length=64) == decision.event.chain_hash()
    assert (row.position, row.rule, row.seq, row.previous) == (1, "r", 1, "")


def test_openings_are_counted_where_they_lie(store: Store) -> None:
    scribe = Scribe(store)
    assert list(store.openings()) == []
    forged = '"event":"opened","mode":"shadow"'
    shadow = scribe.decide("b", mode="shadow")
    scribe.commit(
        first := scribe.decide("a", key=forged, detail=forged),
        shadow,
        scribe.decide("a", key="AZE-RUS", event=EventKind.UPDATED, detail=forged),
        scribe.decide("a", event=EventKind.RULE_READY, about_alert=False),
    )
    scribe.commit(scribe.decide("b"))
    assert list(store.openings()) == [
        Opening("a", "live", first.event.alert_id),
        Opening("b", "shadow", shadow.event.alert_id),
        Opening("b", "live", shadow.event.alert_id),
    ]


def test_the_head_moves_without_events(store: Store) -> None:
    scribe = Scribe(store)
    scribe.commit()
    assert scribe.commit() == store.decider_head()
    assert list(store.events()) == []


@pytest.mark.parametrize(
    "change", [{"next_offset": 7}, {"log_id": "x"}, {"engine_version": "x"}, {"snapshot_hash": "x"}]
)
def test_a_head_that_moved_refuses_the_commit(store: Store, change: dict[str, str | int]) -> None:
    scribe = Scribe(store)
    scribe.commit(scribe.decide())
    assert scribe.head is not None
    scribe.head = scribe.head.model_copy(update=change)
    with pytest.raises(AnotherDeciderError):
        scribe.commit(scribe.decide(evidence=(evidence_of("a"),)))
    assert len(list(store.events())) == 1
    assert store.evidence([evidence_of("a").evidence_hash()]) == {}


def test_only_one_first_commit(store: Store, open_again: Callable[[], Store]) -> None:
    one, two = Scribe(store), Scribe(open_again())
    one.commit(one.decide())
    with pytest.raises(AnotherDeciderError):
        two.commit(two.decide())
    assert len(store.outbox_after(0, 10)) == 1


def test_a_head_expected_of_an_empty_store_is_refused(store: Store) -> None:
    scribe = Scribe(store)
    scribe.head = scribe.next_head(0)
    with pytest.raises(AnotherDeciderError):
        scribe.commit(scribe.decide())
    assert store.decider_head() is None


@pytest.mark.parametrize("change", [{"seq": 3}, {"seq": 1}, {"previous": "0" * 64}])
def test_a_gap_in_a_chain_is_refused_and_nothing_written(store: Store, change: dict[str, str | int]) -> None:
    scribe = Scribe(store)
    before = scribe.commit(scribe.decide("a"))
    good, bad = scribe.decide("b"), scribe.decide("a")
    broken = Decision(event=bad.event.model_copy(update=change))
    with pytest.raises(AnotherDeciderError):
        scribe.commit(good, broken)
    assert store.decider_head() == before
    assert [event.rule for event in store.events()] == ["a"]
    assert set(store.chain_heads()) == {"a"}


def test_a_chain_may_grow_by_several_links_at_once(store: Store) -> None:
    scribe = Scribe(store)
    scribe.commit(*(scribe.decide("a") for _ in range(3)), scribe.decide("b"), scribe.decide("a"))
    assert [(event.rule, event.seq) for event in store.events()] == [("a", 1), ("a", 2), ("a", 3), ("b", 1), ("a", 4)]
    assert store.chain_heads()["a"].seq == 4
    assert ledger_digest(list(store.chain_heads().values())) == ledger_digest(list(scribe.chains.values()))


def test_a_head_that_does_not_count_its_events_is_a_defect(store: Store) -> None:
    scribe = Scribe(store)
    with pytest.raises(FatalError, match="report it"):
        store.commit_decisions(expected=None, head=scribe.next_head(2), decisions=[(scribe.decide(), provenance())])
    assert store.decider_head() is None


def test_events_are_read_in_order_by_rule_alert_position_and_limit(store: Store) -> None:
    scribe = Scribe(store)
    made = [scribe.decide(rule, key=key) for rule in ("a", "b") for key in ("x", "y", "x")]
    for decision in made:
        scribe.commit(decision)
    all_events = [decision.event for decision in made]
    assert list(store.events(rule="b")) == all_events[3:]
    assert list(store.events(alert_id=all_events[0].alert_id)) == [all_events[0], all_events[2]]
    assert list(store.events(first_position=4, limit=2)) == all_events[3:5]
    assert list(store.events(limit=0)) == []
    assert [pair[0] for pair in store.events_with_provenance(first_offset=2, limit=3)] == all_events[2:5]
    assert [row.position for row in store.stored_events(first_position=5)] == [5, 6]


def test_more_events_than_a_page_are_read_without_loss_while_others_are_written(store: Store) -> None:
    scribe = Scribe(store)
    scribe.commit(*(scribe.decide() for _ in range(1203)))
    reading = store.events()
    first = next(reading)
    scribe.commit(scribe.decide())  # A reader in midway keeps nobody from writing.
    assert [first.seq, *(event.seq for event in reading)] == list(range(1, 1205))


def test_evidence_is_kept_once_and_erased_by_article(store: Store) -> None:
    scribe = Scribe(store)
    one, edited, two = (
        evidence_of("a"),
        evidence_of("a", title="Talks in Baku ended"),
        evidence_of("b", url="https://x/ü"),
    )
    scribe.commit(scribe.decide(evidence=(one, two)), scribe.decide(evidence=(one, edited)))
    hashes = [item.evidence_hash() for item in (one, edited, two)]
    assert store.evidence([*hashes, "unknown", hashes[0]]) == dict(zip(hashes, (one, edited, two), strict=True))
    assert store.evidence_of_article("a") == {hashes[0], hashes[1]}
    assert store.evidence_of_article("nobody's") == set()
    assert store.erase_evidence("a") == 2
    assert store.evidence_of_article("a") == set()
    assert store.erase_evidence("a") == 0
    assert store.evidence(hashes) == {hashes[2]: two}
    assert [event.evidence for event in store.events()] == [(hashes[0], hashes[2]), (hashes[0], hashes[1])]


def test_the_outbox_has_what_is_to_be_told_in_order(store: Store) -> None:
    scribe = Scribe(store)
    told = scribe.decide("a")
    scribe.commit(scribe.decide("a" * 3), notify=False)
    scribe.commit(told, scribe.decide("b"))
    first, second = store.outbox_after(0, 10)
    assert (first.event, first.event_hash, first.recorded_at) == (
        told.event,
        told.event.chain_hash(),
        provenance(1).recorded_at,
    )
    assert first.position < second.position
    assert [entry.event.rule for entry in store.outbox_after(first.position, 10)] == ["b"]
    assert len(store.outbox_after(0, 1)) == 1


def test_instants_keep_their_microseconds(store: Store) -> None:
    scribe = Scribe(store)
    scribe.commit(scribe.decide(at=START.replace(microsecond=999_999)))
    ((event, kept),) = store.events_with_provenance()
    assert event.at.microsecond == 999_999
    assert kept == provenance(0)
    assert kept.recorded_at.utcoffset() is not None
