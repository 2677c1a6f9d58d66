"""The newest migrations on a real PostgreSQL that holds rows of before, while a program of before goes on writing them."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import cast

import psycopg
import pytest

from connectors.store.address import parse_address
from connectors.store.database import Database
from connectors.store.open import migrate, open_store
from connectors.store.schema_version import _upgrade
from connectors.store.tables import SCHEMA_VERSION
from schemas.alert_event import ChainHead, Decision, Provenance
from schemas.ids import EPOCH, canonical_json
from schemas.ports.pollers import FeedTimes, PollerEntry, PollProgress
from schemas.ports.store import DeciderHead, FeedRow, LedgerStore
from schemas.reasons import EventKind, FeedState
from tests.contract.store.scribe import LOG_ID, START, Scribe
from tests.contract.store.test_standings import check

#: The newest version whose tables the program below writes.
_BEFORE = "0004"

#: A feed that the program of now polls beside it.
_OURS = FeedRow(feed_id="ours", url="https://ours.example/rss", state=FeedState.OK, cursor='{"etag":1}')
_HOUR = timedelta(hours=1)

#: Commits to wait for: before the migration begins, and after it has ended.
_COMMITS = 15


class ProgramOfBefore:
    """A decider that knows the tables of version 4 alone, by its own statements; one connection, as a process has it."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)

    def decider_head(self) -> DeciderHead | None:
        """Return where it stands."""
        row = self._connection.execute("SELECT next_offset, events FROM decider_head").fetchone()
        if row is None:
            return None
        return DeciderHead(log_id=LOG_ID, next_offset=row[0], engine_version="1", events=row[1])

    def chain_heads(self) -> Mapping[str, ChainHead]:
        """Return the ends of the chains."""
        rows = self._connection.execute("SELECT rule, seq, hash FROM chain_heads").fetchall()
        return {rule: ChainHead(rule=rule, seq=seq, hash=name) for rule, seq, name in rows}

    def commit_decisions(
        self,
        *,
        expected: DeciderHead | None,
        head: DeciderHead,
        decisions: Sequence[tuple[Decision, Provenance]],
        notify: bool = True,
    ) -> None:
        """Write as that program wrote."""
        before = expected.events if expected else 0
        with self._connection.transaction():
            if expected is None:
                self._connection.execute(
                    "INSERT INTO decider_head VALUES (1, %s, %s, '1', '', 0, %s)",
                    (LOG_ID, head.next_offset, head.events),
                )
            else:
                moved = self._connection.execute(
                    "UPDATE decider_head SET next_offset = %s, events = %s WHERE next_offset = %s AND events = %s",
                    (head.next_offset, head.events, expected.next_offset, before),
                )
                assert moved.rowcount == 1
            for position, (decision, written) in enumerate(decisions, start=before + 1):
                event, name = decision.event, decision.event.chain_hash()
                body = canonical_json(event.model_dump(mode="json"))
                values = (
                    position,
                    event.rule,
                    event.seq,
                    event.alert_id,
                    event.previous,
                    name,
                    body,
                    written.log_offset,
                )
                self._connection.execute("INSERT INTO events VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 'h', 0)", values)
                self._connection.execute(
                    "INSERT INTO chain_heads VALUES (%s, %s, %s) ON CONFLICT (rule) DO UPDATE SET seq = %s, hash = %s",
                    (event.rule, event.seq, name, event.seq, name),
                )
                self._connection.execute("INSERT INTO outbox VALUES (%s)", (position,))

    def add_rule_set(self, number: int) -> None:
        """Keep a rule set, in a table that the migration changes."""
        self._connection.execute(
            "INSERT INTO rule_sets (rules_hash, text, compiled, activated_at_us, author, comment, log_offset)"
            " VALUES (%s, 'rules: []', '{}', 0, 'ann', '', %s)",
            (f"h{number}", number),
        )

    def poll(self, number: int) -> None:
        """Keep a feed and when it is to be polled again, as the poller of that program does each time nothing is new."""
        if not number:
            values = "('before', 'https://before.example/rss', 'ok', '', '{}', '', 0, 7)"
            names = "feed_id, url, state, state_reason, cursor, last_error, consecutive_failures, items_seen"
            self._connection.execute(f"INSERT INTO feeds ({names}) VALUES {values}")
        times = (number + 1, number, "before")
        move = "UPDATE feeds SET next_poll_at_us = %s, last_success_at_us = %s WHERE feed_id = %s"
        self._connection.execute(move, times)

    def close(self) -> None:
        """End."""
        self._connection.close()


