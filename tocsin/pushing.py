"""Puts the endpoint together that others push articles to: its tokens, its socket, the inlet behind it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from aiohttp import web

from connectors.archive.field_map import FieldMap
from connectors.feeds.wire import WireEntry
from connectors.listening import read_secrets
from connectors.push.endpoint import PushEndpoint
from connectors.push.settings import PushSettings
from pipelines.polling.push_inlet import PushInlet
from schemas.errors import RetriableError

#: So long a request may go on when the job stops, in seconds.
_STOP_S = 2.0


@asynccontextmanager
async def taking_pushes(
    settings: PushSettings, folder: Path, environ: Mapping[str, str] = os.environ
) -> AsyncIterator[dict[str, PushInlet]]:
    """Serve while the context lasts; yield the inlets by the ids of their feeds, nothing where the endpoint is off.

    :raises UsageError: tokens that cannot be read.
    :raises RetriableError: another program listens on the port.
    """
    if settings.port is None:
        yield {}
        return
    inlets = {name: PushInlet() for name in settings.streams}

    async def push(name: str, entries: Sequence[WireEntry]) -> None:
        await inlets[name].push(entries)

    endpoint = PushEndpoint(
        push,
        tokens=read_push_tokens(settings, folder, environ),
        fields=None if settings.map is None else FieldMap.parse(settings.map),
        zone=ZoneInfo(settings.tz),
        paused=settings.paused_tokens,
    )
    runner = web.AppRunner(endpoint.app(), access_log=None, shutdown_timeout=_STOP_S)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, settings.host, settings.port).start()
        except OSError as error:
            raise RetriableError(
                f"articles cannot be taken on {settings.host}:{settings.port}: {error.strerror or error}",
                remedy="another program may be there: give another `port` in the section [push] of tocsin.toml",
            ) from error
        yield {stream: inlets[name] for name, stream in settings.streams.items()}
    finally:
        await runner.cleanup()


def read_push_tokens(settings: PushSettings, folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets by whose they are; :raises UsageError: some cannot be read or are too short, all told at once."""
    return {place.name: secret for place, secret in read_secrets("push token", settings.token_places, folder, environ)}
