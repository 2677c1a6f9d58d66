"""Pages and schemas that are made from the program are what it makes today, and every command has its help."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from alerts.rules.json_schema import rules_schema
from alerts.rules.timeline_grammar import timelines_schema
from pipelines.backtest.report_schema import report_schema
from tocsin.cli import COMMANDS
from tocsin.commands_page import PAGE, commands_in

ROOT = Path(__file__).parents[2]


def test_the_page_about_the_commands_is_what_the_program_makes() -> None:
    # In a process of its own: click remembers in a command how its help was first asked for.
    made = subprocess.run(
        [sys.executable, "-m", "tocsin.commands_page"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert (ROOT / PAGE).read_text(encoding="utf-8") == made, (
        f"a command has changed: python -m tocsin.commands_page > {PAGE}"
    )


def test_the_schema_of_rules_is_what_the_program_makes() -> None:
    written = json.loads((ROOT / "docs/rules.schema.json").read_text(encoding="utf-8"))
    assert written == rules_schema(), "the grammar has changed: python -m tocsin rules schema > docs/rules.schema.json"


def test_the_schema_of_reports_is_what_the_program_makes() -> None:
    written = json.loads((ROOT / "docs/report.schema.json").read_text(encoding="utf-8"))
    remedy = "python -m tocsin backtest --schema > docs/report.schema.json"
    assert written == report_schema(), f"the report has changed: {remedy}"


def test_the_schema_of_tests_of_rules_is_what_the_program_makes() -> None:
    written = json.loads((ROOT / "docs/rule-tests.schema.json").read_text(encoding="utf-8"))
    remedy = "python -m tocsin rules test --schema > docs/rule-tests.schema.json"
    assert written == timelines_schema(), f"the grammar has changed: {remedy}"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_what_it_does_with_an_example(name: str) -> None:
    for path, command in commands_in(name):
        words = " ".join(path)
        assert command.help, f"{words}: the docstring is the help"
        assert command.epilog, f"{words}: an example helps more than a list of options"
        assert command.epilog.startswith(f"Example: tocsin {words}"), words
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                assert parameter.help, f"{words}: {parameter.opts[0]} has no help"
