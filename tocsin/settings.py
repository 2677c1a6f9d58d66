"""The settings: one tocsin.toml, TOCSIN_… environment, defaults. Everything is checked at start, all mistakes at once."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from connectors.channels.settings import ChannelSettings, Network
from connectors.feeds.settings import FeedSettings
from connectors.folders.settings import FolderSettings
from connectors.push.settings import PushSettings
from schemas.errors import UsageError
from tocsin.routes_settings import InhibitSettings, RouteSettings, mistakes_in
from tocsin.settings_mistakes import line_of, words_of
from tocsin.settings_override import override
from tocsin.settings_sections import (
    AnswerLinkSettings,
    HeartbeatSettings,
    PollingSettings,
    RetentionSettings,
    Section,
    TranslateSettings,
)
from tocsin.web_settings import WebSettings

#: The name of the settings file in a folder.
FILE_NAME = "tocsin.toml"


class Settings(Section):
    """All settings. Relative paths are relative to the folder of the settings file."""

    log: str = Field(
        default="sqlite:///data/log.sqlite", description="the log: sqlite:///FILE or kafka://HOST:PORT[/PREFIX]"
    )
    store: str = Field(
        default="sqlite:///data/store.sqlite",
        description="ledger, feeds and deliveries: sqlite:///FILE or postgresql://USER@HOST/NAME"
        " (password by PGPASSWORD or a pgpass file)",
    )
    archive: Path = Field(default=Path("data/archive"), description="folder of Parquet files: the cold tier of the log")
    snapshots: Path = Field(default=Path("data/snapshots"), description="folder of the engine's snapshots")
    older_snapshots_mb: int = Field(
        default=512,
        ge=0,
        description="megabytes that snapshots take at most which are kept for questions about the past (`alerts show`, `alerts"
        " why`, `trace`): one a day for a month, one a week for a year; 0 keeps none",
    )
    rules: tuple[str, ...] = Field(default=("rules/*.yaml",), description="rule files (glob patterns)")
    actors: tuple[str, ...] = Field(default=("actors/*.yaml",), description="own actor files (glob patterns)")
    article_partitions: int = Field(
        default=1, ge=1, le=256, description="partitions of the topic articles, fixed when the log is made"
    )
    public_url: str | None = Field(default=None, description="where people reach the web page, for links in messages")
    allow_addresses: tuple[Network, ...] = Field(
        default=(), description="private networks that feeds may be read from, for example 10.1.0.0/16"
    )
    feeds: tuple[FeedSettings, ...] = Field(default=(), description="the feeds to read")
    folders: tuple[FolderSettings, ...] = Field(default=(), description="the folders to watch")
    receivers: tuple[Annotated[ChannelSettings, Field()], ...] = Field(default=(), description="whom to tell, and how")
    routes: tuple[RouteSettings, ...] = Field(default=(), description="who is told of what")
    inhibit_rules: tuple[InhibitSettings, ...] = Field(default=(), description="what is not told beside what")
    polling: PollingSettings = PollingSettings()
    push: PushSettings = PushSettings()
    web: WebSettings = WebSettings()
    heartbeat: HeartbeatSettings = HeartbeatSettings()
    answer_links: AnswerLinkSettings = AnswerLinkSettings()
    translate: TranslateSettings = TranslateSettings()
    retention: RetentionSettings = RetentionSettings()

    @field_validator("feeds")
    @classmethod
    def _unique_feeds(cls, feeds: tuple[FeedSettings, ...]) -> tuple[FeedSettings, ...]:
        _refuse_twins("id", [feed.id for feed in feeds])
        return feeds

    @field_validator("folders")
    @classmethod
    def _whole_folders(cls, folders: tuple[FolderSettings, ...], info: ValidationInfo) -> tuple[FolderSettings, ...]:
        _refuse_twins("id", [folder.id.lower() for folder in folders])
        taken = {feed.id for feed in info.data.get("feeds", ())} & {folder.id for folder in folders}
        if taken:
            raise ValueError(f"a feed has the same id: {', '.join(sorted(taken))}")
        for folder in folders:
            if folder.map is not None and folder.preset is not None:
                raise ValueError(f"{folder.id}: map and preset exclude each other")
        return folders

    @property
    def sources(self) -> tuple[FeedSettings, ...]:
        """Return all that is polled: feeds, and as feeds folders and the endpoint others push to."""
        pushed = () if self.push.port is None else self.push.as_feeds
        return (*self.feeds, *(folder.as_feed for folder in self.folders), *pushed)

    @model_validator(mode="after")
    def _unique_sources(self) -> Self:
        taken = {feed.id for feed in self.feeds} | {folder.id for folder in self.folders}
        twins = taken & {feed.id for feed in self.push.as_feeds} if self.push.port is not None else set()
        if twins:
            raise ValueError(f"push.id: a feed or folder has the same id: {min(twins)}")
        return self

    @field_validator("receivers")
    @classmethod
    def _unique_receivers(cls, receivers: tuple[ChannelSettings, ...]) -> tuple[ChannelSettings, ...]:
        _refuse_twins("name", [receiver.name for receiver in receivers])
        return receivers

    @field_validator("routes")
    @classmethod
    def _whole_routes(cls, routes: tuple[RouteSettings, ...], info: ValidationInfo) -> tuple[RouteSettings, ...]:
        if "receivers" in info.data:  # Else they hold mistakes of their own, which are told first.
            mistakes = list(mistakes_in(routes, {receiver.name for receiver in info.data["receivers"]}))
            if mistakes:
                raise ValueError("; ".join(mistakes))
        return routes


def _refuse_twins(key: str, names: Sequence[str]) -> None:
    """:raises ValueError: a name stands twice; tells which sections, counted from 1 as a person counts them."""
    twins = {name: [n for n, other in enumerate(names, start=1) if other == name] for name in names}
    told = [f"{name!r} (sections {', '.join(map(str, at))})" for name, at in sorted(twins.items()) if len(at) > 1]
    if told:
        raise ValueError(f"the same {key} stands more than once: {'; '.join(told)}")


class Workplace(Section):
    """A folder with its settings: what every command that needs them is given."""

    folder: Path
    settings: Settings

    def path(self, path: Path) -> Path:
        """Return ``path`` seen from the folder."""
        return path if path.is_absolute() else self.folder / path

    def url(self, url: str) -> str:
        """Return ``url`` with the file of a ``sqlite:///`` one seen from the folder."""
        head = "sqlite:///"
        if not url.startswith(head):
            return url
        return head + str(self.path(Path(url.removeprefix(head))).absolute())

    def files(self, patterns: tuple[str, ...]) -> list[Path]:
        """Return the files that match ``patterns``, sorted, each once."""
        found: dict[Path, None] = {}
        for pattern in patterns:
            base = Path("/") if pattern.startswith("/") else self.folder
            for path in sorted(base.glob(pattern.removeprefix("/"))):
                if not path.name.endswith(".test.yaml"):
                    found[path] = None
        return list(found)


