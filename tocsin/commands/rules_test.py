"""`tocsin rules test`: timeline tests through the real engine, with failures that say what came nearest."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from schemas.errors import UsageError
from schemas.plain_text import plural
from tocsin.progress import Progress
from tocsin.rule_files import rule_paths, workplace_or_none
from tocsin.workplace import folder_option, json_option, open_workplace

if TYPE_CHECKING:
    from pipelines.rule_tests.run import TimelineResult
    from tocsin.rule_tests import TimelineFile
    from tocsin.settings import Workplace


@click.command(name="test", epilog="Example: tocsin rules test rules/caucasus.test.yaml")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@folder_option
@json_option
@click.option("--schema", is_flag=True, help="Print the JSON Schema of a file of tests instead, for editors.")
def test(files: Sequence[Path], folder: Path, as_json: bool, schema: bool) -> None:
    """Run the timeline tests in FILES (*.test.yaml), or all beside the rule files of the settings.

    Each test pushes articles into quiet weeks and says what must open, resolve or stay quiet when. Exit code 0 when all
    hold, 1 when one does not, 2 for mistakes in the files.
    """
    from tocsin.rule_tests import files_beside, read_timelines

    if schema:
        from alerts.rules.timeline_grammar import timelines_schema

        click.echo(json.dumps(timelines_schema(), indent=2, ensure_ascii=False))
        return
    workplace = workplace_or_none(folder) if files else open_workplace(folder)
    paths = list(files) or (files_beside(rule_paths(workplace)) if workplace is not None else [])
    if not paths:
        raise UsageError("there are no tests beside the rule files", remedy="write one: docs/rules.md shows how")
    found = read_timelines(paths, workplace)
    sys.exit(0 if run_and_tell(found, workplace, as_json=as_json) else 1)


def run_and_tell(
    files: Sequence[TimelineFile], workplace: Workplace | None, *, as_json: bool = False, failures_only: bool = False
) -> bool:
    """Run the tests of ``files``, say what came of each, and return whether all passed."""
    from pipelines.rule_tests.telling import told
    from tocsin.commands.alerts import printable
    from tocsin.rule_tests import run_timelines

    total = sum(len(file.timelines) for file in files)
    failed = done = 0
    with Progress("testing") as progress:
        for path, result in run_timelines(files, workplace):
            done += 1
            failed += not result.passed
            progress.update(done, total)
            if failures_only and result.passed:
                continue
            if as_json:
                click.echo(json.dumps(_as_json(path, result)))
                continue
            for line in told(result, str(path)):
                click.echo(printable(line))
    click.echo(f"{total - failed} of {plural(total, 'test')} passed", err=True)
    return failed == 0


def _as_json(path: Path, result: TimelineResult) -> dict[str, object]:
    failures = [
        {
            "line": check.expectation.line,
            "expected": check.expectation.outcome.value,
            "happened": [event.model_dump(mode="json") for event in check.happened],
            "nearest": [
                {
                    "rule": rule,
                    "key": standing.key,
                    "missing": [{"need": c.need.value, "has": c.has, "needs": c.needs} for c in standing.missing],
                }
                for rule, standing in check.nearest
            ],
        }
        for check in result.checks
        if not check.held
    ]
    return {"file": str(path), "test": result.timeline.name, "passed": result.passed, "failures": failures}
