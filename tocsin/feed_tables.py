"""Feeds in tocsin.toml: new ``[[feeds]]`` tables appended; a feed, folder or push paused or resumed by one line.

Everything else stays. The whole text is checked before it replaces the file, in one step: a mistake or a crash leaves the
old one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from connectors.feeds.settings import shown_url
from schemas.errors import UsageError
from tocsin.feed_naming import unknown_feed
from tocsin.settings import FILE_NAME, Settings, Workplace, parse_settings
from tocsin.settings_mistakes import Location, line_of
from tocsin.toml_text import TomlValue, toml_table, toml_value

#: The section of a table, and its number where there are several.
_Table = Location
#: The value of `paused`: of a feed or folder whether it is, of [push] what of it is.
_Paused = bool | tuple[str, ...]
_VALUE = re.compile(r"=\s*(true|false|\[[^\]]*\])")


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


def shown_table(table: str, url: str) -> str:
    """Return the ``table`` of the feed at ``url`` as it is printed: without the user, password and keys of its address."""
    return table.replace(toml_value(url), toml_value(shown_url(url))).strip()


def append_feeds(workplace: Workplace, tables: Sequence[str]) -> None:
    """Append ``tables`` to the settings; :raises UsageError: the settings would refuse them, nothing is written then."""
    path = workplace.folder / FILE_NAME
    text = path.read_text(encoding="utf-8")
    _replace(path, text + ("" if text.endswith("\n") else "\n") + "".join(tables))


def set_paused(workplace: Workplace, feed_id: str, *, paused: bool) -> bool:
    """Write into the settings whether ``feed_id`` is paused; return whether something changed.

    It is the id of a feed, of a watched folder or of what is pushed: with tokens that of one (``push.NAME``), or the
    endpoint's own for all of them.

    :raises UsageError: there is no such feed, or it is written in a way that one line cannot change.
    """
    table, wanted = _place_of(workplace.settings, feed_id, paused)
    if _paused_in(workplace.settings, table) == wanted:
        return False
    path = workplace.folder / FILE_NAME
    text = path.read_text(encoding="utf-8")
    changed = _with_line(text, table, toml_value(wanted))
    # Compared as the file says it: what the environment sets over it is none of its lines.
    if parse_settings(changed, str(path), {}) != _with_paused(parse_settings(text, str(path), {}), table, wanted):
        raise UsageError(
            f"the table of {feed_id} in {path} cannot be changed by one line",
            remedy=f"write paused = {toml_value(wanted)} into it by hand",
        )
    _replace(path, changed)
    return True


def _place_of(settings: Settings, feed_id: str, paused: bool) -> tuple[_Table, _Paused]:
    """Return the table that says whether ``feed_id`` is paused, and what its key `paused` is to be."""
    for section in ("feeds", "folders"):
        ids = [one.id for one in getattr(settings, section)]
        if feed_id in ids:
            return (section, ids.index(feed_id)), paused
    push = settings.push
    streams = tuple(push.streams.values()) if push.port is not None else ()
    if streams and feed_id in (push.id, *streams):
        asked = streams if feed_id == push.id else (feed_id,)
        return ("push",), tuple(one for one in streams if (paused if one in asked else one in push.paused))
    raise unknown_feed(feed_id, [feed.id for feed in settings.sources])


def _paused_in(settings: Settings, table: _Table) -> _Paused:
    section, *index = table
    if not index:
        return tuple(one for one in settings.push.streams.values() if one in settings.push.paused)
    return bool(getattr(settings, str(section))[index[0]].paused)


def _with_paused(settings: Settings, table: _Table, wanted: _Paused) -> Settings:
    section, *index = table
    if not index:
        return settings.model_copy(update={"push": settings.push.model_copy(update={"paused": wanted})})
    tables = list(getattr(settings, str(section)))
    tables[int(index[0])] = tables[int(index[0])].model_copy(update={"paused": wanted})
    return settings.model_copy(update={str(section): tuple(tables)})


def _with_line(text: str, table: _Table, value: str) -> str:
    """Return ``text`` with ``paused = value`` in ``table``: in the place of what stands there, or below its head."""
    lines = text.splitlines(keepends=True)
    head, written = line_of(text, table), line_of(text, (*table, "paused"))
    if head is not None and written is not None and written != head:
        lines[written - 1] = _VALUE.sub(lambda _: f"= {value}", lines[written - 1], count=1)
    elif head is not None:
        lines.insert(head, f"paused = {value}\n")
    return "".join(lines)


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
