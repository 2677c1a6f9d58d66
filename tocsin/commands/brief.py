"""`tocsin brief`: what rang, what moved most without ringing, what is blind, on one screen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alerts.explanation.phrases import counted
from connectors.clock import SystemClock
from schemas.ids import Json
from schemas.plain_text import plain_line
from schemas.reasons import EventKind
from tocsin.progress import Progress
from tocsin.workplace import folder_option, json_option, open_store_of, open_workplace

if TYPE_CHECKING:
    from pipelines.pages.brief import Brief
    from pipelines.pages.ledger_view import AlertLife
    from pipelines.pages.reading import Reader
    from pipelines.pages.watch_rows import WatchRow
    from schemas.alert_event import Evidence

#: From so long ago on a weekday alone does not say which day.
_WEEK = timedelta(days=6)

#: Alerts told with a headline; more are counted.
_TOLD = 8

#: Hours of a block in the line of two days.
_BLOCK_H = 2

Headline = Callable[["AlertLife"], "Evidence | None"]


@click.command(name="brief", epilog="Example: tocsin brief --hours 12 --folder desk")
@folder_option
@json_option
@click.option("--hours", type=click.IntRange(1, 24 * 35), default=24, show_default=True, help="How far back to tell.")
@click.option(
    "--most", type=click.IntRange(0, 50), default=6, show_default=True, help="Keys that moved without ringing."
)
def command(folder: Path, as_json: bool, hours: int, most: int) -> None:
    """Tell on one screen what rang, what moved most without ringing and what is blind.

    Works beside `tocsin run` and without it; reads only. `tocsin status` tells of the jobs themselves.
    """
    from alerts.explanation.carriers import headlines
    from pipelines.pages.brief import brief_of, events_since, whole_life
    from pipelines.pages.ledger_view import MOST_EVENTS
    from tocsin.reading import names_of, reader_of

    workplace = open_workplace(folder)
    store, clock, names = open_store_of(workplace), SystemClock(), names_of(workplace)
    try:
        since = clock.now() - timedelta(hours=hours)
        reader = reader_of(workplace, store, names, clock, most_events=min(MOST_EVENTS, events_since(store, since)))
        _read_all(reader)
        brief = brief_of(reader.reading, since=since, most=most, whole=lambda life: whole_life(store, life))

        def headline(life: AlertLife) -> Evidence | None:
            hashes = list(dict.fromkeys(name for event in reversed(life.events) for name in event.evidence))[:30]
            return next(iter(headlines(list(store.evidence(hashes).values()), 1)), None)

        if as_json:
            click.echo(json.dumps(_as_object(brief, headline)))
            return
        from alerts.explanation.names import key_name

        for line in lines_of(brief, headline, lambda life: key_name(life.first.rule, life.first.key, names)):
            click.echo(line)
    finally:
        store.close()


def _read_all(reader: Reader) -> None:
    with Progress("reading the log") as progress:
        while reader.look():
            live = reader.reading.live
            progress.update(live.offset, live.offset + live.behind)


def lines_of(brief: Brief, headline: Headline, name: Callable[[AlertLife], str]) -> Iterator[str]:
    """Yield the screen. ``headline`` and ``name`` tell an alert's first headline and what its key is called."""
    yield f"{brief.at:%a %d %b %H:%M} UTC, since {brief.since:{'%a %H:%M' if brief.at - brief.since < _WEEK else '%d %b %H:%M'}}"
    yield from (f"PROBLEM: {plain_line(problem, 300)}" for problem in brief.problems)
    yield ""
    if brief.rang:
        yield f"RANG ({len(brief.rang)}, of which {brief.ringing} still ring)"
        for life in brief.rang[:_TOLD]:
            yield from _alert_lines(life, name(life), headline(life))
        if len(brief.rang) > _TOLD:
            yield f"  … and {len(brief.rang) - _TOLD} more: tocsin alerts list"
    else:
        yield "Nothing rang."
    yield ""
    if brief.moved:
        yield "MOVED MOST WITHOUT RINGING (two days, the newest last)"
        width = max(len(plain_line(row.name, 40)) for row in brief.moved)
        yield from (_moved_line(row, width) for row in brief.moved)
    elif brief.watches:
        other = "other " if brief.ringing else ""
        yield f"No {other}watch counted anything in its last window."
    else:
        yield "No watch has counted anything yet: `tocsin rules match` shows what the rules would count."
    if brief.blind:
        yield ""
        yield "BLIND"
        for event in brief.blind:
            who = plain_line(event.key, 60) or "the whole rule"
            feeds = ", ".join(plain_line(feed, 60) for feed in event.blind_feeds[:5])
            yield f"  {event.rule}, {who}, since {event.at:%a %d %b %H:%M}: {feeds or 'too few feeds are seen'}"


def _alert_lines(life: AlertLife, name: str, headline: Evidence | None) -> Iterator[str]:
    event, last = life.strongest, life.last
    figures = ""
    if event.window is not None:
        counts = event.counts
        normal = f", normal {event.expected:.2g}" if event.expected is not None else ""
        figures = f": {counted(counts)} in {event.window.hours} h{normal}"
    state = "rings" if life.is_open else ("withdrawn" if last.event is EventKind.RETRACTED else "over")
    since = f"since {life.first.at:%a %d %b %H:%M}" if life.is_open else f"{last.at:%a %d %b %H:%M}"
    shadow = ", in shadow" if last.mode == "shadow" else ""
    learning = ", normal not yet known" if life.first.learning else ""
    head = f"  {last.severity.value.upper():<8} {plain_line(name, 60)}{figures}"
    yield f"{head} · {state} {since}{shadow}{learning} · {life.id[:12]}"
    if headline is not None:
        yield f"           “{plain_line(headline.title, 100)}” — {plain_line(headline.source.name, 40)}"


def _moved_line(row: WatchRow, width: int) -> str:
    from alerts.explanation.hour_bars import blocks_of
    from alerts.explanation.standing_words import condition_words

    blocks = blocks_of([sum(row.spark[i : i + _BLOCK_H]) for i in range(0, len(row.spark), _BLOCK_H)])
    missing = row.nearest.missing[:2] if row.nearest is not None else ()
    lacks = f"lacks {' and '.join(condition_words(c) for c in missing)}" if missing else row.state.value
    return f"  {plain_line(row.name, 40):<{width}}  {blocks}  {row.share:4.0%}  {lacks} · {row.rule}"


def _as_object(brief: Brief, headline: Headline) -> Mapping[str, Json]:
    rang: list[Json] = []
    for life in brief.rang:
        found = headline(life)
        rang.append(
            {
                "alert_id": life.id,
                "open": life.is_open,
                "first": life.first.model_dump(mode="json"),
                "last": life.last.model_dump(mode="json"),
                "strongest": life.strongest.model_dump(mode="json"),
                "headline": {"title": found.title, "source": found.source.name, "url": found.url} if found else None,
            }
        )
    moved: list[Json] = [
        {
            "rule": row.rule,
            "key": row.key,
            "name": row.name,
            "state": row.state.value,
            "share": round(row.share, 3),
            "counts_48h": list(row.spark),
            "last_seen": _stamp(row.last_seen),
        }
        for row in brief.moved
    ]
    return {
        "at": _stamp(brief.at),
        "since": _stamp(brief.since),
        "problems": list(brief.problems),
        "rang": rang,
        "moved": moved,
        "blind": [event.model_dump(mode="json") for event in brief.blind],
    }


def _stamp(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
