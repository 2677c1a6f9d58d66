"""Two statements the databases spell alike and SQLAlchemy does not: insert what is new, insert or replace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any  # The values of a row, whose types the table knows.

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Row = Mapping[str, Any]


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def insert_new(connection: Connection, table: Table, row: Row) -> bool:
    """Insert ``row`` unless one with its key is there (or just being written); return whether it was inserted."""
    insert = _insert(connection, table).values(dict(row)).on_conflict_do_nothing()
    # SQLAlchemy forgets the count of an INSERT unless told otherwise; psycopg then answers -1.
    return connection.execute(insert, execution_options={"preserve_rowcount": True}).rowcount == 1


def insert_all_new(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert those of ``rows`` whose key is not there."""
    if rows:
        connection.execute(_insert(connection, table).on_conflict_do_nothing(), [dict(row) for row in rows])


def insert_or_replace(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert ``rows``; a row with the same primary key gets all their values."""
    if not rows:
        return
    key = [column.name for column in table.primary_key]
    statement = _insert(connection, table)
    changed = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in key}
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changed), [dict(row) for row in rows])
