"""Every example is right: rule files pass `tocsin rules check`, folders open, and what they promise to show is in them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alerts.rules.detector_grammar import DETECTOR_NAMES
from alerts.rules.watch_grammar import WATCH
from tocsin.cli import cli
from tocsin.settings import load_workplace

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
RULE_FILES = sorted((EXAMPLES / "rules").glob("*.yaml"))
FOLDERS = sorted(path.parent for path in EXAMPLES.glob("*/tocsin.toml"))


def tocsin(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.name)
def test_a_rule_file_passes_its_check(path: Path) -> None:
    result = tocsin("rules", "check", str(path))
    assert result.exit_code == 0, result.output
    assert path.read_text().startswith("#"), "an example says in its first line what it shows"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_folder_opens_when_copied_and_its_rules_pass(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "desk")
    workplace = load_workplace(copy)
    assert workplace.files(workplace.settings.rules)
    assert workplace.files(workplace.settings.actors)
    result = tocsin("rules", "check", "--json", "--folder", str(copy))
    assert result.exit_code == 0, result.output
    for rule in map(json.loads, result.stdout.splitlines()):
        explained = tocsin("rules", "explain", rule["name"], "--folder", str(copy))
        assert explained.exit_code == 0, explained.output
        assert f"One count each: {rule['keys']}." in explained.stdout


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_timeline_tests_of_a_folder_pass(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "desk")
    assert list(copy.glob("rules/*.test.yaml")), "rules of an example come with their tests"
    result = tocsin("rules", "test", "--folder", str(copy))
    assert result.exit_code == 0, result.output


def test_there_are_examples() -> None:
    assert len(RULE_FILES) >= 2
    assert EXAMPLES / "desk" in FOLDERS


def test_the_compose_file_refers_to_an_example_that_is_there() -> None:
    compose = (ROOT / "docker-compose.yml").read_text()
    assert "cp -r examples/desk desk" in compose


def test_the_examples_show_every_part_of_a_watch_and_every_detector() -> None:
    text = "\n".join(path.read_text() for path in [*RULE_FILES, *EXAMPLES.glob("desk/rules/*.yaml")])
    parts = WATCH.schema()["properties"]
    assert isinstance(parts, dict)
    missing = [name for name in parts if f"{name}:" not in text]
    missing += [name for name in DETECTOR_NAMES if f"{name}:" not in text]
    assert missing == []
