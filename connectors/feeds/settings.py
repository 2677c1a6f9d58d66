"""What the settings say of a feed. Secrets in a URL are used for reading it and never shown."""

from __future__ import annotations

import functools
import re
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit, urlunsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from schemas.article import Source
from schemas.reasons import SourceKind

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

#: What ids of feeds and of publishers look like.
ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"

SHORTEST_INTERVAL = timedelta(seconds=1)
LONGEST_INTERVAL = timedelta(days=1)


def parse_duration(value: object) -> object:
    """Return ``"90s"``, ``"15m"``, ``"1.5h"`` or ``"1d"`` as a timedelta; a timedelta as it is; :raises ValueError: else."""
    if isinstance(value, timedelta):
        return value
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError('must be a duration like "90s", "15m", "1h" or "1d"')
    return timedelta(seconds=float(found[1]) * _SECONDS[found[2]])


@functools.lru_cache(maxsize=256)  # Asked at each poll.
def _milliseconds(span: timedelta) -> int:
    return round(span.total_seconds() * 1000)


def _interval(value: timedelta) -> timedelta:
    if not SHORTEST_INTERVAL <= value <= LONGEST_INTERVAL:
        raise ValueError('must lie between "1s" and "1d"')
    return value


def _feed_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is no URL that can be read") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError("must be a URL that begins with https:// or http://")
    if any(ord(c) <= 32 or ord(c) == 127 for c in value):
        raise ValueError("must be a URL without blanks and control characters")
    if not host:
        raise ValueError("must be a URL that names a host, as https://news.example/rss.xml does")
    return value


@functools.lru_cache(maxsize=4_096)  # Told of each feed each minute.
def _publisher(source_id: str, name: str, country: str | None, group: str | None, kind: SourceKind | None) -> Source:
    return Source(id=source_id, name=name, country=country, group=group, kind=kind)


#: Fields of a query whose value opens something, as publishers and readers' services name them.
_KEY_FIELD = re.compile(
    r"((?:^|[&;])[^=&;]*(?:key|token|secret|passw|pwd|auth|signature|session|sig)[^=&;]*=)[^&;]+", re.IGNORECASE
)


def shown_url(url: str) -> str:
    """Return ``url`` without user, password, keys and fragment: the form for logs, errors and tables."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(a URL that cannot be read)"
    return urlunsplit(
        (parts.scheme, parts.netloc.rpartition("@")[2], parts.path, _KEY_FIELD.sub(r"\1…", parts.query), "")
    )


class FeedSettings(BaseModel):
    """One feed. Feeds of one publisher share ``source``; an article in two of them is one article."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(
        pattern=ID_PATTERN,
        description="a name of your choice; keeps its cursor when the URL changes",
    )
    url: Annotated[str, AfterValidator(_feed_url)] = Field(
        max_length=4096,
        description="address of the feed (RSS, Atom, JSON Feed) or news sitemap; a user and password in it are never shown",
    )
    name: str = Field(
        default="", max_length=200, description="the publisher's name as shown to people (default: the id)"
    )
    source: str | None = Field(
        default=None,
        pattern=ID_PATTERN,
        description="id of the publisher; give several feeds of one publisher the same (default: the feed's id)",
    )
    country: str | None = Field(
        default=None, pattern=r"^[A-Z]{3}$", description="country of the publisher, ISO 3166-1 alpha-3, for example AZE"
    )
    group: str | None = Field(
        default=None,
        max_length=100,
        description="outlets of one owner or agency that count as one publisher share this",
    )
    kind: SourceKind | None = Field(
        default=None,
        description="who stands behind the publisher, for messages: `state`, `public` (service), `private`, `party`,"
        " `community`, `wire` (a news agency) or `official` (a government or body speaking for itself)",
    )
    language: str | None = Field(
        default=None, pattern=r"^[a-z]{2}$", description="ISO 639-1; used where the document names no language"
    )
    interval: Annotated[timedelta, BeforeValidator(parse_duration), AfterValidator(_interval)] | None = Field(
        default=None,
        description='time between polls, from "1s" to "1d" (default: by the feed\'s own rhythm and its publisher\'s'
        " wishes, from five minutes to a day)",
    )
    full_text: bool = Field(
        default=False,
        description="true: the page behind each new or revised item's link is read too, and its article becomes the item's"
        " text, as far as the site's robots.txt allows it; needs the extra, `pip install 'tocsin[fulltext]'`",
    )
    paused: bool = Field(default=False, description="true: keep the feed and its cursor, but do not poll it")
    labels: dict[str, str] = Field(default={}, description="words of your own, shown beside the feed")

    @property
    def interval_ms(self) -> int | None:
        """Return the time between polls in milliseconds, where the settings say one."""
        return None if self.interval is None else _milliseconds(self.interval)

    @property
    def is_pushed(self) -> bool:
        """Return whether it stands for what others send, and is not asked for."""
        return self.url.startswith("push://")

    @property
    def publisher(self) -> Source:
        """Return the publisher as articles and coverage name it."""
        return _publisher(self.source or self.id, self.name or self.id, self.country, self.group, self.kind)

    @property
    def shown_url(self) -> str:
        """Return the URL without its secrets."""
        return shown_url(self.url)
