"""`tocsin truth verdicts`: what people said of live alerts becomes a list of what happened."""

from __future__ import annotations

from pathlib import Path

import click

from schemas.plain_text import plural
from tocsin.truth_files import write_events
from tocsin.workplace import folder_option, open_store_of, open_workplace


@click.command(epilog="Example: tocsin truth verdicts --folder desk --out events.csv")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The CSV to write.")
@folder_option
def verdicts(out: Path, folder: Path) -> None:
    """Make events of the alerts that were found useful: the verdicts given with tocsin alerts verdict or on the page.

    An event starts when its alert opened and ends with it; alerts of one watch within two days are one event. What was found
    noise is no event, so it counts as a false alarm when rules are judged by the list. Such a list knows nothing of what no
    rule rang for: add that, as tocsin alerts missed does, before believing a recall.
    """
    from pipelines.backtest.labelling import truth_of
    from pipelines.backtest.verdicts import answered, judged_openings

    store = open_store_of(open_workplace(folder))
    try:
        given = store.verdicts()
        judged = judged_openings(store.events(), given)
        texts = store.evidence([name for opened, _ in judged.values() for name in opened.evidence])
    finally:
        store.close()
    questions, answers = answered(judged, given, texts)
    events = truth_of(questions, answers)
    write_events(out, events)
    yes = sum(answer.value == "y" for answer in answers.values())
    click.echo(f"{plural(len(questions), 'verdict')}, {yes} useful: {plural(len(events), 'event')} in {out}")
    if events:
        click.echo("of what no rule rang for it knows nothing: its recall says little", err=True)
