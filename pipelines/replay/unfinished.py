"""What an unfinished replay leaves in its archive, and who may go on from it: the same replay, one run of it at a time.

DIR/unfinished/<key>/lock   DIR/unfinished/<key>/<share>/{events.jsonl,place.json,….snapshot}

The key names everything that a ledger depends on: rules, engine, extractor, days and what they hold, order, sources.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from time import process_time

from alerts.engine import ENGINE_VERSION
from alerts.engine_state import SNAPSHOT_VERSION
from connectors.archive.folder import Archive
from connectors.clock import SystemClock
from pipelines.replay.past import Past
from pipelines.replay.unfinished_share import EVERY_S, UnfinishedShare
from schemas.control import RulesActivated
from schemas.ids import canonical_json, digest

logger = logging.getLogger(__name__)

#: Changes when the same replay numbers its records in another way, or tells its events in another.
_VERSION = 1

#: What other replays left is kept of so many, those that were begun last.
KEPT_OTHERS = 4

#: How long to wait for processes of a replay that was killed: each ends with the next day that it has decided.
_WAIT_S, _LOOK_S = 10.0, 0.05


def key_of(past: Past, version: str, rules: RulesActivated, sources: Collection[str]) -> str:
    """Return what names a replay: 32 hex digits, other ones where anything may be decided otherwise."""
    archive = past.archive
    document = canonical_json(
        {
            "version": _VERSION,
            "engine": ENGINE_VERSION,
            "snapshot": SNAPSHOT_VERSION,
            "rules": rules.rules_hash,
            "extractor": version,
            "order": {name: str(value) for name, value in past.chosen.as_json().items()},
            "days": [past.days[0].isoformat(), past.days[-1].isoformat()],
            "sources": sorted(sources),
        }
    )
    # All days of the archive: by publication a day may have articles of any, and the coverage is read off all of them.
    of_articles = (part for day in archive.days() for part in (str(day), archive.articles_digest(day)))
    of_coverage = (part for day in archive.coverage_days() for part in (str(day), archive.coverage_digest(day)))
    return digest(document, *of_articles, "coverage", *of_coverage)


@dataclass(frozen=True)
class Unfinished:
    """The folder of one replay, which this run alone works with. ``lock`` is the number of the open file that says so: while
    any process has it open, the folder is taken. ``every_s`` of processor lie between two snapshots."""

    folder: Path
    key: str
    lock: int
    every_s: float

    def as_json(self) -> dict[str, object]:
        """Return the same as plain values, for a process that this one starts and gives the open file."""
        return {"folder": str(self.folder.resolve()), "key": self.key, "lock": self.lock, "every_s": self.every_s}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Unfinished:
        """Return what :meth:`as_json` described."""
        lock, every_s = document["lock"], document["every_s"]
        assert isinstance(lock, int)
        assert isinstance(every_s, float)
        return cls(Path(str(document["folder"])), str(document["key"]), lock, every_s)

    def share(self, names: Sequence[str]) -> UnfinishedShare:
        """Return the files of those who decide for the rules ``names``; for all of them, if there are none."""
        folder = self.folder / (digest(*names, length=12) if names else "all")
        return UnfinishedShare(folder, self.key, process_time, self.every_s)

    def first_day(self, shares: Sequence[Sequence[str]]) -> date | None:
        """Return the first day that is not decided by everybody; None: that is the first of all."""
        days = [self.share(names).day() for names in (shares if len(shares) > 1 else [()])]
        found = [day for day in days if day is not None]
        return min(found) if found and len(found) == len(days) else None

    def remove(self) -> None:
        """Forget all: the replay is finished, or begins anew."""
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)


@contextmanager
def unfinished(archive: Archive, key: str) -> Iterator[Unfinished | None]:
    """Hold what an unfinished replay named ``key`` left in ``archive``; within the block nobody else does.

    None: another run of the same replay has it, or nothing can be written there; this one cannot be gone on with. What is
    left at the end stays, where there is something.
    """
    folder = archive.folder / "unfinished" / key
    try:
        lock = _locked(folder)
    except OSError as error:
        logger.warning("this replay cannot be gone on with when it is stopped: %s", error)
        lock = None
    if lock is None:
        yield None
        return
    try:
        _remove_others(folder.parent, key)
        yield Unfinished(folder, key, lock, EVERY_S)
        if not any(path.is_dir() for path in folder.iterdir()):
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):
                folder.parent.rmdir()  # Only where nothing else is in it.
    finally:
        os.close(lock)


def _locked(folder: Path, wait_s: float | None = None) -> int | None:
    """Return the open file by which ``folder`` is held; None: it is held by others, and stays so."""
    clock = SystemClock()
    began_s = clock.monotonic_s()
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "lock"
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(lock), path.stat()):
                os.utime(folder)
                return lock
        except BlockingIOError:
            if clock.monotonic_s() - began_s >= (_WAIT_S if wait_s is None else wait_s):
                os.close(lock)
                logger.warning("the same replay runs already: this one begins anew, and cannot be gone on with")
                return None
            clock.sleep(_LOOK_S)
        except FileNotFoundError:
            pass  # Whoever held it has just finished, and removed it.
        except OSError:
            os.close(lock)
            raise
        os.close(lock)


def _remove_others(folder: Path, mine: str) -> None:
    """Remove what the oldest of other replays left, if they do not run."""
    with suppress(OSError):  # Others may be at the same.
        others = [path for path in folder.iterdir() if path.name != mine and path.is_dir()]
        others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        for path in others[KEPT_OTHERS:]:
            with (path / "lock").open("a", encoding="utf-8") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
