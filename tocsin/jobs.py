"""Puts jobs together from the settings: opens what they need, runs one until told to stop, or supervises several."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence

from connectors.clock import SystemClock
from schemas.errors import FatalError, TocsinError
from schemas.ports.log import Log
from schemas.ports.store import Store
from tocsin.settings import Workplace
from tocsin.supervisor import FolderLock, Supervisor, stop_on_signals, stop_with_parent
from tocsin.workplace import open_log_of, open_store_of

logger = logging.getLogger(__name__)

#: Exit code of a job that would fail again in the same way: the supervisor stops everything and says so.
FATAL_CODE = 3


def run_supervised(names: Sequence[str], workplace: Workplace, *, verbose: bool, lock: bool) -> int:
    """Run ``names`` as processes of their own until a signal; return the exit code."""
    folder = workplace.folder.absolute()
    check = prepare(workplace)
    logger.info("%s", check)
    commands: dict[str, Sequence[str]] = {
        name: [
            sys.executable,
            "-m",
            "tocsin",
            "run",
            name,
            "--child",
            "--folder",
            str(folder),
            *(["--verbose"] if verbose else []),
        ]
        for name in names
    }
    supervisor = Supervisor(commands)
    stop_on_signals(supervisor.stop)
    if not lock:
        return supervisor.run()
    with FolderLock(folder):
        return supervisor.run()


def prepare(workplace: Workplace) -> str:
    """Make the log, the store and, the first time, put the rules into force; return a line about them."""
    from pipelines.activate_rules import activate_rules
    from tocsin.rule_files import author, read_rules

    with open_log_of(workplace) as log:
        store = open_store_of(workplace)
        try:
            rules, text = read_rules(workplace)
            kept = store.rule_sets()
            active = kept[-1].rules_hash if kept else active_rules_hash(log)
            if active is None:
                record = activate_rules(log, SystemClock(), rules, text, author=author(), comment="first start")
                return f"{len(rules.rules)} rules put into force ({record.rules_hash[:12]})"
            from alerts.rules.model import rules_hash

            if rules_hash(rules.compiled()) != active:
                return "the rule files differ from the rules in force; `tocsin rules apply` puts them into force"
            return f"{len(rules.rules)} rules in force ({active[:12]})"
        finally:
            store.close()


def active_rules_hash(log: Log) -> str | None:
    """Return the hash of the newest rule set on ``signals``; None where there is none."""
    from schemas.control import RulesActivated
    from schemas.topics import SIGNALS
    from schemas.wire import decode_signals

    newest: str | None = None
    offset = log.start_offset(SIGNALS, 0)
    while records := log.read(SIGNALS, 0, offset, max_records=2000):
        for record in records:
            if b'"rules_activated"' in record.value[:200]:
                decoded = decode_signals(record.value)
                if isinstance(decoded, RulesActivated):
                    newest = decoded.rules_hash
        offset = records[-1].offset + 1
    return newest


def run_job(name: str, workplace: Workplace) -> int:
    """Run one job in this process until SIGTERM, SIGINT or the supervisor's end; return the exit code."""
    stop = threading.Event()
    stop_on_signals(stop.set)
    stop_with_parent(stop.set)
    try:
        with open_log_of(workplace) as log:
            store = open_store_of(workplace)
            try:
                JOBS[name](workplace, log, store, stop)
            finally:
                store.close()
    except FatalError as error:
        logger.error("%s stops: %s", name, error)
        return FATAL_CODE
    except TocsinError as error:
        logger.error("%s falls: %s", name, error)
        return error.exit_code
    return 0


def _poll(workplace: Workplace, log: Log, store: Store, stop: threading.Event) -> None:
    raise NotImplementedError


def _extract(workplace: Workplace, log: Log, store: Store, stop: threading.Event) -> None:
    raise NotImplementedError


def _decide(workplace: Workplace, log: Log, store: Store, stop: threading.Event) -> None:
    from pipelines.decide import DecideJob, DecideSettings

    settings = DecideSettings(snapshots=workplace.path(workplace.settings.snapshots), host=socket.gethostname())
    DecideJob(log, store, SystemClock(), settings).run(stop)


def _notify(workplace: Workplace, log: Log, store: Store, stop: threading.Event) -> None:
    raise NotImplementedError


async def run_async(job: Callable[[asyncio.Event], Awaitable[None]], stop: threading.Event) -> None:
    """Run an asynchronous job; its event is set when ``stop`` is."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait() -> None:
        stop.wait()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=wait, name="stop-bridge", daemon=True).start()
    await job(ended)


#: How each job is put together, by name.
JOBS: dict[str, Callable[[Workplace, Log, Store, threading.Event], None]] = {
    "poll": _poll,
    "extract": _extract,
    "decide": _decide,
    "notify": _notify,
}
