"""`tocsin rules apply`, `history` and `rollback`: what is in force, what was, and the way back to each set there ever was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from schemas.errors import UsageError
from tocsin.cli import cli

RULES = "rules:\n  - name: one\n    watch: {pair: [Azerbaijan, Russia]}\n    when: {spike: {sensitivity: %s}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tocsin.toml").write_text('rules = ["*.yaml"]\n')
    for sensitivity in ("low", "normal", "high"):
        (tmp_path / "rules.yaml").write_text(RULES % sensitivity)
        applied = run(tmp_path, "apply", "--comment", f"now {sensitivity}")
        assert applied.exit_code == 0, applied.output
    return tmp_path


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["rules", *words, "-C", str(folder)])


def history(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in run(folder, "history", "--json").stdout.splitlines()]


def test_every_set_that_ever_was_is_listed_newest_first(folder: Path) -> None:
    sets = history(folder)
    assert [(one["number"], one["comment"], one["newest"]) for one in sets] == [
        (3, "now high", True),
        (2, "now normal", False),
        (1, "now low", False),
    ]
    assert all("one" in str(one["text"]) for one in sets)


def test_the_same_rules_again_are_no_new_set(folder: Path) -> None:
    again = run(folder, "apply")
    assert again.exit_code == 0, again.output
    assert len(history(folder)) == 3


@pytest.mark.parametrize(("which", "back_to"), [((), 2), (("1",), 1), (("hash",), 1)])
def test_the_way_back(folder: Path, which: tuple[str, ...], back_to: int) -> None:
    before = {one["number"]: one["rules_hash"] for one in history(folder)}
    if which == ("hash",):
        which = (str(before[1])[:10],)
    done = run(folder, "rollback", *which)
    assert done.exit_code == 0, done.output
    assert "changed  one" in done.stdout
    newest = history(folder)[0]
    assert (newest["number"], newest["rules_hash"]) == (4, before[back_to])
    assert str(newest["comment"]).startswith(f"back to {back_to} (")
    undone = run(folder, "rollback")
    assert undone.exit_code == 0, undone.output
    assert history(folder)[0]["rules_hash"] == before[3], "the way back from the way back"
    assert "sensitivity: high" in (folder / "rules.yaml").read_text(), "the files stay as they are"


@pytest.mark.parametrize(("which", "why"), [("9", "there is no rule set '9'"), ("abcdef", "there is no rule set")])
def test_a_set_that_never_was(folder: Path, which: str, why: str) -> None:
    failed = run(folder, "rollback", which)
    assert isinstance(failed.exception, UsageError)
    assert why in str(failed.exception)
    assert len(history(folder)) == 3
