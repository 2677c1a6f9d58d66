"""The hours of a key as they stood when an event was decided: beside the event, in no hash, for charts only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select

from connectors.store.database import Database
from connectors.store.tables import event_hours
from connectors.store.upsert import insert_all_new
from schemas.errors import FatalError
from schemas.ports.channel import HourBar

_BARS: TypeAdapter[tuple[HourBar, ...]] = TypeAdapter(tuple[HourBar, ...])


class EventHours:
    """Implements :class:`schemas.ports.store.EventHoursStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_event_hours(self, hours: Mapping[str, Sequence[HourBar]]) -> None:
        """Keep the hours of events by their hashes; what is there already stays."""
        rows = [{"event_hash": name, "body": _BARS.dump_json(tuple(bars))} for name, bars in hours.items()]
        if rows:
            with self._database.writing() as connection:
                insert_all_new(connection, event_hours, rows)

    def event_hours(self, event_hash: str) -> Sequence[HourBar]:
        """Return the hours beside an event, oldest first; empty where none were kept."""
        query = select(event_hours.c.body).where(event_hours.c.event_hash == event_hash)
        with self._database.reading() as connection:
            body = connection.execute(query).scalar_one_or_none()
        if body is None:
            return ()
        try:
            return _BARS.validate_json(body)
        except ValidationError as error:
            raise FatalError(
                f"the hours beside event {event_hash[:12]} cannot be read", remedy="bring back the last backup"
            ) from error
