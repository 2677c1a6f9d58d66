"""Snapshots of the engine as files: written, fsynced and named by their hash; old ones are removed. Never a pickle."""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path

from schemas.errors import StoreFullError

logger = logging.getLogger(__name__)

#: Snapshots kept besides the newest, for a commit that was lost between file and transaction.
KEPT_SNAPSHOTS = 2


def write_snapshot(folder: Path, offset: int, state: bytes) -> str:
    """Write ``state`` durably and return its SHA-256 (64 hex digits).

    :raises StoreFullError: the disk is full; nothing was changed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(state).hexdigest()
    target = snapshot_path(folder, offset, digest)
    temporary = target.with_suffix(".tmp")
    try:
        with temporary.open("wb") as file:
            file.write(state)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
        directory = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StoreFullError(
            f"the snapshot {target} could not be written: {error.strerror}",
            remedy="make room on that disk; the decider goes on from its last snapshot",
        ) from error
    return digest


def snapshot_path(folder: Path, offset: int, digest: str) -> Path:
    """Return where the snapshot of ``offset`` whose SHA-256 is ``digest`` lies."""
    return folder / f"{offset:016d}-{digest[:16]}.snapshot"


def read_snapshot(folder: Path, offset: int, digest: str) -> bytes | None:
    """Return the snapshot of ``offset`` whose SHA-256 is ``digest``; None where it is missing, unreadable or damaged."""
    try:
        state = snapshot_path(folder, offset, digest).read_bytes()
    except OSError as error:
        logger.warning("a snapshot cannot be read: %s", error)
        return None
    return state if hashlib.sha256(state).hexdigest() == digest else None


def remove_old_snapshots(folder: Path, offset: int, digest: str) -> None:
    """Keep the committed snapshot of ``offset`` and the newest before it.

    Those of larger offsets are of a ledger that is no more (a backup was brought back); half-written ones are of a
    process that was killed.
    """
    current = snapshot_path(folder, offset, digest)
    others = sorted(path for path in folder.glob("*.snapshot") if path != current)
    older = [path for path in others if path.name < current.name]
    keep = {current, *older[-KEPT_SNAPSHOTS:]}
    for path in [*others, *folder.glob("*.tmp")]:
        if path not in keep:
            path.unlink(missing_ok=True)
