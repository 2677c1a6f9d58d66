"""What the settings say of a receiver, told apart by ``type``. Secrets only by ``…_env`` or ``…_file``."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from connectors.channels.pacing_settings import AtMostSettings, ClockTime, QuietHoursSettings, ZoneName
from connectors.channels.secrets import SecretReference
from schemas.durations import parse_duration
from schemas.reasons import Severity


def _http_url(value: str) -> str:
    """Return ``value`` if it is an http(s) URL with a host and without credentials in it."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or any(ord(c) <= 32 for c in value):
        raise ValueError("must be a URL that begins with https:// or http://")
    if parts.username or parts.password:
        raise ValueError("must not hold a user or a password; name them by …_env or …_file")
    return value


def _network(value: str) -> str:
    ip_network(value)
    return value


def _mail_address(value: str) -> str:
    if value.count("@") != 1 or not value.isprintable() or any(c in value for c in ' <>,;:"()[]\\'):
        raise ValueError("must be one bare mail address, like desk@example.org")
    return value


def _stretch(value: object) -> object:
    """Return ``"7d"`` as a timedelta; :raises ValueError: it is none, or shorter than an hour."""
    found = parse_duration(value) if isinstance(value, str) else value
    if not isinstance(found, timedelta):
        raise ValueError('must be a duration like "7d"')
    if found and found < timedelta(hours=1):
        raise ValueError('must be "0s", or at least "1h"')
    return found


HttpUrl = Annotated[str, AfterValidator(_http_url)]
MailAddress = Annotated[str, AfterValidator(_mail_address)]
Network = Annotated[str, AfterValidator(_network)]
EnvName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


def _env(what: str) -> Any:  # Any: what pydantic's Field is declared to return
    return Field(default=None, description=f"environment variable that holds {what}")


def _file(what: str) -> Any:  # Any: as above
    return Field(default=None, description=f"file that holds {what}")


class ReceiverSettings(BaseModel):
    """What every receiver has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", description="a name of your choice, in logs and tables"
    )
    min_severity: Severity = Field(default=Severity.LOW, description="only alerts that ring at least so loudly")
    labels: dict[str, str] = Field(default={}, description="only alerts that carry all of these labels")
    service_events: bool = Field(
        default=False, description="also hear of rules that became ready, extractors that changed and the like"
    )
    zone: ZoneName = Field(default="UTC", description='time zone of its days and nights, for example "Asia/Baku"')
    quiet_hours: QuietHoursSettings | None = Field(
        default=None, description='hours in which nothing rings, for example {begin = "22:00", end = "07:00"}'
    )
    at_most: AtMostSettings | None = Field(
        default=None, description='so many messages and the rest in one, for example {count = 5, per = "night"}'
    )
    all_quiet: ClockTime | None = Field(
        default=None,
        description='when to say, once a day, that nothing rang, for example "08:00"; not said where it did',
    )
    test_every: Annotated[timedelta, BeforeValidator(_stretch)] = Field(
        default=timedelta(days=7), description='a test goes out when nothing was told for so long; "0s": never'
    )
    timeout_s: float = Field(default=10.0, gt=0, le=20, description="seconds after which a try is given up")
    allow_addresses: tuple[Network, ...] = Field(
        default=(), description='loopback or private networks it may be in, for example "10.1.0.0/16"'
    )

    @property
    def allowed_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Return ``allow_addresses`` as networks."""
        return tuple(ip_network(value) for value in self.allow_addresses)

    def secret(self, key: str) -> SecretReference | None:
        """Return where the secret ``key`` lies, or None where the settings name none."""
        env, file = getattr(self, f"{key}_env"), getattr(self, f"{key}_file")
        return None if env is None and file is None else SecretReference(self.name, key, env, file)

    def _require_one(self, key: str, *, plain: str | None = None, optional: bool = False) -> None:
        names = [f"{key}_env", f"{key}_file", *([plain] if plain else [])]
        given = [name for name in names if getattr(self, name) is not None]
        if len(given) > 1 or (not given and not optional):
            raise ValueError(f"give {'at most' if optional else 'exactly'} one of {', '.join(names)}")


