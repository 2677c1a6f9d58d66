"""The system's resolver for aiohttp, each name in a thread of its own: a name in, its addresses out.

A name server that says nothing holds its thread for half a minute or more. In a pool of threads, as asyncio has one, a few dead
names would keep every other name waiting, and a process from ending.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import Any  # An address of the socket module is a tuple of no one shape.

from aiohttp.abc import AbstractResolver, ResolveResult

Info = tuple[int, int, int, str, tuple[Any, ...]]


class NameResolver(AbstractResolver):
    """Remembers nothing. How many names are asked for at once is up to whoever asks."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of ``host``; :raises OSError: it has none, or nobody can say."""
        return [
            ResolveResult(
                hostname=host,
                # An IPv6 address of one link alone is none without the link.
                host=f"{address[0]}%{address[3]}" if len(address) > 3 and address[3] else address[0],
                port=address[1],
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, address in await _asked(host, port, family)
        ]

    async def close(self) -> None:
        """Nothing is held: a thread that still waits ends with its name server's silence, or with the process."""


async def _asked(host: str, port: int, family: int) -> list[Info]:
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[list[Info]] = loop.create_future()

    def take(infos: list[Info], error: Exception | None) -> None:
        if answered.done():
            return  # Nobody waits for it any more.
        if error is None:
            answered.set_result(infos)
        else:
            answered.set_exception(error)

    def ask() -> None:
        infos: list[Info] = []
        error: Exception | None = None
        try:
            infos = list(
                socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family, flags=socket.AI_ADDRCONFIG)
            )
        except Exception as raised:  # noqa: BLE001 - whatever it is, whoever asked is to hear it.
            error = raised
        with contextlib.suppress(RuntimeError):  # The loop has ended meanwhile.
            loop.call_soon_threadsafe(take, infos, error)

    threading.Thread(target=ask, name="name", daemon=True).start()
    return await answered
