"""How a feed's row follows its polls: states, waits, and what a restart makes of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.feeds.cursor import cursor_of
from connectors.feeds.schedule import LONGEST_WAIT, MOST_STRETCHED, next_poll_at
from connectors.feeds.standing import FeedStanding, after_failure, after_success, at_start, removed
from schemas.ids import milliseconds
from schemas.ports.store import FeedRow
from schemas.reasons import FeedState
from tests.unit.feeds.made import EVERY, FEED, HOUR, NOW, entry, read

SLOW = FEED.model_copy(update={"interval": 3 * HOUR})


def polled(standing: FeedStanding, now: datetime = NOW) -> FeedStanding:
    return after_success(standing, read(entry("a"), cursor=standing.cursor, now=now).cursor, now, remark="", jitter=0.0)


def failed(standing: FeedStanding, now: datetime = NOW, **more: object) -> FeedStanding:
    gone, wait = bool(more.get("gone")), more.get("retry_after_s")
    assert wait is None or isinstance(wait, float)
    return after_failure(standing, "no connection", now, gone=gone, retry_after_s=wait, jitter=0.0)


def test_a_new_feed_is_due_at_once_and_new_until_it_was_read() -> None:
    standing = at_start(FEED, None, NOW)
    assert (standing.row.state, standing.due_at(NOW)) == (FeedState.NEW, NOW)
    after = polled(standing)
    assert (after.row.state, after.due_at(NOW)) == (FeedState.OK, NOW + EVERY)


def test_one_failure_of_a_feed_asked_often_is_no_news_and_two_are() -> None:
    once = failed(polled(at_start(FEED, None, NOW)))
    assert (once.row.state, once.row.last_error) == (FeedState.OK, "no connection")
    assert failed(once).row.state is FeedState.FAILING


def test_one_failure_is_enough_where_nobody_looks_again_soon() -> None:
    assert failed(polled(at_start(SLOW, None, NOW))).row.state is FeedState.FAILING
    assert failed(polled(at_start(FEED, None, NOW)), retry_after_s=7200.0).row.state is FeedState.FAILING
    assert failed(at_start(FEED, None, NOW)).row.state is FeedState.FAILING, "it was never read"


def test_two_answers_of_gone_mute_a_feed_and_another_answer_between_them_does_not() -> None:
    standing = at_start(FEED, None, NOW)
    once = failed(standing, gone=True)
    assert failed(failed(once), gone=True).row.state is FeedState.FAILING
    twice = failed(once, gone=True)
    assert (twice.row.state, twice.due_at(NOW), twice.polled) == (FeedState.MUTED, None, False)
    assert at_start(FEED, twice.stored, NOW).row.state is FeedState.MUTED
    elsewhere = FEED.model_copy(update={"url": "http://news.example/new"})
    back = at_start(elsewhere, twice.stored, NOW)
    assert (back.row.state, back.due_at(NOW)) == (FeedState.NEW, NOW)


def test_a_poll_that_found_nothing_new_keeps_the_text_of_the_cursor_and_a_restart_knows_its_time() -> None:
    before = polled(at_start(FEED, None, NOW))
    later = NOW + HOUR
    after = after_success(before, before.cursor, later, jitter=0.0)
    assert after.moved_only_in_time(before)
    kept = before.stored.model_copy(update={"last_success_at": after.last_success_at})
    assert cursor_of(kept).succeeded_ms == milliseconds(later)
    assert at_start(FEED, kept, later).cursor == after.cursor_now


def test_new_validators_and_new_entries_are_stored() -> None:
    before = polled(at_start(FEED, None, NOW))
    tagged = before.cursor.model_copy(update={"etag": '"2"'})
    assert not after_success(before, tagged, NOW, jitter=0.0).moved_only_in_time(before)
    assert cursor_of(after_success(before, tagged, NOW, jitter=0.0).stored).etag == '"2"'
    grown = read(entry("b"), cursor=before.cursor, now=NOW + HOUR).cursor
    assert len(cursor_of(after_success(before, grown, NOW + HOUR, jitter=0.0).stored).known) == 2


def test_what_was_said_of_a_document_holds_while_it_is_the_same() -> None:
    standing = at_start(FEED, None, NOW)
    flawed = after_success(standing, standing.cursor, NOW, remark="it is not well-formed", jitter=0.0)
    assert after_success(flawed, flawed.cursor, NOW, jitter=0.0).row.state_reason == "it is not well-formed"
    assert after_success(flawed, flawed.cursor, NOW, remark="", jitter=0.0).row.state_reason == ""
    assert after_success(failed(failed(flawed)), flawed.cursor, NOW, jitter=0.0).row.state_reason == ""


def test_another_url_asks_for_the_whole_document_and_knows_what_it_knew() -> None:
    before = polled(at_start(FEED, None, NOW))
    row = before.stored.model_copy(
        update={"cursor": before.cursor.model_copy(update={"etag": '"1"', "body_hash": "x"}).to_json()}
    )
    moved = at_start(FEED.model_copy(update={"url": "http://news.example/new"}), row, NOW)
    assert (moved.cursor.etag, moved.cursor.body_hash) == (None, None)
    assert moved.cursor.known == before.cursor.known
    assert moved.due_at(NOW) == NOW
    renamed = at_start(FEED.model_copy(update={"url": "http://me:secret@news.example/rss"}), row, NOW)
    assert renamed.cursor.etag == '"1"', "a password is no other document"


def test_paused_and_resumed_removed_and_back() -> None:
    before = polled(at_start(FEED, None, NOW))
    paused = at_start(FEED.model_copy(update={"paused": True}), before.stored, NOW)
    assert (paused.row.state, paused.due_at(NOW)) == (FeedState.PAUSED, None)
    gone = removed(before.stored)
    for row in (paused.stored, gone):
        back = at_start(FEED, row, NOW + HOUR)
        assert (back.row.state, back.due_at(NOW), back.cursor.known) == (FeedState.OK, NOW + HOUR, before.cursor.known)


def test_a_shorter_interval_holds_at_once() -> None:
    before = polled(at_start(SLOW, None, NOW))
    assert before.due_at(NOW) == NOW + 3 * HOUR
    assert at_start(FEED, before.stored, NOW).due_at(NOW) == NOW + 1.25 * EVERY


@pytest.mark.parametrize(
    "text", ["", "{}", "no json", '{"known_text": 3}', '{"known_text": "{]"}', '{"version": 1}', '{"version": 99}']
)
def test_any_text_is_a_cursor(text: str) -> None:
    row = FeedRow(feed_id="daily", url="", state=FeedState.OK, cursor=text, last_success_at=NOW)
    assert cursor_of(row).known == {}


intervals = st.integers(1, 86_400).map(lambda seconds: timedelta(seconds=seconds))


@given(intervals, st.floats(0, 50), st.none() | st.floats(0, 1e6), st.floats(0, 1))
def test_laws_of_the_wait(interval: timedelta, errors: float, retry_after_s: float | None, jitter: float) -> None:
    at = next_poll_at("daily", interval, NOW, errors=errors, retry_after_s=retry_after_s, jitter=jitter)
    wait = at - NOW
    assert min(interval, LONGEST_WAIT) <= wait <= LONGEST_WAIT
    if retry_after_s is not None:
        assert wait >= min(timedelta(seconds=retry_after_s), LONGEST_WAIT)
    else:
        assert wait <= interval * (1 + jitter) * max(1, min(errors, MOST_STRETCHED)) + timedelta(seconds=1)
    again = next_poll_at("daily", interval, NOW, errors=errors, retry_after_s=retry_after_s, jitter=jitter)
    assert again == at


def test_feeds_of_one_interval_spread() -> None:
    moments = {next_poll_at(f"feed{n}", HOUR, NOW) for n in range(50)}
    assert len(moments) == 50
    assert max(moments) - min(moments) > timedelta(minutes=10)
