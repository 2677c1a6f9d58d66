"""Records: order, offsets, groups, sizes, times, trimming, identity."""

from __future__ import annotations

import random
import time

import pytest

from schemas.errors import FatalError, OffsetOutOfRangeError, RecordTooLargeError, UnknownTopicError, UsageError
from schemas.ports.log import Entry, Log, LogRecord
from tests.contract.log.harness import LogHarness, fresh_topic, open_here

MIB = 1_048_576


def read_all(log: Log, topic: str, partition: int = 0, step: int = 7) -> list[LogRecord]:
    offset, records = log.start_offset(topic, partition), list[LogRecord]()
    while found := log.read(topic, partition, offset, max_records=step):
        assert len(found) <= step
        records.extend(found)
        offset = found[-1].offset + 1
    return records


def test_order_and_offsets_hold_per_partition(log: Log) -> None:
    topic = fresh_topic(log, partitions=3)
    sent: dict[int, list[tuple[int, bytes]]] = {0: [], 1: [], 2: []}
    choose = random.Random(5)
    for group in range(20):
        entries = [
            Entry(choose.randrange(3), f"{group}.{index}".encode()) for index in range(choose.choice([1, 2, 30]))
        ]
        for entry, offset in zip(entries, log.append(topic, entries), strict=True):
            sent[entry.partition].append((offset, entry.value))
    for partition in range(3):
        records = read_all(log, topic, partition)
        assert [(record.offset, record.value) for record in records] == sent[partition]
        offsets = [record.offset for record in records]
        assert offsets == sorted(set(offsets))
        times = [record.append_time_ms for record in records]
        assert times == sorted(times)
        assert all(record.partition == partition for record in records)


def test_a_group_is_seen_by_another_instance_once_append_returned(harness: LogHarness, log: Log) -> None:
    topic = fresh_topic(log)
    with open_here(harness) as other:
        for number in range(5):
            offsets = log.append(topic, [Entry(0, b"a%d" % number, b"key"), Entry(0, b"", b"")])
            records = other.read(topic, 0, offsets[0], max_records=10)
            assert [(record.key, record.value) for record in records] == [(b"key", b"a%d" % number), (b"", b"")]
        assert other.log_id == log.log_id


def test_bytes_come_back_as_they_went(log: Log) -> None:
    topic = fresh_topic(log)
    noise = random.Random(1).randbytes
    entries = [
        Entry(0, noise(MIB), b"1"),
        Entry(0, b"\x00\xff\n" * 3, b"\x00"),
        Entry(0, noise(4 * MIB), noise(100)),
        Entry(0, b"{}", "ключ".encode()),
    ]
    log.append(topic, entries)
    assert [(record.value, record.key) for record in read_all(log, topic)] == [
        (entry.value, entry.key) for entry in entries
    ]


def test_many_large_records_in_one_group(log: Log) -> None:
    topic = fresh_topic(log)
    noise = random.Random(2).randbytes
    values = [noise(MIB) for _ in range(24)]
    log.append(topic, [Entry(0, value) for value in values])
    assert [record.value for record in read_all(log, topic)] == values


def test_reading_stops_at_max_bytes_but_never_before_one_record(log: Log) -> None:
    topic = fresh_topic(log)
    first, *_ = log.append(topic, [Entry(0, b"x" * 1_000) for _ in range(10)])
    assert len(log.read(topic, 0, first, max_records=10, max_bytes=3_500)) == 3
    assert len(log.read(topic, 0, first, max_records=10, max_bytes=1)) == 1
    assert len(log.read(topic, 0, first, max_records=4)) == 4
    assert len(log.read(topic, 0, first, max_records=100)) == 10


def test_jumping_about_reads_the_same_records(log: Log) -> None:
    topic = fresh_topic(log, partitions=2)
    log.append(topic, [Entry(index % 2, b"%d" % index) for index in range(60)])
    known = {(p, record.offset): record.value for p in (0, 1) for record in read_all(log, topic, p)}
    assert len(known) == 60
    choose = random.Random(3)
    for _ in range(200):
        partition, offset = choose.choice(list(known))
        records = log.read(topic, partition, offset, max_records=choose.randrange(1, 9))
        assert records[0].offset == offset
        assert all(known[partition, record.offset] == record.value for record in records)


def test_one_too_large_refuses_the_group_and_spoils_nothing(log: Log) -> None:
    topic = fresh_topic(log)
    before = log.end_offset(topic, 0)
    with pytest.raises(RecordTooLargeError, match="4,194,305"):
        log.append(topic, [Entry(0, b"small"), Entry(0, b"x" * (4 * MIB + 1))])
    assert log.end_offset(topic, 0) == before
    log.append(topic, [Entry(0, b"after")])
    assert [record.value for record in read_all(log, topic)] == [b"after"]


def test_the_ends_bracket_the_records(log: Log) -> None:
    topic = fresh_topic(log, partitions=2)
    assert log.start_offset(topic, 0) == log.end_offset(topic, 0)
    assert log.append(topic, []) == ()
    offsets = log.append(topic, [Entry(1, b"a"), Entry(1, b"b")])
    assert log.start_offset(topic, 1) <= offsets[0] < offsets[1] < log.end_offset(topic, 1)
    assert log.start_offset(topic, 0) == log.end_offset(topic, 0)
    assert log.read(topic, 1, log.end_offset(topic, 1), max_records=5) == []


