"""Feeds in tocsin.toml: new ``[[feeds]]`` tables appended, one paused or resumed by one line. Everything else stays.

The whole text is checked before it replaces the file, in one step: a mistake or a crash leaves the old one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from connectors.feeds.settings import shown_url
from schemas.errors import UsageError
from tocsin.settings import FILE_NAME, Settings, Workplace, parse_settings
from tocsin.settings_mistakes import line_of
from tocsin.toml_text import TomlValue, toml_table


def feed_id_for(url: str, taken: Collection[str]) -> str:
    """Return an id made of the host of ``url``; one that is taken gets a number. :raises UsageError: it is no URL."""
    try:
        host = (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        raise UsageError(f"{shown_url(url)} is no URL", remedy="write it with https:// before it") from None
    base = re.sub(r"[^A-Za-z0-9.-]+", "-", host).strip("-.")[:50] or "feed"
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    return name


def feed_table(
    feed_id: str,
    url: str,
    *,
    name: str = "",
    kind: str = "",
    full_text: bool = False,
    labels: Mapping[str, str] | None = None,
) -> str:
    """Return the text of a ``[[feeds]]`` table."""
    values: dict[str, TomlValue] = {"id": feed_id, "url": url}
    if name:
        values["name"] = name[:200]
    # Two feeds of one host are most probably one publisher, and one publisher's word is not two.
    base = re.sub(r"-\d+$", "", feed_id)
    if base != feed_id:
        values["source"] = base
    if kind:
        values["kind"] = kind
    if full_text:
        values["full_text"] = True
    if labels:
        values["labels"] = labels
    return "\n" + toml_table("feeds", values)


def append_feeds(workplace: Workplace, tables: Sequence[str]) -> None:
    """Append ``tables`` to the settings; :raises UsageError: the settings would refuse them, nothing is written then."""
    path = workplace.folder / FILE_NAME
    text = path.read_text(encoding="utf-8")
    _replace(path, text + ("" if text.endswith("\n") else "\n") + "".join(tables))


def set_paused(workplace: Workplace, feed_id: str, *, paused: bool) -> bool:
    """Write ``paused`` into the table of ``feed_id``; return whether something changed.

    :raises UsageError: there is no such feed, or its table is written in a way that one line cannot change.
    """
    ids = [feed.id for feed in workplace.settings.feeds]
    if feed_id not in ids:
        known = ", ".join(ids[:20]) or "none"
        raise UsageError(f"no feed has the id {feed_id!r}", remedy=f"ids in the settings: {known}")
    index = ids.index(feed_id)
    if workplace.settings.feeds[index].paused is paused:
        return False
    path = workplace.folder / FILE_NAME
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    text = "".join(lines)
    head, written = line_of(text, ("feeds", index)), line_of(text, ("feeds", index, "paused"))
    if head is not None and written is not None and written != head:
        lines[written - 1] = re.sub(
            r"=\s*(true|false)", f"= {'true' if paused else 'false'}", lines[written - 1], count=1
        )
    elif head is not None:
        lines.insert(head, f"paused = {'true' if paused else 'false'}\n")
    wanted = workplace.settings.feeds[index].model_copy(update={"paused": paused})
    found = parse_settings("".join(lines), str(path), {}).feeds
    if found != (*workplace.settings.feeds[:index], wanted, *workplace.settings.feeds[index + 1 :]):
        raise UsageError(
            f"the table of {feed_id} in {path} cannot be changed by one line",
            remedy=f"write paused = {'true' if paused else 'false'} into it by hand",
        )
    _replace(path, "".join(lines))
    return True


def _replace(path: Path, text: str) -> Settings:
    settings = parse_settings(text, str(path), {})
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.chmod(path.stat().st_mode & 0o777)
        os.replace(fresh, path)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}", remedy="make it a file you may write"
        ) from error
    return settings
