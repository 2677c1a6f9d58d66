"""How far a share of the rules of a replay has been decided, in files: a killed replay goes on from there.

    each decision ──▶ events, in memory ─┐
    a day is over, some seconds spent ───┴▶ events appended, snapshot of the engine, then the place that names both
                                            │
    the same replay again ◀──events, engine─┘

The place is exchanged last and as a whole, so it never names what is not on the disk. What it names is checked before it is
used. A disk that refuses costs only this: the replay goes on without.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from alerts.engine import Engine
from alerts.engine_state import restore, snapshot
from pipelines.replay.worker_processes import Message
from pipelines.snapshots import read_snapshot, remove_old_snapshots, snapshot_path, write_snapshot
from pipelines.stepping import Begin, begun_with
from schemas.errors import BrokenRecordError, FatalError, StoreFullError
from schemas.model import Part

logger = logging.getLogger(__name__)

#: Seconds of processor between two snapshots, and what one may take of them before they become rarer: 4 %.
EVERY_S = 5.0
_MOST_OF_IT = 0.04

_EVENTS, _PLACE = "events.jsonl", "place.json"


class _Place(Part):
    """What the file of the place says: nothing of it holds where the ``key`` is another's."""

    key: str
    day: date
    number: int
    events_bytes: int
    events: str  # SHA-256, 64 hex digits, as that of the snapshot
    snapshot: str


@dataclass(frozen=True)
class Place:
    """Everything before ``day`` is decided: ``number`` records. ``events`` are what came of them, as they were told, and
    ``begin`` makes the engine that has taken them in, equal each time."""

    day: date
    number: int
    events: tuple[Message, ...]
    begin: Begin


class UnfinishedShare:
    """The files in ``folder`` of one share of one replay, named by ``key``; one process at a time works with them.

    ``spent_s`` says how many seconds of processor went by, ``every_s`` how many lie between two snapshots at least; 0: one
    at the end of every day.
    """

    def __init__(self, folder: Path, key: str, spent_s: Callable[[], float], every_s: float = EVERY_S) -> None:
        self._folder = folder
        self._key = key
        self._spent_s = spent_s
        self._every_s = every_s
        self._pause_s = every_s
        self._since_s = spent_s()
        self._held: list[bytes] = []
        self._written = 0  # bytes of events that the place names
        self._hash = hashlib.sha256()
        self._refused = False

    def day(self) -> date | None:
        """Return the first day that is not decided, as the files say; None where there are none of this replay."""
        place = self._read_place()
        return None if place is None else place.day

    def go_on(self, make: Begin = Engine) -> Place | None:
        """Return the place to go on from; None where there is none, or its files are not what it names.

        ``make`` makes an engine of the kind that is wanted, before its first record.
        """
        place = self._read_place()
        if place is None:
            return None
        try:
            with (self._folder / _EVENTS).open("rb") as file:
                events = file.read(place.events_bytes)
            hashed = hashlib.sha256(events)
            if hashed.hexdigest() != place.events:
                raise BrokenRecordError("its events are not those that were written")
            begin = self._beginning(place.number, place.snapshot, make)
            engine = begin()
        except (OSError, FatalError, BrokenRecordError) as error:
            logger.warning("what a replay left in %s cannot be used, it begins anew: %s", self._folder, error)
            return None
        self._written, self._hash = place.events_bytes, hashed
        told = tuple(json.loads(line) for line in events.splitlines())
        return Place(place.day, place.number, told, begun_with(engine, begin))

    def note(self, event: Message) -> None:
        """Take note of what was decided since the place."""
        self._held.append(json.dumps(event).encode() + b"\n")

    def day_ended(self, engine: Engine, following: date, number: int, make: Begin = Engine) -> Place | None:
        """Keep all that was decided before the day ``following``, ``number`` records, if it is time; return the new place.

        Its events are left out: whoever decides has told them. ``make`` as in :meth:`go_on`.
        """
        began_s = self._spent_s()
        if self._refused or began_s - self._since_s < self._pause_s:
            return None
        try:
            digest = self._keep(snapshot(engine), following, number)
        except (OSError, StoreFullError) as error:
            self._refused = True
            logger.warning("this replay cannot be gone on with when it is stopped: %s", error)
            return None
        self._since_s = self._spent_s()
        if self._every_s:
            self._pause_s = max(self._every_s, (self._since_s - began_s) / _MOST_OF_IT)
        return Place(following, number, (), self._beginning(number, digest, make))

    def _keep(self, state: bytes, following: date, number: int) -> str:
        self._folder.mkdir(parents=True, exist_ok=True)
        added = b"".join(self._held)
        path = self._folder / _EVENTS
        with path.open("r+b" if self._written else "wb") as file:
            file.truncate(self._written)  # Whatever a killed process wrote behind it, nothing names.
            file.seek(self._written)
            file.write(added)
            file.flush()
            os.fsync(file.fileno())
        written, hashed = self._written + len(added), self._hash.copy()
        hashed.update(added)
        digest = write_snapshot(self._folder, number, state)  # It makes the folder durable too, and what is new in it.
        place = _Place(
            key=self._key,
            day=following,
            number=number,
            events_bytes=written,
            events=hashed.hexdigest(),
            snapshot=digest,
        )
        unfinished = self._folder / f"{_PLACE}.tmp"
        with unfinished.open("w", encoding="utf-8") as file_of_place:
            file_of_place.write(place.model_dump_json())
            file_of_place.flush()
            os.fsync(file_of_place.fileno())
        unfinished.replace(self._folder / _PLACE)
        self._written, self._hash = written, hashed
        self._held.clear()
        remove_old_snapshots(self._folder, number, digest)
        return digest

    def _beginning(self, number: int, digest: str, make: Begin) -> Begin:
        def begin() -> Engine:
            state = read_snapshot(self._folder, number, digest)
            if state is None:
                path = snapshot_path(self._folder, number, digest)
                raise FatalError(f"the snapshot {path} is gone or damaged", remedy="start again, with --fresh")
            return restore(state, make)

        return begin

    def _read_place(self) -> _Place | None:
        try:
            place = _Place.model_validate_json((self._folder / _PLACE).read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            logger.warning("what a replay left in %s cannot be read, it begins anew: %s", self._folder, error)
            return None
        return place if place.key == self._key else None
