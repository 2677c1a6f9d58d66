"""Real receivers on loopback, one for each channel, that answer as a test tells them and keep what they took in."""

from __future__ import annotations

import asyncio
import io
import json
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol, Self, TextIO, cast

from aiohttp import web
from aiosmtpd.smtp import SMTP as SmtpProtocol
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from pydantic import TypeAdapter

from connectors.channels.open import open_channel
from connectors.channels.settings import ChannelSettings
from connectors.clock import SystemClock
from schemas.ports.channel import Channel
from tests.contract.channels.webhook_verifier import verified

WEBHOOK_SECRET = "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTMy"
PATH_SECRET = "hidden-path-7f3a"
TOKEN = "tk_verysecrettoken0123456789"
PASSWORD = "correct horse battery staple"
CERTIFICATE = Path(__file__).with_name("untrusted-localhost.pem")

#: Seconds for one try; settings allow fewer.
PATIENCE_S = 120.0

Mood = Literal["answers", "hangs", "hangs_up"]


@dataclass
class Taken:
    """What a counterpart took in, in the words of no channel."""

    subject: str
    text: str
    message_id: str | None = None
    raw: bytes = b""
    json: dict[str, Any] = field(default_factory=dict)  # Any: whatever JSON came
    mail: EmailMessage | None = None


class Counterpart(Protocol):
    """A receiver and a channel that is pointed at it."""

    mood: Mood
    secrets: tuple[str, ...]

    @property
    def taken(self) -> list[Taken]: ...
    async def start(self, *, tls: bool = False) -> None: ...
    async def stop(self) -> None: ...
    def channel(self, **more: object) -> Channel: ...


class NetworkedCounterpart(Counterpart, Protocol):
    """A receiver that answers as it is told: later, never, yes; its moods are what networks do."""

    port: int
    hangs_on: int  # messages that it has read and does not answer

    def say_later(self) -> None: ...
    def say_never(self) -> None: ...
    def say_yes(self) -> None: ...


