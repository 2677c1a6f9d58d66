"""What the settings say of a watched folder. It stands in coverage, and in the store, as a feed does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from connectors.archive.field_map import FieldMap
from connectors.feeds.settings import FeedSettings, parse_duration
from schemas.errors import UsageError
from schemas.reasons import SourceKind


def checked_map(value: str | None) -> str | None:
    """Return ``value``, a map of columns; :raises ValueError: it is none."""
    if value is not None:
        try:
            FieldMap.parse(value)
        except UsageError as error:
            raise ValueError(f"{error.message}; {error.remedy}") from None
    return value


def checked_zone(value: str) -> str:
    """Return ``value``, the name of a zone; :raises ValueError: it is none."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no zone {value!r}; for example UTC, Europe/Berlin, Asia/Baku") from None
    return value


def _interval(value: timedelta) -> timedelta:
    if not timedelta(seconds=1) <= value <= timedelta(hours=1):
        raise ValueError('must lie between "1s" and "1h"')
    return value


class FolderSettings(BaseModel):
    """One watched folder of JSON Lines, JSON, CSV or Parquet files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",
        description="a name of your choice, other than any feed's; keeps what was read when the path changes",
    )
    path: Path = Field(description="the folder; files in it are read, those in folders below it are not")
    map: Annotated[str | None, AfterValidator(checked_map)] = Field(
        default=None,
        description="which column is what, as `archive import --map` takes it, for example"
        " published=t,source=src,title=title (default: guessed from usual names)",
    )
    preset: Literal["event-registry", "feedly", "meltwater", "gdelt"] | None = Field(
        default=None, description="the service whose exports these are, in place of `map`"
    )
    tz: Annotated[str, AfterValidator(checked_zone)] = Field(
        default="UTC", description="zone of times written without one"
    )
    name: str = Field(default="", max_length=200, description="name of the publisher of rows that name none")
    source: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",
        description="id of the publisher of rows that name none (default: the id)",
    )
    country: str | None = Field(default=None, pattern=r"^[A-Z]{3}$", description="its country, ISO 3166-1 alpha-3")
    group: str | None = Field(default=None, max_length=100, description="its owner or agency")
    kind: SourceKind | None = Field(default=None, description="who stands behind it, as for feeds")
    language: str | None = Field(
        default=None, pattern=r"^[a-z]{2}$", description="ISO 639-1; of rows that name no language"
    )
    interval: Annotated[timedelta, BeforeValidator(parse_duration), AfterValidator(_interval)] = Field(
        default=timedelta(seconds=10), description='time between two looks, from "1s" to "1h"'
    )
    paused: bool = Field(default=False, description="true: keep what was read in mind, but do not look")

    @property
    def as_feed(self) -> FeedSettings:
        """Return the folder as the poll job has it among its feeds."""
        given = self.model_dump(include={"id", "name", "source", "country", "group", "kind", "language", "paused"})
        feed = FeedSettings(url="https://folder.invalid/", interval=self.interval, **given)
        return feed.model_copy(update={"url": f"folder://{self.id.lower()}"})
