"""`tocsin alerts why`: the chain from a feed to a person, with the first link that broke."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tocsin.moments import moment as moment_of
from tocsin.progress import Progress
from tocsin.workplace import folder_option, json_option, open_log_of, open_store_of, open_workplace

if TYPE_CHECKING:
    from pipelines.explaining.why import Why

_MARKS = {"holds": "ok ", "broken": "NO ", "note": "-  "}


@click.command(name="why", epilog='Example: tocsin alerts why "Azerbaijan & Russia" --at 2025-01-22T02:40')
@click.argument("watch")
@click.option(
    "--at", "moment", type=moment_of, metavar="TIME", help="When (UTC unless a zone is given); now by default."
)
@click.option("--key", help="Which key, where the rule has several; by default the one nearest to ringing.")
@folder_option
@json_option
def why(watch: str, moment: datetime | None, key: str | None, folder: Path, as_json: bool) -> None:
    """Say why WATCH rang, or did not, at a time: link by link, the first broken one named.

    WATCH is the name of a rule, a key (AZE-RUS, AZE>RUS, AZE, "Azerbaijan & Russia"), both ("azerbaijan-russia AZE-RUS"),
    keyword:WORDS or topic:ID. Where several rules watch it they are listed.

    Everything is computed again from the log with the code that decides: polled, seen, extracted, dated, language, actors,
    matched, counted, copies, learning, expectation, floors, cool-down, limit; then who was told, from the store.
    """
    from connectors.clock import SystemClock
    from pipelines.explaining.asked_key import must_be_key
    from pipelines.explaining.asked_watch import asked_watch, rules_ever, versions_of
    from pipelines.explaining.why import why as explained
    from pipelines.rule_history import rule_history
    from tocsin.rule_files import names_of

    workplace = open_workplace(folder)
    with open_log_of(workplace) as log:
        store = open_store_of(workplace)
        names = names_of(workplace)
        try:
            past = rule_history(log, store)
            rules = rules_ever(past)
            asked = asked_watch(rules, watch, names)
            if key is not None:
                asked = asked_watch(rules, f"{asked.rule} {key}", names)
            if asked.key is not None:
                must_be_key(versions_of(past, asked.rule), asked.key, names)
            now = SystemClock().now()
            if moment is not None and moment > now:
                click.echo("that time has not come yet: what follows is how things stand by now", err=True)
            with Progress("deciding again") as progress:
                answer = explained(
                    log,
                    store,
                    workplace.path(workplace.settings.snapshots),
                    asked.rule,
                    moment or now,
                    key=asked.key,
                    name_of=names.display_name,
                    progress=progress.update,
                )
        finally:
            store.close()
    if as_json:
        click.echo(json.dumps(as_document(answer)))
        return
    from tocsin.commands.alerts import printable

    for line in lines_of(answer):
        click.echo(printable(line))


def lines_of(answer: Why) -> Iterator[str]:
    """Yield the answer for people."""
    from alerts.explanation.standing_words import standing_line
    from tocsin.hour_chart import hour_chart

    who = f"{answer.rule} {answer.key}".strip()
    at = f"{answer.moment:%Y-%m-%d %H:%M} UTC"
    broken = answer.chain.broken
    if broken is None:
        yield f"{who} at {at}: it rang, and every link held"
    else:
        yield f"{who} at {at}: {broken.link.value.upper()}: {broken.text}"
    if answer.engine_time is not None:
        yield f"engine time {answer.engine_time:%Y-%m-%d %H:%M} UTC" + (
            f"; the nearest of {answer.other_keys + 1} keys (--key names another)" if answer.other_keys else ""
        )
    yield ""
    for checked in answer.chain.links:
        mark = "NO→" if checked is broken else _MARKS[checked.state.value]
        yield f"{mark} {checked.link.value:<16} {checked.text}"
        yield from (f"{'':<20} {line}" for line in checked.details)
    if answer.windows:
        yield ""
        yield "Windows that end then"
        yield from (f"  {standing_line(standing)}" for standing in answer.windows)
    for detector, hours in answer.hours:
        lines = list(hour_chart(hours))
        if lines:
            yield ""
            yield f"By the hour ({detector}): counted, expected"
            yield from (f"  {line}" for line in lines)
    if answer.alert_id:
        yield ""
        yield f"the alert: tocsin alerts show {answer.alert_id[:12]}"


def as_document(answer: Why) -> dict[str, object]:
    """Return the answer for scripts."""
    broken = answer.chain.broken
    return {
        "rule": answer.rule,
        "key": answer.key,
        "at": answer.moment.isoformat(),
        "engine_time": answer.engine_time.isoformat() if answer.engine_time is not None else None,
        "broken": broken.link.value if broken is not None else None,
        "alert_id": answer.alert_id,
        "links": [
            {
                "link": checked.link.value,
                "state": checked.state.value,
                "text": checked.text,
                "details": checked.details,
                "numbers": checked.numbers,
            }
            for checked in answer.chain.links
        ],
        "windows": [
            {
                "detector": standing.verdict.detector,
                "hours": standing.verdict.window_h,
                "counts": standing.verdict.counts.model_dump(),
                "expected": standing.verdict.expected,
                "score": standing.verdict.score,
                "coverage": standing.verdict.coverage,
                "conditions": [
                    {"need": c.need.value, "has": c.has, "needs": c.needs, "met": c.met} for c in standing.conditions
                ],
            }
            for standing in answer.windows
        ],
        "articles": [
            {
                "article_id": fate.signal.article_id,
                "offset": fate.offset,
                "title": fate.signal.title,
                "fell_at": fate.fell_at.value if fate.fell_at is not None else None,
                "text": fate.text,
                "keys": fate.keys,
            }
            for fate in answer.fates
        ],
    }
