"""A process that archives for ever, forked from a server that has the imports done, until it is killed."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from datetime import timedelta
from pathlib import Path

from connectors.archive.log_tier import LogTier
from connectors.clock import SystemClock
from connectors.log.open import open_log
from connectors.store.open import open_store
from pipelines.archive_job import ArchiveSettings, run_archive

KILLED = -signal.SIGKILL

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__])


def archive(log_url: str, store_url: str, folder: Path) -> None:
    """Archive in many small files, and merge those of days that are over at the start of every life."""
    settings = ArchiveSettings(roll_records=7, roll_after=timedelta(0), merge_records=60, wait_s=0.001)
    store = open_store(store_url, migrate=False)
    with open_log(log_url, SystemClock()) as log:
        run_archive(log, store, SystemClock(), LogTier(folder, log.log_id), settings, threading.Event())


class Archiver:
    """One life of it."""

    def __init__(self, log_url: str, store_url: str, folder: Path) -> None:
        self._process = _processes.Process(target=archive, args=(log_url, store_url, folder), daemon=True)
        self._process.start()

    def works(self) -> bool:
        """Tell whether it is alive."""
        return self._process.is_alive()

    def kill(self) -> int | None:
        """SIGKILL; return the exit code."""
        self._process.kill()
        self._process.join()
        return self._process.exitcode
