"""A log that goes away and comes back, and clocks that are off."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from connectors.clock import ManualClock
from schemas.errors import ClockRefusedError, LogUnavailableError
from schemas.ports.log import Entry, Log
from tests.contract.log.harness import LogHarness, fresh_topic, open_here
from tests.contract.log.test_groups import poll_until
from tests.contract.log.test_records import read_all

#: How long the clients of these tests wait before they say that nobody answers.
PATIENCE_S = 3.0


@pytest.fixture
def log(harness: LogHarness) -> Iterator[Log]:
    with open_here(harness, timeout_s=PATIENCE_S) as opened:
        yield opened


def append_in_the_end(log: Log, topic: str, value: bytes) -> None:
    """Append as jobs do: again until the log is back."""
    deadline_s = time.monotonic() + 120
    while True:
        try:
            log.append(topic, [Entry(0, value)])
        except LogUnavailableError:
            assert time.monotonic() < deadline_s, "the log is back and nobody noticed"
        else:
            return


def test_an_outage_is_said_in_bounded_time_and_passes(harness: LogHarness, log: Log) -> None:
    topic = fresh_topic(log)
    log.append(topic, [Entry(0, b"before")])
    with harness.outage():
        for _ in range(2):
            started_s = time.monotonic()
            with pytest.raises(LogUnavailableError, match="→"):
                log.append(topic, [Entry(0, b"during")])
            assert time.monotonic() - started_s < PATIENCE_S + 60
    append_in_the_end(log, topic, b"after")
    values = [record.value for record in read_all(log, topic)]
    assert values[0] == b"before"
    assert values[-1] == b"after"
    assert set(values) <= {b"before", b"during", b"after"}


def test_a_member_lives_through_an_outage(harness: LogHarness, log: Log) -> None:
    topic = fresh_topic(log)
    log.append(topic, [Entry(0, b"a")])
    reader = log.subscribe("g", topic)
    seen = {record.value for record in poll_until(reader, 1)}
    with harness.outage(), pytest.raises(LogUnavailableError):
        reader.commit({0: 1})
    append_in_the_end(log, topic, b"b")
    end = log.end_offset(topic, 0)
    deadline_s = time.monotonic() + 120
    committed = 0
    # It may have been given up while nobody answered: then it is refused, and is given the records once more.
    while committed < end:
        assert time.monotonic() < deadline_s, f"the member goes on no further than {committed} of {end}"
        try:
            records = reader.poll(max_records=5, wait_s=1)
            seen |= {record.value for record in records}
            if records and reader.commit({0: records[-1].offset + 1}):
                committed = records[-1].offset + 1
        except LogUnavailableError:
            continue
    assert seen == {b"a", b"b"}
    assert log.committed("g", topic) == {0: committed}


def test_a_clock_far_behind_the_log_is_refused(harness: LogHarness, log: Log) -> None:
    topic = fresh_topic(log)
    log.append(topic, [Entry(0, b"right")])
    with open_here(harness, ManualClock(datetime.now(UTC) - timedelta(minutes=4))) as behind:
        with pytest.raises(ClockRefusedError, match="→"):
            behind.append(topic, [Entry(0, b"wrong")])
        assert [record.value for record in read_all(behind, topic)] == [b"right"]
    with open_here(harness, ManualClock(datetime.now(UTC) - timedelta(seconds=60))) as near:
        near.append(topic, [Entry(0, b"a minute off")])
    records = read_all(log, topic)
    assert [record.value for record in records] == [b"right", b"a minute off"]
    assert records[0].append_time_ms <= records[1].append_time_ms
