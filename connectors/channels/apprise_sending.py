"""A process of its own that sends one message by the library apprise: JSON on standard input in, JSON on standard output out.

Why a process: the library's many services open connections in their own ways, block, and log their addresses, which are
secrets. Here the guard of addresses is an audit hook, which no way around `socket` escapes, and a hanging one can be killed.
It starts no program and follows no redirect. Run by :mod:`connectors.channels.apprise_url` only.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any  # what audit events and the libraries pass, neither of which has types

from connectors.address_guard import AddressRefusedError, check_address

#: Events of the interpreter behind which another program is started, or the log of this machine is written to.
_PROGRAMS = frozenset(
    {
        *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty"),
        *("syslog.openlog", "syslog.syslog"),
    }
)


@dataclass
class Sent:
    """What became of it. ``known``: the URL is one that apprise understands; ``problem``: what kept it from being sent."""

    known: bool = True
    accepted: bool = False
    status: int | None = None
    retry_after: str | None = None
    problem: str = ""  # address, certificate, connection, broken, program
    detail: str = ""


def main() -> None:
    """Read the order, send, and write what became of it."""
    order = json.load(sys.stdin)
    sent = Sent()
    # Whatever the library prints must not get between our words.
    out, sys.stdout = sys.stdout, sys.stderr
    _guard(order["allowed"], sent)
    _send(order, sent)
    json.dump(asdict(sent), out)
    out.flush()


def _guard(allowed: Sequence[str], sent: Sent) -> None:
    def check(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
            try:
                check_address(str(arguments[1][0]), allowed)
            except AddressRefusedError as error:
                sent.problem, sent.detail = "address", error.strerror or ""
                raise
        elif event == "socket.connect" or event in _PROGRAMS:
            # A socket of another family leads to a service of this machine, and so does a program.
            sent.problem = "program"
            raise PermissionError(event)

    sys.addaudithook(check)


def _send(order: dict[str, Any], sent: Sent) -> None:
    import apprise
    import requests

    _watch(requests, sent)
    service = apprise.Apprise.instantiate(order["url"], suppress_exceptions=True)
    if service is None:
        sent.known = False
        return
    service.overflow_mode = apprise.OverflowMode.TRUNCATE
    sent.accepted = bool(
        service.notify(
            title=order["title"],
            body=order["body"],
            notify_type=apprise.NotifyType(order["type"]),
            body_format=apprise.NotifyFormat.TEXT,
        )
    )


def _watch(requests: Any, sent: Sent) -> None:
    """Note the answers that the library keeps to itself; let no redirect be followed and no proxy or netrc be used."""
    plain = requests.Session.send

    def send(session: Any, request: Any, **options: Any) -> Any:
        options["proxies"] = {}
        try:
            answer = plain(session, request, **options)
        except requests.exceptions.SSLError:
            sent.problem = sent.problem or "certificate"
            raise
        except requests.exceptions.RequestException as error:
            never_open = "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)
            sent.problem = sent.problem or ("connection" if never_open else "broken")
            raise
        sent.status, sent.retry_after = answer.status_code, answer.headers.get("Retry-After")
        return answer

    requests.Session.send = send
    requests.Session.get_redirect_target = lambda session, answer: None


if __name__ == "__main__":
    main()
