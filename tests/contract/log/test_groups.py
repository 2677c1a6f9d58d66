"""Consumer groups: positions, resuming, sharing, taking over, and positions that do not fit the log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from schemas.errors import FatalError, ForeignLogError, OffsetOutOfRangeError
from schemas.ports.log import Entry, Log, LogRecord, Subscription
from tests.contract.log.harness import LogHarness, fresh_topic, open_here
from tests.contract.log.processes import Line, Worker, workers

Start = Callable[..., Worker]


@pytest.fixture
def start() -> Iterator[Start]:
    with workers() as starter:
        yield starter


def poll_until(subscription: Subscription, count: int, timeout_s: float = 120) -> list[LogRecord]:
    records: list[LogRecord] = []
    deadline_s = time.monotonic() + timeout_s
    while len(records) < count and time.monotonic() < deadline_s:
        records.extend(subscription.poll(max_records=count - len(records), wait_s=0.5))
    return records


def ends(records: list[LogRecord]) -> dict[int, int]:
    return {record.partition: record.offset + 1 for record in records}


def test_a_group_resumes_at_its_committed_offsets(harness: LogHarness, log: Log) -> None:
    topic = fresh_topic(log, partitions=2)
    log.append(topic, [Entry(index % 2, b"%d" % index) for index in range(20)])
    assert log.committed("g", topic) == {}
    first = log.subscribe("g", topic)
    seen = poll_until(first, 12)
    assert first.assignment() == {0, 1}
    assert first.commit(ends(seen))
    poll_until(first, 4)  # Read, but never committed.
    first.close()
    assert log.committed("g", topic) == ends(seen)
    with open_here(harness) as other:
        second = other.subscribe("g", topic)
        rest = poll_until(second, 8)
        assert {(r.partition, r.offset) for r in seen} | {(r.partition, r.offset) for r in rest} == {
            (p, o) for p in (0, 1) for o in range(10)
        }
        assert not {(r.partition, r.offset) for r in seen} & {(r.partition, r.offset) for r in rest}
        for partition in (0, 1):
            offsets = [record.offset for record in seen + rest if record.partition == partition]
            assert offsets == sorted(offsets)
        assert second.poll(max_records=10, wait_s=0.1) == []


def test_a_member_in_a_hurry_gets_its_partitions_too(harness: LogHarness, log: Log) -> None:
    """Joining takes longer than a poll that never waits; what one poll began the next ones must bring to its end."""
    topic = fresh_topic(log, partitions=4)
    for number in range(8):
        with open_here(harness) as other:
            member = other.subscribe(f"g{number}", topic)
            deadline_s = time.monotonic() + 120
            while member.assignment() != {0, 1, 2, 3}:
                assert time.monotonic() < deadline_s, f"attempt {number} is never given its partitions"
                member.poll(max_records=5, wait_s=0)


def test_groups_do_not_disturb_each_other(log: Log) -> None:
    topic = fresh_topic(log)
    log.append(topic, [Entry(0, b"a"), Entry(0, b"b")])
    one, two = log.subscribe("one", topic), log.subscribe("two", topic)
    assert one.commit(ends(poll_until(one, 2)))
    assert [record.value for record in poll_until(two, 2)] == [b"a", b"b"]
    assert log.committed("two", topic) == {}


def test_an_operator_sets_positions_of_a_resting_group(log: Log) -> None:
    topic = fresh_topic(log)
    log.append(topic, [Entry(0, b"%d" % index) for index in range(5)])
    log.commit("g", topic, {0: 3})
    assert log.committed("g", topic) == {0: 3}
    reader = log.subscribe("g", topic)
    assert [record.value for record in poll_until(reader, 2)] == [b"3", b"4"]
    with pytest.raises(FatalError, match="'g'"):
        log.commit("g", topic, {0: 0})
    reader.close()
    log.commit("g", topic, {0: 0})
    assert log.committed("g", topic) == {0: 0}


@pytest.mark.parametrize("case", ["trimmed", "lost tail"])
def test_a_position_outside_the_log_stops_with_a_remedy(log: Log, case: str) -> None:
    topic = fresh_topic(log)
    log.append(topic, [Entry(0, b"%d" % index) for index in range(5)])
    log.commit("g", topic, {0: 1 if case == "trimmed" else 9})
    log.trim(topic, 0, 2)
    reader = log.subscribe("g", topic)
    with pytest.raises(OffsetOutOfRangeError, match="→"):
        poll_until(reader, 1)
    reader.close()


def test_a_position_of_another_log_stops_with_a_remedy(harness: LogHarness, log: Log) -> None:
    topic = fresh_topic(log)
    log.append(topic, [Entry(0, b"a")])
    log.commit("g", topic, {0: 1})
    harness.replace_log()
    with open_here(harness) as remade:
        with pytest.raises(ForeignLogError, match="→"):
            remade.committed("g", topic)
        reader = remade.subscribe("g", topic)
        with pytest.raises(ForeignLogError, match="→"):
            poll_until(reader, 1)
        reader.close()
        remade.commit("g", topic, {0: 0})  # The remedy: the position is set anew.
        assert remade.committed("g", topic) == {0: 0}


def test_a_new_group_starts_at_the_start_of_a_trimmed_log(log: Log) -> None:
    topic = fresh_topic(log)
    log.append(topic, [Entry(0, b"%d" % index) for index in range(5)])
    log.trim(topic, 0, 2)
    assert [record.value for record in poll_until(log.subscribe("g", topic), 3)] == [b"2", b"3", b"4"]


def held(worker: Worker, partitions: int, timeout_s: float = 120) -> set[int]:
    """Wait until ``worker`` holds so many partitions; return them."""
    line = worker.listen(lambda said: len(_list(said, "held")) == partitions, timeout_s)
    return set(_list(line, "held"))


def _list(line: Line, name: str) -> list[int]:
    value = line.get(name, [])
    assert isinstance(value, list)
    return value


def committed_ends(log: Log, topic: str, group: str, partitions: int) -> bool:
    committed = log.committed(group, topic)
    return all(committed.get(p, 0) == log.end_offset(topic, p) for p in range(partitions))


def wait_for(holds: Callable[[], bool], timeout_s: float = 120) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline_s, "it never came to that"
        time.sleep(0.2)


def test_two_processes_share_and_one_takes_over_after_a_kill(harness: LogHarness, log: Log, start: Start) -> None:
    topic = fresh_topic(log, partitions=4)
    first = start(harness, "member", topic, "g")
    assert held(first, 4) == {0, 1, 2, 3}
    second = start(harness, "member", topic, "g")
    assert held(first, 2) | held(second, 2) == {0, 1, 2, 3}
    for number in range(30):
        log.append(topic, [Entry(number % 4, b"%d" % number)])
    wait_for(lambda: committed_ends(log, topic, "g", 4))
    second.kill()
    log.append(topic, [Entry(number % 4, b"later") for number in range(8)])
    assert held(first, 4, harness.silence_s + 60) == {0, 1, 2, 3}
    wait_for(lambda: committed_ends(log, topic, "g", 4))
    first.kill()
    seen = [tuple(pair) for said in first.heard + second.heard for pair in said.get("records", [])]  # type: ignore[attr-defined]
    assert set(seen) == {(p, o) for p in range(4) for o in range(log.end_offset(topic, p))}


def test_a_member_that_leaves_hands_over_at_once(harness: LogHarness, log: Log, start: Start) -> None:
    topic = fresh_topic(log, partitions=2)
    leaving = log.subscribe("g", topic)
    log.append(topic, [Entry(0, b"a"), Entry(1, b"b")])
    poll_until(leaving, 2)  # Never committed: the other one must see both.
    leaving.close()
    other = start(harness, "member", topic, "g")
    held(other, 2)
    wait_for(lambda: committed_ends(log, topic, "g", 2))


def test_an_owner_that_was_asleep_cannot_commit(harness: LogHarness, log: Log, start: Start) -> None:
    """The other process is asleep (as a suspended or starved one is), not dead: it wakes up with old records."""
    topic = fresh_topic(log)
    log.append(topic, [Entry(0, b"a")])
    sleeper = start(harness, "sleeping-member", topic, "g")
    sleeper.listen(lambda said: "taken" in said)
    taker = log.subscribe("g", topic)
    offsets = log.append(topic, [Entry(0, b"%d" % index) for index in range(50)])
    records = poll_until(taker, 50)
    assert [record.offset for record in records] == list(offsets)
    assert taker.commit(ends(records))
    sleeper.wake()
    # Polling goes on here, or this member would be the silent one. The sleeper is in a poll of 0.2 s when it wakes.
    deadline_s = time.monotonic() + 4
    while time.monotonic() < deadline_s:
        taker.poll(max_records=1, wait_s=0.2)
    assert log.committed("g", topic) == {0: offsets[-1] + 1}
    taken = [line["taken"] for line in sleeper.kill() if "taken" in line]
    assert taken[0] is True
    assert not any(taken[1:])


def test_commits_of_a_lost_partition_are_refused(harness: LogHarness, log: Log) -> None:
    topic = fresh_topic(log)
    log.append(topic, [Entry(0, b"%d" % index) for index in range(10)])
    reader = log.subscribe("g", topic)
    records = poll_until(reader, 6)
    assert reader.commit(ends(records[:3]))
    assert not reader.commit({0: 1}), "a position never goes back under a member"
    assert not reader.commit(ends(records)), "after a refusal nothing read before it is this member's"
    again = poll_until(reader, 3)
    assert [record.value for record in again] == [b"3", b"4", b"5"]
    assert reader.commit(ends(again))
    reader.close()
    other = log.subscribe("g", topic)
    assert not other.commit({0: 8}), "nothing is held before the first poll"
    assert log.committed("g", topic) == {0: 6}
