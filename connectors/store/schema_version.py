"""Which version of the tables a database has, which one this program needs, and the way from the one to the other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, MetaData, Table, inspect, select, text

from connectors.store.address import Address, parse_address
from connectors.store.database import Database
from connectors.store.standings import tell_standings
from connectors.store.tables import SCHEMA_VERSION, VERSION_TABLE
from schemas.errors import FatalError, UsageError

_MIGRATIONS = Path(__file__).parent / "migrations"
#: Names our migrating among the advisory locks of a PostgreSQL server; any constant does.
_LOCK = 7_236_190_482


@dataclass(frozen=True)
class SchemaVersions:
    """``current`` is None where the database holds no store yet. Versions are four digits; later ones are larger."""

    current: str | None
    needed: str = SCHEMA_VERSION

    @property
    def is_current(self) -> bool:
        """Whether this program can work on the database as it is."""
        return self.current == self.needed


def check_schema(url: str) -> SchemaVersions:
    """Return the version of the database at ``url`` and the one this program needs; nothing is changed.

    :raises UsageError: ``url`` is no address of a store.
    :raises FatalError: the database was written by a newer program, or is damaged.
    :raises StoreUnavailableError: it cannot be reached.
    """
    address = parse_address(url)
    if address.path is not None and not address.path.exists():
        return SchemaVersions(None)
    database = Database(address)
    try:
        return versions_of(database)
    finally:
        database.close()


def migrate(url: str) -> SchemaVersions:
    """Bring the database at ``url`` to the version this program needs, all or nothing; return what it had before.

    Several processes may do it at once: one does, the others wait and find it done. Errors as :func:`check_schema`.
    """
    database = Database(parse_address(url))
    try:
        return migrate_database(database)
    finally:
        database.close()


def versions_of(database: Database) -> SchemaVersions:
    """Return the versions of ``database``; :raises FatalError: it is newer than this program."""
    with database.reading() as connection:
        return _checked(connection, database.address)


def migrate_database(database: Database) -> SchemaVersions:
    """Do :func:`migrate` on an open ``database``."""
    require_folder(database.address)
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        before = _checked(connection, database.address)
        if not before.is_current:
            _upgrade(connection)
            tell_standings(connection)
    return before


def require_folder(address: Address) -> None:
    """:raises UsageError: the folder of a SQLite store is not there."""
    if address.path is not None and not address.path.parent.is_dir():
        raise UsageError(
            f"the folder of the store {address.name} does not exist",
            remedy=f"make it (mkdir -p {address.path.parent}), or name another file in the settings",
        )


def _checked(connection: Connection, address: Address) -> SchemaVersions:
    current = _read_version(connection)
    if current is not None and current > SCHEMA_VERSION:
        raise FatalError(
            f"the store {address.name} has schema {current}, this program knows schemas up to {SCHEMA_VERSION}",
            remedy="it was written by a newer Tocsin: upgrade this one, or restore a backup from before",
        )
    return SchemaVersions(current)


def _read_version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    table = Table(VERSION_TABLE, MetaData(), autoload_with=connection)
    found: str | None = connection.execute(select(table.c.version_num)).scalar_one_or_none()
    return found


def _upgrade(connection: Connection, version: str = "head") -> None:
    # Half a second of imports that a store of the right version never needs.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, version)
