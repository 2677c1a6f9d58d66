"""`tocsin rules tune`: bars that keep to a budget of alerts, found on history and shown as a diff; nothing is changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tocsin.history import (
    actors_option,
    archive_option,
    extracted,
    from_option,
    order_option,
    past_in,
    to_option,
    workers_option,
)
from tocsin.progress import Progress
from tocsin.rule_files import RuleFile, read_files, read_text

if TYPE_CHECKING:
    from datetime import datetime

    from pipelines.backtest.tuning import Tuned


@click.command(name="tune", epilog="Example: tocsin rules tune rules.yaml --archive history --budget 0.5 > tuned.diff")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@archive_option
@click.option(
    "--budget",
    type=click.FloatRange(min=0, min_open=True),
    required=True,
    help="Alerts a week that each rule may ring.",
)
@click.option(
    "--truth",
    "truth_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="What really happened (CSV): then the bar that finds most is taken, not the keenest.",
)
@actors_option
@order_option
@from_option
@to_option
@workers_option
def tune(
    files: tuple[Path, ...],
    folder: Path,
    budget: float,
    truth_path: Path | None,
    actors: tuple[Path, ...],
    order: str | None,
    first: datetime | None,
    last: datetime | None,
    workers: int,
) -> None:
    """Suggest for each rule in FILES the keenest bar that keeps to a budget on history.

    Prints a diff to review, and to apply with `git apply` or `patch -p1` from the folder this was called in; words go to stderr.
    Bars are sensitivities, budgets, counts of thresholds and plain multiples; windows and floors stay. No file is changed.

    FILES are named one by one, and own actors with --actors: unlike `rules apply` and `test` it judges on an archive and
    takes nothing from a tocsin.toml, so that rules can be tried that no service runs.
    """
    from alerts.rules.model import RuleSet
    from pipelines.actor_directory import actor_directory
    from pipelines.backtest.truth import read_truth
    from pipelines.backtest.tuning import tune as tuned_on

    names = actor_directory(actors)
    read = read_files(files, names)
    rules = RuleSet.of(*(rule for file in read for rule in file.rules.rules))
    rule_names = [rule.name for rule in rules.rules]
    truth = read_truth(read_text(truth_path), str(truth_path), names, rule_names) if truth_path else None
    past = past_in(folder, order, first, last)
    version, _ = extracted(past.archive, past.files, actors, workers=workers, batch=1_000)
    with Progress("deciding") as progress:
        found = tuned_on(past, version, rules, truth, names, budget, progress.update)
    for one in found:
        click.echo(_in_words(one, budget), err=True)
    for file in read:
        _show_diff(file, found)


def _in_words(one: Tuned, budget: float) -> str:
    written = f"{one.rule.name}: as written {one.written_a_week:.2f} alerts a week"
    if one.point is None:
        return f"{written}; every bar rings more than {budget:g}: raise its floors, or narrow what it watches"
    if not one.changes:
        return f"{written}; it stays as it is"
    return f"{written}; {one.point.setting.bar}: {one.point.whole.a_week:.2f}"


def _show_diff(file: RuleFile, found: Sequence[Tuned]) -> None:
    from tocsin.patches import patch
    from tocsin.rule_edits import with_bars

    wanted = {one.rule.name: (one.rule, one.tuned) for one in found if one.changes and one.tuned is not None}
    mine = {rule.name: wanted[rule.name] for rule in file.rules.rules if rule.name in wanted}
    after = with_bars(file.text, mine)
    click.echo(patch(file.path, file.text, after), nl=False)
    if mine and after == file.text:
        click.echo(
            f"{file.path}: its detectors are written in a way that is not edited here: change them by hand", err=True
        )
