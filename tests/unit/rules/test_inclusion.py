"""Files that are included: shared sets and defaults, with mistakes of their own, from nowhere but the folder of the rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from alerts.rules.load import RulesError, load_rules
from alerts.rules.mistakes import Mistake
from alerts.rules.model import NamedActors, RuleSet
from schemas.errors import UsageError
from schemas.reasons import Severity
from tests.unit.rules.world import DIRECTORY, TOPICS
from tocsin.rule_files import read_files

RULES = """rules:
  - {name: one, watch: {pair: [Ukraine, near]}, when: spike, labels: {desk: own}}
include: %s
"""
SHARED = "sets: {near: [Georgia, Russia]}\ndefaults: {severity: high, for: 2h, labels: {desk: shared, tier: two}}\n"


def load(files: dict[str, str], include: str = "shared.yaml", more: str = "") -> RuleSet:
    def read(name: str) -> str:
        if name not in files:
            raise UsageError("there is no such file")
        return files[name]

    return load_rules(RULES % include + more, "rules.yaml", DIRECTORY, topics=TOPICS, included=read)


def mistakes(files: dict[str, str], include: str = "shared.yaml", more: str = "") -> list[Mistake]:
    with pytest.raises(RulesError) as caught:
        load(files, include, more)
    return list(caught.value.mistakes)


def test_its_sets_and_defaults_hold_and_what_the_file_says_goes_first() -> None:
    (rule,) = load({"shared.yaml": SHARED}, more="defaults: {severity: low}\n").rules
    assert rule.watch.pair is not None
    assert NamedActors(ids=("GEO", "RUS")) in (*rule.watch.pair.one, *rule.watch.pair.other)
    assert (rule.severity, rule.when[0].for_h) == (Severity.LOW, 2)
    assert rule.labels == {"desk": "own", "tier": "two"}


def test_of_several_the_later_goes_first() -> None:
    files = {"a.yaml": SHARED, "b.yaml": "defaults: {severity: critical}\n"}
    assert load(files, "[a.yaml, b.yaml]").rules[0].severity is Severity.CRITICAL
    assert load(files, "[b.yaml, a.yaml]").rules[0].severity is Severity.HIGH


@pytest.mark.parametrize(
    ("files", "include", "place", "message"),
    [
        ({}, "shared.yaml", ("rules.yaml", 3), "cannot be included: there is no such file"),
        ({"shared.yaml": SHARED}, "[shared.yaml, shared.yaml]", ("rules.yaml", 3), "included twice"),
        ({"shared.yaml": SHARED}, "3", ("rules.yaml", 3), "a text is needed"),
        ({"shared.yaml": SHARED + "rules: []"}, "shared.yaml", ("shared.yaml", 3), "holds sets and defaults, no rules"),
        ({"shared.yaml": SHARED + "include: x"}, "shared.yaml", ("shared.yaml", 3), "includes no other"),
        ({"shared.yaml": SHARED + "colour: red"}, "shared.yaml", ("shared.yaml", 3), "unknown key 'colour'"),
        ({"shared.yaml": SHARED + "x: &a [*a]"}, "shared.yaml", ("shared.yaml", 3), "a"),
        ({"shared.yaml": SHARED.replace("Georgia", "Nowhere")}, "shared.yaml", ("shared.yaml", 1), "unknown actor"),
    ],
)
def test_mistakes_name_the_file_they_are_in(
    files: dict[str, str], include: str, place: tuple[str, int], message: str
) -> None:
    found = mistakes(files, include)
    assert any((m.file, m.line) == place and message in m.message for m in found), [str(m) for m in found]


def test_a_set_has_one_home() -> None:
    (mistake,) = mistakes({"shared.yaml": SHARED}, more="sets: {near: [Britain]}\n")
    assert (mistake.file, mistake.line) == ("rules.yaml", 4)
    assert "already a set of an included file" in mistake.message


def test_rules_from_no_folder_include_nothing() -> None:
    with pytest.raises(RulesError, match="come from no folder"):
        load_rules(RULES % "x.yaml", "rules.yaml", DIRECTORY, topics=TOPICS)


def test_files_are_read_from_the_folder_of_the_rules_and_from_nowhere_else(tmp_path: Path) -> None:
    home = tmp_path / "rules"
    (home / "shared").mkdir(parents=True)
    (home / "shared" / "regions.yaml").write_text(SHARED)
    (tmp_path / "secret.yaml").write_text(SHARED)
    (home / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    rules = home / "one.yaml"
    rules.write_text(RULES % "shared/regions.yaml")
    (file,) = read_files([rules], DIRECTORY)
    assert file.included == (("shared/regions.yaml", SHARED),)
    assert file.rules.rules[0].severity is Severity.HIGH
    for elsewhere in ("../secret.yaml", str(tmp_path / "secret.yaml"), "link.yaml"):
        rules.write_text(RULES % elsewhere)
        with pytest.raises(RulesError, match="outside the folder"):
            read_files([rules], DIRECTORY)
    rules.write_text(RULES % "large.yaml")
    (home / "large.yaml").write_text("# " + "x" * 2_000_000)
    with pytest.raises(RulesError, match="larger than"):
        read_files([rules], DIRECTORY)
