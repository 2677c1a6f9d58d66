"""Opens the store by its URL; the only way in for jobs and commands."""

from __future__ import annotations

from connectors.store.address import parse_address
from connectors.store.database import Database
from connectors.store.schema_version import (
    SchemaVersions,
    check_schema,
    migrate,
    migrate_database,
    require_folder,
    versions_of,
)
from connectors.store.sql_store import SqlStore
from schemas.errors import FatalError
from schemas.ports.store import Store

__all__ = ["SchemaVersions", "check_schema", "migrate", "open_store"]


def open_store(url: str, *, migrate: bool = True, busy_timeout_s: float = 10.0) -> Store:
    """Open the store at ``url`` (``sqlite:///path`` or ``postgresql://…``), made or brought up to date if ``migrate``.

    ``busy_timeout_s`` bounds the wait for a lock of another process and for a connection.

    :raises UsageError: ``url`` is no address of a store, or its folder does not exist.
    :raises FatalError: written by a newer program; or older (or no store at all) and ``migrate`` is false; or damaged.
    :raises StoreUnavailableError: it cannot be reached or is locked.
    :raises StoreFullError: no space for its tables.
    """
    address = parse_address(url)
    require_folder(address)
    if address.path is not None and not migrate and not address.path.exists():
        raise FatalError(f"there is no store {address.name}", remedy="`tocsin db migrate` makes it")
    database = Database(address, busy_timeout_s=busy_timeout_s)
    try:
        versions = versions_of(database)
        if not versions.is_current:
            if not migrate:
                raise FatalError(
                    f"the store {address.name} has schema {versions.current or 'none'}, this program needs {versions.needed}",
                    remedy="stop the jobs and run `tocsin db migrate`",
                )
            migrate_database(database)
        return SqlStore(database)
    except BaseException:
        database.close()
        raise
