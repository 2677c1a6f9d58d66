"""Snapshots kept for questions about the past: one a day for a month, one a week for a year, within a bound of bytes.

    a snapshot that was committed ──first of its day?──▶ older/<engine time>-<offset>-<hash>.snapshot

The decider never goes on from them. Who asks what the engine knew then steps the log from the nearest before, which is
found by its name alone. They are links to files that are there anyway, so keeping one costs no writing.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

#: How long there is one of each day, and after that one of each week.
DAILY_FOR, WEEKLY_FOR = timedelta(days=30), timedelta(days=365)

#: Bytes that all together take at most.
MOST_BYTES = 512 * 1024 * 1024

_FOLDER = "older"
_TIME = "%Y%m%dT%H%M%SZ"


class OlderSnapshot(NamedTuple):
    """A snapshot of the engine at ``at`` (engine time, UTC), which had taken in all before ``offset``. ``digest`` is the
    beginning of the SHA-256 of its bytes."""

    at: datetime
    offset: int
    digest: str
    path: Path
    size_bytes: int


def older_snapshots(folder: Path) -> Sequence[OlderSnapshot]:
    """Return what is kept beside the snapshots in ``folder``, oldest first."""
    found = []
    for path in (folder / _FOLDER).glob("*.snapshot"):
        at, _, rest = path.stem.partition("-")
        offset, _, digest = rest.partition("-")
        try:
            moment = datetime.strptime(at, _TIME).replace(tzinfo=UTC)
            found.append(OlderSnapshot(moment, int(offset), digest, path, path.stat().st_size))
        except (ValueError, OSError):
            continue  # Not one of ours, or just removed.
    return sorted(found)


def keep_snapshot(folder: Path, snapshot: Path, offset: int, at: datetime, most_bytes: int) -> None:
    """Keep ``snapshot``, the newest in ``folder``, where it is the first of its day, and remove what need not be kept.

    Those of larger offsets are of a ledger that is no more. :raises OSError: the disk refuses.
    """
    for one in older_snapshots(folder):
        if one.offset > offset:
            one.path.unlink(missing_ok=True)
    if most_bytes > 0 and not any(one.at.date() == at.date() for one in older_snapshots(folder)):
        target = folder / _FOLDER / f"{at.astimezone(UTC).strftime(_TIME)}-{snapshot.name}"
        target.parent.mkdir(exist_ok=True)
        _link(snapshot, target)
    for unfinished in (folder / _FOLDER).glob("*.tmp"):
        unfinished.unlink(missing_ok=True)  # of a process that was killed while it copied
    there = older_snapshots(folder)
    kept = worth_keeping(there, most_bytes)
    for one in there:
        if one not in kept:
            one.path.unlink(missing_ok=True)


def worth_keeping(snapshots: Collection[OlderSnapshot], most_bytes: int) -> Collection[OlderSnapshot]:
    """Return those of ``snapshots`` that are kept: the first of each day of a month and of each week of a year, the newest
    first where there is no room for all."""
    newest = max((one.at for one in snapshots), default=None)
    chosen: dict[tuple[int, ...], OlderSnapshot] = {}
    for one in sorted(snapshots):
        age = newest - one.at if newest is not None else timedelta()
        if age > WEEKLY_FOR:
            continue
        week = one.at.isocalendar()
        slot = (one.at.toordinal(),) if age <= DAILY_FOR else (week.year, week.week)
        chosen.setdefault(slot, one)
    kept, room = set(), most_bytes
    for one in sorted(chosen.values(), reverse=True):
        room -= one.size_bytes
        if room < 0:
            break
        kept.add(one)
    return kept


def _link(source: Path, target: Path) -> None:
    """Give ``source`` a second name, or where the file system has no such thing, copy it; never half."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        unfinished = target.with_suffix(".tmp")
        shutil.copyfile(source, unfinished)
        unfinished.replace(target)