def server_tls() -> ssl.SSLContext:
    """Return the TLS side of a server whose certificate nobody has reason to trust."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


_settings: TypeAdapter[ChannelSettings] = TypeAdapter(ChannelSettings)


def opened(environ: dict[str, str], values: dict[str, object], stream: TextIO | None = None) -> Channel:
    """Return a channel as the settings file would open it, but for its patience: a busy machine is no defect."""
    settings = _settings.validate_python({"name": "desk", **{k: v for k, v in values.items() if k != "timeout_s"}})
    patient = settings.model_copy(update={"timeout_s": values.get("timeout_s", PATIENCE_S)})
    return open_channel(patient, clock=SystemClock(), environ=environ, stream=stream)


class HttpCounterpart:
    """A web server; subclasses say how a channel is pointed at it and how its requests are read."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.mood: Mood = "answers"
        self.hangs_on = 0
        self.secrets: tuple[str, ...] = (PATH_SECRET,)
        self.status = 200
        self.headers: dict[str, str] = {}
        self.answer_bytes = 0
        self.visited: list[str] = []
        self.port = 0
        self.scheme = "http"
        self._runner: web.AppRunner | None = None

    async def start(self, *, tls: bool = False) -> None:
        app = web.Application(client_max_size=32 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=server_tls() if tls else None)
        await site.start()
        self.scheme = "https" if tls else "http"
        self.port = cast("tuple[str, int]", self._runner.addresses[0])[1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _answer(self, request: web.Request) -> web.Response:
        self.visited.append(request.path)
        body = await request.read()
        if self.mood == "hangs":
            self.hangs_on += 1
            await asyncio.sleep(3_600)
        if self.mood == "hangs_up":
            assert request.transport is not None
            request.transport.abort()
        if self.status < 300:
            self.taken.append(self.read(request, body))
        # A rude server repeats what it was sent; none of it may come out at the other end.
        echoed = " ".join([request.path, *request.headers.values()])
        return web.Response(status=self.status, headers=self.headers, text=echoed.ljust(self.answer_bytes, "."))

    def read(self, request: web.Request, body: bytes) -> Taken:
        raise NotImplementedError

    def channel(self, **more: object) -> Channel:
        raise NotImplementedError

    @property
    def base(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def say_later(self) -> None:
        self.status = 503

    def say_never(self) -> None:
        self.status = 400

    def say_yes(self) -> None:
        self.status = 200


class WebhookCounterpart(HttpCounterpart):
    """Takes in only what is signed."""

    def __init__(self) -> None:
        super().__init__()
        self.secrets = (WEBHOOK_SECRET, WEBHOOK_SECRET.removeprefix("whsec_"), PATH_SECRET)

    def channel(self, **more: object) -> Channel:
        environ = {"HOOK_SECRET": WEBHOOK_SECRET, "HOOK_URL": f"{self.base}/{PATH_SECRET}"}
        values = {
            "type": "webhook",
            "url_env": "HOOK_URL",
            "secret_env": "HOOK_SECRET",
            "allow_addresses": ["127.0.0.1/32"],
        }
        return opened(environ, {**values, **more})

    def read(self, request: web.Request, body: bytes) -> Taken:
        now_s = SystemClock().now().timestamp()
        webhook_id = verified(request.headers, body, secret=WEBHOOK_SECRET, now_s=now_s)
        assert request.headers["Content-Type"] == "application/json"
        data = json.loads(body)
        return Taken(data["data"]["subject"], data["data"]["body"], webhook_id, body, data)


class NtfyCounterpart(HttpCounterpart):
    """Takes in the JSON form of ntfy's publish call, which goes to the server's root."""

    def __init__(self) -> None:
        super().__init__()
        self.secrets = (TOKEN, "quiet-topic-91")

    def channel(self, **more: object) -> Channel:
        environ = {"NTFY_TOKEN": TOKEN, "NTFY_TOPIC": "quiet-topic-91"}
        values = {"type": "ntfy", "url": self.base, "topic_env": "NTFY_TOPIC", "token_env": "NTFY_TOKEN"}
        return opened(environ, {**values, "allow_addresses": ["127.0.0.1/32"], **more})

    def read(self, request: web.Request, body: bytes) -> Taken:
        assert request.path == "/"
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        data = json.loads(body)
        assert data["topic"] == "quiet-topic-91"
        assert len(data["message"].encode()) <= 4096
        return Taken(data["title"], data["message"], None, body, data)


class SlackCounterpart(HttpCounterpart):
    """Takes in what an incoming webhook of Slack takes."""

    def channel(self, **more: object) -> Channel:
        environ = {"SLACK_URL": f"{self.base}/services/{PATH_SECRET}"}
        return opened(environ, {"type": "slack", "url_env": "SLACK_URL", "allow_addresses": ["127.0.0.1/32"], **more})

    def read(self, request: web.Request, body: bytes) -> Taken:
        data = json.loads(body)
        assert len(data["text"]) <= 40_000
        shown = data["text"].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        subject, _, text = shown.partition("\n")
        return Taken(subject, text, None, body, data)


class SmtpCounterpart:
    """A mail server (aiosmtpd) with STARTTLS and login, as ``encryption`` asks."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.mood: Mood = "answers"
        self.hangs_on = 0
        self.secrets: tuple[str, ...] = (PASSWORD,)
        self.reply = "250 OK"
        self.rcpt_replies: dict[str, str] = {}
        self.logins: list[tuple[bytes, bytes]] = []
        self.offers_tls = True
        self.tls_from_start = False
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self, *, tls: bool = False) -> None:
        self.tls_from_start = tls
        loop = asyncio.get_running_loop()
        context = server_tls()
        starttls = context if self.offers_tls and not tls else None
        self._server = await loop.create_server(
            lambda: SmtpProtocol(
                self,
                hostname="localhost",
                tls_context=starttls,
                authenticator=self._authenticate,
                auth_require_tls=not tls,
                data_size_limit=64 * 1024 * 1024,
            ),
            "127.0.0.1",
            self.port,
            ssl=context if tls else None,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def channel(self, **more: object) -> Channel:
        values = {
            "type": "email",
            "host": "localhost",
            "port": self.port,
            "encryption": "tls" if self.tls_from_start else "starttls",
            "ca_file": CERTIFICATE,
            "sender": "tocsin@example.org",
            "to": ["desk@example.org", "night@example.org"],
            "user": "tocsin",
            "password_env": "MAIL_PASSWORD",
            "allow_addresses": ["127.0.0.1/32", "::1/128"],
        }
        return opened({"MAIL_PASSWORD": PASSWORD}, {**values, **more})

    def say_later(self) -> None:
        self.reply = "451 try later"

    def say_never(self) -> None:
        self.reply = "554 never"

    def say_yes(self) -> None:
        self.reply = "250 OK"

    def _authenticate(
        self, server: SmtpProtocol, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)

    async def handle_RCPT(
        self, server: SmtpProtocol, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self.rcpt_replies.get(address, "250 OK")
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SmtpProtocol, session: Session, envelope: Envelope) -> str:
        if self.mood == "hangs":
            self.hangs_on += 1
            await asyncio.sleep(3_600)
        if self.mood == "hangs_up":
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
            return "421 gone"
        raw = envelope.content
        assert isinstance(raw, bytes)
        if self.reply.startswith("250"):
            mail = message_from_bytes(raw, policy=default)
            assert isinstance(mail, EmailMessage)
            plain = mail.get_body(("plain",))
            assert plain is not None
            mail_id = str(mail["Message-ID"]).removeprefix("<").partition("@")[0]
            text = plain.get_content().replace("\r\n", "\n")  # how lines end in mail, whatever is written in them
            self.taken.append(Taken(str(mail["Subject"]), text, mail_id, raw, mail=mail))
        return f"{self.reply} {PASSWORD}" if not self.reply.startswith("250") else self.reply


class _Pipe(io.TextIOWrapper):
    """A stream over a real pipe whose reader reads when it likes."""

    def __init__(self) -> None:
        self.reader, writer = os.pipe()
        super().__init__(os.fdopen(writer, "wb", buffering=0), encoding="utf-8", write_through=True)


class ConsoleCounterpart:
    """A pipe with somebody reading at the end of it, or nobody."""

    def __init__(self) -> None:
        self.mood: Mood = "answers"
        self.secrets: tuple[str, ...] = ()
        self._pipe = _Pipe()
        self._read = b""

    async def start(self, *, tls: bool = False) -> None:
        os.set_blocking(self._pipe.reader, False)

    async def stop(self) -> None:
        os.close(self._pipe.reader)

    def channel(self, **more: object) -> Channel:
        return opened({}, {"type": "console", **more}, self._pipe)

    @property
    def taken(self) -> list[Taken]:
        try:
            while chunk := os.read(self._pipe.reader, 1 << 20):
                self._read += chunk
        except BlockingIOError:
            pass
        messages: list[Taken] = []
        for line in self._read.decode(errors="ignore").splitlines():  # The last character may have come by half.
            if not line.startswith("  ") and line:
                messages.append(Taken(line, ""))
            else:
                messages[-1].text += line.removeprefix("  ") + "\n"
        return messages


MakeCounterpart = Callable[[], Counterpart]


@contextmanager
def closed(counterpart: NetworkedCounterpart) -> Iterator[None]:
    """Keep the port of one that does not run any more: nobody listens there, and no other lane will."""
    with socket.socket() as sign:
        sign.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sign.bind(("127.0.0.1", counterpart.port))
        yield


class Running:
    """``async with Running(counterpart)``: it listens inside the block."""

    def __init__(self, counterpart: Counterpart, *, tls: bool = False) -> None:
        self._counterpart = counterpart
        self._tls = tls

    async def __aenter__(self) -> Self:
        await self._counterpart.start(tls=self._tls)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._counterpart.stop()
