"""What other processes do to the log in these tests: ``python -m tests.contract.log.workers ROLE URL …``.

Each role prints JSON lines as it goes, so that the test knows what was acknowledged when it kills the process.
"""

from __future__ import annotations

import json
import os
import signal
import sys

from connectors.clock import SystemClock
from connectors.log.open import open_log
from schemas.errors import RetriableError
from schemas.ports.log import Entry, Log


def say(**fields: object) -> None:
    """Print one JSON line at once."""
    print(json.dumps(fields), flush=True)  # noqa: T201


def write(log: Log, topic: str, name: str, groups: int, size: int, padding: int) -> None:
    """Append ``groups`` groups (0: without end) of ``size`` records spread over the partitions, each retried until acked."""
    partitions = log.partitions(topic)
    group = 0
    while group < groups or not groups:
        entries = [
            Entry(index % partitions, f"{name}:{group}:{index}:".encode() + b"x" * padding) for index in range(size)
        ]
        try:
            offsets = log.append(topic, entries)
        except RetriableError as error:
            say(retried=group, error=type(error).__name__)
            continue
        say(group=group, offsets=offsets)
        group += 1


def write_and_stay(log: Log, topic: str, name: str, groups: int, size: int, padding: int) -> None:
    """Append as :func:`write`, and then keep the log open until killed: one that is closed is tidied up."""
    write(log, topic, name, groups, size, padding)
    while True:
        signal.pause()


def read(log: Log, topic: str, partition: int, count: int) -> None:
    """Read ``count`` records from the start of ``partition`` while others write; print name, group and place of each."""
    offset = log.start_offset(topic, partition)
    seen = 0
    while seen < count:
        try:
            records = log.read(topic, partition, offset, max_records=50, wait_s=2.0)
        except RetriableError as error:
            say(retried=offset, error=type(error).__name__)
            continue
        for record in records:
            say(offset=record.offset, value=record.value.decode().rstrip("x"))
            offset = record.offset + 1
        seen += len(records)


def member(log: Log, topic: str, group: str, *, sleeps: bool = False) -> None:
    """Belong to ``group``: print each assignment, the records polled and whether their positions were taken.

    ``sleeps``: stop after the first positions, until somebody lets the process go on. It stops itself, between two calls: in
    the midst of one it might hold a lock of the file, which nobody could write to then.
    """
    subscription = log.subscribe(group, topic)
    held: frozenset[int] | None = None
    while True:
        records = subscription.poll(max_records=20, wait_s=0.2)
        if subscription.assignment() != held:
            held = subscription.assignment()
            say(held=sorted(held))
        if records:
            # Said before their positions are taken: who sees the positions may end this process at once.
            say(records=[(record.partition, record.offset) for record in records])
            taken = subscription.commit({record.partition: record.offset + 1 for record in records})
            say(taken=taken)
            if sleeps:
                sleeps = False
                os.kill(os.getpid(), signal.SIGSTOP)


def main(arguments: list[str]) -> None:
    """Run one role."""
    role, url, topic, *rest = arguments
    with open_log(url, SystemClock()) as log:
        if role == "write":
            name, groups, size, padding = rest
            write(log, topic, name, int(groups), int(size), int(padding))
        elif role == "write-and-stay":
            name, groups, size, padding = rest
            write_and_stay(log, topic, name, int(groups), int(size), int(padding))
        elif role == "read":
            partition, count = rest
            read(log, topic, int(partition), int(count))
        elif role == "member":
            member(log, topic, *rest)
        elif role == "sleeping-member":
            member(log, topic, *rest, sleeps=True)
        else:
            raise SystemExit(f"no role {role!r}")


if __name__ == "__main__":
    main(sys.argv[1:])
