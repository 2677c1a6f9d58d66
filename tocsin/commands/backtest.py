"""`tocsin backtest`: history through the rules, scored against what happened; numbers in JSON, a report for people in HTML."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from schemas.errors import UsageError
from schemas.plain_text import plural
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
from tocsin.moments import DAY
from tocsin.progress import Progress
from tocsin.rule_files import read_text
from tocsin.workplace import json_option

if TYPE_CHECKING:
    from pipelines.actor_directory import ActorDirectory
    from pipelines.backtest.report import Report

#: Of the report, what --json prints; the file has all.
_PRINTED = (
    "kind",
    "report_version",
    "first",
    "last",
    "match",
    "arrival_delay",
    "order",
    "judged_by_truth",
    "total",
    "rules",
    "events",
)


@click.command(
    name="backtest",
    epilog="Example: tocsin backtest --archive history --rules rules.yaml --truth events.csv --sweep --out report",
)
@click.option(
    "--schema",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda context, _, asked: _print_schema(context) if asked else None,
    help="Print the JSON Schema of report.json instead.",
)
@archive_option
@click.option(
    "--rules",
    "rules_path",
    type=click.Path(path_type=Path, exists=True),
    required=True,
    help="A rule file, or a folder of them.",
)
@click.option(
    "--truth",
    "truth_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="What really happened: CSV with the columns event,watch,start,end.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="A folder for report.html and report.json.",
)
@click.option(
    "--match",
    "matching",
    default="before=24h,after=48h",
    show_default=True,
    help="How long before and after an event's start an alert is about it.",
)
@click.option(
    "--arrival-delay",
    default="none",
    show_default=True,
    help="How late articles arrive where the archive does not say: 30m, or 30m/4h (half, nine of ten).",
)
@click.option("--sweep", is_flag=True, help="Try other sensitivities, windows and floors, and choose for the budget.")
@click.option("--compare", help="Put other detectors in place of the rules' own: spike,shift,ratio,zscore.")
@click.option(
    "--budget",
    type=click.FloatRange(min=0, min_open=True),
    default=3.0,
    show_default=True,
    help="Alerts a week, of all rules, that a setting is chosen for.",
)
@click.option(
    "--judge-from",
    type=DAY,
    metavar="DAY",
    help="Settings are chosen on the days before and judged on those from here; after three fifths where left out.",
)
@actors_option
@order_option
@from_option
@to_option
@workers_option
@json_option
def command(
    folder: Path,
    rules_path: Path,
    truth_path: Path | None,
    out: Path,
    matching: str,
    arrival_delay: str,
    sweep: bool,
    compare: str | None,
    budget: float,
    judge_from: datetime | None,
    actors: tuple[Path, ...],
    order: str | None,
    first: datetime | None,
    last: datetime | None,
    workers: int,
    as_json: bool,
) -> None:
    """Score rules on the history in an archive: what rang, what should have, how often, how early.

    Without --truth it tells what rang and how often; tocsin truth label then makes a truth by hand. Extraction is kept in
    the archive, and all settings of a sweep are tried in one pass. Exit code 0 whatever was found, 2 for mistakes.
    """
    from pipelines.actor_directory import actor_directory
    from pipelines.backtest.arrival import ArrivalDelay
    from pipelines.backtest.backtest import Wanted, backtest
    from pipelines.backtest.judging import Matching
    from pipelines.backtest.truth import read_truth
    from pipelines.backtest.variants import detectors_named

    wanted = Wanted(
        matching=Matching.parse(matching),
        delay=ArrivalDelay.parse(arrival_delay),
        sweep=sweep,
        detectors=tuple(detectors_named(compare)) if compare else (),
        budget_a_week=budget,
        judge_from=judge_from.date() if judge_from else None,
    )
    rules, _ = rules_in(rules_path, actors)
    names = actor_directory(actors)
    rule_names = [rule.name for rule in rules.rules]
    truth = read_truth(read_text(truth_path), str(truth_path), names, rule_names) if truth_path else None
    past = past_in(folder, order, first, last)
    version, _ = extracted(past.archive, past.files, actors, workers=workers, batch=1_000)
    click.echo(f"matching: {wanted.matching}; arrival delay: {wanted.delay}", err=True)
    with Progress("deciding") as progress:
        report = backtest(past, version, rules, truth, names, wanted, progress.update)
    _write(report, names, out)
    if as_json:
        about = {key: value for key, value in report.as_json().items() if key in _PRINTED}
        click.echo(json.dumps(about | {"report": str(out / "report.html")}))
    else:
        _say(report, out)


def _print_schema(context: click.Context) -> None:
    from pipelines.backtest.report_schema import report_schema

    click.echo(json.dumps(report_schema(), indent=2, ensure_ascii=False))
    context.exit()


def _write(report: Report, names: ActorDirectory, out: Path) -> None:
    from tocsin.report.page import report_page

    files = {
        "report.json": f"{json.dumps(report.as_json(), ensure_ascii=False)}\n",
        "report.html": report_page(report, names),
    }
    unfinished = {name: out / f".{name}.{os.getpid()}.unfinished" for name in files}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            unfinished[name].write_text(text, encoding="utf-8")
        for name, path in unfinished.items():  # Both are there: the report of a run before is exchanged as a whole.
            path.replace(out / name)
    except OSError as error:
        raise UsageError(
            f"{out} cannot be written: {error.strerror}",
            remedy="choose another --out, or make room; no report was changed",
        ) from error
    finally:
        for path in unfinished.values():
            path.unlink(missing_ok=True)


def _say(report: Report, out: Path) -> None:
    from tocsin.report.words import choice_in_words, per_cent, summary

    for sentence in [*summary(report), *choice_in_words(report)]:
        click.echo(sentence)
    width = max((len(rule.rule.name) for rule in report.rules), default=0)
    for rule in report.rules:
        score = rule.score
        right = f", found {per_cent(score.recall)}, right {per_cent(score.precision)}" if score.judged else ""
        click.echo(f"  {rule.rule.name:{width}}  {plural(score.openings, 'alert')}, {score.a_week:.2f} a week{right}")
    click.echo(f"Look at {out / 'report.html'}; the numbers are in {out / 'report.json'}.")
