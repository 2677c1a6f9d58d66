"""`tocsin web`: the web page alone; `tocsin run` serves it beside the other jobs."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import click

from tocsin.workplace import folder_option, open_store_of, open_workplace


@click.command(name="web", epilog="Example: tocsin web --folder desk        Then open http://127.0.0.1:8765/")
@folder_option
@click.option("--port", type=click.IntRange(1, 65535), help="Another port than that of the settings.")
@click.option("--verbose", "-v", is_flag=True, help="Say more on stderr.")
def command(folder: Path, port: int | None, verbose: bool) -> None:
    """Serve the web page of a folder until Ctrl-C: what rings, where every watch stands, why one did not ring.

    It reads only, beside running jobs or without them. Listens on 127.0.0.1 unless the section [web] of the settings says
    otherwise, and anywhere else only with tokens. Exit code 1 when the port is taken; a finished demonstration, which is
    shown as that, takes another one.
    """
    from pipelines.demo.finished import ended_at
    from tocsin.jobs import run_async
    from tocsin.log_lines import set_up_log_lines
    from tocsin.stopping import stop_on_signals
    from tocsin.web.exhibit import demonstration
    from tocsin.web.serving import serve

    set_up_log_lines("web", verbose=verbose)
    workplace = open_workplace(folder)
    if port is not None:
        web = workplace.settings.web.model_copy(update={"port": port})
        workplace = workplace.model_copy(update={"settings": workplace.settings.model_copy(update={"web": web})})
    stop = threading.Event()
    stop_on_signals(stop.set)
    store = open_store_of(workplace)
    try:
        over = ended_at(store)
        exhibit = None if over is None else demonstration(over)

        def say(line: str) -> None:
            click.echo(f"{line}  (Ctrl-C stops)", err=True)

        asyncio.run(run_async(lambda ended: serve(workplace, store, ended, say=say, exhibit=exhibit), stop))
    finally:
        store.close()
