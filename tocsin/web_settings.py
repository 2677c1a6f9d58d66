"""The section [web] of the settings: where the page listens, and who may read it or act on it."""

from __future__ import annotations

import re
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.channels.settings import Network
from connectors.listening import TokenPlace, only_this_machine, token_places

#: What a token allows.
SCOPES = ("read", "act")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")


class WebSettings(BaseModel):
    """The web page. On the machine itself it needs no token. It refuses to listen anywhere else without `tokens` or an
    `identity_header`: what it shows is nobody's business by default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", description="address the web page listens on")
    port: int = Field(default=8765, ge=1, le=65535, description="port of the web page")
    names: tuple[str, ...] = Field(
        default=(),
        description="host names people reach the page by, besides that of `public_url`; a request for any other name is"
        " refused",
    )
    tokens: tuple[str, ...] = Field(
        default=(),
        description='who may come in, each `"NAME SCOPE PLACE"`: scope `read` or `act`, place `env:VARIABLE` or'
        ' `file:PATH` that holds the token, for example `"anna act env:ANNA_TOKEN"`',
    )
    identity_header: str | None = Field(
        default=None, description="header in which a reverse proxy names the person it let in, who may then act"
    )
    proxies: tuple[Network, ...] = Field(
        default=(), description="addresses of that proxy; from anywhere else the header is not believed"
    )

    @field_validator("tokens")
    @classmethod
    def _readable(cls, tokens: tuple[str, ...]) -> tuple[str, ...]:
        token_places(tokens, SCOPES)
        return tokens

    @field_validator("identity_header")
    @classmethod
    def _header(cls, header: str | None) -> str | None:
        if header is not None and _HEADER.fullmatch(header) is None:
            raise ValueError("is no name of a header, for example X-Forwarded-User")
        return header

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if (self.identity_header is None) != (not self.proxies):
            raise ValueError("identity_header and proxies belong together: anybody can send a header")
        if not self.is_loopback and not self.tokens and self.identity_header is None:
            raise ValueError(
                f"host {self.host} can be reached from other machines: give tokens, or identity_header with proxies"
            )
        return self

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the page."""
        return only_this_machine(self.host)

    @property
    def token_places(self) -> tuple[TokenPlace, ...]:
        """Return the tokens, each with the place of its secret."""
        return token_places(self.tokens, SCOPES)


def address_of(settings: WebSettings) -> str:
    """Return the address people type."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}/"
