"""A blocking call in a thread of its own that may be given up: a stuck receiver must never keep the process alive."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def call_in_daemon(call: Callable[[], T], *, timeout_s: float, name: str) -> T:
    """Return what ``call`` returns or raises.

    The pool of ``asyncio.to_thread`` is joined when the loop ends, so that a call stuck in the network would hold up the
    stop; this thread is a daemon and is left behind instead.

    :raises TimeoutError: not done within ``timeout_s``; the call goes on unseen, and its caller closes what it uses.
    """
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()

    def finish(value: T | None, error: BaseException | None) -> None:
        if result.done():
            return
        if error is not None:
            result.set_exception(error)
        else:
            result.set_result(value)  # type: ignore[arg-type]  # None only where T allows it

    def run() -> None:
        try:
            value, error = call(), None
        except BaseException as raised:  # noqa: BLE001 - handed to the caller, whatever it is
            value, error = None, raised
        try:
            loop.call_soon_threadsafe(finish, value, error)
        except RuntimeError:
            return  # The loop has ended: nobody waits any more.

    threading.Thread(target=run, name=name, daemon=True).start()
    async with asyncio.timeout(timeout_s):
        return await result
