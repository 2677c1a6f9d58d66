"""The section [push] of the settings: where articles are taken, and from whom."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.feeds.settings import FeedSettings
from connectors.folders.settings import checked_map, checked_zone
from connectors.listening import TokenPlace, only_this_machine, token_places

_LONGEST_ID = 64
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9_.-]")


class PushSettings(BaseModel):
    """An HTTP endpoint that takes articles (`POST /articles`); off unless `port` is given. It refuses to listen on an address
    that other machines reach without `tokens`. In coverage it stands as one feed for each token."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", description="address it listens on")
    port: int | None = Field(default=None, ge=1, le=65535, description="port it listens on, for example 8766")
    tokens: tuple[str, ...] = Field(
        default=(),
        description='who may push, each `"NAME PLACE"`: place `env:VARIABLE` or `file:PATH` that holds the token, for example'
        ' `"wire env:WIRE_TOKEN"`; what comes with it stands among feeds as `push.wire`',
    )
    id: str = Field(
        default="push",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",
        description="what it is called among feeds (with tokens `push.NAME` for each), and the publisher of articles that name"
        " none",
    )
    map: Annotated[str | None, AfterValidator(checked_map)] = Field(
        default=None, description="which field is what, as for folders (default: guessed from usual names)"
    )
    tz: Annotated[str, AfterValidator(checked_zone)] = Field(
        default="UTC", description="zone of times written without one"
    )

    paused: tuple[str, ...] = Field(
        default=(),
        description='what is paused, as it is called among feeds, for example `["push.wire"]`: whoever pushes it is answered 503,'
        " to send it again later",
    )

    @field_validator("tokens")
    @classmethod
    def _readable(cls, tokens: tuple[str, ...]) -> tuple[str, ...]:
        token_places(tokens)
        return tokens

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if not self.tokens and not only_this_machine(self.host):
            raise ValueError(f"host {self.host} can be reached from other machines: give tokens")
        if len({stream.lower() for stream in self.streams.values()}) < len(self.streams):
            raise ValueError("two tokens have names that only differ in case or special characters")
        if any(len(stream) > _LONGEST_ID for stream in self.streams.values()):
            raise ValueError(f"id and the name of a token have more than {_LONGEST_ID - 1} characters together")
        unknown = sorted(set(self.paused) - set(self.streams.values()))
        if unknown:
            known = ", ".join(self.streams.values())
            raise ValueError(f"paused names {unknown[0]}, which is none of {known}: take it out of the list")
        return self

    @property
    def token_places(self) -> tuple[TokenPlace, ...]:
        """Return the tokens, each with the place of its secret."""
        return token_places(self.tokens)

    @property
    def streams(self) -> dict[str, str]:
        """Return the id of the feed that stands for what comes with each token, by its name; without tokens that of the one
        feed there is, under no name."""
        if not self.tokens:
            return {"": self.id}
        return {place.name: f"{self.id}.{_NOT_IN_IDS.sub('-', place.name)}" for place in self.token_places}

    @property
    def paused_tokens(self) -> frozenset[str]:
        """Return the names of the tokens that nothing is taken with, as :attr:`streams` has them."""
        return frozenset(name for name, stream in self.streams.items() if stream in self.paused)

    @property
    def as_feeds(self) -> tuple[FeedSettings, ...]:
        """Return the endpoint as the poll job has it among its feeds: who pushes nothing any more is silent by itself."""
        feed = FeedSettings(id=self.id, source=self.id, url="https://push.invalid/", interval=timedelta(seconds=1))
        return tuple(
            feed.model_copy(update={"id": stream, "url": f"push://{stream.lower()}", "paused": stream in self.paused})
            for stream in self.streams.values()
        )
