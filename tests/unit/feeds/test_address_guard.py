"""No socket is made for an address off the public internet, however it is spelled, unless the settings allow it."""

import asyncio
import socket
import threading
from ipaddress import ip_network
from typing import cast

import aiohttp
import pytest
from aiohttp import web

from connectors.address_guard import AddressRefusedError, check_address, guarded_connector, open_guarded_socket

REFUSED = [
    *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.31.255.255"),
    *("192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.51.100.7", "203.0.113.9"),
    *("224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "168.63.129.16"),
    *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1", "100::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1"),
    *("2001::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::1", "3fff::1", "4000::1", "not an address", ""),
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", REFUSED)
def test_special_addresses_are_refused_and_the_error_names_the_setting(address: str) -> None:
    with pytest.raises(AddressRefusedError, match="allow_addresses"):
        check_address(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address: str) -> None:
    check_address(address)


def test_an_allowed_network_opens_just_that() -> None:
    check_address("10.1.2.3", ["10.1.0.0/16"])
    check_address("::ffff:10.1.2.3", [ip_network("10.1.0.0/16")])
    check_address("fd00::5", ["fd00::/8"])
    with pytest.raises(AddressRefusedError):
        check_address("10.2.0.1", ["10.1.0.0/16", "fd00::/8"])


async def _served() -> tuple[web.AppRunner, int]:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, cast("tuple[str, int]", runner.addresses[0])[1]


async def _read(url: str, *allowed: str) -> str:
    connector = guarded_connector(allowed)
    async with aiohttp.ClientSession(connector=connector) as session, session.get(url) as answer:
        return await answer.text()


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::ffff:7f00:1]"]
)
def test_a_session_reaches_loopback_in_no_spelling(host: str) -> None:
    async def run() -> str:
        runner, port = await _served()
        try:
            return await _read(f"http://{host}:{port}/")
        finally:
            await runner.cleanup()

    with pytest.raises(aiohttp.ClientError) as caught:
        asyncio.run(run())
    # Spellings that are no host name to the library or the resolver never get as far as the guard.
    refused_before = isinstance(caught.value, aiohttp.InvalidURL | aiohttp.ClientConnectorDNSError)
    assert refused_before or "allow_addresses" in str(caught.value)


def test_a_session_reaches_loopback_where_the_settings_allow_it() -> None:
    async def run() -> str:
        runner, port = await _served()
        try:
            return await _read(f"http://127.0.0.1:{port}/", "127.0.0.0/8")
        finally:
            await runner.cleanup()

    assert asyncio.run(run()) == "hello"


def test_a_blocking_socket_is_guarded_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(AddressRefusedError):
            open_guarded_socket("127.0.0.1", port, 2.0)
        greeter = threading.Thread(target=lambda: server.accept()[0].sendall(b"220"))
        greeter.start()
        with open_guarded_socket("localhost", port, 60.0, ["127.0.0.0/8"]) as sock:
            assert sock.recv(3) == b"220"
        greeter.join()
