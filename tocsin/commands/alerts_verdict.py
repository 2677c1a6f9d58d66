"""`tocsin alerts verdict`: was it worth ringing? Noise leads to a change of the rule, tried on the log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from schemas.errors import UsageError
from schemas.plain_text import plural
from tocsin.commands.alerts_show import StoredAlert, stored_alert
from tocsin.event_lines import printable
from tocsin.progress import Progress
from tocsin.workplace import folder_option, json_option, open_log_of, open_store_of, open_workplace

if TYPE_CHECKING:
    from pipelines.explaining.proposals import Proposal
    from schemas.ports.store import Store
    from tocsin.settings import Workplace

_SHOWN = 4


@click.command(epilog='Example: tocsin alerts verdict 3f2a9c noise --note "football"')
@click.argument("alert")
@click.argument("judgement", type=click.Choice(["useful", "noise", "undo"]))
@click.option("--note", default="", help="Why, for the record.")
@click.option("--no-proposal", is_flag=True, help="Do not look for a change of the rule.")
@folder_option
@json_option
def verdict(alert: str, judgement: str, note: str, no_proposal: bool, folder: Path, as_json: bool) -> None:
    """Say whether ALERT (its id or the beginning of it) was useful or noise. Each verdict is kept, the newest stands; undo
    takes it back.

    For noise, changes of the rule that would have kept it quiet are tried on the history in the log, each with its effect on
    the alerts that were judged before. Nothing is changed by itself.
    """
    from connectors.clock import SystemClock
    from schemas.ports.response import AlertVerdict
    from schemas.reasons import Judgement
    from tocsin.rule_files import author

    workplace = open_workplace(folder)
    store = open_store_of(workplace)
    try:
        found = stored_alert(store, alert)
        given = AlertVerdict(
            alert_id=found.opened.alert_id,
            at=SystemClock().now(),
            author=author(),
            judgement=Judgement.UNDONE if judgement == "undo" else Judgement(judgement),
            note=note,
        )
        if given.judgement is Judgement.UNDONE and given.alert_id not in store.verdicts():
            raise UsageError(f"{alert}: it has no verdict that could be taken back")
        store.add_verdict(given)
        wanted = given.judgement is Judgement.NOISE and not no_proposal
        changes, why_none = _proposals(workplace, store, found) if wanted else ([], "")
    finally:
        store.close()
    if as_json:
        click.echo(json.dumps({**given.model_dump(mode="json"), "proposals": [vars_of(change) for change in changes]}))
        return
    said = "verdict taken back" if given.judgement is Judgement.UNDONE else judgement
    click.echo(printable(f"{found.opened.rule} {found.opened.key} {found.opened.alert_id[:12]}: {said}"))
    if wanted and not changes:
        click.echo(why_none or "no single change of the rule would have kept it quiet", err=True)
    for change in changes[:_SHOWN]:
        click.echo(f"  {change.change:<44} {effect(change)}")
    if changes:
        click.echo(
            "write the one you want into the rule file, then `tocsin rules diff` and `tocsin rules apply`", err=True
        )


def _proposals(workplace: Workplace, store: Store, found: StoredAlert) -> tuple[Sequence[Proposal], str]:
    from alerts.rules.model import RuleSet
    from pipelines.explaining.proposals import judged_alerts, proposals
    from pipelines.rule_history import newest_in_force, rule_history

    judgements = {name: one.judgement for name, one in store.verdicts().items()}
    judged = judged_alerts(list(store.events(rule=found.opened.rule)), judgements, found.opened.rule)
    this = next(one for one in judged if one.opened == found.events[0].at and one.key == found.opened.key)
    with open_log_of(workplace) as log:
        newest = newest_in_force(rule_history(log, store))
        rules = RuleSet.from_compiled(newest.compiled).rules if newest is not None else ()
        rule = next((rule for rule in rules if rule.name == found.opened.rule), None)
        if rule is None:
            return (), "the rule is not in force any more"
        try:
            with Progress("trying changes") as progress:
                return proposals(log, rule, this, judged, progress.update), ""
        except UsageError as error:
            return (), str(error)


def effect(change: Proposal) -> str:
    """Return what a change does, in words."""
    parts = ["silences it" if change.silences_it else "does not silence it"]
    if change.useful:
        parts.append(f"keeps {change.useful_kept} of {change.useful} judged useful")
    parts.append(f"removes {change.noise_gone} of {change.noise} judged noise")
    parts.append(f"leaves {change.alerts} of {plural(change.alerts_before, 'alert')} in the log")
    return ", ".join(parts)


def vars_of(change: Proposal) -> dict[str, object]:
    """Return a change for scripts."""
    return {
        "change": change.change,
        "silences_it": change.silences_it,
        "useful_kept": change.useful_kept,
        "useful": change.useful,
        "noise_gone": change.noise_gone,
        "noise": change.noise,
        "alerts": change.alerts,
        "alerts_before": change.alerts_before,
    }