class ConsoleSettings(ReceiverSettings):
    """Lines on standard output."""

    type: Literal["console"] = Field(description='always "console"')
    test_every: Annotated[timedelta, BeforeValidator(_stretch)] = Field(
        default=timedelta(), description='a test goes out when nothing was told for so long; "0s": never'
    )
    service_events: bool = Field(
        default=True, description="also hear of rules that became ready, extractors that changed and the like"
    )


class WebhookSettings(ReceiverSettings):
    """A signed POST of JSON, after Standard Webhooks. The secret is ``whsec_`` and base64, as that standard writes it."""

    type: Literal["webhook"] = Field(description='always "webhook"')
    url: HttpUrl | None = Field(default=None, description="where to post, where the address is no secret")
    url_env: EnvName | None = _env("the address, where it is a secret")
    url_file: Path | None = _file("the address, where it is a secret")
    secret_env: EnvName | None = _env("the key that signs each post")
    secret_file: Path | None = _file("the key that signs each post")
    format: Literal["native", "alertmanager"] = Field(
        default="native", description='"alertmanager": as its webhooks post (version 4); then the key may be missing'
    )

    @model_validator(mode="after")
    def _check_references(self) -> Self:
        self._require_one("url", plain="url")
        self._require_one("secret", optional=self.format == "alertmanager")
        return self


class EmailSettings(ReceiverSettings):
    """Mail through an SMTP server. ``encryption``: ``starttls`` (587), ``tls`` (465) or ``none`` (a relay on the host)."""

    type: Literal["email"] = Field(description='always "email"')
    host: str = Field(
        min_length=1, max_length=253, pattern=r"^[A-Za-z0-9._:-]+$", description="the mail server's name or address"
    )
    port: int = Field(default=587, ge=1, le=65535, description="the mail server's port")
    encryption: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description='"starttls" (587), "tls" (465) or "none" (a relay on this host)'
    )
    ca_file: Path | None = Field(
        default=None, description="certificates (PEM) to trust instead of the system's, for a server of your own"
    )
    sender: MailAddress = Field(description="the address mails come from")
    to: tuple[MailAddress, ...] = Field(min_length=1, description="the addresses mails go to")
    user: str | None = Field(default=None, description="user at the mail server; goes together with a password")
    password_env: EnvName | None = _env("the password")
    password_file: Path | None = _file("the password")

    @model_validator(mode="after")
    def _check_references(self) -> Self:
        self._require_one("password", optional=True)
        if (self.user is None) != (self.secret("password") is None):
            raise ValueError("user and password_env (or password_file) go together")
        if self.user is not None and self.encryption == "none":
            raise ValueError('a password is not sent over an open connection: set encryption to "starttls" or "tls"')
        return self


class NtfySettings(ReceiverSettings):
    """A push message through an ntfy server; whoever knows the topic can read it, so it may be kept as a secret."""

    type: Literal["ntfy"] = Field(description='always "ntfy"')
    url: HttpUrl = Field(default="https://ntfy.sh", description="the ntfy server")
    topic: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9_-]{1,64}$", description="the topic, where it is no secret"
    )
    topic_env: EnvName | None = _env("the topic, where it is a secret")
    topic_file: Path | None = _file("the topic, where it is a secret")
    token_env: EnvName | None = _env("the access token, where the server wants one")
    token_file: Path | None = _file("the access token, where the server wants one")

    @model_validator(mode="after")
    def _check_references(self) -> Self:
        self._require_one("topic", plain="topic")
        self._require_one("token", optional=True)
        if self.secret("token") is not None and urlsplit(self.url).scheme != "https" and not self.allow_addresses:
            raise ValueError("a token is not sent over an open connection: use https")
        return self


class SlackSettings(ReceiverSettings):
    """A Slack incoming webhook; its URL is the secret."""

    type: Literal["slack"] = Field(description='always "slack"')
    url_env: EnvName | None = _env("the address of the incoming webhook")
    url_file: Path | None = _file("the address of the incoming webhook")

    @model_validator(mode="after")
    def _check_references(self) -> Self:
        self._require_one("url")
        return self


