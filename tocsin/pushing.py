"""Puts the endpoint together that others push articles to: its tokens, its socket, the inlet behind it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from aiohttp import web

from connectors.archive.field_map import FieldMap
from connectors.channels.secrets import SecretReference
from connectors.push.endpoint import PushEndpoint
from connectors.push.settings import PushSettings
from pipelines.polling.push_inlet import PushInlet
from schemas.errors import RetriableError, UsageError

#: Shorter tokens can be guessed.
_LEAST_CHARACTERS = 16
#: So long a request may go on when the job stops, in seconds.
_STOP_S = 2.0


@asynccontextmanager
async def taking_pushes(
    settings: PushSettings, folder: Path, environ: Mapping[str, str] = os.environ
) -> AsyncIterator[dict[str, PushInlet]]:
    """Serve while the context lasts; yield the inlet by its id, nothing where the endpoint is off.

    :raises UsageError: tokens that cannot be read.
    :raises RetriableError: another program listens on the port.
    """
    if settings.port is None:
        yield {}
        return
    inlet = PushInlet()
    endpoint = PushEndpoint(
        inlet.push,
        tokens=read_push_tokens(settings, folder, environ),
        fields=None if settings.map is None else FieldMap.parse(settings.map),
        zone=ZoneInfo(settings.tz),
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
        yield {settings.id: inlet}
    finally:
        await runner.cleanup()


def read_push_tokens(settings: PushSettings, folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets by whose they are; :raises UsageError: some cannot be read or are too short, all told at once."""
    tokens: dict[str, str] = {}
    mistakes: list[str] = []
    for place in settings.token_places:
        file = folder / place.place if place.kind == "file" else None
        reference = SecretReference(f"push token {place.name}", "token", None if file else place.place, file)
        try:
            tokens[place.name] = reference.read(environ)
        except UsageError as error:
            mistakes.append(str(error))
            continue
        if len(tokens[place.name]) < _LEAST_CHARACTERS:
            mistakes.append(f"push token {place.name}: shorter than {_LEAST_CHARACTERS} characters can be guessed")
    if mistakes:
        raise UsageError(
            "\n".join(mistakes), remedy="make one with: python -c 'import secrets; print(secrets.token_urlsafe())'"
        )
    return tokens
