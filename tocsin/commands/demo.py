"""`tocsin demo`: eight months of invented feeds through the real jobs in about a minute, and what they made of it."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from tocsin.moments import DAY
from tocsin.workplace import json_option

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

    from pipelines.demo.demonstration import Demonstration
    from pipelines.demo.telling import Line


@click.command(
    name="demo",
    epilog="Example: tocsin demo                 Into a folder of its own under the temporary ones.\n\n"
    "Example: tocsin demo --keep --folder first-look",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="A new folder to work in (default: one among the temporary files).",
)
@click.option("--keep", is_flag=True, help="Stay up at the end with the feeds and the web page, until Ctrl-C.")
@json_option
@click.option("--until", type=DAY, hidden=True, help="End the timeline on this day: for tests.")
@click.option("--extract-every-h", type=click.IntRange(min=1), hidden=True, help="Hours of news a batch: for tests.")
def command(
    folder: Path | None, keep: bool, as_json: bool, until: datetime | None, extract_every_h: int | None
) -> None:
    """Serve invented feeds on loopback, run the whole line on them with the clock sped up, and tell what rang and why.

    Nothing is asked of the internet and nobody is notified. Exit code 0; 1 when nothing rang or the ledger is not what
    the log says.
    """
    from pipelines.demo.demonstration import Wishes, demonstrate
    from pipelines.demo.report import failed

    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s", force=True)
    wishes = Wishes()
    if until is not None:
        wishes = Wishes(until.replace(tzinfo=UTC), wishes.extract_every)
    if extract_every_h is not None:
        wishes = Wishes(wishes.until, timedelta(hours=extract_every_h))

    async def afterwards(shown: Demonstration) -> None:
        bar.end()
        _say(shown, as_json=as_json)
        if keep:
            await _stay_up(shown)

    place = folder or Path(tempfile.mkdtemp(prefix="tocsin-demo-"))
    with _DateBar(wishes.until) as bar:
        shown = asyncio.run(demonstrate(place, wishes, bar.show, afterwards))
    reason = failed(shown)
    if reason:
        click.echo(f"the demonstration failed: {reason}", err=True)
        sys.exit(1)


def _say(shown: Demonstration, *, as_json: bool) -> None:
    from pipelines.actor_directory import actor_directory
    from pipelines.demo.report import report, report_as_json

    if as_json:
        click.echo(json.dumps(report_as_json(shown), ensure_ascii=False))
        return
    # Where the command was not installed it is reached through the repository's door.
    program = "tocsin" if shutil.which("tocsin") else "./run tocsin"
    for line in report(shown, actor_directory(), program):
        click.echo(_styled(line))


def _styled(line: Line) -> str:
    from pipelines.demo.telling import Style

    styles: dict[Style, Callable[[str], str]] = {
        Style.HEADING: lambda text: click.style(text, fg="cyan", bold=True),
        Style.ALERT: lambda text: click.style(text, bold=True),
        Style.FAINT: lambda text: click.style(text, dim=True),
        Style.PLAIN: str,
    }
    return styles[line.style](line.text)


async def _stay_up(shown: Demonstration) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    click.echo(f"\nThe feeds are served at {shown.address} until Ctrl-C.", err=True)
    await _serve_page(shown, stop)
    await stop.wait()
    click.echo("stopped", err=True)


async def _serve_page(shown: Demonstration, stop: asyncio.Event) -> None:
    """Serve the web page of what was shown until ``stop``; where none can be had, say so and go on without."""
    from schemas.errors import RetriableError
    from tocsin.settings import load_workplace
    from tocsin.web.exhibit import demonstration
    from tocsin.web.serving import serve
    from tocsin.workplace import open_store_of

    workplace = load_workplace(shown.desk.folder)
    store = open_store_of(workplace)
    try:
        await serve(
            workplace,
            store,
            stop,
            say=lambda line: click.echo(f"{line[0].upper()}{line[1:]}", err=True),
            exhibit=demonstration(shown.until),
        )
    except RetriableError as error:
        click.echo(str(error), err=True)
    finally:
        store.close()


class _DateBar:
    """The demonstration's date and how far it is, on stderr while that is a terminal; else one line at the start."""

    def __init__(self, until: datetime) -> None:
        self._until = until
        self._bar: RichProgress | None = None

    def __enter__(self) -> Self:
        if not sys.stderr.isatty():
            click.echo(
                "Eight months of invented feeds run through the real jobs; that takes about a minute …", err=True
            )
            return self
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(40), TaskProgressColumn())
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._bar.add_task("starting", total=1.0)
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def show(self, moment: datetime) -> None:
        """Show that the demonstration has come to ``moment``."""
        from pipelines.demo.timeline import START

        if self._bar is not None:
            words = f"{moment:%d %b %Y}" if moment < self._until else "verifying"
            self._bar.update(
                self._bar.task_ids[0], description=words, completed=(moment - START) / (self._until - START)
            )

    def end(self) -> None:
        """Take the bar away, so that other words may follow; idempotent."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
