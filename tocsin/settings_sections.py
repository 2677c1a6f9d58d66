"""The sections of the settings that belong to no one connector: what each key means, its default and its limits."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from connectors.channels.settings import EnvName, HttpUrl, Network
from connectors.feeds.settings import parse_duration
from schemas.durations import show_duration


class Section(BaseModel):
    """What may stand in it is known: another key is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _gap(value: timedelta) -> timedelta:
    if value > timedelta(minutes=10):
        raise ValueError('must lie between "0s" and "10m"')
    return value


def _lease(value: timedelta) -> timedelta:
    if not timedelta(seconds=5) <= value <= timedelta(minutes=10):
        raise ValueError('must lie between "5s" and "10m"')
    return value


class PollingSettings(Section):
    """How politely feeds are read, and by whom."""

    name: str = Field(
        default="",
        max_length=200,
        description="name of this poller among those that share one store and one log (default: the machine's name and the"
        " folder); pollers that share have the same feeds",
    )
    host_requests: int = Field(
        default=2, ge=1, le=64, description="requests one host is sent at the same time, at most"
    )
    host_gap: Annotated[timedelta, BeforeValidator(parse_duration), AfterValidator(_gap)] = Field(
        default=timedelta(seconds=5),
        description='time between two requests to one host, at least, up to "10m"; "0s" for servers of your own',
    )
    takeover: Annotated[timedelta, BeforeValidator(parse_duration), AfterValidator(_lease)] = Field(
        default=timedelta(seconds=30),
        description='how long after its last sign of life the feeds of this poller go to another one, from "5s" to "10m"',
    )


def _at_least(least: timedelta) -> AfterValidator:
    def check(value: timedelta) -> timedelta:
        if value < least:
            raise ValueError(f'must be at least "{show_duration(least)}"')
        return value

    return AfterValidator(check)


class RetentionSettings(Section):
    """How long the log keeps what the job `archive` has archived and every job is done with."""

    trim: bool = Field(default=True, description="whether the log forgets old records at all; `false` keeps everything")
    articles: Annotated[timedelta, BeforeValidator(parse_duration), _at_least(timedelta(days=7))] = Field(
        default=timedelta(days=7), description='age of articles that are forgotten, at least "7d"'
    )
    signals: Annotated[timedelta, BeforeValidator(parse_duration), _at_least(timedelta(days=35))] = Field(
        default=timedelta(days=35),
        description='age of signals that are forgotten, at least "35d": new rules learn on them',
    )
    dead_letters: Annotated[timedelta, BeforeValidator(parse_duration), _at_least(timedelta(days=1))] = Field(
        default=timedelta(days=30), description='age of dead letters that are forgotten, open ones too, at least "1d"'
    )


class HeartbeatSettings(Section):
    """Signs of life to a monitor outside, which rings when they stop."""

    url: str | None = Field(
        default=None, description="is fetched each minute while poll, extract, decide and notify all advance"
    )
    url_env: EnvName | None = Field(
        default=None, description="environment variable that holds the URL, where the URL is a secret"
    )
    url_file: Path | None = Field(default=None, description="file that holds the URL, where the URL is a secret")
    allow_addresses: tuple[Network, ...] = Field(
        default=(), description="private networks the monitor may be in, for example 10.1.0.0/16"
    )

    @model_validator(mode="after")
    def _one_url(self) -> Self:
        if sum(value is not None for value in (self.url, self.url_env, self.url_file)) > 1:
            raise ValueError("give at most one of url, url_env, url_file")
        return self


class TranslateSettings(Section):
    """A machine that translates foreign headlines in messages; off unless `url` is given. Headlines are then sent to it."""

    url: HttpUrl | None = Field(
        default=None, description="a server that speaks LibreTranslate's protocol, for example http://127.0.0.1:5000"
    )
    target: str = Field(default="en", pattern=r"^[a-z]{2}$", description="the language you read, ISO 639-1")
    api_key_env: EnvName | None = Field(
        default=None, description="environment variable that holds the key, where the server wants one"
    )
    api_key_file: Path | None = Field(default=None, description="file that holds the key, where the server wants one")
    timeout_s: float = Field(
        default=10.0,
        gt=0,
        le=60,
        description="seconds after which an answer is given up; messages do not wait for it longer than 1.5 s",
    )
    allow_addresses: tuple[Network, ...] = Field(
        default=(), description='loopback or private networks it may be in, for example "127.0.0.1/32"'
    )

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if self.api_key_env is not None and self.api_key_file is not None:
            raise ValueError("give at most one of api_key_env, api_key_file")
        keyed = bool(self.api_key_env or self.api_key_file)
        if keyed and self.url is None:
            raise ValueError("a key without a url")
        if keyed and urlsplit(self.url or "").scheme != "https" and not self.allow_addresses:
            raise ValueError("a key is not sent over an open connection: use https")
        return self


class AnswerLinkSettings(Section):
    """Links in messages by which whoever gets them answers an alert; they need `public_url`."""

    offered: bool = Field(default=True, description="put them into mail, Slack, ntfy and webhooks")
    key_env: EnvName | None = Field(
        default=None, description="environment variable that holds the key that signs them, 32 characters or more"
    )
    key_file: Path | None = Field(
        default=None,
        description="file that holds the key (default: one is made in `data/answer-links.key`; jobs on several machines need"
        " the same)",
    )

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if self.key_env is not None and self.key_file is not None:
            raise ValueError("give at most one of key_env, key_file")
        return self
