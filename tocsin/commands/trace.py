"""`tocsin trace`: one article's way through everything, from the feed to the people who were told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tocsin.progress import Progress
from tocsin.workplace import folder_option, json_option, open_log_of, open_store_of, open_workplace

if TYPE_CHECKING:
    from pipelines.explaining.finding import Found
    from pipelines.explaining.trace import Trace
    from schemas.signal import Signal

_SHOWN = 20


@click.command(name="trace", epilog="Example: tocsin trace https://example.org/news/42")
@click.argument("query")
@folder_option
@json_option
def command(query: str, folder: Path, as_json: bool) -> None:
    """Follow one article (its URL, its id or the beginning of it, or words in it) through everything.

    The first failing link of its chain, then where it lies in the log and since when, what was found in it, which rules count
    it and which do not and why, the story it belongs to, the alerts it is evidence of, and who was told. Everything is
    computed again from the log. Exit code 1 when no article is meant.
    """
    from pipelines.explaining.finding import find_articles
    from pipelines.explaining.trace import trace
    from tocsin.commands.alerts import printable
    from tocsin.rule_files import names_of

    workplace = open_workplace(folder)
    with open_log_of(workplace) as log:
        store = open_store_of(workplace)
        try:
            with Progress("searching") as progress:
                found = find_articles(log, query, progress.update)
            if len(found) > 1:
                _list(found, as_json=as_json)
                return
            if not found:
                click.echo(
                    "no article in the log is meant; older ones are in the archive: `tocsin search` looks there",
                    err=True,
                )
                raise SystemExit(1)
            with Progress("deciding again") as progress:
                way = trace(
                    log,
                    store,
                    workplace.path(workplace.settings.snapshots),
                    found[0],
                    name_of=names_of(workplace).display_name,
                    progress=progress.update,
                )
        finally:
            store.close()
    if as_json:
        click.echo(json.dumps(as_document(way)))
        return
    for line in lines_of(way):
        click.echo(printable(line))


def _list(found: list[Found], *, as_json: bool) -> None:
    from tocsin.commands.alerts import printable

    for one in found[:_SHOWN]:
        newest = one.newest
        if as_json:
            click.echo(json.dumps({"article_id": one.article_id, "title": newest.title, "url": newest.url}))
        else:
            source = newest.source.name or newest.source.id
            line = f"{one.article_id}  {newest.event_time:%Y-%m-%d %H:%M}  {source}: {newest.title}"
            click.echo(printable(line))
    click.echo(f"{len(found)} articles are meant: give one id or a URL", err=True)


def lines_of(way: Trace) -> Iterator[str]:
    """Yield the way for people."""
    found = way.found
    newest = found.newest
    yield f"“{newest.title}”  {newest.source.name or newest.source.id}  {newest.url or ''}".rstrip()
    yield f"article {found.article_id}"
    failing = way.failing
    unnamed = way.rang_unnamed
    if failing is None and unnamed is not None:
        yield f"every link held: it was counted, {unnamed.rule} {unnamed.key} rang, and somebody was told of that"
    elif failing is None:
        yield "every link held: it was counted, it rang, and somebody was told"
    else:
        who = f" ({f'{failing.rule} {failing.key}'.strip()})" if failing.rule else ""
        yield f"first failing link: {failing.link.value.upper()}{who}: {failing.text}"
    yield ""
    yield "In the log"
    for place, article in found.articles:
        yield (
            f"  {place.topic}[{place.partition}] {place.offset}  taken {place.appended_at:%Y-%m-%d %H:%M:%S}"
            f"  {article.status.value}, of {article.event_time:%Y-%m-%d %H:%M} ({article.event_time_reason.value})"
        )
    for place, letter in found.dead:
        yield f"  {place.topic} {place.offset}  {letter.stage}: {letter.reason.value}: {letter.error}"
    for place, signal in found.signals:
        yield f"  {place.topic} {place.offset}  taken {place.appended_at:%Y-%m-%d %H:%M:%S}  {_seen(signal)}"
    if not found.signals:
        yield "  it was not extracted" + ("" if found.dead else " yet")
        return
    yield ""
    yield "Found in it"
    yield from _findings(found.signals[-1][1])
    yield ""
    yield "Rules"
    for name, fate in way.fates:
        mark = "counts " if fate.fell_at is None else "no     "
        where = f"{', '.join(fate.keys)}: " if fate.keys else ""
        yield f"  {mark} {name}  {where}{fate.text}" + (f" [{fate.fell_at.value}]" if fate.fell_at is not None else "")
        for one in way.chains:
            if one.rule == name and one.chain.broken is not None:
                broken = one.chain.broken
                yield f"          {one.key}: {broken.text} [{broken.link.value}]"
                yield from (f"            {line}" for line in broken.details)
    yield from _after(way)


def _after(way: Trace) -> Iterator[str]:
    from alerts.telling import MAX_EVIDENCE

    if way.stories:
        yield ""
        yield "Stories"
    for story in way.stories:
        first = "it is the first article" if story.first == way.found.article_id else f"it joined “{story.first_title}”"
        yield f"  {story.rule} {story.key} ({story.detector}): {first}, {story.articles} in all"
    yield ""
    yield "Alerts"
    for alert in way.alerts:
        yield f"  {alert.rule} {alert.key}  {alert.event.value} {alert.at:%Y-%m-%d %H:%M}  {alert.alert_id[:12]}"
    if way.rang_unnamed is not None:
        yield f"  none names it: an event names at most {MAX_EVIDENCE} of the articles that it counted"
    elif not way.alerts:
        yield "  it is evidence of none"
    for delivery in way.deliveries:
        why = f" ({delivery.reason})" if delivery.reason else ""
        yield f"  told {delivery.receiver}: {delivery.status.value}{why}"


def _seen(signal: Signal) -> str:
    language = f"{signal.language or 'unknown language'} ({signal.language_support.value})"
    return f"extracted by {signal.extractor_version[:12]}, {language}"


def _findings(signal: Signal) -> Iterator[str]:
    actors = ", ".join(f"{a.id} ({a.prominence.value}, {a.mentions})" for a in signal.actors)
    pairs = ", ".join(f"{p.source}{'>' if p.directed else '-'}{p.target} ({p.prominence.value})" for p in signal.pairs)
    topics = ", ".join(topic.id for topic in signal.topics)
    for name, text in (("actors", actors), ("pairs", pairs), ("topics", topics), ("tone", signal.tone.value)):
        yield f"  {name:<7} {text or '-'}"


def as_document(way: Trace) -> dict[str, object]:
    """Return the way for scripts."""
    found, failing = way.found, way.failing
    return {
        "article_id": found.article_id,
        "broken": None if failing is None else {**asdict(failing), "link": failing.link.value},
        "articles": [
            {
                "partition": p.partition,
                "offset": p.offset,
                "appended_at": p.appended_at.isoformat(),
                **a.model_dump(mode="json"),
            }
            for p, a in found.articles
        ],
        "signals": [
            {"offset": p.offset, "appended_at": p.appended_at.isoformat(), **s.model_dump(mode="json")}
            for p, s in found.signals
        ],
        "dead_letters": [
            {"offset": p.offset, "stage": letter.stage, "reason": letter.reason.value, "error": letter.error}
            for p, letter in found.dead
        ],
        "rules": [
            {
                "rule": name,
                "counts": fate.fell_at is None,
                "fell_at": fate.fell_at.value if fate.fell_at is not None else None,
                "text": fate.text,
                "keys": fate.keys,
            }
            for name, fate in way.fates
        ],
        "stories": [asdict(story) for story in way.stories],
        "alerts": [alert.model_dump(mode="json") for alert in way.alerts],
        "deliveries": [delivery.model_dump(mode="json") for delivery in way.deliveries],
    }
