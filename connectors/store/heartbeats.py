"""Signs of life, one row a job."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from connectors.store.database import Database
from connectors.store.tables import heartbeats
from connectors.store.upsert import insert_or_replace
from schemas.ids import canonical_json


class Heartbeats:
    """Implements :class:`schemas.ports.store.HeartbeatStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def beat(self, job: str, *, at: datetime, detail: Mapping[str, str | int | float]) -> None:
        """Record that ``job`` advanced at ``at``; its previous beat is replaced."""
        row = {"job": job, "at_us": at, "detail": canonical_json(detail).decode()}
        with self._database.writing() as connection:
            insert_or_replace(connection, heartbeats, [row])

    def heartbeats(self) -> Mapping[str, tuple[datetime, Mapping[str, str | int | float]]]:
        """Return per job the last sign of life and its detail."""
        with self._database.reading() as connection:
            rows = connection.execute(select(heartbeats).order_by(heartbeats.c.job)).mappings().all()
        return {row["job"]: (row["at_us"], json.loads(row["detail"])) for row in rows}
