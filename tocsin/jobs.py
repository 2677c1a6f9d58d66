"""Puts a job together from the settings: opens what it needs and runs it until told to stop."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Awaitable, Callable

from connectors.clock import SystemClock
from schemas.errors import FatalError, TocsinError, UsageError
from schemas.ports.log import Log
from schemas.ports.store import Store
from tocsin.settings import Workplace
from tocsin.workplace import open_log_of, open_store_of

logger = logging.getLogger(__name__)

#: Exit code of a job that would fail again in the same way: the supervisor stops everything and says so.
FATAL_CODE = 3


def run_job(
    name: str, workplace: Workplace, stop: threading.Event, say_why: Callable[[str], None] = lambda _: None
) -> int:
    """Run one job in this process until ``stop``; return the exit code. ``say_why`` takes why going on is useless."""
    try:
        if name == NOTIFY:
            _notify(workplace, stop)
            return 0
        with open_log_of(workplace, stop.is_set) as log:
            store = open_store_of(workplace)
            try:
                JOBS[name](workplace, log, store, stop)
            finally:
                store.close()
    except FatalError as error:
        logger.error("%s stops: %s", name, error)
        say_why(f"{name}: {error}")
        return FATAL_CODE
    except TocsinError as error:
        logger.error("%s falls: %s", name, error)
        if isinstance(error, UsageError):
            say_why(f"{name}: {error}")
        return error.exit_code
    return 0


def _poll(workplace: Workplace, log: Log, store: Store, stop: threading.Event) -> None:
    from tocsin.polling import run_poll

    asyncio.run(run_async(lambda ended: run_poll(workplace, log, store, ended), stop))


def _extract(workplace: Workplace, log: Log, store: Store, stop: threading.Event) -> None:
    from pipelines.extract import ExtractJob, ExtractSettings

    settings = ExtractSettings(own_files=tuple(workplace.files(workplace.settings.actors)))
    ExtractJob(log, store, SystemClock(), settings).run(stop)


def _decide(workplace: Workplace, log: Log, store: Store, stop: threading.Event) -> None:
    from pipelines.decide import LIVE_SNAPSHOT_RECORDS, DecideJob, DecideSettings

    snapshots = workplace.path(workplace.settings.snapshots)
    settings = DecideSettings(
        snapshots=snapshots,
        host=socket.gethostname(),
        snapshot_every_records=LIVE_SNAPSHOT_RECORDS,
        snapshots_aside=True,
        older_snapshots_bytes=workplace.settings.older_snapshots_mb * 1024 * 1024,
    )
    DecideJob(log, store, SystemClock(), settings).run(stop)


def _notify(workplace: Workplace, stop: threading.Event) -> None:
    """Opens its store itself and its log only to say more: where they are away at the start, it is what tells people."""
    from pipelines.notifying.late_store import LateStore
    from tocsin.receivers import run_notify

    late = LateStore(lambda: open_store_of(workplace))
    try:
        asyncio.run(run_async(lambda ended: run_notify(workplace, late, ended), stop))
    finally:
        late.close()


def _web(workplace: Workplace, _log: Log, store: Store, stop: threading.Event) -> None:
    from tocsin.web.serving import serve
    from tocsin.web.sign_of_life import SignOfLife

    sign = SignOfLife(workplace, store, SystemClock())
    try:
        asyncio.run(run_async(lambda ended: serve(workplace, store, ended, sign=sign), stop))
    except TocsinError as error:
        sign.cannot(error)
        if isinstance(error, UsageError | FatalError):
            # The page only looks on: what it cannot go on from must not end the watch itself, so it is started again.
            raise TocsinError(error.message, remedy=error.remedy) from error
        raise


def _archive(workplace: Workplace, log: Log, store: Store, stop: threading.Event) -> None:
    from connectors.archive.log_tier import LogTier
    from pipelines.archive_job import ArchiveSettings, run_archive
    from pipelines.trimming import Retention

    retention = Retention(**workplace.settings.retention.model_dump())
    tier = LogTier(workplace.path(workplace.settings.archive), log.log_id)
    run_archive(log, store, SystemClock(), tier, ArchiveSettings(retention=retention), stop)


async def run_async(job: Callable[[asyncio.Event], Awaitable[None]], stop: threading.Event) -> None:
    """Run an asynchronous job; its event is set when ``stop`` is."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait() -> None:
        stop.wait()
        if not loop.is_closed():  # Else the job has ended by itself, and nobody listens any more.
            loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=wait, name="stop-bridge", daemon=True).start()
    await job(ended)


#: The job that must begin although log and store are away.
NOTIFY = "notify"

#: How each of the others is put together, by name.
JOBS: dict[str, Callable[[Workplace, Log, Store, threading.Event], None]] = {
    "poll": _poll,
    "extract": _extract,
    "decide": _decide,
    "archive": _archive,
    "web": _web,
}
