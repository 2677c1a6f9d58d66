"""`tocsin alerts missed`: what should have rung becomes a row of truth and a failing test."""

from __future__ import annotations

import csv
import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from schemas.errors import UsageError
from schemas.plain_text import plural
from tocsin.event_lines import printable
from tocsin.moments import moment
from tocsin.progress import Progress
from tocsin.workplace import folder_option, open_log_of, open_workplace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.rules.model import Rule
    from alerts.rules.yaml_tree import Plain
    from tocsin.settings import Workplace

_COLUMNS = ("event", "watch", "start", "end")


@click.command(epilog="Example: tocsin alerts missed azerbaijan-russia --start 2025-01-22T02:00")
@click.argument("watch")
@click.option("--start", type=moment, metavar="TIME", required=True, help="When it began (UTC unless a zone is given).")
@click.option("--event", default="", help="What happened, for the row and the name of the test.")
@click.option("--key", help="Which key, where the rule has several; by default the one with most articles.")
@click.option("--truth", type=click.Path(path_type=Path, dir_okay=False), help="The CSV; truth.csv in the folder.")
@click.option(
    "--test", "test_file", type=click.Path(path_type=Path, dir_okay=False), help="The test; beside the rules."
)
@folder_option
def missed(
    watch: str, start: datetime, event: str, key: str | None, truth: Path | None, test_file: Path | None, folder: Path
) -> None:
    """Note that WATCH should have rung: a row of truth, and a timeline test made of what the log holds.

    WATCH is the name of a rule or what it watches, as for `tocsin alerts why`.

    The test holds the articles as they came, story by story, after a quiet background like the one there was. It fails until
    the rule rings on it; then it keeps it so. `tocsin alerts why` says why the rule was silent.
    """
    from alerts.rules.yaml_tree import render
    from pipelines.explaining.missed import made_to_fail
    from pipelines.explaining.missed import missed as found_missed
    from tocsin.rule_files import names_of, rule_paths

    workplace = open_workplace(folder)
    rule, home, asked_key = _rule(workplace, watch, key)
    with open_log_of(workplace) as log, Progress("deciding again") as progress:
        found = found_missed(
            log,
            rule,
            start,
            key=asked_key,
            event=event,
            name_of=names_of(workplace).display_name,
            progress=progress.update,
        )
    target = test_file or home.parent / f"{_slug(rule.name)}-missed-{start:%Y%m%dT%H%M}.test.yaml"
    if target.exists():
        raise UsageError(f"{target} is there already", remedy="name another file with --test")
    if found.rang is not None:
        test, remark = found.test, f"the rule as it is rang, at {found.rang:%Y-%m-%d %H:%M} UTC: nothing was missed"
    else:
        with Progress("running the test"):
            test, times = made_to_fail(found.test, lambda tried: _passes(workplace, rule, tried, target))
        remark = _remark(times)
    heading = f"# Made by `tocsin alerts missed`: {printable(found.truth[0])}. It fails until the rule rings.\n"
    heading += f"# Note: {remark}.\n" if remark else ""
    _write(target, heading + render(test))
    rows = truth or workplace.folder / "truth.csv"
    _add_row(rows, found.truth)
    click.echo(f"{rows}: {','.join(found.truth)}")
    click.echo(f"{target}: a test of {plural(found.articles, 'article')} on {found.key}")
    if remark:
        click.echo(f"note: {remark}", err=True)
    beside = test_file is None and home in rule_paths(workplace)
    click.echo(f"run it: tocsin rules test {target}" + ("; `rules apply` asks it too" if beside else ""), err=True)


def _passes(workplace: Workplace, rule: Rule, test: Mapping[str, Plain], path: Path) -> bool:
    """Tell whether ``test`` passes with ``rule`` as it is."""
    from alerts.rules.timeline_grammar import load_timelines
    from alerts.rules.yaml_tree import render
    from pipelines.extraction.topics import topic_ids
    from tocsin.rule_files import names_of
    from tocsin.rule_tests import TimelineFile, run_timelines

    names = names_of(workplace)
    timelines = load_timelines(render(test), str(path), names, rules={rule.name}, topics=topic_ids())
    return all(result.passed for _, result in run_timelines([TimelineFile(path, timelines, (rule,))], workplace))


def _remark(times: float) -> str:
    if times == 1:
        return ""
    if not times:
        return "this test passes with the rule as it is: before an even quiet it rings, whatever was there before"
    return (
        f"there is {times:.3g} times as much before it as there was: that came in waves, and as much spread evenly would"
        " let the rule ring"
    )


def _rule(workplace: Workplace, watch: str, key: str | None) -> tuple[Rule, Path, str | None]:
    """Return the rule that is meant, its file and the key that is meant with it; :raises UsageError: none, or several."""
    from pipelines.explaining.asked_key import must_be_key
    from pipelines.explaining.asked_watch import asked_watch
    from tocsin.rule_files import names_of, read_files, rule_paths

    names = names_of(workplace)
    files = read_files(rule_paths(workplace), names)
    rules = {rule.name: (rule, file.path) for file in files for rule in file.rules.rules}
    every = [rule for rule, _ in rules.values()]
    asked = asked_watch(every, watch, names)
    if key is not None:
        asked = asked_watch(every, f"{asked.rule} {key}", names)
    if asked.key is not None:
        must_be_key([rules[asked.rule][0]], asked.key, names)
    return *rules[asked.rule], asked.key


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9_-]", "-", name)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error


def _add_row(path: Path, row: tuple[str, ...]) -> None:
    """Append ``row`` once; a new file gets its heading first."""
    try:
        there = path.read_text(encoding="utf-8") if path.exists() else ""
        if list(row) in list(csv.reader(there.splitlines())):
            return
        with path.open("a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            if not there.strip():
                writer.writerow(_COLUMNS)
            elif not there.endswith("\n"):
                file.write("\n")
            writer.writerow(row)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be written: {error}") from error