def load_workplace(folder: Path, environment: Mapping[str, str] | None = None) -> Workplace:
    """Return the settings of ``folder``.

    :raises UsageError: there are none, or they hold mistakes; the message names file, key and remedy of each.
    """
    path = folder / FILE_NAME
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(
            f"there is no {FILE_NAME} in {folder}",
            remedy="make one with `tocsin init DIR`, or name its folder with --folder",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}", remedy="make it a UTF-8 text file you may read") from error
    environment = os.environ if environment is None else environment
    return Workplace(folder=folder, settings=parse_settings(text, str(path), environment))


def parse_settings(text: str, name: str, environment: Mapping[str, str]) -> Settings:
    """Return the settings in ``text`` (TOML), overridden by ``TOCSIN_KEY`` and ``TOCSIN_SECTION__KEY``.

    :raises UsageError: mistakes, all of them, each with its line in ``name`` or its environment variable.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{name}: {error}", remedy="correct the TOML there; strings need quotes") from error
    mistakes = [f"{_place(name, text, ('store',))}: {problem}" for problem in _password_in(document.get("store"))]
    variables, problems = override(document, environment, Settings)
    mistakes += problems
    settings = None
    try:
        settings = Settings.model_validate(document)
    except ValidationError as error:
        for mistake in error.errors(include_url=False, include_input=False):
            location = mistake["loc"]
            place = variables.get(location) or _place(name, text, location)
            mistakes.append(f"{place}: {words_of(location, mistake, Settings)}")
    if mistakes or settings is None:
        raise UsageError("\n".join(mistakes), remedy="correct the keys named above; docs/settings.md lists every key")
    return settings


def _place(name: str, text: str, location: tuple[int | str, ...]) -> str:
    line = line_of(text, location)
    where = ".".join(str(part) for part in location) or "the file"
    return f"{name}{f':{line}' if line else ''}: {where}"


def _password_in(store: object) -> list[str]:
    """Return the one mistake of an address in the file that holds a password; by environment it may."""
    try:
        password = urlsplit(store).password if isinstance(store, str) else None
    except ValueError:
        return []  # Not a URL at all: opening it says so.
    if password is None:
        return []
    return ["the file must hold no password: set TOCSIN_STORE to the whole address, or PGPASSWORD"]
