"""Many writers and readers in processes of their own, killed ones among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from schemas.ports.log import Entry, Log
from tests.contract.log.harness import LogHarness, fresh_topic
from tests.contract.log.processes import Line, Worker, workers
from tests.contract.log.test_records import read_all

Start = Callable[..., Worker]


@pytest.fixture
def start() -> Iterator[Start]:
    with workers() as starter:
        yield starter


def acked(lines: list[Line]) -> dict[int, list[int]]:
    """Offsets by group of what a writer was told is durable."""
    return {int(str(line["group"])): list(line["offsets"]) for line in lines if "group" in line}  # type: ignore[call-overload]


def test_writers_and_readers_at_once(harness: LogHarness, log: Log, start: Start) -> None:
    topic = fresh_topic(log, partitions=2)
    groups, size, names = 40, 6, ("a", "b", "c")
    count = groups * size // 2 * len(names)
    readers = [start(harness, "read", topic, partition, count) for partition in (0, 1, 0)]
    writers = {name: start(harness, "write", topic, name, groups, size, 200) for name in names}
    told = {name: acked(writer.finish()) for name, writer in writers.items()}
    stored = {(p, r.offset): r.value.decode().rstrip("x") for p in (0, 1) for r in read_all(log, topic, p, step=100)}
    assert len(stored) == groups * size * len(names)
    for name in names:
        assert len(told[name]) == groups
        for group, offsets in told[name].items():
            for index, offset in enumerate(offsets):
                assert stored[index % 2, offset] == f"{name}:{group}:{index}:"
        for partition in (0, 1):  # What one writer appended stays in its order.
            mine = [v.split(":") for (p, _), v in sorted(stored.items()) if p == partition and v.startswith(name)]
            places = [(int(group), int(index)) for _, group, index, _ in mine]
            assert places == sorted(places)
    for reader, partition in zip(readers, (0, 1, 0), strict=True):
        seen = {(partition, line["offset"]): line["value"] for line in reader.finish() if "value" in line}
        assert seen == {place: value for place, value in stored.items() if place[0] == partition}


def test_a_killed_writer_loses_nothing_acknowledged(harness: LogHarness, log: Log, start: Start) -> None:
    topic = fresh_topic(log)
    for attempt in range(3):
        writer = start(harness, "write", topic, f"w{attempt}", 0, 5, 3_000)
        writer.listen(lambda said: int(str(said.get("group", 0))) >= 20 + 7 * attempt)  # noqa: B023
        told = acked(writer.kill())
        stored = {record.offset: record.value.decode().rstrip("x") for record in read_all(log, topic, step=100)}
        for group, offsets in told.items():
            assert [stored[offset] for offset in offsets] == [f"w{attempt}:{group}:{index}:" for index in range(5)]
        log.append(topic, [Entry(0, b"life goes on")])