class Writing:
    """The program of before at work in a thread: alerts open, grow and end, and rule sets are kept."""

    def __init__(self, url: str) -> None:
        self._program = ProgramOfBefore(url)
        self._scribe = Scribe(cast("LedgerStore", self._program))
        self._stop = threading.Event()
        self._committed = threading.Condition()
        self.commits = 0
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._commit(self.commits)
                with self._committed:
                    self.commits += 1
                    self._committed.notify_all()
        except BaseException as error:  # noqa: BLE001 — told to the test, which raises it
            self.failure = error
        finally:
            self._program.close()

    def _commit(self, number: int) -> None:
        key = f"K{number}"
        decided = [self._scribe.decide("a", key=key), self._scribe.decide("b", key=key, event=EventKind.PENDING)]
        if number % 3:
            decided.append(self._scribe.decide("a", key=key, event=EventKind.RESOLVED))
        if number % 5 == 0:
            decided.append(self._scribe.decide("b", key=key, event=EventKind.BLIND))
        self._scribe.commit(*decided)
        self._program.add_rule_set(number)
        self._program.poll(number)

    def wait(self, commits: int) -> None:
        """Wait for so many more commits."""
        with self._committed:
            wanted = self.commits + commits
            assert self._committed.wait_for(lambda: self.commits >= wanted or self.failure, timeout=120)

    def end(self) -> None:
        """Let it end; raise what kept it from its work."""
        self._stop.set()
        self._thread.join()
        if self.failure is not None:
            raise self.failure


@pytest.mark.postgres
def test_nothing_is_lost_nor_read_wrong(empty_postgres_url: str) -> None:
    database = Database(parse_address(empty_postgres_url))
    with database.writing() as connection:
        _upgrade(connection, _BEFORE)
    database.close()
    writing = Writing(empty_postgres_url)
    try:
        writing.wait(_COMMITS)
        assert migrate(empty_postgres_url).current == _BEFORE
        assert migrate(empty_postgres_url).current == SCHEMA_VERSION
        writing.wait(_COMMITS)
        store = open_store(empty_postgres_url)
        store.save_feeds([_OURS])
        told = store.stored_standings().position
        assert 0 < told < len(list(store.events())), "it went on writing, and told the table nothing"
        seen = store.feed_rows()["before"].last_success_at
        writing.wait(1)
        again = store.feed_rows()["before"].last_success_at
        assert seen is not None
        assert again is not None
        assert again > seen, "it went on polling"
    finally:
        writing.end()
    theirs = store.feed_rows()["before"]
    polled = EPOCH + timedelta(microseconds=writing.commits - 1)
    assert (theirs.last_success_at, theirs.next_poll_at) == (polled, polled + timedelta(microseconds=1))
    later = PollProgress(times=[FeedTimes("before", polled + _HOUR, polled), FeedTimes("ours", START, START)])
    store.renew_poller(PollerEntry(poller="one", instance="1", until=START, settled_until=START), now=EPOCH, first=True)
    assert store.save_polls(later, poller="one", instance="1", names=[])
    assert store.feed_rows() == {
        "before": theirs.model_copy(update={"next_poll_at": polled + _HOUR}),
        "ours": _OURS.model_copy(update={"next_poll_at": START, "last_success_at": START}),
    }
    check(store)
    assert [row.hash for row in store.stored_events()] == [event.chain_hash() for event in store.events()]
    kept = store.rule_sets()
    assert [one.rules_hash for one in kept] == [f"h{number}" for number in range(writing.commits)]
    assert not any(one.deferred or one.ready_offset is not None for one in kept)
    scribe = Scribe(store)
    scribe.commit(scribe.decide("a", key="new"))  # The program of now takes over.
    assert store.stored_standings().position == len(list(store.events()))
    check(store)
    store.close()
