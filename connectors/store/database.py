"""One way to each database: an engine with its safety settings, and transactions that read or that write."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from connectors.store.address import Address
from connectors.store.faults import told_apart

#: The WAL is cut back to this after a checkpoint, so that one large transaction does not leave a large file for ever.
_WAL_LIMIT_BYTES = 64 * 1024 * 1024
#: A process that stands still within a transaction loses it after this, instead of blocking everybody else.
_IDLE_TRANSACTION_S = 60


class Database:
    """Transactions on the database at ``address``.

    ``busy_timeout_s`` bounds every wait: for a lock of another process, for a connection.
    """

    def __init__(self, address: Address, *, busy_timeout_s: float = 10.0) -> None:
        self.address = address
        self._engine = (
            _sqlite_engine(address, busy_timeout_s) if address.is_sqlite else _pg_engine(address, busy_timeout_s)
        )
        self._writer = self._engine.execution_options(tocsin_writes=True)
        # A transaction of SQLite that reads sees one moment anyway.
        self._moment = (
            self._engine if address.is_sqlite else self._engine.execution_options(isolation_level="REPEATABLE READ")
        )

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection within a transaction that writes nothing. Keep it short: an open one holds the WAL."""
        with told_apart(self.address), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def reading_one_moment(self) -> Iterator[Connection]:
        """As :meth:`reading`, and all statements see what the first one saw, whatever is committed meanwhile."""
        with told_apart(self.address), self._moment.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection within a transaction that is committed at the end, or rolled back on any error.

        SQLite takes its one write lock at the start (BEGIN IMMEDIATE), so what is read inside stays true until the commit.
        PostgreSQL runs READ COMMITTED: whoever depends on a row updates it first, on condition, which locks it.
        """
        with told_apart(self.address), self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close the connections that are idle; idempotent."""
        self._engine.dispose()


def _sqlite_engine(address: Address, busy_timeout_s: float) -> Engine:
    engine = create_engine(address.url, connect_args={"timeout": busy_timeout_s}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        assert isinstance(connection, sqlite3.Connection)
        connection.isolation_level = None  # The driver's own idea of when to begin would come too late for us.
        settings = [
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            f"journal_size_limit = {_WAL_LIMIT_BYTES}",
        ]
        if address.max_pages is not None:
            settings.append(f"max_page_count = {address.max_pages}")
        for setting in settings:
            connection.execute(f"PRAGMA {setting}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("tocsin_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _pg_engine(address: Address, busy_timeout_s: float) -> Engine:
    engine = create_engine(
        address.url,
        connect_args={"connect_timeout": max(2, round(busy_timeout_s))},
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,  # A restarted server is noticed when a connection is taken, not in the midst of a commit.
        pool_timeout=busy_timeout_s,
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET lock_timeout = {round(busy_timeout_s * 1000)}")
        cursor.execute(f"SET idle_in_transaction_session_timeout = {_IDLE_TRANSACTION_S * 1000}")
        cursor.execute("SET synchronous_commit = on")
        cursor.close()
        connection.commit()

    return engine
