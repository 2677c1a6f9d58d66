"""What `tocsin run` does: lock the folder, look that all is there, say what is at work, supervise the jobs."""

from __future__ import annotations

import logging
import os
import shlex
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TypedDict

from connectors.clock import SystemClock
from schemas.errors import FatalError, RetriableError, UsageError
from schemas.ports.log import Log
from tocsin.aside import aside
from tocsin.folder_lock import FolderLock
from tocsin.giving_up import Reasons
from tocsin.jobs import NOTIFY
from tocsin.settings import Settings, Workplace
from tocsin.stopping import stop_on_signals
from tocsin.supervisor import Supervisor
from tocsin.web_settings import address_of
from tocsin.workplace import open_log_of, open_store_of

logger = logging.getLogger(__name__)

_NAMES_SHOWN = 8


class Beginning(TypedDict):
    """What there was to find out before the jobs start: the lines that tell a person, and whether the rules are in force
    yet."""

    lines: list[str]
    in_force: bool


def run_supervised(
    names: Sequence[str], workplace: Workplace, *, verbose: bool, lock: bool, say: Callable[[str], None]
) -> int:
    """Run ``names`` as processes of their own until a signal; return the exit code. ``say`` shows a line to a person.

    What needs many packages, the rules and the actors is done aside: this process lives as long as the watch, and small.

    :raises TocsinError: it cannot begin; nothing was started.
    """
    with FolderLock(workplace.folder.absolute()) if lock else nullcontext() as held:
        stopping = threading.Event()
        with Reasons() as reasons:
            try:
                code, why = _supervise(names, workplace, held, reasons, stopping, verbose=verbose, say=say)
            except FatalError as error:
                _tell_of_the_end(names, workplace, str(error), stopping)
                raise
            if why:
                _tell_of_the_end(names, workplace, why, stopping)
    say("stopped")
    return code


def _supervise(
    names: Sequence[str],
    workplace: Workplace,
    held: FolderLock | None,
    reasons: Reasons,
    stopping: threading.Event,
    *,
    verbose: bool,
    say: Callable[[str], None],
) -> tuple[int, str]:
    """Run the jobs until a signal, which sets ``stopping``, or until one gives up; return the exit code and why it did.

    :raises FatalError: log or store are such that nothing can work on them.
    """
    beginning = aside(partial(begin, names, workplace))
    put = partial(aside, partial(put_rules_into_force, workplace, stopping.is_set), stopping.is_set)
    prepare = _prepared if beginning["in_force"] else rules_when_there(put, say)
    commands = {name: command_of(name, workplace, verbose=verbose, reasons=reasons.descriptor) for name in names}
    keep_open = (reasons.descriptor,) if held is None else (held.descriptor, reasons.descriptor)
    supervisor = Supervisor(commands, keep_open=keep_open, tell=say, prepare=prepare, first=(NOTIFY,))

    def stop() -> None:
        stopping.set()
        supervisor.stop()

    stop_on_signals(stop)
    for line in beginning["lines"]:
        say(line)
    code = supervisor.run()
    if not supervisor.given_up:
        return code, ""
    return code, reasons.first() or f"{', '.join(supervisor.given_up)}: see the lines of `tocsin run`"


def _tell_of_the_end(names: Sequence[str], workplace: Workplace, why: str, stopping: threading.Event) -> None:
    """Tell people where this `tocsin run` is the one that does; elsewhere the watchdog of that one sees that jobs are gone."""
    if NOTIFY in names and workplace.settings.receivers and not stopping.is_set():
        from tocsin.last_words import tell_of_the_end

        tell_of_the_end(workplace, why, clock=SystemClock(), stopping=stopping.is_set)


def begin(names: Sequence[str], workplace: Workplace) -> Beginning:
    """Look that all is there for ``names`` and put the rules into force.

    :raises TocsinError: it cannot begin.
    """
    check_receivers(names, workplace)
    check_web(names, workplace)
    check_feeds(names, workplace)
    try:
        rules, in_force = put_rules_into_force(workplace), True
    except RetriableError as error:
        if NOTIFY not in names:
            raise
        rules, in_force = f"not known yet, and until then {NOTIFY} alone works, to tell people: {error}", False
    return {"lines": description(names, workplace, rules), "in_force": in_force}


def rules_when_there(put: Callable[[], str], say: Callable[[str], None]) -> Callable[[], bool]:
    """Return what lets ``put`` put the rules into force once log and store can be reached, and returns whether it did."""

    def prepare() -> bool:
        try:
            rules = put()
        except RetriableError as error:
            logger.warning("the jobs wait: %s", error)
            return False
        say(f"log and store are there, and the jobs start; rules: {rules}")
        return True

    return prepare


def _prepared() -> bool:
    return True


