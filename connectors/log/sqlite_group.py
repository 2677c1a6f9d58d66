"""Consumer groups of the SQLite log: members share the partitions by leases, positions are committed under the lease."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from connectors.log.limits import clock_ms
from connectors.log.sqlite_file import LogFile
from schemas.clock import Clock
from schemas.errors import FatalError, ForeignLogError, LogFullError, LogUnavailableError
from schemas.ports.log import LogRecord

_LONGEST_NAP_S = 0.05
#: What one poll returns at most, besides a single record that is larger.
_POLL_BYTES = 16_777_216


class _PartitionReader(Protocol):
    """What a subscription needs of its log."""

    def read_now(
        self, topic: str, partition: int, offset: int, *, max_records: int, max_bytes: int
    ) -> Sequence[LogRecord]: ...

    def start_offset(self, topic: str, partition: int) -> int: ...


class Share(NamedTuple):
    """A member's share of the partitions: held before and still, held from now on, and whether more is to come."""

    kept: frozenset[int]
    taken: frozenset[int]
    awaits_more: bool
    positions: Mapping[int, int]


class GroupTable:
    """Members, leases and positions of all groups, in the log's own file.

    Members and leases expire by the wall clock, which all processes of a machine share. A wrong clock can only move
    partitions about: what is committed is guarded by the lease's row, not by a time.
    """

    def __init__(self, file: LogFile) -> None:
        self._file = file

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """Return the positions of a group by partition; :raises ForeignLogError:"""
        with self._file.reading() as connection:
            return self._positions(connection, group, topic)

    def share(self, group: str, topic: str, partitions: int, member: str, now_ms: int, lease_s: float) -> Share:
        """Renew ``member`` and take, keep or give back partitions so that live members hold equal shares.

        A partition is taken only once its holder has given it back or is no longer alive.
        """
        expires_ms = now_ms + int(lease_s * 1000)
        with self._file.writing() as connection:
            # An expiry further away than any renewal can set comes from a clock that was ahead; it counts as past.
            connection.execute(
                "DELETE FROM member WHERE consumer_group = ? AND topic = ? AND expires_ms NOT BETWEEN ? AND ?",
                (group, topic, now_ms, now_ms + 10 * int(lease_s * 1000)),
            )
            connection.execute("INSERT OR REPLACE INTO member VALUES (?, ?, ?, ?)", (group, topic, member, expires_ms))
            members = [
                name
                for (name,) in connection.execute(
                    "SELECT member_id FROM member WHERE consumer_group = ? AND topic = ? ORDER BY member_id",
                    (group, topic),
                )
            ]
            holders = self._holders(connection, group, topic)
            kept, taken, awaited = set(), set(), False
            for partition in range(partitions):
                mine = members[partition % len(members)] == member
                holder = holders.get(partition)
                if mine and holder == member:
                    kept.add(partition)
                elif mine and holder in members:
                    awaited = True
                elif mine:
                    taken.add(partition)
                elif holder == member:
                    self._release(connection, group, topic, member, [partition])
            connection.executemany(
                "INSERT OR REPLACE INTO lease VALUES (?, ?, ?, ?)",
                [(group, topic, partition, member) for partition in taken],
            )
            return Share(frozenset(kept), frozenset(taken), awaited, self._positions(connection, group, topic))

    def commit(self, group: str, topic: str, member: str, offsets: Mapping[int, int]) -> bool:
        """Set positions if ``member`` holds all these partitions; else change nothing and return False."""
        with self._file.writing() as connection:
            holders = self._holders(connection, group, topic)
            if any(holders.get(partition) != member for partition in offsets):
                return False
            self._store(connection, group, topic, offsets)
            return True

    def commit_unread(self, group: str, topic: str, offsets: Mapping[int, int], now_ms: int, lease_s: float) -> None:
        """Set positions of a group without live members; :raises FatalError: it has some."""
        with self._file.writing() as connection:
            (alive,) = connection.execute(
                "SELECT count(*) FROM member WHERE consumer_group = ? AND topic = ? AND expires_ms BETWEEN ? AND ?",
                (group, topic, now_ms, now_ms + 10 * int(lease_s * 1000)),
            ).fetchone()
            if alive:
                raise FatalError(
                    f"group {group!r} is reading {topic!r} now ({alive} members); its position was not changed",
                    remedy=f"Stop its jobs; after {lease_s:g} s without a sign of them the position can be set.",
                )
            # A member that was only stopped for long must find its partitions gone, not overwrite this.
            connection.execute("DELETE FROM lease WHERE consumer_group = ? AND topic = ?", (group, topic))
            self._store(connection, group, topic, offsets)

    def leave(self, group: str, topic: str, member: str) -> None:
        """Give everything back at once."""
        with self._file.writing() as connection:
            connection.execute(
                "DELETE FROM member WHERE consumer_group = ? AND topic = ? AND member_id = ?", (group, topic, member)
            )
            self._release(connection, group, topic, member, self._holders(connection, group, topic))

    def _holders(self, connection: sqlite3.Connection, group: str, topic: str) -> dict[int, str]:
        return dict(
            connection.execute(
                "SELECT partition, member_id FROM lease WHERE consumer_group = ? AND topic = ?", (group, topic)
            ).fetchall()
        )

    def _release(
        self, connection: sqlite3.Connection, group: str, topic: str, member: str, partitions: Iterable[int]
    ) -> None:
        connection.executemany(
            "DELETE FROM lease WHERE consumer_group = ? AND topic = ? AND partition = ? AND member_id = ?",
            [(group, topic, partition, member) for partition in partitions],
        )

    def _positions(self, connection: sqlite3.Connection, group: str, topic: str) -> dict[int, int]:
        rows = connection.execute(
            "SELECT partition, next_offset, log_id FROM position WHERE consumer_group = ? AND topic = ?",
            (group, topic),
        ).fetchall()
        for partition, offset, log_id in rows:
            if log_id != self._file.log_id:
                raise ForeignLogError(
                    f"group {group!r} has committed offset {offset} of {topic}/{partition} for the log {log_id};"
                    f" {self._file.path} is the log {self._file.log_id}",
                    remedy="Open the log it belongs to, or set the group's position anew for this one.",
                )
        return {partition: offset for partition, offset, _ in rows}

    def _store(self, connection: sqlite3.Connection, group: str, topic: str, offsets: Mapping[int, int]) -> None:
        connection.executemany(
            "INSERT OR REPLACE INTO position VALUES (?, ?, ?, ?, ?)",
            [(group, topic, partition, offset, self._file.log_id) for partition, offset in offsets.items()],
        )


