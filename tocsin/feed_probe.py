"""Looks at feeds once, before they go into the settings. It keeps nothing and writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from connectors.feeds.settings import FeedSettings, shown_url
from schemas.errors import UsageError
from tocsin.feed_checks import check_feeds


@dataclass(frozen=True)
class Probe:
    """What is at a URL: ``fault`` is empty where it is a feed that can be read."""

    url: str
    title: str = ""
    entries: int = 0
    fault: str = ""


def probe_feeds(urls: Sequence[str], allow_addresses: Sequence[str] = ()) -> list[Probe]:
    """Return what is at each of ``urls``, in their order; :raises UsageError: one of them is no URL of the web."""
    checks = check_feeds([_asked(url, number) for number, url in enumerate(urls)], {}, allow_addresses)
    return [
        Probe(url, fault=f"{shown_url(url)}: {found.fault}")
        if found.document is None
        else Probe(url, title=found.document.title, entries=len(found.document.entries))
        for url, found in zip(urls, checks, strict=True)
    ]


def _asked(url: str, number: int) -> FeedSettings:
    try:
        return FeedSettings(id=f"feed-{number + 1}", url=url)
    except ValidationError as error:
        message = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
        raise UsageError(f"{shown_url(url)} {message}", remedy="write the whole address of the feed") from None
