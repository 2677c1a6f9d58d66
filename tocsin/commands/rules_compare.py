"""`tocsin rules compare`: the alerts that other rules would have added and lost on the history in an archive."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from schemas.plain_text import plural
from tocsin.commands.alerts import printable
from tocsin.history import (
    actors_option,
    archive_option,
    extracted,
    from_option,
    order_option,
    past_in,
    rules_in,
    to_option,
    workers_option,
)
from tocsin.progress import Progress
from tocsin.workplace import json_option

if TYPE_CHECKING:
    from pipelines.backtest.alarms import Alarm
    from pipelines.backtest.difference import Difference

#: Headlines shown of one alert.
_HEADLINES = 2


@click.command(
    name="compare", epilog="Example: tocsin rules compare rules.yaml changed.yaml --archive history --from 2025-01-01"
)
@click.argument("before", type=click.Path(path_type=Path, exists=True))
@click.argument("after", type=click.Path(path_type=Path, exists=True))
@archive_option
@actors_option
@order_option
@from_option
@to_option
@workers_option
@json_option
def compare(
    before: Path,
    after: Path,
    folder: Path,
    actors: tuple[Path, ...],
    order: str | None,
    first: datetime | None,
    last: datetime | None,
    workers: int,
    as_json: bool,
) -> None:
    """Show which alerts come and go on history when the rules AFTER take the place of BEFORE.

    Both run side by side over signals kept in the archive. Alerts of one key within 24 hours are the same alert. Exit code 1
    when any comes or goes.

    BEFORE and AFTER are each a rule file or a folder of them, own actors are named with --actors: it judges on an archive
    and takes nothing from a tocsin.toml, so that rules can be tried that no service runs. What a service's own folder and
    log say of changed rules, `tocsin rules diff` tells.
    """
    from pipelines.actor_directory import actor_directory
    from pipelines.backtest.difference import differences

    names = actor_directory(actors)
    old, new = rules_in(before, actors, names)[0], rules_in(after, actors, names)[0]
    past = past_in(folder, order, first, last)
    version, _ = extracted(past.archive, past.files, actors, workers=workers, batch=1_000)
    with Progress("deciding") as progress:
        found = differences(past, version, old, new, progress.update)
    for one in found:
        click.echo(json.dumps(_as_json(one))) if as_json else _say(one)
    sys.exit(1 if any(one.added or one.lost for one in found) else 0)


def _say(one: Difference) -> None:
    if not one.added and not one.lost:
        click.echo(f"{one.rule}: no difference, {plural(one.kept, 'alert')}")
        return
    click.echo(f"{one.rule}: {len(one.added)} more, {len(one.lost)} fewer, {one.kept} stay")
    for sign, alarms in (("+", one.added), ("-", one.lost)):
        for alarm in alarms:
            click.echo(f"  {sign} {alarm.opened:%Y-%m-%d %H:%M} {alarm.key}: {_headlines(alarm)}")


def _headlines(alarm: Alarm) -> str:
    titles = dict.fromkeys(item.title for item in alarm.evidence if item.title)
    return printable(" / ".join(list(titles)[:_HEADLINES]))


def _as_json(one: Difference) -> dict[str, object]:
    return {
        "kind": "rule_difference",
        "rule": one.rule,
        "kept": one.kept,
        "added": _listed(one.added),
        "lost": _listed(one.lost),
    }


def _listed(alarms: Sequence[Alarm]) -> list[dict[str, str]]:
    return [{"key": a.key, "opened": a.opened.isoformat(), "headlines": _headlines(a)} for a in alarms]
