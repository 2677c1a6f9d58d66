"""`tocsin rules add`: a rule of a few words stands in a file that the loader accepts, and nothing else of the file has moved."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alerts.rules.load import RulesError, load_rules
from alerts.rules.model import Mode, Rule, Threshold
from pipelines.actor_directory import actor_directory
from pipelines.extraction.topics import topic_ids
from schemas.errors import UsageError
from schemas.reasons import Severity, Tone
from tocsin.cli import cli

WRITTEN = """# What we watch.
rules:
  - name: one          # the first
    watch: {pair: [Azerbaijan, Russia]}
    when: spike

  - name: two
    watch: {actor: SOCAR}
    when: spike
    # said of two

# Shared.
defaults: {severity: low}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tocsin.toml").write_text('rules = ["rules/*.yaml"]\n')
    return tmp_path


def add(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["rules", "add", *words, "-C", str(folder)])


def rules_in(path: Path) -> dict[str, Rule]:
    text = path.read_text(encoding="utf-8")
    rules = load_rules(text, path.name, actor_directory(), topics=topic_ids()).rules
    return {rule.name: rule for rule in rules}


def test_a_rule_gets_a_file_of_its_own(folder: Path) -> None:
    done = add(folder, "Azerbaijan & Russia", "--tone", "conflict")
    assert done.exit_code == 0, done.output
    path = folder / "rules/azerbaijan-russia-conflict.yaml"
    assert path.read_text() == (
        "rules:\n"
        "  - name: azerbaijan-russia-conflict\n"
        '    watch: {pair: ["Azerbaijan", "Russia"], tone: conflict}\n'
        "    when: spike\n"
    )
    (rule,) = rules_in(path).values()
    assert rule.watch.tone is not None
    assert rule.watch.tone.any == (Tone.CONFLICT,)
    assert "counts AZE-RUS" in done.stderr
    assert done.stdout.startswith("- name: azerbaijan-russia-conflict\n")


def test_all_that_can_be_said(folder: Path) -> None:
    when = "{threshold: {count: 3,\n within: 24h}}"
    words = ("--topic", "sanctions", "--topic", "energy", "--severity", "high", "--mode", "shadow", "--when", when)
    assert add(folder, "AZE>*", "--name", "acts", *words).exit_code == 0
    rule = rules_in(folder / "rules/acts.yaml")["acts"]
    assert rule.watch.topics is not None
    assert rule.watch.topics.any == ("energy", "sanctions")
    assert rule.when == (Threshold(count=3, within_h=24),)
    assert (rule.severity, rule.mode) == (Severity.HIGH, Mode.SHADOW)


@pytest.mark.parametrize(
    "watch", ["SOCAR", "keyword:Zangezur corridor", "topic:peace_talks", "{each: pair}", "AZE-RUS"]
)
def test_any_short_watch_is_written_as_the_loader_reads_it(folder: Path, watch: str) -> None:
    done = add(folder, watch, "--name", "one", "--tone", "conflict", "--tone", "neutral")
    assert done.exit_code == 0, done.output
    assert list(rules_in(folder / "rules/one.yaml")) == ["one"]


def test_a_rule_goes_behind_those_of_a_file_and_nothing_else_moves(folder: Path) -> None:
    path = folder / "rules/all.yaml"
    path.parent.mkdir()
    path.write_text(WRITTEN)
    assert add(folder, "Georgia & Russia", "--file", str(path)).exit_code == 0
    text = path.read_text()
    added = '\n  - name: georgia-russia\n    watch: {pair: ["Georgia", "Russia"]}\n    when: spike\n'
    assert text == WRITTEN.replace("    # said of two\n", "    # said of two\n" + added)
    assert rules_in(path)["georgia-russia"].severity is Severity.LOW


@pytest.mark.parametrize(
    "text",
    [
        "rules:\n- name: one\n  watch: {actor: SOCAR}\n  when: spike",
        "rules:\n    - name: one\n      watch: {actor: SOCAR}\n      when:\n        - spike: {}\n# the end\n",
        "rules:\n  -\n    name: one\n    watch: {actor: SOCAR}\n    when: spike\n\n\n",
        "rules:\n  - {name: one, watch: {actor: SOCAR}, when: spike}\nsets:\n  near: [Georgia]\n",
    ],
)
def test_it_finds_the_end_of_the_rules_however_they_are_laid_out(folder: Path, text: str) -> None:
    path = folder / "rules/all.yaml"
    path.parent.mkdir()
    path.write_text(text)
    done = add(folder, "Georgia & Russia", "--file", str(path))
    assert done.exit_code == 0, done.output
    assert list(rules_in(path)) == ["georgia-russia", "one"]
    kept = path.read_text()
    assert all(line in kept for line in text.splitlines())


def test_what_is_wrong_writes_nothing(folder: Path) -> None:
    path = folder / "rules/all.yaml"
    path.parent.mkdir()
    path.write_text(WRITTEN)
    for words, message in (
        (("Azerbaijan & Rusia",), "unknown actor 'Rusia'"),
        (("SOCAR", "--name", "one"), f"'one' is already in {path}, line 3"),
        (("SOCAR", "--name", "one", "--file", str(path)), f"'one' is already in {path}, line 3"),
        (("SOCAR", "--name", "Big"), "is no name"),
        (("SOCAR", "--when", "spiek"), "unknown detector"),
        (("SOCAR", "--topic", "sanction"), "unknown topic"),
        (
            ("{actor: SOCAR, tone: neutral}", "--tone", "conflict"),
            "WATCH says tone itself, so --tone has no place beside it",
        ),
        (("topic:sanctions", "--topic", "energy"), "WATCH says topics itself, so --topic has no place beside it"),
        (("SOCAR", "--file", str(folder / "elsewhere.yaml")), "not among the rule files"),
        (("SOCAR", "--file", str(folder / "rules/a.test.yaml")), "file of tests"),
    ):
        done = add(folder, *words)
        assert isinstance(done.exception, UsageError), words
        assert message in str(done.exception), words
        assert path.read_text() == WRITTEN
        assert list(path.parent.iterdir()) == [path]


def test_a_list_in_brackets_is_left_to_people(folder: Path) -> None:
    path = folder / "rules/all.yaml"
    path.parent.mkdir()
    path.write_text("rules: [{name: one, watch: {actor: SOCAR}, when: spike}]\n")
    done = add(folder, "Georgia", "--file", str(path))
    assert isinstance(done.exception, UsageError)
    assert "begin with a dash" in str(done.exception)


def test_a_file_with_mistakes_is_told_and_left(folder: Path) -> None:
    path = folder / "rules/all.yaml"
    path.parent.mkdir()
    path.write_text(WRITTEN + "colour: red\n")
    done = add(folder, "Georgia", "--file", str(path))
    assert isinstance(done.exception, RulesError)
    assert "unknown key 'colour'" in str(done.exception)


def test_a_dry_run_shows_and_writes_nothing(folder: Path) -> None:
    done = add(folder, "Georgia", "--dry-run")
    assert done.exit_code == 0
    assert done.stdout == '- name: georgia\n  watch: {actor: "Georgia"}\n  when: spike\n'
    assert not (folder / "rules").exists()


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    done = add(tmp_path, "Azerbaijan & Russia", "--tone", "conflict")
    assert done.exit_code == 0, done.output
    assert "there are no settings here: tocsin init" in done.stderr
    path = tmp_path / "rules/azerbaijan-russia-conflict.yaml"
    assert list(rules_in(path)) == ["azerbaijan-russia-conflict"]
    again = add(tmp_path, "SOCAR", "--file", str(path))
    assert again.exit_code == 0, again.output
    assert list(rules_in(path)) == ["azerbaijan-russia-conflict", "socar"]
    nowhere = add(tmp_path / "nowhere", "SOCAR")
    assert isinstance(nowhere.exception, UsageError)
    assert not (tmp_path / "nowhere").exists()
