"""Several pollers on one store: who is alive, who holds what, what was polled and not told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import create_engine, text

from connectors.store.address import parse_address
from schemas.ids import EPOCH
from schemas.ports.pollers import FeedTimes, PollerEntry, PollProgress
from schemas.ports.store import FeedRow, Store
from schemas.reasons import FeedState
from tests.contract.store.scribe import START

LEASE = timedelta(seconds=30)
SECOND = timedelta(seconds=1)


def entry(poller: str, seconds: int = 0, instance: str = "1") -> PollerEntry:
    now = START + seconds * SECOND
    return PollerEntry(poller=poller, instance=instance, until=now + LEASE, settled_until=now, feeds_hash="h")


def renew(store: Store, poller: str, seconds: int = 0, *, instance: str = "1", first: bool = False) -> set[str] | None:
    renewal = store.renew_poller(entry(poller, seconds, instance), now=START + seconds * SECOND, first=first)
    return None if renewal is None else set(renewal.held)


def test_a_name_has_one_holder_until_it_is_given_back(store: Store, open_again: Callable[[], Store]) -> None:
    other = open_again()
    assert renew(store, "a", first=True) == set()
    assert renew(other, "b", first=True) == set()
    assert store.take_names(["x", "y"], poller="a") == {"x", "y"}
    assert other.take_names(["y", "z"], poller="b") == {"z"}
    assert (renew(store, "a", 1), renew(other, "b", 1)) == ({"x", "y"}, {"z"})
    store.give_back(["y", "z", "none"], poller="a")
    store.give_back([], poller="a")
    assert other.take_names(["x", "y", "z"], poller="b") == {"y", "z"}
    store.leave(poller="a", instance="another")
    assert renew(store, "a", 2) == {"x"}
    store.leave(poller="a", instance="1")
    assert other.take_names(["x"], poller="b") == {"x"}


def test_all_see_who_is_alive_and_what_each_has_settled(store: Store) -> None:
    renew(store, "b", first=True)
    renewal = store.renew_poller(entry("a", 5), now=START + 5 * SECOND, first=True)
    assert renewal is not None
    assert renewal.pollers == (entry("a", 5), entry("b", 0))


def test_who_does_not_renew_is_forgotten_at_its_time_and_its_names_are_free(store: Store) -> None:
    renew(store, "a", first=True)
    store.take_names(["x"], poller="a")
    renew(store, "b", 29, first=True)
    assert store.take_names(["x"], poller="b") == set()
    assert renew(store, "a", 29) == {"x"}, "it renewed in time"
    renew(store, "b", 58)
    assert store.take_names(["x"], poller="b") == set()
    renew(store, "b", 59)
    assert store.take_names(["x"], poller="b") == {"x"}
    assert renew(store, "a", 60) == set(), "it may go on, without what it held"


def test_one_that_is_late_keeps_what_nobody_else_wants(store: Store) -> None:
    renew(store, "a", first=True)
    store.take_names(["x"], poller="a")
    assert renew(store, "a", 3600) == {"x"}


def test_a_restart_goes_on_with_what_its_name_held_and_the_former_process_is_told(store: Store) -> None:
    renew(store, "a", first=True)
    store.take_names(["x"], poller="a")
    assert renew(store, "a", 1, instance="2", first=True) == {"x"}
    assert renew(store, "a", 2, instance="1") is None
    assert not store.save_polls(PollProgress(), poller="a", instance="1", names=["x"])
    assert store.save_polls(PollProgress(), poller="a", instance="2", names=["x"])


def test_progress_is_kept_whole_or_not_at_all(store: Store, open_again: Callable[[], Store]) -> None:
    row = FeedRow(feed_id="one", url="u", state=FeedState.OK, cursor='{"etag":1}', next_poll_at=START, items_seen=3)
    progress = PollProgress([row], [], ["first", "second"])
    renew(store, "a", first=True)
    store.take_names(["x"], poller="a")
    assert not store.save_polls(progress, poller="a", instance="1", names=["x", "y"])
    assert (store.feed_rows(), list(store.poll_reports())) == ({}, [])
    assert store.save_polls(progress, poller="a", instance="1", names=["x"])
    later = START + LEASE
    moved = PollProgress([], [FeedTimes("one", None, later), FeedTimes("unknown", later, later)], ["third"])
    assert store.save_polls(moved, poller="a", instance="1", names=["x"])
    other = open_again()
    assert other.feed_rows() == {"one": row.model_copy(update={"next_poll_at": None, "last_success_at": later})}
    assert [report.text for report in other.poll_reports()] == ["first", "second", "third"]


def test_a_row_written_as_a_whole_has_the_times_it_says(store: Store) -> None:
    row = FeedRow(feed_id="one", url="u", state=FeedState.OK, next_poll_at=START, last_success_at=START)
    store.save_feeds([row])
    renew(store, "a", first=True)
    moved = PollProgress(times=[FeedTimes("one", START + LEASE, START + SECOND)])
    assert store.save_polls(moved, poller="a", instance="1", names=[])
    gone = row.model_copy(update={"state": FeedState.MUTED, "next_poll_at": None})
    store.save_feeds([gone])
    assert store.feed_rows() == {"one": gone}, "it moved back, too"
    store.save_polls(moved, poller="a", instance="1", names=[])
    never = row.model_copy(update={"next_poll_at": START + LEASE, "last_success_at": None})
    assert store.save_polls(PollProgress([never]), poller="a", instance="1", names=[])
    assert store.feed_rows(with_cursors=False) == {"one": never}


def test_what_a_program_of_before_polled_since_holds(store: Store, store_url: str) -> None:
    """It knows the row of the feed alone."""
    row = FeedRow(feed_id="one", url="u", state=FeedState.OK, next_poll_at=START, last_success_at=START)
    store.save_feeds([row])
    renew(store, "a", first=True)
    moved = FeedTimes("one", START + 3 * LEASE, START + 2 * LEASE)
    assert store.save_polls(PollProgress(times=[moved]), poller="a", instance="1", names=[])
    engine = create_engine(parse_address(store_url).url)

    def polled_before(due_s: int, succeeded_s: int) -> None:
        due, succeeded = ((START - EPOCH).total_seconds() + seconds for seconds in (due_s, succeeded_s))
        with engine.begin() as connection:
            connection.execute(
                text("UPDATE feeds SET next_poll_at_us = :due, last_success_at_us = :succeeded"),
                {"due": round(due) * 1_000_000, "succeeded": round(succeeded) * 1_000_000},
            )

    def times() -> tuple[datetime | None, datetime | None]:
        (found,) = store.feed_rows().values()
        return found.next_poll_at, found.last_success_at

    polled_before(70, 59)
    assert times() == (START + 90 * SECOND, START + 60 * SECOND), "it polled before we did"
    polled_before(70, 61)
    assert times() == (START + 70 * SECOND, START + 61 * SECOND)
    assert store.save_polls(PollProgress(times=[moved]), poller="a", instance="1", names=[])
    assert times() == (START + 70 * SECOND, START + 61 * SECOND)
    engine.dispose()


def test_reports_wait_until_they_are_told(store: Store) -> None:
    renew(store, "a", first=True)
    assert store.told_until() is None
    store.save_polls(PollProgress(reports=["first", "second"]), poller="a", instance="1", names=[])
    first, second = store.poll_reports()
    store.polls_told([first.number], until=START)
    assert (list(store.poll_reports()), store.told_until()) == ([second], START)
    store.polls_told([], until=START + SECOND)
    assert store.told_until() == START + SECOND


def test_of_many_that_take_at_once_each_name_has_one(open_again: Callable[[], Store]) -> None:
    names = [f"part {number}" for number in range(20)]
    stores = {f"poller{number}": open_again() for number in range(4)}
    held: dict[str, frozenset[str]] = {}

    def take(poller: str, store: Store) -> None:
        renew(store, poller, first=True)
        held[poller] = store.take_names(names, poller=poller)

    threads = [threading.Thread(target=take, args=item) for item in stores.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(name for mine in held.values() for name in mine) == sorted(names)


def test_rows_can_be_asked_for_without_their_cursors_and_by_id(store: Store) -> None:
    rows = [FeedRow(feed_id=name, url="u", state=FeedState.OK, cursor='{"etag":1}') for name in "abc"]
    store.save_feeds(rows)
    assert store.feed_rows(["c", "a", "none"]) == {"a": rows[0], "c": rows[2]}
    assert store.feed_rows([]) == {}
    assert {row.cursor for row in store.feed_rows(with_cursors=False).values()} == {"{}"}
