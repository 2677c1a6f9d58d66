"""What every request passes and every answer carries: the right host name, a visitor with the right scope, strict headers.

request ──▶ host name known? ──▶ who is it? ──▶ page ──▶ headers ──▶ answer
                 │ no: 400          │ nobody: 401, or the page to sign in
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Sequence
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tocsin.web.visitors import Visitor, Visitors

#: Nothing but our own files: no inline script, no inline style, no other host. Charts are images of this host.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

#: A chart is an image whose strokes carry their own style; it may load nothing and run nothing.
IMAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": browsers then send "Origin: null" with our own forms, which is what a foreign one may send too.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

#: Whoever asks whether the service lives need not be known; nothing of the news is in the answer. A link of a message carries
#: its own right.
_OPEN_PATHS = ("/healthz", "/readyz", "/sign-in", "/static/", "/answer/")

#: No form of ours is larger; a body whose length is not told is refused too.
LARGEST_FORM_BYTES = 16_384

_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


def known_names(host: str, names: Collection[str], public_url: str | None) -> frozenset[str]:
    """Return the host names the page answers to. A name that leads here by somebody else's DNS is none of them."""
    found = {name.lower() for name in names}
    if host not in ("0.0.0.0", "::", ""):
        found.add(host.lower())
    public = urlsplit(public_url).hostname if public_url else None
    if public:
        found.add(public.lower())
    return frozenset({*found, *_LOOPBACK_NAMES})


class Guard:
    """The outermost layer of the application. ``names`` are the host names it answers to; addresses are answered too
    where ``any_address`` is set, because nobody's DNS can turn an address into another machine."""

    def __init__(self, app: ASGIApp, *, names: Collection[str], any_address: bool, visitors: Visitors) -> None:
        self._app = app
        self._names = frozenset(names)
        self._any_address = any_address
        self._visitors = visitors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refused = self._refusal(scope, headers)

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                _dress(MutableHeaders(scope=message))
            await send(message)

        await (refused or self._app)(scope, receive, dressed)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """Return the answer to a request that goes no further; sets the visitor of one that does."""
        if not self._is_ours(headers.get("host", "")):
            words = "this host name is not known here; add it to `names` in [web], or set `public_url`\n"
            return PlainTextResponse(words, status_code=400)
        if scope["method"] not in ("GET", "HEAD") and not _is_small(headers.get("content-length", "")):
            return PlainTextResponse("a form of this page is smaller\n", status_code=413)
        peer = scope["client"][0] if scope.get("client") else ""
        visitor = self._visitors.of(headers, peer)
        path: str = scope["path"]
        scope.setdefault("state", {})["visitor"] = visitor or Visitor("", frozenset())
        if visitor is not None or any(path == free or path.startswith(free) for free in _OPEN_PATHS):
            return None
        if scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
            return RedirectResponse(f"/sign-in?next={quote(path)}", status_code=303)
        return PlainTextResponse("a token is needed: Authorization: Bearer …\n", status_code=401)

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self._names:
            return True
        return self._any_address and _is_address(name)


def _is_small(length: str) -> bool:
    return length.isascii() and length.isdigit() and len(length) < 10 and int(length) <= LARGEST_FORM_BYTES


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _dress(headers: MutableHeaders) -> None:
    image = headers.get("content-type", "").startswith("image/svg")
    headers["Content-Security-Policy"] = IMAGE_POLICY if image else POLICY
    for name, value in HEADERS.items():
        headers[name] = value
    headers.setdefault("Cache-Control", "no-store")


def local_path(wanted: str) -> str:
    """Return ``wanted`` where it is a path of this site, else ``/``: nobody is sent elsewhere after signing in."""
    parts = urlsplit(wanted)
    safe = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return wanted if safe and all(ord(character) > 32 for character in wanted) else "/"


def required_headers() -> Sequence[str]:
    """Return the names of the headers that no answer lacks."""
    return ("Content-Security-Policy", *HEADERS)
