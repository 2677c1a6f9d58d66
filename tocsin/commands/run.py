"""`tocsin run`: all jobs supervised, or the named ones."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import NoReturn

import click

from tocsin.workplace import folder_option, open_workplace

JOB_NAMES = ("poll", "extract", "decide", "notify", "archive", "web")


@click.command(
    name="run",
    epilog="Example: tocsin run --folder desk        All jobs; Ctrl-C stops them.\n\n"
    "Example: tocsin run extract          One job alone, for one of several machines.",
)
@click.argument("jobs", nargs=-1, type=click.Choice(JOB_NAMES))
@folder_option
@click.option("--no-lock", is_flag=True, help="Several hosts share this folder's settings, each runs other jobs.")
@click.option("--child", is_flag=True, hidden=True)
@click.option("--reasons", type=int, hidden=True)
@click.option("--verbose", "-v", is_flag=True, help="Say more on stderr.")
def command(
    jobs: tuple[str, ...], folder: Path, no_lock: bool, child: bool, reasons: int | None, verbose: bool
) -> None:
    """Run all jobs, or the named ones, until Ctrl-C or SIGTERM.

    Says on stderr what is at work, then only warnings. A job that falls is started again. Exit code 0 after a stop, 1 when
    a job said that going on is useless or another `tocsin run` is at work here, 2 when settings, rules or secrets hold
    mistakes.
    """
    from tocsin.log_lines import set_up_log_lines

    set_up_log_lines(jobs[0] if child and jobs else "tocsin", verbose=verbose)
    if child:
        _run_child(jobs[0], folder, reasons)
    workplace = open_workplace(folder)
    from tocsin.service import run_supervised

    names = tuple(name for name in JOB_NAMES if name in jobs) or JOB_NAMES
    code = run_supervised(
        names, workplace, verbose=verbose, lock=not no_lock, say=lambda line: click.echo(line, err=True)
    )
    sys.exit(code)


def _run_child(job: str, folder: Path, reasons: int | None) -> NoReturn:
    """Run ``job`` in this process, as the supervisor asked; ends the process. Why going on is useless it says through the
    open file ``reasons``."""
    from tocsin.stopping import stop_on_signals, stop_with_parent

    stop = threading.Event()
    stop_on_signals(stop.set)
    stop_with_parent(stop.set)
    from tocsin.giving_up import say_why
    from tocsin.jobs import run_job  # After the handlers: importing takes a while in which a stop may come.

    code = run_job(job, open_workplace(folder), stop, lambda why: say_why(reasons, why))
    sys.stdout.flush()
    sys.stderr.flush()
    # Log, store and channels are closed; taking Beam and the language models apart in order would only delay the stop.
    os._exit(code)
