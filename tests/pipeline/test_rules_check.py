"""`tocsin rules check` over several files, and `tocsin rules test` with its rules: every mistake of all of them at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from py3langid import langid

from alerts.rules.mistakes import RulesError
from schemas.languages import CODES, LONG_CODES
from tocsin.cli import cli

RULE = "rules:\n  - name: {name}\n    watch: {{pair: [{one}, Russia]}}\n    when: spike\n"


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, words)


def test_mistakes_of_all_files_come_with_names_two_of_them_share_and_files_that_cannot_be_read(tmp_path: Path) -> None:
    first, second, third = (tmp_path / name for name in ("a.yaml", "b.yaml", "c.yaml"))
    first.write_text("# one line more\n" + RULE.format(name="one", one="Azerbaijn"))
    second.write_text(RULE.format(name="one", one="Georgia"))
    third.write_bytes(b"rules: \xff\n")
    checked = run("rules", "check", "--json", *map(str, (first, second, third)), "-C", str(tmp_path))
    assert checked.exit_code == 2, "a file cannot be read"
    found = [json.loads(line) for line in checked.stdout.splitlines()]
    assert [(Path(one["file"]).name, one["line"], one["path"]) for one in found] == [
        ("a.yaml", 4, "rules[0].watch.pair[0]"),
        ("b.yaml", 2, "name"),
        ("c.yaml", 1, ""),
    ]
    assert "is already in" in found[1]["message"]
    assert all(one["remedy"] for one in found)


def test_a_folder_without_settings_is_checked_where_settings_would_look(tmp_path: Path) -> None:
    folder = ("-C", str(tmp_path))
    assert "there is no tocsin.toml" in str(run("rules", "check", *folder).exception)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yaml").write_text(RULE.format(name="one", one="Georgia"))
    (tmp_path / "rules" / "a.test.yaml").write_text("no rules\n")
    good = run("rules", "check", *folder)
    assert (good.exit_code, good.stdout) == (0, "one  GEO-RUS  spike  normal\n")
    (tmp_path / "rules" / "b.yaml").write_text(RULE.format(name="two", one="Georgai"))
    assert run("rules", "check", *folder).exit_code == 1


def test_mistakes_of_rules_hide_none_of_their_tests(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(RULE.format(name="one", one="Azerbaijn"))
    tests = tmp_path / "a.test.yaml"
    tests.write_text("tests:\n  - name: t\n    rule: two\n    steps: [{between: [2h, 1h], expect: quiet}]\n")
    with pytest.raises(RulesError) as caught:
        CliRunner().invoke(cli, ["rules", "test", str(tests), "-C", str(tmp_path)], catch_exceptions=False)
    places = [(Path(mistake.file).name, mistake.line) for mistake in caught.value.mistakes]
    assert places == [("a.test.yaml", 3), ("a.test.yaml", 4), ("a.yaml", 3)]
    assert not any("there are no rule" in mistake.message for mistake in caught.value.mistakes)


def test_a_file_of_tests_is_told_from_rules(tmp_path: Path) -> None:
    tests = tmp_path / "a.test.yaml"
    tests.write_text("tests: []\n")
    checked = run("rules", "check", str(tests), "-C", str(tmp_path))
    assert checked.stdout.splitlines() == [
        f"{tests}:1: a file of tests holds no rules",
        "    → try it with `tocsin rules test`",
    ]


def test_every_language_that_is_told_from_others_may_stand_in_a_rule() -> None:
    told = {str(code) for code in langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE).nb_classes}
    assert told - CODES - LONG_CODES == {"zxx"}, "zxx is no language"


def test_the_languages_that_are_read_are_those_of_extraction(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("rules:\n  - name: one\n    watch: {topics: sanctions, languages: ru}\n    when: spike\n")
    assert "topics are not read in articles in ru" in run("rules", "check", str(path), "-C", str(tmp_path)).stdout
    path.write_text(path.read_text().replace("languages: ru", "languages: [ru, en]"))
    assert run("rules", "check", str(path), "-C", str(tmp_path)).exit_code == 0
