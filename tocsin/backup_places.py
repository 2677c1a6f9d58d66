"""Where the parts of a folder lie that a backup takes: only files can be copied together, servers have their own ways."""

from __future__ import annotations

from pathlib import Path

from pipelines.backup import Places
from schemas.errors import UsageError
from tocsin.disk_use import file_of
from tocsin.settings import FILE_NAME, Workplace

_KAFKA = (
    "the log is on Kafka, which keeps copies by replication: keep its topics on three brokers, or mirror them, and keep the"
    " archive folder; the store goes by `pg_dump`, before the log is mirrored, so that it is never ahead of it"
)
_POSTGRESQL = (
    "the store is on PostgreSQL: `pg_dump` it first, then copy the log with `sqlite3 LOG '.backup COPY'`, so that the store is"
    " never ahead of it, and the folder of snapshots last"
)


def places_of(workplace: Workplace, files: dict[str, Path]) -> Places:
    """Return where log, store and snapshots lie; :raises UsageError: one is on a server: what to do there."""
    settings = workplace.settings
    log, store = file_of(workplace, settings.log), file_of(workplace, settings.store)
    if log is None:
        raise UsageError("a log on a server is not copied here", remedy=_KAFKA)
    if store is None:
        raise UsageError("a store on a server is not copied here", remedy=_POSTGRESQL)
    return Places(log=log, store=store, snapshots=workplace.path(settings.snapshots), files=files)


def files_of(workplace: Workplace) -> dict[str, Path]:
    """Return the settings and the rules, their tests and the actors they name, by their path in the folder.

    What lies outside of the folder is somebody else's and left out.
    """
    settings, folder = workplace.settings, workplace.folder
    inside = (pattern for pattern in (*settings.rules, *settings.actors) if not Path(pattern).is_absolute())
    paths = {path for pattern in inside for path in folder.glob(pattern) if path.is_file()}
    names = {
        path.resolve().relative_to(folder.resolve()).as_posix(): path for path in sorted(paths) if _in(path, folder)
    }
    return {FILE_NAME: folder / FILE_NAME, **names}


def _in(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())
