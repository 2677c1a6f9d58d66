"""`tocsin run`: all jobs supervised, or one job in this process."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import click

from tocsin.workplace import folder_option, open_workplace

JOB_NAMES = ("poll", "extract", "decide", "notify")


@click.command(
    name="run",
    epilog="Example: tocsin run --folder desk        All four jobs; Ctrl-C stops them.\n\n"
    "Example: tocsin run extract          One job alone, for one of several machines.",
)
@click.argument("jobs", nargs=-1, type=click.Choice(JOB_NAMES))
@folder_option
@click.option("--no-lock", is_flag=True, help="Several hosts share this folder's settings, each runs other jobs.")
@click.option("--child", is_flag=True, hidden=True)
@click.option("--verbose", "-v", is_flag=True, help="Say more on stderr.")
def command(jobs: tuple[str, ...], folder: Path, no_lock: bool, child: bool, verbose: bool) -> None:
    """Run all jobs, or the named ones, until Ctrl-C or SIGTERM."""
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
        force=True,
    )
    workplace = open_workplace(folder)
    if child:
        from tocsin.jobs import run_job

        sys.exit(run_job(jobs[0], workplace))
    from tocsin.jobs import run_supervised

    sys.exit(run_supervised(jobs or JOB_NAMES, workplace, verbose=verbose, lock=not no_lock))
