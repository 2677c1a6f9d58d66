"""Feed cursors, signs of life, and rule sets that stay for ever."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from schemas.ports.store import FeedRow, RuleSet, Store
from schemas.reasons import FeedState
from tests.contract.store.scribe import START


def rule_set(name: str, offset: int) -> RuleSet:
    return RuleSet(
        rules_hash=name, text=f"rules: [{name}] # ü", compiled="{}", activated_at=START, author="ann", log_offset=offset
    )


def test_feeds_are_inserted_and_replaced(store: Store, open_again: Callable[[], Store]) -> None:
    one = FeedRow(feed_id="one", url="https://a.example/rss", state=FeedState.NEW)
    two = FeedRow(
        feed_id="two",
        url="https://b.example/rss",
        state=FeedState.FAILING,
        state_reason="HTTP 503",
        cursor='{"etag":"W/\\"ü\\""}',
        next_poll_at=START + timedelta(microseconds=1),
        last_success_at=START,
        last_error="503",
        consecutive_failures=3,
        items_seen=12,
    )
    store.save_feeds([two, one])
    assert open_again().feed_rows() == {"one": one, "two": two}
    better = two.model_copy(update={"state": FeedState.OK, "next_poll_at": None, "consecutive_failures": 0})
    store.save_feeds([better, one])
    store.save_feeds([])
    assert store.feed_rows() == {"one": one, "two": better}


def test_the_last_of_two_rows_for_one_feed_counts(store: Store) -> None:
    row = FeedRow(feed_id="one", url="u", state=FeedState.NEW)
    store.save_feeds([row, row.model_copy(update={"items_seen": 5})])
    assert store.feed_rows()["one"].items_seen == 5


def test_an_error_of_a_feed_is_kept_whatever_it_holds(store: Store) -> None:
    store.save_feeds([FeedRow(feed_id="one", url="u", state=FeedState.FAILING, last_error="no\x00 \udfff")])
    assert store.feed_rows()["one"].last_error == "no\ufffd \ufffd"


def test_heartbeats_replace_each_other(store: Store, open_again: Callable[[], Store]) -> None:
    assert store.heartbeats() == {}
    store.beat("poll", at=START, detail={"feeds": 3, "lag_s": 0.5, "state": "ok"})
    store.beat("decide", at=START, detail={})
    later = START + timedelta(seconds=60)
    store.beat("poll", at=later, detail={"feeds": 4})
    assert open_again().heartbeats() == {"poll": (later, {"feeds": 4}), "decide": (START, {})}


def test_rule_sets_are_kept_for_ever(store: Store, open_again: Callable[[], Store]) -> None:
    first, second, back = rule_set("h1", 5), rule_set("h2", 9), rule_set("h1", 12)
    for item in (first, second, back, second, first.model_copy(update={"comment": "again"})):
        store.add_rule_set(item)
    assert list(open_again().rule_sets()) == [first, second, back]


def test_a_deferred_rule_set_takes_force_later(store: Store, open_again: Callable[[], Store]) -> None:
    before, waits = rule_set("h1", 5), rule_set("h2", 9).model_copy(update={"deferred": True})
    for item in (before, waits):
        store.add_rule_set(item)
    assert list(open_again().rule_sets()) == [before, waits]
    assert [item.in_force for item in store.rule_sets()] == [True, False]
    assert (waits.since, waits.since_offset) == (START, 9)
    ready_at = START + timedelta(minutes=3)
    warm = waits.model_copy(update={"ready_offset": 31, "ready_at": ready_at})
    for _ in range(2):
        store.rule_set_took_force(warm)
        store.add_rule_set(waits)  # A decider that died in between says it again.
    assert list(open_again().rule_sets()) == [before, warm]
    assert (warm.in_force, warm.since, warm.since_offset) == (True, ready_at, 31)
