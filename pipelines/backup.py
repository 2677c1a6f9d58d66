"""One consistent set of a running folder: store, snapshot and log, in that order, and a list with their hashes.

    store ──▶ the snapshot its head names ──▶ log    (each is younger than the one before)
                                               └─▶ does the log hold what the store stands on?   (else once more)

What the store has decided lies in the log that is copied after it, so the store is never ahead. Reads the originals only.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from connectors.log.open import open_log
from connectors.sqlite_copy import copy_database
from connectors.store.open import open_store
from pipelines.snapshots import read_snapshot, snapshot_path
from schemas.clock import Clock
from schemas.errors import FatalError, TocsinError, UsageError
from schemas.ports.store import DeciderHead
from schemas.topics import SIGNALS

#: The list of a backup, and what it is called in there.
MANIFEST, LOG, STORE, SNAPSHOTS, FILES = "backup.json", "log.sqlite", "store.sqlite", "snapshots", "files"

_VERSION = 1
_TRIES = 5

Told = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Places:
    """Where the parts of a folder lie; ``files`` are the settings and what they name, by their path in the folder."""

    log: Path
    store: Path
    snapshots: Path
    files: Mapping[str, Path]


@dataclass(frozen=True)
class Backup:
    """What a backup holds; ``sha256`` by path in it."""

    version: int
    made_at: str
    log_id: str
    store_id: str
    decided: int  # offset of signals up to which the store has decided
    log_end: int  # end of signals in the log
    events: int
    sha256: Mapping[str, str]


def back_up(places: Places, target: Path, clock: Clock, told: Told) -> Backup:
    """Write a backup into the new folder ``target``, which has its name only once it is whole.

    :raises UsageError: there is something at ``target``, or nothing to back up.
    :raises FatalError: a part cannot be read or written, or the parts do not go together (damage).
    """
    if target.exists():
        raise UsageError(f"{target} is there already", remedy="name a new folder; old backups are yours to remove")
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        made_at = clock.now().isoformat()
        for name, path in places.files.items():
            copied = unfinished / FILES / name
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copied)
        backup = replace(_consistent(places, unfinished, clock, told), made_at=made_at, sha256=_hashes(unfinished))
        (unfinished / MANIFEST).write_text(json.dumps(asdict(backup), indent=1), encoding="utf-8")
        unfinished.rename(target)
    except OSError as error:
        raise FatalError(f"the backup {target} cannot be written: {error}", remedy="make room there") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return backup


def _consistent(places: Places, folder: Path, clock: Clock, told: Told) -> Backup:
    """Copy until the parts go together: at any rate the first time, unless a snapshot was exchanged in between."""
    for _ in range(_TRIES):
        for name in (STORE, LOG):
            (folder / name).unlink(missing_ok=True)
        shutil.rmtree(folder / SNAPSHOTS, ignore_errors=True)
        copy_database(places.store, folder / STORE, lambda done, total: told("store", done, total))
        head, store_id = _store_facts(folder / STORE)
        if head is not None and not _copy_snapshot(places.snapshots, folder / SNAPSHOTS, head):
            continue
        copy_database(places.log, folder / LOG, lambda done, total: told("log", done, total))
        with open_log(f"sqlite:///{(folder / LOG).absolute()}", clock) as log:
            start, end, log_id = log.start_offset(SIGNALS, 0), log.end_offset(SIGNALS, 0), log.log_id
        if head is not None and not _goes_with(head, log_id, start, end):
            continue
        return Backup(
            version=_VERSION,
            made_at="",
            log_id=log_id,
            store_id=store_id,
            decided=head.next_offset if head is not None else 0,
            log_end=end,
            events=head.events if head is not None else 0,
            sha256={},
        )
    raise FatalError(
        f"the store {places.store}, its snapshot and the log {places.log} do not go together",
        remedy="`tocsin verify` says what is wrong with them",
    )


def _store_facts(path: Path) -> tuple[DeciderHead | None, str]:
    store = open_store(f"sqlite:///{path.absolute()}", migrate=False)
    try:
        return store.decider_head(), store.store_id
    finally:
        store.close()


def _copy_snapshot(source: Path, target: Path, head: DeciderHead) -> bool:
    """Copy the snapshot that ``head`` names; False where it was exchanged for a newer one meanwhile."""
    if not head.snapshot_hash:
        return True
    state = read_snapshot(source, head.snapshot_offset, head.snapshot_hash)
    if state is None:
        return False
    target.mkdir(parents=True)
    snapshot_path(target, head.snapshot_offset, head.snapshot_hash).write_bytes(state)
    return True


def _goes_with(head: DeciderHead, log_id: str, start: int, end: int) -> bool:
    """Tell whether the decider can go on from ``head`` on that log: as :mod:`pipelines.recovery` asks for it."""
    first = head.snapshot_offset if head.snapshot_hash else 0
    return head.log_id == log_id and start <= first and head.next_offset <= end


def read_backup(folder: Path) -> Backup:
    """Return what the backup in ``folder`` says of itself, once every file in it was found as it was written.

    :raises UsageError: there is no backup, or one of another version.
    :raises TocsinError: a file is missing or damaged.
    """
    try:
        found = Backup(**json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(f"{folder} holds no backup: {error}", remedy="`tocsin backup DIR` makes one") from error
    if found.version != _VERSION:
        raise UsageError(f"{folder} is a backup of version {found.version}", remedy="use the Tocsin that made it")
    here = _hashes(folder)
    wrong = sorted(
        name for name in {*found.sha256, *here} if name != MANIFEST and here.get(name) != found.sha256.get(name)
    )
    if wrong:
        raise TocsinError(f"the backup {folder} is damaged: {', '.join(wrong)}", remedy="take another backup")
    return found


def _hashes(folder: Path) -> dict[str, str]:
    hashes = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                hashes[path.relative_to(folder).as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    return hashes
