"""The client of LibreTranslate's protocol, held against a server on loopback that answers as a test tells it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, cast  # whatever JSON came

import pytest
from aiohttp import web

from connectors.address_guard import guarded_connector
from connectors.libre_translate import LibreTranslate

API_KEY = "a-very-secret-key-0123"


class FakeLibreTranslate:
    """Takes in POST /translate as the protocol documents it."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.answer: bytes | None = None
        self.hangs = False
        self.port = 0
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> FakeLibreTranslate:
        app = web.Application()
        app.router.add_post("/translate", self._translate)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = cast("tuple[str, int]", self._runner.addresses[0])[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _translate(self, request: web.Request) -> web.Response:
        asked = await request.json()
        self.asked.append(asked)
        if self.hangs:
            await asyncio.sleep(3_600)
        body = json.dumps({"translatedText": f"{asked['target']}: {asked['q']}"}).encode()
        return web.Response(
            body=body if self.answer is None else self.answer,
            status=self.status,
            headers=self.headers,
            content_type="application/json",
        )

    def client(self, *, allowed: tuple[str, ...] = ("127.0.0.1/32",), timeout_s: float = 60.0) -> LibreTranslate:
        address = f"http://127.0.0.1:{self.port}/"
        return LibreTranslate(address, API_KEY, "en", lambda: guarded_connector(allowed), timeout_s=timeout_s)


def asked_of(
    change: Callable[[FakeLibreTranslate], None], text: str = "Задержаны", **client: Any
) -> tuple[str | None, int]:
    """Return what the client made of a server that was changed so, and how often that was asked."""

    async def scenario() -> tuple[str | None, int]:
        async with FakeLibreTranslate() as server:
            change(server)
            translator = server.client(**client)
            said = await translator.translate(text, "ru")
            await translator.close()
            await translator.close()
            return said, len(server.asked)

    async def bounded(run: Awaitable[tuple[str | None, int]]) -> tuple[str | None, int]:
        async with asyncio.timeout(120):
            return await run

    return asyncio.run(bounded(scenario()))


def test_a_headline_is_translated_as_the_protocol_says() -> None:
    async def scenario() -> None:
        async with FakeLibreTranslate() as server:
            translator = server.client()
            assert await translator.translate("Задержаны\nв " + "я" * 900, "ru") is not None
            await translator.close()
            (asked,) = server.asked
            assert {name: value for name, value in asked.items() if name != "q"} == {
                "source": "ru",
                "target": "en",
                "format": "text",
                "api_key": API_KEY,
            }
            assert asked["q"].startswith("Задержаны в я")
            assert len(asked["q"]) <= 300

    asyncio.run(scenario())


def _answers(raw: bytes) -> Callable[[FakeLibreTranslate], None]:
    return lambda server: setattr(server, "answer", raw)


def test_what_comes_back_is_one_plain_line_of_bounded_length() -> None:
    hostile = json.dumps({"translatedText": "Held\n\x1b[31m<b>\u202e" + "x" * 5000}).encode()
    said, _ = asked_of(_answers(hostile))
    assert said is not None
    assert said.startswith("Held ")
    assert len(said) <= 600
    assert not any(character in said for character in "\n\x1b\u202e")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"translatedText": 7}',
        b'{"translatedText": ""}',
        b'{"error": "Invalid API key"}',
        b'{"translatedText": "' + b"x" * 200_000 + b'"}',
        b"[" * 60_000,
        json.dumps({"translatedText": "Задержаны"}).encode(),
        b'{"translatedText": "\xff"}',
    ],
    ids=range(11),
)
def test_an_answer_that_is_none_or_says_nothing_new_is_no_translation(raw: bytes) -> None:
    assert asked_of(_answers(raw)) == (None, 1)


@pytest.mark.parametrize("status", [302, 400, 403, 429, 500])
def test_an_error_or_a_redirect_is_no_translation_and_is_not_repeated(status: int) -> None:
    def refuse(server: FakeLibreTranslate) -> None:
        server.status = status
        server.headers = {"Location": f"http://127.0.0.1:{server.port}/translate"}

    assert asked_of(refuse) == (None, 1)


def test_a_server_that_hangs_is_given_up() -> None:
    said, asked = asked_of(lambda server: setattr(server, "hangs", True), timeout_s=0.3)
    assert said is None
    assert asked <= 1, "it is not asked again"


def test_a_private_address_is_asked_only_where_it_is_allowed() -> None:
    assert asked_of(lambda _: None, allowed=()) == (None, 0)


def test_neither_key_nor_address_nor_text_is_logged_or_printed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    asked_of(lambda server: setattr(server, "status", 403))
    asked_of(lambda _: None, allowed=())
    ours = "\n".join(r.getMessage() for r in caplog.records if not r.name.startswith("aiohttp."))
    assert "did not answer" in ours
    client = LibreTranslate("http://t.example", API_KEY, "en", lambda: guarded_connector(()), timeout_s=1)
    for secret in (API_KEY, "127.0.0.1", "Задержаны"):
        assert secret not in ours
        assert secret not in repr(client)
