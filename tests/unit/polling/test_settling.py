"""What follows from a look whose document is the one already read: nothing but the times, unless the answer says more."""

from __future__ import annotations

from datetime import datetime

import pytest

from connectors.feeds.standing import FeedStanding, after_failure, after_success, at_start
from pipelines.polling.looking import Answered, Failed
from pipelines.polling.settling import Settled, settle
from pipelines.polling.watching import Poll
from schemas.reasons import FeedState
from tests.unit.feeds.made import EVERY, FEED, HOUR, NOW, document, entry

LATER = NOW + HOUR
SAME = Answered(None, '"1"', None, "body")


def settled(standing: FeedStanding, found: Answered | Failed, now: datetime) -> Settled:
    return settle(standing, found, now, partitions=1, jitter=0.0)


def read_once() -> FeedStanding:
    whole = Answered(document(entry("a")), '"1"', None, "body", whole=True)
    return settled(at_start(FEED, None, NOW), whole, NOW).standing


def test_the_same_document_moves_the_times_and_nothing_else() -> None:
    before = read_once()
    result = settled(before, SAME, LATER)
    after = result.standing
    assert result.entries == ()
    assert result.gap is None
    assert after.moved_only_in_time(before)
    assert after.told is before.told
    assert after.cursor is before.cursor
    assert (after.next_poll_at, after.last_success_at) == (LATER + EVERY, LATER)


def test_the_same_document_reaches_back_to_the_last_success_and_brings_nothing() -> None:
    result = settled(read_once(), SAME, LATER)
    assert result.poll == Poll(LATER, "daily", FeedState.OK, succeeded=True, reached_back_to=NOW, items_seen=0)


def test_of_a_feed_never_read_the_same_document_shows_the_present() -> None:
    assert settled(at_start(FEED, None, NOW), SAME, LATER).poll.reached_back_to == LATER


@pytest.mark.parametrize(
    "found",
    [
        SAME._replace(etag='"2"'),
        SAME._replace(last_modified="Wed, 22 Jan 2025 10:00:00 GMT"),
        SAME._replace(body_hash="other"),
        SAME._replace(moved_to="http://news.example/moved"),
    ],
    ids=["etag", "last_modified", "body_hash", "moved"],
)
def test_what_the_answer_says_anew_is_kept(found: Answered) -> None:
    before = read_once()
    after = settled(before, found, LATER).standing
    assert not after.moved_only_in_time(before)
    cursor = after.cursor
    assert (cursor.etag, cursor.last_modified, cursor.body_hash) == (found.etag, found.last_modified, found.body_hash)
    assert (cursor.move and cursor.move.url) == found.moved_to


def test_a_document_sent_again_is_whole_again() -> None:
    after = settled(read_once(), SAME._replace(whole=True), LATER).standing
    assert after.cursor.whole_ms == round(LATER.timestamp() * 1000)


def test_an_answer_ends_the_errors_before_it() -> None:
    before = read_once()
    gone = after_failure(before, "answered 410", NOW, gone=True, jitter=0.0)
    assert gone.cursor.gone == 1
    after = settled(gone, SAME, LATER).standing
    assert (after.cursor.gone, after.cursor.errors) == (0, 0.0)
    assert (after.row.state, after.row.last_error, after.row.consecutive_failures) == (FeedState.OK, "", 0)
    assert not after.moved_only_in_time(gone)


def test_the_host_is_waited_for_as_long_as_it_wishes() -> None:
    assert settled(read_once(), SAME._replace(retry_after_s=7_200.0), LATER).standing.next_poll_at == LATER + 2 * HOUR


def test_what_was_said_of_the_document_holds() -> None:
    first = at_start(FEED, None, NOW)
    flawed = after_success(first, first.cursor, NOW, remark="it is not well-formed", jitter=0.0)
    assert settled(flawed, Answered(None, None, None, None), LATER).standing.row.state_reason == "it is not well-formed"
