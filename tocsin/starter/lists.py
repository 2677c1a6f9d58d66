"""The starter lists: names, what each says of itself, and tables as they are appended to settings. Files in, text out."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from connectors.feeds.settings import FeedSettings
from schemas.errors import UsageError

NAMES = ("caucasus", "world")


@dataclass(frozen=True)
class StarterFeed:
    """A feed of a list, and its table as the list has it."""

    feed: FeedSettings
    table: str


@dataclass(frozen=True)
class StarterList:
    """``about`` is what the list says of itself, line by line."""

    name: str
    about: Sequence[str]
    feeds: Sequence[StarterFeed]


def starter_list(name: str) -> StarterList:
    """Return the list called ``name``; :raises UsageError: there is none."""
    if name not in NAMES:
        raise UsageError(f"there is no starter list {name!r}", remedy=f"there are: {', '.join(NAMES)}")
    text = (files("tocsin.starter") / f"{name}.toml").read_text(encoding="utf-8")
    head, *tables = text.split("[[feeds]]\n")
    # A heading between two tables belongs to the one behind it, and is for readers of the file.
    bare = ["".join(line for line in t.splitlines(keepends=True) if line.strip() and line[0] != "#") for t in tables]
    feeds = [FeedSettings.model_validate(tomllib.loads(one)) for one in bare]
    about = [line.removeprefix("#").strip() for line in head.split("\n\n")[0].splitlines()]
    return StarterList(
        name, about, [StarterFeed(feed, f"\n[[feeds]]\n{one}") for feed, one in zip(feeds, bare, strict=True)]
    )
