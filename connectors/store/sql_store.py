"""The store as the jobs get it: all its parts on one database."""

from __future__ import annotations

from sqlalchemy import select

from connectors.store.database import Database
from connectors.store.deliveries import Deliveries
from connectors.store.event_hours import EventHours
from connectors.store.feeds import Feeds
from connectors.store.heartbeats import Heartbeats
from connectors.store.ledger import Ledger
from connectors.store.pollers import Pollers
from connectors.store.responses import Responses
from connectors.store.rule_sets import RuleSets
from connectors.store.standings import StandingTable
from connectors.store.tables import store_identity


class SqlStore(Ledger, StandingTable, RuleSets, Deliveries, Responses, EventHours, Feeds, Pollers, Heartbeats):
    """Implements :class:`schemas.ports.store.Store` on SQLite and PostgreSQL.

    Threads may share one; a process that forks opens its own.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        with database.reading() as connection:
            self._store_id = str(connection.execute(select(store_identity.c.store_id)).scalar_one())

    @property
    def store_id(self) -> str:
        """32 hex digits made when the store was made."""
        return self._store_id

    def close(self) -> None:
        """Release connections; idempotent."""
        self._database.close()
