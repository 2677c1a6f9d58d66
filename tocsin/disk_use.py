"""How much room log, store, snapshots and archive take, and how much is left where they lie."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.notifying.room import LEAST_FREE_BYTES, Room
from schemas.plain_text import shown_bytes
from tocsin.settings import Workplace


@dataclass(frozen=True)
class DiskUse:
    """``used_bytes`` by what it is; what lies on a server is absent. ``free_bytes`` of the fullest disk concerned."""

    used_bytes: Mapping[str, int]
    free_bytes: int

    @property
    def room(self) -> Room:
        """The same for the watchdog."""
        return Room(self.free_bytes, sum(self.used_bytes.values()))

    @property
    def problems(self) -> list[str]:
        """What a person must see to."""
        if self.free_bytes >= LEAST_FREE_BYTES:
            return []
        return [f"only {shown_bytes(self.free_bytes)} are free on the disk: make room before the log cannot be written"]


def disk_use(workplace: Workplace) -> DiskUse:
    """Return what the settings' files and folders take."""
    settings = workplace.settings
    places = {"snapshots": workplace.path(settings.snapshots), "archive": workplace.path(settings.archive)}
    for name, url in (("log", settings.log), ("store", settings.store)):
        path = file_of(workplace, url)
        if path is not None:
            places[name] = path
    used = {name: _size(path) for name, path in sorted(places.items())}
    roots = {_existing(path) for path in places.values()}
    return DiskUse(used, min(shutil.disk_usage(root).free for root in roots))


def file_of(workplace: Workplace, url: str) -> Path | None:
    """Return the file a ``sqlite:///`` URL names; None for a server."""
    full = workplace.url(url)
    return Path(full.removeprefix("sqlite:///").partition("?")[0]) if full.startswith("sqlite:///") else None


def _size(path: Path) -> int:
    """Return the bytes of a file with its WAL, or of everything in a folder; files that go meanwhile count nothing."""
    if path.is_dir():
        return sum(_file_size(Path(folder) / name) for folder, _, names in os.walk(path) for name in names)
    return sum(_file_size(path.with_name(path.name + end)) for end in ("", "-wal", "-shm"))


def _file_size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _existing(path: Path) -> Path:
    return next(place for place in (path, *path.absolute().parents) if place.exists())
