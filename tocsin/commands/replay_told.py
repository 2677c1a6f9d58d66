"""What `tocsin replay` says when it is done: words, or one document of JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from schemas.plain_text import plural
from tocsin.history import number_of, order_in_words

if TYPE_CHECKING:
    from pipelines.replay.extract_archive import ArchiveExtraction
    from pipelines.replay.ledger_file import LedgerSummary
    from pipelines.replay.order import ChosenOrder
    from pipelines.replay.summary import ReplaySummary, RuleSummary


@dataclass(frozen=True)
class Replayed:
    """A replay of ``days``, written to ``ledger``, that ``processes`` decided; ``extraction`` is None where nothing had to be
    extracted."""

    ledger: Path
    order: ChosenOrder
    days: Sequence[date]
    result: LedgerSummary
    summary: ReplaySummary
    extraction: ArchiveExtraction | None = None
    processes: int = 1


def say_json(done: Replayed) -> None:
    """Print the document."""
    extraction = done.extraction
    about = {
        "kind": "replay",
        "ledger": str(done.ledger),
        "digest": done.result.digest,
        "events": done.result.events,
        "kinds": done.result.kinds,
        "order": done.order.as_json(),
        "first_day": done.days[0].isoformat(),
        "last_day": done.days[-1].isoformat(),
        "extracted": extraction.articles if extraction else 0,
        "processes": done.processes,
        "not_extracted": [asdict(one) for one in extraction.failed] if extraction else [],
        "rules": [rule.as_json() for rule in done.summary.rules.values()],
    }
    click.echo(json.dumps(about))


def say(done: Replayed) -> None:
    """Print it in words."""
    summary, days = done.summary, done.days
    rang = [rule for rule in summary.rules.values() if rule.opened]
    silent = [rule.rule for rule in summary.rules.values() if not rule.opened]
    click.echo(
        f"{number_of(len(summary.rules), 'rule')} from {days[0]} to {days[-1]}: "
        f"{number_of(summary.opened, 'alert')} opened, by {number_of(len(rang), 'rule')}"
    )
    width = max((len(rule.rule) for rule in rang), default=0)
    for rule in rang:
        click.echo(f"  {rule.rule:{width}}  {_in_words(rule)}")
    if silent:
        click.echo(f"  never rang: {', '.join(silent)}")
    click.echo(order_in_words(done.order))
    if done.extraction is not None:
        click.echo(f"extracted now: {number_of(done.extraction.articles, 'article')}; the rest was there already")
    click.echo(f"{done.ledger}: {number_of(done.result.events, 'event')}, one a line")
    click.echo(f"digest {done.result.digest}")
    click.echo(
        "Next: tocsin rules explain NAME says a rule of a folder in words; in the ledger, the events `opened` are what rang."
    )


def _in_words(rule: RuleSummary) -> str:
    parts = [number_of(rule.opened, "alert")]
    if rule.while_learning:
        parts.append(f"{rule.while_learning} of them before normal was known")
    if len(rule.keys) > 1:
        parts.append(f"{plural(len(rule.keys), 'key')}")
    if rule.escalated:
        parts.append(f"grew {number_of(rule.escalated, 'time')}")
    if rule.retracted:
        parts.append(f"{rule.retracted} taken back")
    return f"{', '.join(parts)}; first {_shown(rule.first)}, last {_shown(rule.last)}"


def _shown(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M") if moment is not None else "never"
