"""The job `web`: puts the site of a folder together, reads in the background, serves until told to stop."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from functools import cache

import uvicorn

from alerts.explanation.names import ActorNames
from connectors.clock import SystemClock
from pipelines.notify_job import NamesWhenNeeded
from pipelines.pages.alert_words import WordsOfAlerts
from pipelines.pages.reading import Reader
from schemas.errors import RetriableError
from schemas.ports.store import Store
from tocsin.answer_link_key import answer_links_of
from tocsin.reading import directory_of, reader_of
from tocsin.settings import Workplace
from tocsin.web.app import make_app
from tocsin.web.exhibit import Exhibit, StoppedClock
from tocsin.web.sign_of_life import SignOfLife
from tocsin.web.site import Site
from tocsin.web.visitors import Visitors, read_tokens
from tocsin.web_settings import address_of
from tocsin.workplace import open_log_of

logger = logging.getLogger(__name__)

#: Seconds that open requests have to end at a stop.
_STOP_S = 3


def make_site(
    workplace: Workplace,
    store: Store,
    environ: Mapping[str, str] | None = None,
    names: ActorNames | None = None,
    exhibit: Exhibit | None = None,
) -> Site:
    """Return the site of ``workplace``; nothing is read yet. ``names`` are those of its actors where nobody gives others;
    with ``exhibit`` it shows a watch that is over.

    :raises UsageError: tokens, or the key of links in messages, that cannot be read.
    """
    settings, present = workplace.settings, SystemClock()
    clock = StoppedClock(exhibit.ended_at, present) if exhibit is not None else present
    tokens = read_tokens(settings.web.token_places, workplace.folder, os.environ if environ is None else environ)
    directory = cache(lambda: directory_of(workplace))
    names = names or NamesWhenNeeded(directory)
    snapshots = workplace.path(settings.snapshots)
    reader = reader_of(workplace, store, names, clock, over=exhibit is not None)
    return Site(
        folder=workplace.folder.absolute(),
        snapshots=snapshots,
        open_log=lambda: open_log_of(workplace),
        reader=reader,
        store=store,
        names=names,
        directory=directory,
        clock=clock,
        # A session ends in the present, whatever the pages show.
        visitors=Visitors(settings.web, tokens, present),
        words=WordsOfAlerts(lambda: open_log_of(workplace), store, names),
        feeds={feed.id: feed for feed in settings.sources},
        links=answer_links_of(workplace, environ),
        exhibit=exhibit,
    )


async def serve(
    workplace: Workplace,
    store: Store,
    stop: asyncio.Event,
    *,
    say: Callable[[str], None] = logger.info,
    exhibit: Exhibit | None = None,
    sign: SignOfLife | None = None,
) -> None:
    """Serve until ``stop``; ``say`` tells the address once it is listened on, ``exhibit`` what is shown of a watch that
    is over: that is looked at once, and takes any port where that of the settings is taken. ``sign`` is given meanwhile.

    :raises UsageError: tokens that cannot be read.
    :raises RetriableError: another program listens on the port, so that the page may come once that one is gone.
    """
    settings = workplace.settings.web
    site = make_site(workplace, store, exhibit=exhibit)
    config = uvicorn.Config(
        make_app(site, settings, workplace.settings.public_url),
        log_level="warning",
        access_log=False,
        server_header=False,
        # The header of a proxy is believed from the addresses of the settings only, and read by ourselves.
        proxy_headers=False,
        timeout_graceful_shutdown=_STOP_S,
        lifespan="off",
    )
    server, ended, failed = _Server(config), threading.Event(), list[Exception]()
    with _listening(settings.host, settings.port, or_any=exhibit is not None) as listener:
        reading = threading.Thread(target=_read, args=(site.reader, ended, failed, server), name="reader", daemon=True)
        reading.start()
        waiting = [asyncio.create_task(_tell(server, stop))]
        if sign is not None:
            waiting.append(asyncio.create_task(sign.serves()))
        at = settings.model_copy(update={"port": listener.getsockname()[1]})
        say(f"the web page is at {address_of(at)}")
        try:
            await server.serve(sockets=[listener])
        finally:
            for task in waiting:
                task.cancel()
            ended.set()
            await asyncio.to_thread(reading.join, 10.0)
    if failed:
        raise failed[0]


def _listening(host: str, port: int, *, or_any: bool = False) -> socket.socket:
    """Return a socket that listens, with ``or_any`` on another port than a taken one; :raises RetriableError: it cannot be
    had now."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, reuse_port=False)
    except OSError as error:
        if or_any and error.errno == errno.EADDRINUSE:
            return _listening(host, 0)
        raise RetriableError(
            f"the web page cannot listen on {host}:{port}: {error.strerror or error}",
            remedy="another program may be there: give another `port` in the section [web] of tocsin.toml",
        ) from error


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals to whoever runs the job."""
        yield


async def _tell(server: uvicorn.Server, stop: asyncio.Event) -> None:
    await stop.wait()
    server.should_exit = True


def _read(reader: Reader, ended: threading.Event, failed: list[Exception], server: uvicorn.Server) -> None:
    """Read until ``ended``. What nobody foresaw ends the serving too: an old page that looks new is worse than none."""
    try:
        reader.run(ended)
    except Exception as error:  # noqa: BLE001 — whatever it was, it is raised again where the job ends
        failed.append(error)
        server.should_exit = True