class TelegramSettings(ReceiverSettings):
    """Messages by a Telegram bot, with buttons to acknowledge, silence and call noise. Only members of the chat see them."""

    type: Literal["telegram"] = Field(description='always "telegram"')
    url: HttpUrl = Field(default="https://api.telegram.org", description="the bot server")
    chat_id: str = Field(
        pattern=r"^(-?[0-9]{1,20}|@[A-Za-z0-9_]{5,32})$", description='the chat: its number, or "@name" of a channel'
    )
    token_env: EnvName | None = _env("the token of the bot")
    token_file: Path | None = _file("the token of the bot")
    buttons: bool = Field(default=True, description="show buttons, and listen to them")

    @model_validator(mode="after")
    def _check_references(self) -> Self:
        self._require_one("token")
        if urlsplit(self.url).scheme != "https" and not self.allow_addresses:
            raise ValueError("a token is not sent over an open connection: use https")
        return self


class PagerDutySettings(ReceiverSettings):
    """Incidents in PagerDuty, one an alert, resolved at its end (Events API v2)."""

    type: Literal["pagerduty"] = Field(description='always "pagerduty"')
    url: HttpUrl = Field(default="https://events.pagerduty.com", description="the server of the Events API")
    routing_key_env: EnvName | None = _env("the integration key")
    routing_key_file: Path | None = _file("the integration key")

    @model_validator(mode="after")
    def _check_references(self) -> Self:
        self._require_one("routing_key")
        if urlsplit(self.url).scheme != "https" and not self.allow_addresses:
            raise ValueError("a key is not sent over an open connection: use https")
        return self


class AlertmanagerSettings(ReceiverSettings):
    """Alerts into a running Prometheus Alertmanager, which routes and tells them."""

    type: Literal["alertmanager"] = Field(description='always "alertmanager"')
    url: HttpUrl = Field(description="the Alertmanager, for example http://127.0.0.1:9093")
    token_env: EnvName | None = _env("a bearer token, where it stands behind a proxy that wants one")
    token_file: Path | None = _file("a bearer token, where it stands behind a proxy that wants one")

    @model_validator(mode="after")
    def _check_references(self) -> Self:
        self._require_one("token", optional=True)
        return self


class AppriseSettings(ReceiverSettings):
    """Any other service, by a URL as the library apprise writes it (`pip install 'tocsin[apprise]'`); the URL is a secret."""

    type: Literal["apprise"] = Field(description='always "apprise"')
    timeout_s: float = Field(default=20.0, gt=0, le=20, description="seconds after which a try is given up")
    url_env: EnvName | None = _env("the URL, as https://github.com/caronc/apprise lists them")
    url_file: Path | None = _file("the URL")

    @model_validator(mode="after")
    def _check_references(self) -> Self:
        self._require_one("url")
        return self


class AtomSettings(ReceiverSettings):
    """An Atom feed of what rang, in a file."""

    type: Literal["atom"] = Field(description='always "atom"')
    test_every: Annotated[timedelta, BeforeValidator(_stretch)] = Field(
        default=timedelta(), description='a test goes out when nothing was told for so long; "0s": never'
    )
    path: Path = Field(description="the file; it is replaced whole with each message")
    entries: int = Field(default=100, ge=1, le=10_000, description="so many messages are kept")


ChannelSettings = Annotated[
    ConsoleSettings
    | WebhookSettings
    | EmailSettings
    | NtfySettings
    | SlackSettings
    | TelegramSettings
    | PagerDutySettings
    | AlertmanagerSettings
    | AppriseSettings
    | AtomSettings,
    Field(discriminator="type"),
]


def checked_url(receiver: str, url: str) -> str:
    """Return a URL that came from a secret; :raises ValueError: it is none (the message does not repeat it)."""
    try:
        return _http_url(url)
    except ValueError as error:
        raise ValueError(f'receiver "{receiver}": the URL {error}') from None
