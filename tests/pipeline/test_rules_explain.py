"""`tocsin rules explain`: rules of the settings by name, rules of files, or some of them, in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from schemas.errors import UsageError
from tocsin.cli import cli

RULES = """rules:
  - name: baku-moscow
    watch: {pair: [Azerbaijan, Russia]}
    when: spike
  - name: tbilisi
    watch: {actor: Georgia}
    when: {threshold: {count: 3, within: 6h}}
"""


def explained(*words: str) -> str:
    result = CliRunner().invoke(cli, ["rules", "explain", *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "caucasus.yaml"
    path.write_text(RULES)
    return path


def test_every_rule_of_a_file_without_any_settings(file: Path) -> None:
    told = explained(str(file), "-C", str(file.parent))
    assert told.index("baku-moscow") < told.index("tbilisi")
    assert "Azerbaijan" in told
    assert "Georgia" in told


def test_without_a_word_it_is_every_rule_there_is(file: Path) -> None:
    folder = ("-C", str(file.parent))
    with pytest.raises(UsageError, match=r"there is no tocsin\.toml"):
        explained(*folder)
    (file.parent / "rules").mkdir()
    file.rename(file.parent / "rules" / "caucasus.yaml")
    (file.parent / "rules" / "caucasus.test.yaml").write_text("tests: []\n")
    told = explained(*folder)  # Where there are no settings yet, as `tocsin rules add` leaves a folder.
    assert told.index("baku-moscow") < told.index("tbilisi")
    assert "Georgia" in explained("tbilisi", *folder)
    (file.parent / "tocsin.toml").write_text('rules = ["rules/*.yaml"]\n')
    assert explained(*folder) == told


def test_one_rule_of_a_file(file: Path) -> None:
    told = explained("tbilisi", str(file), "-C", str(file.parent))
    assert "tbilisi" in told
    assert "baku-moscow" not in told


def test_a_rule_of_the_settings_and_a_name_that_is_none(file: Path) -> None:
    (file.parent / "tocsin.toml").write_text('rules = ["*.yaml"]\n')
    folder = ("-C", str(file.parent))
    assert "baku-moscow" in explained("baku-moscow", *folder)
    with pytest.raises(UsageError, match="did you mean tbilisi"):
        explained("tbilissi", *folder)
    with pytest.raises(UsageError, match="cannot be read"):
        explained(str(file.parent / "other.yaml"), *folder)


def test_its_lines_fit_a_screen(file: Path) -> None:
    told = explained(str(file), "-C", str(file.parent)).split("\n")
    assert max(map(len, told)) <= 100
    assert "One count each: AZE-RUS." in told
