"""Snapshots of the engine as files: written, fsynced and named by their hash; old ones are removed. Never a pickle."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from schemas.errors import StoreFullError

#: Snapshots kept besides the newest, for a commit that was lost between file and transaction.
KEPT_SNAPSHOTS = 2


def write_snapshot(folder: Path, offset: int, state: bytes) -> str:
    """Write ``state`` durably and return its SHA-256 (64 hex digits).

    :raises StoreFullError: the disk is full; nothing was changed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(state).hexdigest()
    target = folder / f"{offset:016d}-{digest[:16]}.snapshot"
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


def read_snapshot(folder: Path, offset: int, digest: str) -> bytes | None:
    """Return the snapshot of ``offset`` whose SHA-256 is ``digest``; None where it is missing or damaged."""
    path = folder / f"{offset:016d}-{digest[:16]}.snapshot"
    try:
        state = path.read_bytes()
    except FileNotFoundError:
        return None
    return state if hashlib.sha256(state).hexdigest() == digest else None


def remove_old_snapshots(folder: Path) -> None:
    """Keep the newest files only."""
    files = sorted(folder.glob("*.snapshot"))
    for path in files[: -1 - KEPT_SNAPSHOTS]:
        path.unlink(missing_ok=True)
