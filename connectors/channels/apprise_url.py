"""Messages to whatever the library apprise knows (some 130 services), by its URL, which is a secret. Needs the extra `apprise`.

message ──JSON──▶ a process that sends (apprise_sending) ──JSON──▶ outcome
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import logging
import os
import sys
from collections.abc import Sequence

from connectors.channels.http_outcome import outcome_of_status
from schemas.clock import Clock
from schemas.errors import UsageError
from schemas.ids import Json, canonical_json
from schemas.plain_text import plain_line, plain_text, shortened
from schemas.ports.channel import Message, Outcome
from schemas.reasons import EventKind, Severity

logger = logging.getLogger(__name__)

#: Longer texts are cut before apprise cuts them to what the service takes.
_TITLE_LIMIT, _BODY_LIMIT = 250, 30_000

#: All that the process inherits: no proxy, no secret of another receiver, no netrc.
_INHERITED = ("PATH", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "SYSTEMROOT")

_OVER = frozenset({EventKind.RESOLVED, EventKind.RETRACTED, EventKind.SIGHTED})
_LOUD = frozenset({Severity.HIGH, Severity.CRITICAL})


class AppriseChannel:
    """Sends to the service at ``url``. ``allowed`` are networks that are not public and may be connected to."""

    def __init__(self, receiver: str, url: str, allowed: Sequence[str], clock: Clock, *, timeout_s: float) -> None:
        self._receiver = receiver
        self._url = url
        self._allowed = tuple(allowed)
        self._clock = clock
        self._timeout_s = timeout_s

    @property
    def receiver(self) -> str:
        """The receiver's name."""
        return self._receiver

    async def send(self, message: Message) -> Outcome:
        """Send ``message`` once, in a process that ends with it."""
        order = canonical_json({"url": self._url, "allowed": list(self._allowed), **apprise_order(message)})
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "connectors.channels.apprise_sending"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # The library writes addresses there, and they hold secrets.
            stderr=asyncio.subprocess.DEVNULL,
            env=_environment(),
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                said, _ = await process.communicate(order)
        except TimeoutError:
            return _unclear(f"no answer within {self._timeout_s:g} s")
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        return self._outcome(said)

    async def close(self) -> None:
        """Nothing stays open between messages."""

    def _outcome(self, said: bytes) -> Outcome:
        try:
            sent: dict[str, object] = json.loads(said)
        except ValueError:
            logger.error("receiver %s: apprise ended without a word", self._receiver)
            return _unclear("apprise failed")
        status, retry_after = sent["status"], sent["retry_after"]
        redirected = isinstance(status, int) and 300 <= status < 400
        if sent["problem"] == "program":
            return Outcome(result="refused", detail="this service would use a program or the log of this machine")
        if sent["accepted"] and not redirected:
            return Outcome(result="delivered", detail="apprise says it was taken")
        if not sent["known"]:
            return Outcome(result="refused", detail="apprise knows no such URL; correct the variable or file of it")
        match sent["problem"]:
            case "address":
                return Outcome(result="retry", detail=f"no connection: {sent['detail']}")
            case "certificate":
                return Outcome(result="retry", detail="no secure connection: its certificate is not accepted")
            case "connection":
                return Outcome(result="retry", detail="no connection to its server")
            case "broken":
                return _unclear("the connection broke before an answer")
        if isinstance(status, int) and not 200 <= status < 300:
            header = retry_after if isinstance(retry_after, str) else None
            return outcome_of_status(status, retry_after=header, now=self._clock.now())
        return _unclear("apprise says that it was not taken")


def apprise_order(message: Message) -> dict[str, Json]:
    """Return title, body and type of notification of ``message``, as plain text."""
    title = plain_line(message.subject, _TITLE_LIMIT)
    return {
        "title": title,
        "body": shortened(plain_text(message.body).strip(), _BODY_LIMIT) or title,
        "type": _type(message),
    }


def _type(message: Message) -> str:
    if message.event is None:
        return "info"
    if message.event.event in _OVER:
        return "success"
    return "warning" if message.severity in _LOUD else "info"


def require_apprise(receiver: str) -> None:
    """:raises UsageError: the library is not installed; names the remedy."""
    if importlib.util.find_spec("apprise") is None:
        raise UsageError(
            f'receiver "{receiver}": the package apprise is not installed',
            remedy="install the extra:  pip install 'tocsin[apprise]'",
        )


def _environment() -> dict[str, str]:
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {**inherited, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "NETRC": os.devnull}


def _unclear(detail: str) -> Outcome:
    return Outcome(result="retry", detail=f"{detail}; it may have arrived all the same", may_have_arrived=True)
