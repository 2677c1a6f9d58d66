"""How people name a feed, by its address or its id: what is wrong with a name, and the remedy. It asks nobody."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from pydantic import ValidationError

from connectors.feeds.fetch_failures import FetchError, FetchFailure
from connectors.feeds.settings import ID_PATTERN, FeedSettings, shown_url
from schemas.errors import UsageError
from schemas.plain_text import plain_line

_ID = re.compile(ID_PATTERN)
#: Ids that are listed where one is unknown.
_LISTED = 20
_REMEDIES = {
    FetchFailure.NAME: "is the name of the host spelt right, and is this machine online?",
    FetchFailure.CONNECTION: "is it running, and is the port right? Else try again later",
    FetchFailure.SECURITY: "its certificate is the site's to mend; ask for it with http:// only where you may be lied to",
    FetchFailure.TIMEOUT: "try again later, or open the address in a browser: is it right?",
    FetchFailure.BROKEN: "try again later, or open the address in a browser: is it right?",
    FetchFailure.TOO_LARGE: "no feed is that large: give the address of an RSS, Atom or JSON document",
    FetchFailure.REDIRECT: "open the address in a browser, and give the one it ends at",
}
_STATUS_REMEDIES = {
    401: "it wants a user and password: write them into the address (https://user:password@…); they are never shown",
    403: "it refuses us: open the address in a browser, and try again later; it may not want to be read by programs",
    410: "it is gone for good: look for its new address on the site",
    429: "it was asked too often: try again in an hour",
}


def web_address(given: str) -> str:
    """Return the address that ``given`` stands for, with https:// before it where it says nothing.

    :raises UsageError: it is none of the web, or of a file on this machine.
    """
    given = given.strip()
    if not given:
        raise UsageError("the address of the feed is empty", remedy="give the address of a feed or of a site")
    if is_local(given):
        raise UsageError(
            f"{plain_line(given, 200)} is on this machine, not on the web",
            remedy="`tocsin feeds parse FILE` reads a saved feed once; for a folder that is watched, write [[folders]]",
        )
    address = given if "://" in given else f"https://{given}"
    checked_feed(address)
    return address


def is_local(given: str) -> bool:
    """Return whether ``given`` names something on this machine rather than on the web."""
    if given.lower().startswith("file:") or given.startswith((os.sep, f".{os.sep}", f"..{os.sep}", "~")):
        return True
    try:
        # A folder that is called like a site is most probably not meant.
        return (
            bool(given)
            and "://" not in given
            and (Path(given).is_file() or ("." not in given and Path(given).is_dir()))
        )
    except (OSError, ValueError):  # Too long for a name, or not one at all.
        return False


def checked_feed(url: str, feed_id: str = "url") -> FeedSettings:
    """Return a feed at ``url``; :raises UsageError: it is no address that can be asked."""
    try:
        return FeedSettings(id=feed_id, url=url)
    except ValidationError as error:
        said = str(error.errors(include_url=False, include_input=False)[0]["msg"]).removeprefix("Value error, ")
        remedy = "write the whole address of the feed, for example https://news.example/rss.xml"
        raise UsageError(f"{plain_line(shown_url(url), 300)} {said}", remedy=remedy) from None


def check_new_id(feed_id: str, taken: Collection[str]) -> None:
    """:raises UsageError: ``feed_id`` can be no id, or a feed has it already."""
    if _ID.fullmatch(feed_id) is None:
        raise UsageError(
            f"--id {plain_line(feed_id, 100)!r} can be no id of a feed",
            remedy="up to 64 letters, digits, dots, dashes and underscores, a letter or digit first: example-news",
        )
    if feed_id in taken:
        raise UsageError(
            f"--id {feed_id!r}: a feed has that id already", remedy=f"take another one, for example {feed_id[:60]}-2"
        )


def unanswered(error: FetchError, settings_file: Path) -> UsageError:
    """Return the error of an address at which nothing can be read; ``settings_file`` says what may be asked."""
    if error.failure is FetchFailure.ADDRESS:
        remedy = (
            f"where it is a server of your own, add its network to {settings_file}, for example"
            ' allow_addresses = ["192.168.1.0/24"]; else give an address on the public internet'
        )
    else:
        remedy = _STATUS_REMEDIES.get(error.status or 0) or _REMEDIES.get(
            error.failure, "open the address in a browser: is it right?"
        )
    return UsageError(error.message, remedy=remedy)


def unknown_feed(name: str, known: Sequence[str], *, or_url: bool = False) -> UsageError:
    """Return the error of an id that none of the ``known`` feeds has. ``or_url``: an address would do as well."""
    if or_url and is_local(name):
        return UsageError(
            f"{plain_line(name, 200)} is on this machine: it is no id of a feed and no URL",
            remedy="`tocsin feeds parse FILE` reads a saved feed",
        )
    listed = ", ".join(known[:_LISTED]) or "none"
    if len(known) > _LISTED:
        listed += f" and {len(known) - _LISTED:,} more (tocsin feeds list)"
    close = closest(name, known)
    remedy = f"did you mean {close}? " if close else ""
    remedy += f"ids in the settings: {listed}" + ("; or give a URL" if or_url else "")
    return UsageError(f"no feed has the id {plain_line(name, 100)!r}", remedy=remedy)


def closest(name: str, known: Collection[str]) -> str:
    """Return which of ``known`` is most like ``name``; empty where none is."""
    by_case = {one.casefold(): one for one in known}
    close = difflib.get_close_matches(name.casefold()[:100], by_case, n=1)
    if not close:
        close = [one for one in by_case if len(name) >= 3 and one.startswith(name.casefold())][:1]
    return by_case[close[0]] if close else ""