def test_outside_the_log_is_an_error_not_silence(log: Log) -> None:
    topic = fresh_topic(log)
    log.append(topic, [Entry(0, b"a")])
    with pytest.raises(OffsetOutOfRangeError, match="→") as error:
        log.read(topic, 0, log.end_offset(topic, 0) + 5, max_records=1)
    assert topic in str(error.value)


def test_waiting_ends_with_the_first_record_or_the_time(harness: LogHarness, log: Log) -> None:
    topic = fresh_topic(log)
    started_s = time.monotonic()
    assert log.read(topic, 0, 0, max_records=1, wait_s=0.4) == []
    assert 0.35 <= time.monotonic() - started_s < 60
    log.append(topic, [Entry(0, b"there")])
    started_s = time.monotonic()
    assert [record.value for record in log.read(topic, 0, 0, max_records=5, wait_s=120)] == [b"there"]
    assert time.monotonic() - started_s < 60


def test_reading_by_append_time(log: Log) -> None:
    topic = fresh_topic(log)
    assert log.offset_at(topic, 0, 0) == log.end_offset(topic, 0)
    for number in range(4):
        log.append(topic, [Entry(0, b"%d-%d" % (number, index)) for index in range(3)])
        time.sleep(0.02)
    records = read_all(log, topic)
    for moment in {record.append_time_ms + delta for record in records for delta in (-1, 0, 1)}:
        expected = [record.offset for record in records if record.append_time_ms >= moment]
        assert log.offset_at(topic, 0, moment) == (expected[0] if expected else log.end_offset(topic, 0))


def test_append_times_are_of_the_append_clock(log: Log) -> None:
    topic = fresh_topic(log)
    before_ms = log.now_ms()
    (offset,) = log.append(topic, [Entry(0, b"x")])
    (record,) = log.read(topic, 0, offset, max_records=1)
    assert before_ms - 1_000 <= record.append_time_ms <= log.now_ms() + 1_000
    assert abs(log.now_ms() - time.time() * 1000) < 60_000  # All of this runs on one machine.


def test_trimming_by_offset(log: Log) -> None:
    topic = fresh_topic(log, partitions=2)
    offsets = log.append(topic, [Entry(0, b"%d" % index) for index in range(2_500)])
    log.append(topic, [Entry(1, b"other")])
    log.trim(topic, 0, offsets[2_400])
    log.trim(topic, 0, offsets[2_400])
    log.trim(topic, 0, offsets[3])
    assert log.start_offset(topic, 0) == offsets[2_400]
    assert [record.value for record in read_all(log, topic, step=200)] == [b"%d" % i for i in range(2_400, 2_500)]
    assert [record.value for record in read_all(log, topic, 1)] == [b"other"]
    assert log.offset_at(topic, 0, 0) == offsets[2_400]
    with pytest.raises(OffsetOutOfRangeError):
        log.read(topic, 0, offsets[2_399], max_records=1)


def test_trimming_everything_keeps_the_offsets_going(log: Log) -> None:
    topic = fresh_topic(log)
    offsets = log.append(topic, [Entry(0, b"a"), Entry(0, b"b")])
    log.trim(topic, 0, log.end_offset(topic, 0) + 1_000)
    assert log.start_offset(topic, 0) == log.end_offset(topic, 0) > offsets[-1]
    (later,) = log.append(topic, [Entry(0, b"c")])
    assert later > offsets[-1]
    assert [record.value for record in read_all(log, topic)] == [b"c"]


def test_topics_are_made_once(harness: LogHarness, log: Log) -> None:
    topic = fresh_topic(log, partitions=3)
    log.append(topic, [Entry(2, b"kept")])
    with open_here(harness) as other:
        other.create_topic(topic, 3)
        assert other.partitions(topic) == 3
        with pytest.raises(FatalError, match="3 partitions, not 4"):
            other.create_topic(topic, 4)
    assert len(read_all(log, topic, 2)) == 1


def test_what_is_not_there_is_named(log: Log) -> None:
    topic = fresh_topic(log)
    with pytest.raises(UnknownTopicError, match="no-such-topic"):
        log.partitions("no-such-topic")
    with pytest.raises(UnknownTopicError, match="no-such-topic"):
        log.append("no-such-topic", [Entry(0, b"x")])
    with pytest.raises(UnknownTopicError, match="no-such-topic"):
        log.read("no-such-topic", 0, 0, max_records=1)
    for partition in (-1, 1):
        with pytest.raises(UnknownTopicError, match=topic):
            log.append(topic, [Entry(0, b"ok"), Entry(partition, b"x")])
        with pytest.raises(UnknownTopicError, match=topic):
            log.read(topic, partition, 0, max_records=1)
    assert log.start_offset(topic, 0) == log.end_offset(topic, 0)
    with pytest.raises(UsageError):
        log.create_topic("a b", 1)


def test_the_log_keeps_its_id_and_a_remade_one_has_another(harness: LogHarness, log: Log) -> None:
    fresh_topic(log)
    with open_here(harness) as again:
        assert again.log_id == log.log_id != ""
    harness.replace_log()
    with open_here(harness) as remade:
        assert remade.log_id != log.log_id


def test_closing_twice_is_fine(harness: LogHarness) -> None:
    log = open_here(harness)
    topic = fresh_topic(log)
    subscription = log.subscribe("g", topic)
    subscription.poll(max_records=1, wait_s=0)
    subscription.close()
    subscription.close()
    log.close()
    log.close()