class SqliteSubscription:
    """:class:`~schemas.ports.log.Subscription` on the SQLite log. Partitions move only inside :meth:`poll`."""

    def __init__(
        self,
        log: _PartitionReader,
        groups: GroupTable,
        clock: Clock,
        group: str,
        topic: str,
        partitions: int,
        lease_s: float,
    ) -> None:
        self._log = log
        self._groups = groups
        self._clock = clock
        self._group = group
        self._topic = topic
        self._partitions = partitions
        self._lease_s = lease_s
        self._member = f"{os.getpid()}-{uuid.uuid4().hex}"
        self._next: dict[int, int] = {}
        self._floor: dict[int, int] = {}
        self._share_again_s = float("-inf")
        self._turn = 0
        self._closed = False

    def poll(self, *, max_records: int, wait_s: float) -> Sequence[LogRecord]:
        """Return records of the partitions held now; partitions are taken and given back only here."""
        deadline_s = time.monotonic() + wait_s
        nap_s = 0.001
        while True:
            if time.monotonic() >= self._share_again_s:
                self._share()
            records = self._take(max_records)
            left_s = deadline_s - time.monotonic()
            if records or left_s <= 0 or max_records <= 0:
                return records
            time.sleep(min(nap_s, left_s))
            nap_s = min(nap_s * 2, _LONGEST_NAP_S)

    def commit(self, offsets: Mapping[int, int]) -> bool:
        """Set positions if all these partitions are held here and none goes back; else change nothing: False."""
        # Below the floor: read in an earlier assignment, and another member has gone on from there since.
        backwards = any(offset < self._floor.get(partition, offset + 1) for partition, offset in offsets.items())
        if backwards or not self._groups.commit(self._group, self._topic, self._member, offsets):
            # The caller forgets what it read, so whatever stays here is read again from the committed positions.
            self._next.clear()
            self._floor.clear()
            self._share_again_s = float("-inf")
            return False
        self._floor.update(offsets)
        return True

    def assignment(self) -> frozenset[int]:
        """Return the partitions held as of the last poll."""
        return frozenset(self._next)

    def close(self) -> None:
        """Give the partitions back at once."""
        if self._closed:
            return
        self._closed = True
        self._next.clear()
        self._floor.clear()
        # A log that cannot be written now needs no leave-taking: the leases run out by themselves.
        with contextlib.suppress(LogUnavailableError, LogFullError):
            self._groups.leave(self._group, self._topic, self._member)

    def _share(self) -> None:
        share = self._groups.share(
            self._group, self._topic, self._partitions, self._member, clock_ms(self._clock), self._lease_s
        )
        for partition in set(self._next) - share.kept:
            del self._next[partition]
            del self._floor[partition]
        for partition in (share.kept | share.taken) - set(self._next):
            start = share.positions.get(partition)
            self._next[partition] = self._log.start_offset(self._topic, partition) if start is None else start
            self._floor[partition] = self._next[partition]
        self._share_again_s = time.monotonic() + self._lease_s / (10 if share.awaits_more else 3)

    def _take(self, max_records: int) -> list[LogRecord]:
        """Read from the partitions held, each call beginning with another one."""
        held = sorted(self._next)
        records: list[LogRecord] = []
        left_bytes = _POLL_BYTES
        self._turn += 1
        for index in range(len(held)):
            partition = held[(self._turn + index) % len(held)]
            if len(records) >= max_records or left_bytes <= 0:
                break
            found = self._log.read_now(
                self._topic,
                partition,
                self._next[partition],
                max_records=max_records - len(records),
                max_bytes=left_bytes,
            )
            if found:
                records.extend(found)
                left_bytes -= sum(len(record.value) for record in found)
                self._next[partition] = found[-1].offset + 1
        return records
