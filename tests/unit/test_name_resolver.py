"""Names that nobody answers for keep no other name waiting; what goes wrong is said to whoever asked."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from connectors.name_resolver import NameResolver

#: More than any pool of threads that asyncio makes by itself.
_DEAD = 100


def test_a_hundred_names_without_an_answer_delay_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    let_go = threading.Event()

    def getaddrinfo(host: str, port: int, **_: object) -> list[object]:
        if host.startswith("dead"):
            let_go.wait()
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", port))]

    async def go() -> None:
        resolver = NameResolver()
        dead = [asyncio.create_task(resolver.resolve(f"dead{number}.example", 80)) for number in range(_DEAD)]
        await asyncio.sleep(0)
        (found,) = await resolver.resolve("alive.example", 443)
        assert (found["host"], found["port"], found["hostname"]) == ("192.0.2.1", 443, "alive.example")
        assert not any(task.done() for task in dead)
        dead[0].cancel()
        let_go.set()
        raised = await asyncio.gather(*dead, return_exceptions=True)
        assert isinstance(raised[0], asyncio.CancelledError)
        assert all(isinstance(error, socket.gaierror) for error in raised[1:])
        await resolver.close()

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    try:
        asyncio.run(go())
    finally:
        let_go.set()


def test_an_address_of_one_link_names_the_link(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*_: object, **__: object) -> list[object]:
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1", 80, 0, 3)),
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2001:db8::1", 80, 0, 0)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    found = asyncio.run(NameResolver().resolve("both.example", 80, socket.AF_UNSPEC))
    assert [one["host"] for one in found] == ["fe80::1%3", "2001:db8::1"]