def command_of(name: str, workplace: Workplace, *, verbose: bool, reasons: int) -> Sequence[str]:
    """Return the command that runs one job in a process of its own; it says why it gives up through ``reasons``."""
    folder = str(workplace.folder.absolute())
    command = [sys.executable, "-m", "tocsin", "run", name, "--child", "--reasons", str(reasons), "--folder", folder]
    return [*command, "--verbose"] if verbose else command


def check_receivers(names: Sequence[str], workplace: Workplace) -> None:
    """Open the receivers once, before anything runs; :raises UsageError: mistakes in them, all of them."""
    if "notify" in names:
        from tocsin.receivers import open_ways

        open_ways(workplace)  # Nothing is connected until it is used, so there is nothing to close.


def check_web(names: Sequence[str], workplace: Workplace) -> None:
    """Read the tokens of the web page once; :raises UsageError: those that cannot be read, all of them."""
    if "web" in names and workplace.settings.web.tokens:
        from tocsin.web.visitors import read_tokens

        read_tokens(workplace.settings.web.token_places, workplace.folder, os.environ)


def check_feeds(names: Sequence[str], workplace: Workplace) -> None:
    """:raises UsageError: what the feeds ask for needs packages that are not installed."""
    if "poll" in names:
        from tocsin.polling import check_sources

        check_sources(workplace)


def put_rules_into_force(workplace: Workplace, stopping: Callable[[], bool] = lambda: False) -> str:
    """Make the log and the store and, the first time, put the rules into force; return in words how rules stand. Once
    ``stopping``, a log that is away is given up soon.

    Rules in force stay whatever the files say by now, even mistakes: the watch does not end because somebody is writing.
    """
    from alerts.rules.model import rules_hash
    from pipelines.activate_rules import activate_rules
    from tocsin.rule_files import author, read_rules

    with open_log_of(workplace, stopping) as log:
        store = open_store_of(workplace)
        try:
            kept = store.rule_sets()
        finally:
            store.close()
        in_force = [rule_set for rule_set in kept if rule_set.in_force]
        active = in_force[-1].rules_hash if in_force else active_rules_hash(log)
        try:
            rules, text = read_rules(workplace)
        except UsageError as error:
            if active is None:
                raise
            return f"those of before ({active[:12]}) stay in force, because the files hold mistakes:\n{error}"
        if active is None:
            record = activate_rules(log, SystemClock(), rules, text, author=author(), comment="first start")
            return f"{len(rules.rules)}, now put into force ({record.rules_hash[:12]})"
    files = rules_hash(rules.compiled())
    if kept and not kept[-1].in_force and kept[-1].rules_hash == files:
        return (
            f"those of before ({active[:12]}) are in force while the new ones ({files[:12]}) are warmed on the history"
        )
    if files != active:
        return (
            f"those of before ({active[:12]}) are in force; the files differ: `tocsin rules apply` puts them into force"
        )
    return f"{len(rules.rules)} in force ({active[:12]})"


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


def description(names: Sequence[str], workplace: Workplace, rules: str) -> list[str]:
    """Return the lines that say what is at work, where its things lie and how to ask it."""
    settings = workplace.settings
    folder = workplace.folder.absolute()
    paused = sum(feed.paused for feed in settings.sources)
    rows = {
        "jobs": ", ".join(names),
        "feeds": _listed([feed.id for feed in settings.sources], "add one: [[feeds]] in tocsin.toml")
        + (f"; {paused} paused" if paused else "")
        + too_few_publishers(settings),
        "rules": rules,
        "receivers": _listed(
            [f"{receiver.name} ({receiver.type})" for receiver in settings.receivers],
            "what rings is only in `tocsin alerts list`",
        ),
        "log": workplace.url(settings.log),
        "store": shown_store(workplace),
    }
    if "web" in names:
        rows["page"] = address_of(settings.web)
    ask = f"tocsin status --folder {shlex.quote(str(folder))}"
    return [
        f"Tocsin watches in {folder}",
        *(f"  {name:<10} {words}" for name, words in rows.items()),
        f"Only warnings are told from here on. How it is: {ask}. To stop: Ctrl-C.",
    ]


def too_few_publishers(settings: Settings) -> str:
    """Return what to say where everything comes from one publisher; empty where it does not, or where rows name their own."""
    if settings.folders or settings.push.port is not None or not settings.feeds:
        return ""
    publishers = {feed.group or feed.source or feed.id for feed in settings.feeds}
    return "" if len(publishers) > 1 else "; one publisher, and a spike rings from two on: tocsin feeds add URL"


def shown_store(workplace: Workplace) -> str:
    """Return where the store is, without a password."""
    from connectors.store.address import parse_address

    address = parse_address(workplace.url(workplace.settings.store))
    return f"sqlite:///{Path(address.name)}" if address.is_sqlite else address.name


def _listed(names: Sequence[str], if_none: str) -> str:
    if not names:
        return f"none; {if_none}"
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return f"{len(names)}: {', '.join(names[:_NAMES_SHOWN])}{more}"
