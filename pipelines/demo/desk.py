"""The folder the demonstration leaves behind: settings, rules and data in the places where every command looks for them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from alerts.rules.load import load_rules
from alerts.rules.model import RuleSet
from connectors.feeds.settings import FeedSettings
from pipelines.actor_directory import actor_directory
from pipelines.demo.outlets import Outlet
from pipelines.extraction.topics import topic_ids
from schemas.errors import UsageError

RULES_FILE = Path(__file__).with_name("rules.yaml")

#: Feeds are asked this often at most; on quiet days the demonstration takes its time.
_INTERVAL_MIN = 15

_HEAD = """\
# Made by `tocsin demo`. The feeds are served only while it runs (`--keep`); everything else works on what lies here.
log = "sqlite:///data/log.sqlite"
store = "sqlite:///data/store.sqlite"
rules = ["rules/*.yaml"]
# The feeds are on this very machine, where a feed reader has no business unless it is told so.
allow_addresses = ["127.0.0.0/8"]
"""


@dataclass(frozen=True)
class Desk:
    """The folder and what was put into it."""

    folder: Path
    feeds: Sequence[FeedSettings]
    rules: RuleSet
    rules_text: str

    @property
    def log_url(self) -> str:
        """Return the address of the log."""
        return f"sqlite:///{self.folder.absolute() / 'data' / 'log.sqlite'}"

    @property
    def store_url(self) -> str:
        """Return the address of the store."""
        return f"sqlite:///{self.folder.absolute() / 'data' / 'store.sqlite'}"

    @property
    def snapshots(self) -> Path:
        """Return the folder of the engine's snapshots."""
        return self.folder / "data" / "snapshots"


def lay_out(folder: Path, outlets: Mapping[str, Outlet], urls: Mapping[str, str]) -> Desk:
    """Write settings and rules into ``folder`` (new or empty) for the feeds at ``urls``, by outlet.

    :raises UsageError: the folder is in use, or cannot be written to.
    """
    text = RULES_FILE.read_text(encoding="utf-8")
    rules = load_rules(text, RULES_FILE.name, actor_directory(), topics=topic_ids())
    feeds = [_feed(outlet, urls[outlet.id]) for outlet in outlets.values()]
    try:
        if folder.exists() and any(folder.iterdir()):
            raise UsageError(
                f"{folder} is not empty", remedy="name a new folder: the demonstration writes over nothing"
            )
        (folder / "data").mkdir(parents=True)
        (folder / "rules").mkdir()
        (folder / "rules" / "demo.yaml").write_text(text, encoding="utf-8")
        (folder / "tocsin.toml").write_text(_HEAD + "".join(map(_section, feeds)), encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be used: {error.strerror}", remedy="name another one with --folder"
        ) from error
    return Desk(folder, feeds, rules, text)


def _feed(outlet: Outlet, url: str) -> FeedSettings:
    return FeedSettings(
        id=outlet.id,
        url=url,
        name=outlet.name,
        country=outlet.country,
        group=outlet.group,
        language="en",
        interval=timedelta(minutes=_INTERVAL_MIN),
    )


def _section(feed: FeedSettings) -> str:
    values = {
        "id": feed.id,
        "url": feed.url,
        "name": feed.name,
        "country": feed.country,
        "group": feed.group,
        "language": feed.language,
        "interval": f"{_INTERVAL_MIN}m",
    }
    # A JSON string is a TOML string too.
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items() if value is not None]
    return "\n[[feeds]]\n" + "\n".join(lines) + "\n"
