"""`tocsin rules diff` and `scorecard`: what a change of the rules would do to the past, and how each rule does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from schemas.plain_text import plural
from tocsin.event_lines import event_line, printable
from tocsin.progress import Progress
from tocsin.workplace import folder_option, json_option, open_log_of, open_store_of, open_workplace

if TYPE_CHECKING:
    from pipelines.explaining.rule_difference import RuleDifference
    from pipelines.explaining.rule_replay import Rung
    from pipelines.explaining.scorecards import Scorecard

_SHOWN = 20


@click.command(epilog="Example: tocsin rules diff --folder desk")
@folder_option
@json_option
def diff(folder: Path, as_json: bool) -> None:
    """Show the alerts that the rule files would add and lose on the history in the log, against the rules in force.

    Rules that differ are run through the log side by side, as if both had always been in force. Nothing is changed.
    """
    from alerts.rules.model import RuleSet
    from pipelines.explaining.rule_difference import rule_difference
    from pipelines.rule_history import newest_in_force, rule_history
    from tocsin.rule_files import read_rules

    workplace = open_workplace(folder)
    files, _ = read_rules(workplace)
    with open_log_of(workplace) as log:
        store = open_store_of(workplace)
        try:
            newest = newest_in_force(rule_history(log, store))
        finally:
            store.close()
        in_force = RuleSet.from_compiled(newest.compiled).rules if newest is not None else ()
        before, after = {rule.name: rule for rule in in_force}, {rule.name: rule for rule in files.rules}
        with Progress("deciding again") as progress:
            found, replayed = rule_difference(log, before, after, progress.update)
    if not found:
        click.echo("the rule files are the rules in force", err=True)
    for one in found:
        if as_json:
            click.echo(json.dumps(_document(one)))
            continue
        for line in _lines(one):
            click.echo(printable(line))
    if found and replayed.first is not None and replayed.last is not None:
        span = f"{replayed.first:%Y-%m-%d} to {replayed.last:%Y-%m-%d}"
        click.echo(f"on the history in the log, {span}", err=True)


def _lines(one: RuleDifference) -> Iterator[str]:
    if one.before is None or one.after is None:
        count = one.after if one.before is None else one.before
        yield f"{one.rule}  {'new' if one.before is None else 'gone'}: {plural(count or 0, 'alert')}"
    else:
        yield f"{one.rule}  {one.before} → {plural(one.after, 'alert')}: {len(one.added)} added, {len(one.lost)} lost"
    for sign, rungs in (("+", one.added), ("-", one.lost)):
        yield from (f"  {sign} {_rung(rung)}" for rung in rungs[:_SHOWN])
        if len(rungs) > _SHOWN:
            yield f"  {sign} and {len(rungs) - _SHOWN} more"


def _rung(rung: Rung) -> str:
    renamed = rung.opened.model_copy(update={"rule": "", "key": rung.key, "alert_id": ""})
    return " ".join(event_line(renamed).split())


def _document(one: RuleDifference) -> dict[str, object]:
    sides = {
        name: [{"key": r.key, "at": r.opened.at.isoformat(), "score": r.opened.score} for r in rungs]
        for name, rungs in (("added", one.added), ("lost", one.lost))
    }
    return {"rule": one.rule, "before": one.before, "after": one.after, **sides}


@click.command(epilog="Example: tocsin rules scorecard --folder desk")
@folder_option
@json_option
def scorecard(folder: Path, as_json: bool) -> None:
    """Show how each rule does: its alerts, how many people found useful or noise, alerts a week; live and shadow apart.

    `tocsin alerts verdict` gives the verdicts.
    """
    from pipelines.explaining.scorecards import opened_by, scorecards, span_of

    store = open_store_of(open_workplace(folder))
    try:
        cards = scorecards(opened_by(store.openings()), span_of(store), store.verdicts())
    finally:
        store.close()
    if not cards:
        click.echo("nothing rang yet", err=True)
    width = max((len(card.rule) for card in cards), default=0)
    for card in cards:
        click.echo(json.dumps(_card(card)) if as_json else printable(_card_line(card, width)))


def _card_line(card: Scorecard, width: int) -> str:
    share = "not judged" if card.useful_share is None else f"{card.useful_share:.0%} useful"
    return (
        f"{card.rule:<{width}}  {card.mode:<6}  {plural(card.alerts, 'alert')}, {card.a_week:g} a week:"
        f" {card.useful} useful, {card.noise} noise, {card.unjudged} without a verdict ({share})"
    )


def _card(card: Scorecard) -> dict[str, object]:
    return {
        "rule": card.rule,
        "mode": card.mode,
        "alerts": card.alerts,
        "a_week": card.a_week,
        "useful": card.useful,
        "noise": card.noise,
        "unjudged": card.unjudged,
        "useful_share": card.useful_share,
    }
