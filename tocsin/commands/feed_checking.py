"""`tocsin feeds check`: what is at a URL, in a watched folder and at the endpoint for pushes now; nothing is written."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from connectors.feeds.settings import FeedSettings, shown_url
from schemas.errors import UsageError
from schemas.plain_text import plain_line, plural
from tocsin.feed_naming import checked_feed, unknown_feed
from tocsin.folder_lock import supervisor_at_work
from tocsin.progress import Progress
from tocsin.settings import FILE_NAME
from tocsin.workplace import folder_option, json_option, open_workplace

if TYPE_CHECKING:
    from connectors.folders.scan import Survey
    from schemas.ports.store import FeedRow
    from tocsin.feed_checks import FeedCheck
    from tocsin.settings import Workplace
    from tocsin.source_checks import FolderCheck, PushCheck

#: Names, and remarks, that are listed of a folder.
_LISTED = 5


class _Told(NamedTuple):
    """One check as a person and as a program read it."""

    lines: list[str]
    document: dict[str, object]


@click.command(epilog="Example: tocsin feeds check https://news.example/rss.xml")
@click.argument("feeds", nargs=-1, metavar="[URL|ID]…")
@folder_option
@json_option
def check(feeds: tuple[str, ...], folder: Path, as_json: bool) -> None:
    """Read feeds now (all of the settings when none is named) and say what is there. Nothing is written.

    A watched folder is read whole: its files, their rows, how many are refused and why; nothing is taken in. Of what is
    pushed it says who may push, and whether the endpoint answers; it is sent no article and no token.

    Exit code 1 when one is no feed or cannot be read.
    """
    workplace = None
    # Whoever asks about a URL need not have a folder; its settings say which private networks may be asked.
    if (folder / FILE_NAME).exists() or not feeds or any("://" not in name for name in feeds):
        workplace = open_workplace(folder)
    names = feeds or tuple(feed.id for feed in (workplace.settings.sources if workplace else ()))
    if not names:
        raise UsageError("there is no feed to check", remedy=f"name a URL, or add a [[feeds]] section to {FILE_NAME}")
    fine = True
    for told in _checked(names, workplace):
        click.echo(json.dumps(told.document) if as_json else "\n".join(told.lines))
        fine = fine and bool(told.document["ok"])
    sys.exit(0 if fine else 1)


def _checked(names: tuple[str, ...], workplace: Workplace | None) -> Iterator[_Told]:
    """Yield what is found under ``names``: feeds first, then folders, then what is pushed."""
    from tocsin.commands.feeds import rows_of
    from tocsin.source_checks import check_folder, check_pushes

    rows = rows_of(workplace) if workplace else {}
    if workplace is None:
        yield from _checked_feeds([_named(name, None) for name in names], None, rows)
        return
    settings = workplace.settings
    folders = {one.id: one for one in settings.folders}
    streams = settings.push.streams.values() if settings.push.port is not None else ()
    pushed = {settings.push.id, *streams} - {feed.id for feed in settings.feeds} - set(folders) if streams else set()
    feeds = [_named(name, workplace) for name in names if name not in folders and name not in pushed]
    yield from _checked_feeds(feeds, workplace, rows)
    for name in names:
        if name in folders:
            with Progress(f"reading the files of {name}") as shown:
                found = check_folder(folders[name], workplace.path(folders[name].path), rows.get(name), shown.update)
            yield _of_folder(found)
    if pushed & set(names):
        at_work = supervisor_at_work(workplace.folder.absolute()) is not None
        for stream in check_pushes(settings.push, workplace.folder, os.environ, at_work=at_work):
            if {settings.push.id, stream.stream} & pushed & set(names):
                yield _of_push(stream)


def _checked_feeds(
    feeds: list[FeedSettings], workplace: Workplace | None, rows: Mapping[str, FeedRow]
) -> Iterator[_Told]:
    from tocsin.feed_checks import check_feeds

    if not feeds:
        return  # No process that parses is started for nothing.
    ours = workplace.settings.feeds if workplace else ()
    known = {feed.id: rows[feed.id] for feed in feeds if feed in ours and feed.id in rows}
    with Progress("reading feeds") as shown:
        networks = workplace.settings.allow_addresses if workplace else ()
        told = check_feeds(feeds, known, networks, told=_of_feed, progress=shown.update)
    yield from told


def _of_feed(feed: FeedSettings, found: FeedCheck) -> _Told:
    return _Told(_lines(feed, found), _as_object(feed, found))


def _named(name: str, workplace: Workplace | None) -> FeedSettings:
    """Return the feed that ``name`` (its id or a URL) stands for; :raises UsageError: none does."""
    feeds = workplace.settings.feeds if workplace else ()
    for feed in feeds:
        if name in (feed.id, feed.url):
            return feed
    if "://" not in name:
        sources = workplace.settings.sources if workplace else ()
        raise unknown_feed(name, [feed.id for feed in sources], or_url=True)
    return checked_feed(name)


def _lines(feed: FeedSettings, found: FeedCheck) -> list[str]:
    """Return what a person reads of a check."""
    name = shown_url(feed.url) if found.name == "url" else f"{feed.id} ({feed.shown_url})"
    if found.document is None or found.reading is None:
        return [f"no   {name}", f"     {plain_line(found.fault)}"]
    document, reading = found.document, found.reading
    newest = f", newest {found.newest:%Y-%m-%d %H:%M} UTC" if found.newest else ""
    lines = [
        f"ok   {name}",
        f"     {document.form} “{document.title}”{f', language {document.language}' if document.language else ''}",
        f"     {_entries(len(document.entries))}{newest}, complete from {reading.reached_back_to:%Y-%m-%d %H:%M} UTC on",
    ]
    if found.polled_before:
        lines.append(f"     {reading.new_entries:,} new and {reading.revised_entries:,} edited since the last poll")
    if found.undated:
        lines.append(
            f"     {_entries(found.undated)} without a date: what the first poll finds of those is never counted"
        )
    if reading.refused_entries:
        lines.append(f"     {_entries(reading.refused_entries)} cannot be used")
    if document.flaw:
        lines.append(f"     it is not well-formed: {document.flaw}")
    return lines


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count:,} entries"


def _as_object(feed: FeedSettings, found: FeedCheck) -> dict[str, object]:
    document, reading = found.document, found.reading
    shown: dict[str, object] = {"feed": feed.id, "url": feed.shown_url, "ok": not found.fault, "fault": found.fault}
    if document is not None and reading is not None:
        shown |= {
            "form": document.form,
            "title": document.title,
            "language": document.language,
            "entries": len(document.entries),
            "newest": found.newest.isoformat() if found.newest else None,
            "undated": found.undated,
            "complete_from": reading.reached_back_to.isoformat(),
            "new": reading.new_entries,
            "edited": reading.revised_entries,
            "unusable": reading.refused_entries,
            "flaw": document.flaw,
        }
    return shown


def _of_folder(found: FolderCheck) -> _Told:
    folder, survey = found.folder, found.survey
    document: dict[str, object] = {
        "feed": folder.id,
        "url": folder.as_feed.shown_url,
        "ok": not found.fault,
        "fault": plain_line(found.fault),
        "form": "folder",
        "path": str(found.path),
        "paused": folder.paused,
    }
    lines = [f"{'no ' if found.fault else 'ok '}  {folder.id} ({plain_line(str(found.path))})"]
    lines += [f"     {plain_line(found.fault)}"] if found.fault else []
    lines += ["     it is paused in the settings"] if folder.paused else []
    if survey is not None:
        lines += [f"     {line}" for line in _survey_lines(survey)]
        document |= {
            "files": survey.files,
            "readable_files": survey.readable_files,
            "known_files": survey.known_files,
            "other_files": list(survey.other_files),
            "rows": survey.rows,
            "usable": survey.usable,
            "refused": {plain_line(reason): count for reason, count in survey.refused.items()},
            "first_refused": survey.first_refused,
            "notes": list(survey.notes),
        }
    return _Told(lines, document)


def _survey_lines(survey: Survey) -> Iterator[str]:
    if not survey.files:
        yield "no files to read"
    else:
        known = f", {survey.known_files:,} read before" if survey.known_files else ""
        yield f"{plural(survey.readable_files, 'readable file')} of {survey.files:,}{known}"
        yield f"{plural(survey.rows, 'row')}, of which {survey.usable:,} can be used"
    for reason, count in survey.refused.items():
        yield f"{plural(count, 'row')} refused: {plain_line(reason, 80)}"
    if survey.first_refused:
        yield f"the first row refused is {survey.first_refused}"
    yield from survey.notes[:_LISTED]
    if len(survey.notes) > _LISTED:
        yield f"… and {plural(len(survey.notes) - _LISTED, 'file')} more with something to say"
    if survey.other_files:
        listed = ", ".join(survey.other_files[:_LISTED]) + (", …" if len(survey.other_files) > _LISTED else "")
        yield f"{plural(len(survey.other_files), 'file')} of other kinds, which are not read: {listed}"


def _of_push(found: PushCheck) -> _Told:
    where = "from this machine only" if found.only_here else "from every machine that reaches it"
    who = f"with the token {found.token}, {where}" if found.token else f"without a token, {where}"
    lines = [f"{'no ' if found.fault else 'ok '}  {found.stream} ({found.address})"]
    lines += [f"     {plain_line(found.fault)}"] if found.fault else []
    lines.append(f"     articles are taken {who}")
    lines += ["     it is paused in the settings: who pushes is answered 503"] if found.paused else []
    if found.answers:
        lines.append("     it answers")
    elif not found.fault:
        lines.append("     nothing answers there now; it does while `tocsin run` is at work")
    document: dict[str, object] = {
        "feed": found.stream,
        "url": f"push://{found.stream.lower()}",
        "ok": not found.fault,
        "fault": plain_line(found.fault),
        "form": "push",
        "address": found.address,
        "token": found.token or None,
        "this_machine_only": found.only_here,
        "paused": found.paused,
        "answers": found.answers,
    }
    return _Told(lines, document)
