"""How much room is left where log and store lie ──judge──▶ a note before it is gone, and one when there is room again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.explanation.service_note import enough_room_note, little_room_note
from schemas.ports.channel import Message

#: Its row among the signs of life: whether people were told, so that a restart does not tell it again.
JOB = "watchdog-room"

#: With less than this left the log and the store could not go on for long.
LEAST_FREE_BYTES = 500_000_000

#: People hear of it so many days before the disk is full, as fast as it fills.
_DAYS_AHEAD = 2.0

#: Over less time than this nothing is said of how fast it fills: the first hours read what waited.
_LEAST_LOOKED = timedelta(days=1)

#: There is room again where so many times as much is left as there should be.
_AGAIN = 1.1

Told = Mapping[str, str | int | float]

#: A message, and what is remembered once somebody has got it.
News = tuple[Message, dict[str, str | int | float]]


@dataclass(frozen=True)
class Room:
    """``free_bytes`` of the fullest disk concerned, ``used_bytes`` of everything that the watch keeps there."""

    free_bytes: int
    used_bytes: int


class RoomWatch:
    """Judges how much room there should be, the more the faster the watch itself has filled it since its first look."""

    def __init__(self) -> None:
        self._first: tuple[datetime, int] | None = None

    def note(self, room: Room, now: datetime, told: Told) -> News | None:
        """Return what people must hear, given what they were ``told``; None where nothing is new."""
        a_day = self._a_day(room, now)
        wanted = max(float(LEAST_FREE_BYTES), _DAYS_AHEAD * (a_day or 0.0))
        if told.get("little") == 1:
            if room.free_bytes < _AGAIN * wanted:
                return None
            return enough_room_note(room.free_bytes, thread=str(told["occasion"])), {"little": 0}
        if room.free_bytes >= wanted:
            return None
        occasion = f"room {now.isoformat()}"
        return little_room_note(room.free_bytes, a_day, occasion=occasion), {"little": 1, "occasion": occasion}

    def _a_day(self, room: Room, now: datetime) -> float | None:
        """Return by how many bytes what the watch keeps grows a day; None before that can be said."""
        if self._first is None:
            self._first = (now, room.used_bytes)
        since, used = self._first
        if now - since < _LEAST_LOOKED:
            return None
        return max(0.0, (room.used_bytes - used) / ((now - since) / timedelta(days=1)))
