"""A real PostgreSQL for tests; ``python -m tests.services.postgres`` runs one until it is interrupted."""

from tests.services.postgres.binaries import NotAvailableError
from tests.services.postgres.server import PostgresServer

__all__ = ["NotAvailableError", "PostgresServer"]
