"""A record that names twenty thousand feeds fits a record, and reads as if it were not packed."""

from __future__ import annotations

import base64
import bz2
from datetime import UTC, datetime, timedelta

import pytest

from schemas.article import Source
from schemas.coverage import MOST_PLAIN_FEEDS, Coverage, FeedCoverage, packed
from schemas.errors import BrokenRecordError
from schemas.ids import digest
from schemas.model import MAX_RECORD_BYTES
from schemas.reasons import FeedState
from schemas.wire import decode_articles, decode_signals, encode

NOW = datetime(2025, 1, 22, 10, 1, tzinfo=UTC)


def coverage(feeds: int) -> Coverage:
    """Return a full record; names of feeds are as little alike as such names are."""
    lines = tuple(
        FeedCoverage(
            feed_id=f"{digest(str(n), length=8)}.{n}",
            source=Source(
                id=f"publisher{n}.example", name=f"The {digest(str(n), 'name', length=10)} Gazette", country="AZE"
            ),
            state=FeedState.OK if n % 7 else FeedState.FAILING,
            polls_due=1,
            polls_succeeded=n % 7 and 1,
            reached_back_to=NOW - timedelta(microseconds=n * 987_654_321 % 10**11) if n % 7 else None,
            items_seen=n % 41,
        )
        for n in range(feeds)
    )
    return Coverage(since=NOW - timedelta(minutes=1), at=NOW, partition=0, partitions=1, full=True, feeds=lines)


def test_twenty_thousand_feeds_fit() -> None:
    record = coverage(20_000)
    raw = encode(record)
    assert len(raw) < 0.8 * MAX_RECORD_BYTES
    assert len(record.model_dump_json()) > 4 * MAX_RECORD_BYTES
    assert decode_articles(raw) == decode_signals(raw) == record


def test_only_what_is_long_is_packed() -> None:
    assert b"packed_feeds" not in encode(coverage(MOST_PLAIN_FEEDS))
    assert b'"schema_version":2' in encode(coverage(MOST_PLAIN_FEEDS + 1))


@pytest.mark.parametrize(
    "text",
    [
        "no base 85 \x7f",
        "0123456789",
        base64.b85encode(bz2.compress(b"[[]")[:-4]).decode(),
        base64.b85encode(bz2.compress(b"[[1]]")).decode(),
        base64.b85encode(bz2.compress(b'[["a"],[],[],[],[],[],[]]')).decode(),
        base64.b85encode(bz2.compress(b" " * 70_000_000)).decode(),
    ],
    ids=["alphabet", "bytes", "cut", "columns", "lengths", "bomb"],
)
def test_what_cannot_be_unpacked_is_a_broken_record(text: str) -> None:
    raw = encode(packed(coverage(1)).changed(schema_version=2, feeds=(), packed_feeds=text))
    with pytest.raises(BrokenRecordError, match=r"packed_feeds|JSON|zip|base85"):
        decode_articles(raw)
