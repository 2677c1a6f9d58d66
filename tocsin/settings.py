"""The settings: one tocsin.toml, TOCSIN_… environment, defaults. Everything is checked at start, all mistakes at once."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from connectors.channels.settings import ChannelSettings
from connectors.feeds.settings import FeedSettings
from schemas.errors import UsageError

#: The name of the settings file in a folder.
FILE_NAME = "tocsin.toml"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WebSettings(_Section):
    """The web page."""

    port: int = Field(default=8765, ge=1, le=65535, description="port of the web page on 127.0.0.1")


class HeartbeatSettings(_Section):
    """Signs of life to an outside monitor."""

    url: str | None = Field(
        default=None, description="is fetched each minute while poll, extract, decide and notify all advance"
    )


class Settings(_Section):
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
    rules: tuple[str, ...] = Field(default=("rules/*.yaml",), description="rule files (glob patterns)")
    actors: tuple[str, ...] = Field(default=("actors/*.yaml",), description="own actor files (glob patterns)")
    article_partitions: int = Field(
        default=1, ge=1, le=256, description="partitions of the topic articles, fixed when the log is made"
    )
    public_url: str | None = Field(default=None, description="where people reach the web page, for links in messages")
    allow_addresses: tuple[str, ...] = Field(
        default=(), description="private networks that feeds may be read from, for example 10.1.0.0/16"
    )
    feeds: tuple[FeedSettings, ...] = Field(default=(), description="the feeds to read")
    receivers: tuple[Annotated[ChannelSettings, Field()], ...] = Field(default=(), description="whom to tell, and how")
    web: WebSettings = WebSettings()
    heartbeat: HeartbeatSettings = HeartbeatSettings()

    @field_validator("feeds")
    @classmethod
    def _unique_feeds(cls, feeds: tuple[FeedSettings, ...]) -> tuple[FeedSettings, ...]:
        names = [feed.id for feed in feeds]
        double = sorted({name for name in names if names.count(name) > 1})
        if double:
            raise ValueError(f"two feeds have the same id: {', '.join(double)}")
        return feeds

    @field_validator("receivers")
    @classmethod
    def _unique_receivers(cls, receivers: tuple[ChannelSettings, ...]) -> tuple[ChannelSettings, ...]:
        names = [receiver.name for receiver in receivers]
        double = sorted({name for name in names if names.count(name) > 1})
        if double:
            raise ValueError(f"two receivers have the same name: {', '.join(double)}")
        return receivers


class Workplace(_Section):
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
        raise UsageError(f"{path} cannot be read: {error}") from error
    return Workplace(folder=folder, settings=parse_settings(text, str(path), environment or os.environ))


def parse_settings(text: str, name: str, environment: Mapping[str, str]) -> Settings:
    """Return the settings in ``text`` (TOML), overridden by ``TOCSIN_KEY`` and ``TOCSIN_SECTION__KEY``."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{name}: {error}", remedy="correct the TOML there; strings need quotes") from error
    _override(document, environment)
    try:
        return Settings.model_validate(document)
    except ValidationError as error:
        lines = [_explain(name, text, document, mistake) for mistake in error.errors(include_url=False)]
        raise UsageError(
            "\n".join(lines), remedy="correct the keys named above; docs/settings.md lists every key"
        ) from error


def _override(document: dict[str, object], environment: Mapping[str, str]) -> None:
    for variable, value in environment.items():
        if not variable.startswith("TOCSIN_"):
            continue
        path = variable.removeprefix("TOCSIN_").lower().split("__")
        if path[0] not in Settings.model_fields or path[0] in ("feeds", "receivers"):
            continue  # TOCSIN_PYTHON and the like belong to somebody else.
        section: dict[str, object] = document
        for part in path[:-1]:
            inner = section.setdefault(part, {})
            if not isinstance(inner, dict):
                raise UsageError(f"{variable}: {part} is not a section of the settings")
            section = inner
        section[path[-1]] = int(value) if value.isdigit() else value


def _explain(name: str, text: str, document: Mapping[str, object], mistake: Mapping[str, object]) -> str:
    location = mistake["loc"]
    assert isinstance(location, tuple)
    where = ".".join(str(part) for part in location) or "the file"
    message = str(mistake["msg"]).removeprefix("Value error, ")
    if mistake["type"] == "extra_forbidden":
        known = _known_keys(location)
        close = difflib.get_close_matches(str(location[-1]), known, n=1)
        message = "unknown key" + (f"; did you mean {close[0]}?" if close else f"; known here: {', '.join(known)}")
    line = _line_of(text, location, document)
    return f"{name}{f':{line}' if line else ''}: {where}: {message}"


def _known_keys(location: tuple[object, ...]) -> list[str]:
    if len(location) == 1:
        return sorted(Settings.model_fields)
    sections: dict[object, type[BaseModel]] = {
        "web": WebSettings,
        "heartbeat": HeartbeatSettings,
        "feeds": FeedSettings,
    }
    section = sections.get(location[0])
    return sorted(section.model_fields) if section is not None else []


def _line_of(text: str, location: tuple[object, ...], document: Mapping[str, object]) -> int | None:
    """Return the line the last key of ``location`` most probably stands on: the n-th table, then the key in it."""
    keys = [part for part in location if isinstance(part, str)]
    if not keys:
        return None
    index = next((part for part in location if isinstance(part, int)), None)
    seen, inside = -1, len(keys) == 1 or not isinstance(document.get(keys[0]), list | dict)
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if line.startswith("["):
            if line.strip("[] ") == keys[0]:
                seen += 1
                inside = index is None or seen == index
                if inside and len(keys) == 1:
                    return number
            else:
                inside = False
        elif inside and line.split("=")[0].strip().strip('"') == keys[-1]:
            return number
    return None
