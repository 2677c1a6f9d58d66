"""The invented outlets of the demonstration and the days on which their feeds break, read from ``outlets.json``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, model_validator

from schemas.errors import UsageError
from schemas.model import Part, UtcDatetime

FILE = Path(__file__).with_name("outlets.json")


class FeedFormat(StrEnum):
    """The format an outlet publishes in."""

    RSS = "rss"
    ATOM = "atom"


class FaultKind(StrEnum):
    """How a feed is broken."""

    SERVER_ERROR = "server_error"  # the server answers 500
    MALFORMED = "malformed"  # the document breaks off before its first entry


class Fault(Part):
    """A stretch in which a feed is broken, ``until`` excluded."""

    since: UtcDatetime = Field(alias="from")
    until: UtcDatetime
    kind: FaultKind

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since >= self.until:
            raise ValueError("a fault ends after it begins")
        return self


class Outlet(Part):
    """An outlet that does not exist. ``agency``: its stories are copied by others."""

    id: str = Field(pattern=r"^[a-z][a-z-]{2,40}$")
    name: str = Field(min_length=3)
    country: str = Field(pattern=r"^[A-Z]{3}$")
    group: str | None = None
    format: FeedFormat
    utc_offset_h: int = Field(ge=-12, le=14)
    agency: bool = False
    faults: tuple[Fault, ...] = ()

    @property
    def home(self) -> str:
        """Return the address of its web site: under a name that belongs to nobody (RFC 2606)."""
        return f"https://{self.id}.example"

    def fault_at(self, moment: datetime) -> FaultKind | None:
        """Return how the feed is broken at ``moment``; None while it is whole."""
        return next((fault.kind for fault in self.faults if fault.since <= moment < fault.until), None)


class _Outlets(Part):
    outlets: tuple[Outlet, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _unique(self) -> Self:
        names = [outlet.id for outlet in self.outlets]
        if len(set(names)) != len(names):
            raise ValueError("two outlets have the same id")
        return self


@cache
def read_outlets(path: Path = FILE) -> Mapping[str, Outlet]:
    """Return the outlets by id; :raises UsageError: the file names what is wrong with it."""
    try:
        found = _Outlets.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise mistake(path, error) from error
    return {outlet.id: outlet for outlet in found.outlets}


def mistake(path: Path, error: ValidationError, line: int | None = None) -> UsageError:
    """Return the first mistake of ``error`` as a message that names its file, its line where known, and its key."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the whole"
    place = f"{path.name}:{line}" if line is not None else path.name
    return UsageError(f"{place}: {where}: {first['msg']}", remedy=f"correct it in {path}")
