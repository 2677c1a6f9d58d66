"""The section [push] of the settings: where articles are taken, and from whom."""

from __future__ import annotations

import ipaddress
import re
from datetime import timedelta
from typing import Annotated, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.feeds.settings import FeedSettings
from connectors.folders.settings import checked_map, checked_zone

_TOKEN = re.compile(r"(?P<name>[\w.@-]{1,60})\s+(?P<kind>env|file):(?P<place>\S+)")


class PushToken(NamedTuple):
    """Whose token it is, and where the secret itself lies."""

    name: str
    kind: str  # env or file
    place: str


class PushSettings(BaseModel):
    """An HTTP endpoint that takes articles (`POST /articles`); off unless `port` is given. It refuses to listen on an address
    that other machines reach without `tokens`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", description="address it listens on")
    port: int | None = Field(default=None, ge=1, le=65535, description="port it listens on, for example 8766")
    tokens: tuple[str, ...] = Field(
        default=(),
        description='who may push, each `"NAME PLACE"`: place `env:VARIABLE` or `file:PATH` that holds the token, for example'
        ' `"wire env:WIRE_TOKEN"`',
    )
    id: str = Field(
        default="push",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",
        description="what it is called among feeds, and the publisher of articles that name none",
    )
    map: Annotated[str | None, AfterValidator(checked_map)] = Field(
        default=None, description="which field is what, as for folders (default: guessed from usual names)"
    )
    tz: Annotated[str, AfterValidator(checked_zone)] = Field(
        default="UTC", description="zone of times written without one"
    )

    @field_validator("tokens")
    @classmethod
    def _readable(cls, tokens: tuple[str, ...]) -> tuple[str, ...]:
        for number, token in enumerate(tokens, start=1):
            if _TOKEN.fullmatch(token.strip()) is None:
                # The text is not repeated: somebody may have written the secret itself.
                raise ValueError(f'token {number} is not "NAME env:VARIABLE" or "NAME file:PATH"')
        return tokens

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if not self.tokens and not self.is_loopback:
            raise ValueError(f"host {self.host} can be reached from other machines: give tokens")
        return self

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def token_places(self) -> tuple[PushToken, ...]:
        """Return the tokens, each with the place of its secret."""
        found = [match for token in self.tokens if (match := _TOKEN.fullmatch(token.strip())) is not None]
        return tuple(PushToken(match["name"], match["kind"], match["place"]) for match in found)

    @property
    def as_feed(self) -> FeedSettings:
        """Return the endpoint as the poll job has it among its feeds."""
        feed = FeedSettings(id=self.id, url="https://push.invalid/", interval=timedelta(seconds=1))
        return feed.model_copy(update={"url": f"push://{self.id.lower()}"})
