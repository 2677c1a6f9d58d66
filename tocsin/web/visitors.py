"""Who asks, and what they may do: by token, by a session that a token opened, by the header of a trusted proxy, or, where
no token is asked for, because they are on this machine. Secrets are compared in constant time and never shown."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from pathlib import Path

from starlette.datastructures import Headers

from connectors.listening import TokenPlace, read_secrets
from schemas.clock import Clock
from schemas.plain_text import plain_line
from tocsin.web_settings import WebSettings

SESSION_COOKIE = "tocsin_session"
SESSION_S = 14 * 24 * 3600


@dataclass(frozen=True)
class Visitor:
    """Who asks (``name`` goes into the audit) and the scopes they have: ``read``, ``act``."""

    name: str
    scopes: frozenset[str]

    @property
    def may_act(self) -> bool:
        """Whether they may change something."""
        return "act" in self.scopes


@dataclass(frozen=True)
class Token:
    """A secret and what it allows; ``repr`` does not show it."""

    name: str
    scope: str
    secret: str = field(repr=False)

    def visitor(self) -> Visitor:
        """Return who holds it."""
        return Visitor(self.name, frozenset({"read", "act"} if self.scope == "act" else {"read"}))

    def sign(self, text: str) -> str:
        """Return a signature that only this secret makes."""
        return hmac.new(hashlib.sha256(self.secret.encode()).digest(), text.encode(), hashlib.sha256).hexdigest()


class Visitors:
    """Tells who a request comes from."""

    def __init__(self, settings: WebSettings, tokens: Sequence[Token], clock: Clock) -> None:
        self._settings = settings
        self._tokens = tuple(tokens)
        self._clock = clock
        self._form_key = secrets.token_bytes(32)

    @property
    def tokens_needed(self) -> bool:
        """Whether somebody without a token, session or proxy is refused."""
        return bool(self._tokens) or self._settings.identity_header is not None

    def of(self, headers: Headers, peer: str) -> Visitor | None:
        """Return who sent a request with ``headers`` from the address ``peer``; None for somebody unknown."""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self.by_token(given.strip())
        if self._settings.identity_header is not None and self._is_proxy(peer):
            name = plain_line(headers.get(self._settings.identity_header, ""), 80)
            if name:
                return Visitor(name, frozenset({"read", "act"}))
        if not self.tokens_needed:
            return Visitor("this machine", frozenset({"read", "act"}))
        return self._by_session(_cookies(headers).get(SESSION_COOKIE, ""))

    def by_token(self, given: str) -> Visitor | None:
        """Return whose token ``given`` is; every token is compared, so that time tells nothing."""
        found = [token for token in self._tokens if hmac.compare_digest(token.secret.encode(), given.encode())]
        return found[0].visitor() if found else None

    def session_for(self, given: str) -> str | None:
        """Return the cookie of a session opened by the token ``given``; None where it is none."""
        for token in self._tokens:
            if hmac.compare_digest(token.secret.encode(), given.encode()):
                until = int(self._clock.now().timestamp()) + SESSION_S
                return f"{until}.{token.sign(str(until))}"
        return None

    def _by_session(self, cookie: str) -> Visitor | None:
        until, _, signature = cookie.partition(".")
        if not (until.isascii() and until.isdigit() and len(until) < 15):
            return None
        if int(until) < self._clock.now().timestamp():
            return None
        found = [t for t in self._tokens if hmac.compare_digest(t.sign(until).encode(), signature.encode())]
        return found[0].visitor() if found else None

    def _is_proxy(self, peer: str) -> bool:
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        return any(address in ipaddress.ip_network(network) for network in self._settings.proxies)

    # -- forms ------------------------------------------------------------------------------------------------------

    def form_mark(self, visitor: Visitor) -> str:
        """Return what a form of ours carries, so that a form of another site is told apart; holds until the restart."""
        return hmac.new(self._form_key, visitor.name.encode(), hashlib.sha256).hexdigest()

    def is_our_form(self, visitor: Visitor, mark: str, headers: Headers) -> bool:
        """Tell whether a POST comes from a form of ours: its mark is right and the browser names no other origin."""
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return False
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != headers.get("host"):
            return False
        return hmac.compare_digest(self.form_mark(visitor).encode(), mark.encode())


def _cookies(headers: Headers) -> Mapping[str, str]:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(headers.get("cookie", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


def read_tokens(places: Sequence[TokenPlace], folder: Path, environ: Mapping[str, str]) -> list[Token]:
    """Return the tokens that lie at ``places``.

    :raises UsageError: some cannot be read or are too short, all of them told at once.
    """
    found = read_secrets("web token", places, folder, environ)
    return [Token(place.name, place.scope, secret) for place, secret in found]
