"""The hand-written news of the demonstration, read from ``items.jsonl``: public facts in the project's own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, model_validator

from pipelines.demo.outlets import FeedFormat, Outlet, mistake, read_outlets
from schemas.errors import UsageError
from schemas.model import Part, UtcDatetime

FILE = Path(__file__).with_name("items.jsonl")


class Edit(Part):
    """Another wording, so many minutes after the item appeared."""

    after_minutes: int = Field(gt=0)
    title: str = Field(min_length=1)
    summary: str = Field(min_length=1)


class WrittenItem(Part):
    """One item. ``published`` is what it claims; it appears in the feed ``appears_after_minutes`` later (or earlier).

    ``copies`` says which outlets take the text over, and after how many minutes. ``undated``: it claims no date.
    """

    outlet: str
    published: UtcDatetime
    title: str = Field(min_length=1)
    summary: str = Field(min_length=1)
    appears_after_minutes: int = 0
    undated: bool = False
    copies: Mapping[str, int] = {}
    edits: tuple[Edit, ...] = ()

    @model_validator(mode="after")
    def _check_copies(self) -> Self:
        if self.outlet in self.copies:
            raise ValueError("an outlet cannot copy itself")
        if any(minutes <= 0 for minutes in self.copies.values()):
            raise ValueError("a copy appears after its original")
        return self

    @property
    def appears(self) -> UtcDatetime:
        """Return when the feed first holds it."""
        return self.published + timedelta(minutes=self.appears_after_minutes)


@cache
def read_items(path: Path = FILE) -> Sequence[WrittenItem]:
    """Return the items in the order of the file; :raises UsageError: names the line that is wrong."""
    outlets = read_outlets()
    found: list[WrittenItem] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            item = WrittenItem.model_validate_json(line)
        except ValidationError as error:
            raise mistake(path, error, number) from error
        _check_outlets(item, outlets, f"{path.name}:{number}")
        found.append(item)
    return tuple(found)


def _check_outlets(item: WrittenItem, outlets: Mapping[str, Outlet], where: str) -> None:
    for name in (item.outlet, *item.copies):
        if name not in outlets:
            raise UsageError(f"{where}: there is no outlet {name!r}", remedy="name one of outlets.json")
    if item.undated and outlets[item.outlet].format is FeedFormat.ATOM:
        raise UsageError(f"{where}: an Atom entry cannot be without a date", remedy="give it to an outlet with RSS")
