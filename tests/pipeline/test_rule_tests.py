"""`tocsin rules test`: timelines through the real engine, failures that say what came nearest, and `apply` that asks them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alerts.rules.mistakes import RulesError
from tocsin.cli import cli

RULES = """rules:
  - name: baku-moscow
    watch: {pair: [Azerbaijan, Russia]}
    when: {spike: {min: {stories: 4, publishers: 3}}}
    severity: high
  - name: own
    watch: {pair: [Azerbaijan, Georgia]}
    when: {threshold: {count: 2, within: 6h}}
    mode: off
"""


def written(*steps: str) -> str:
    lines = "\n".join(f"      - {step}" for step in steps)
    return f"tests:\n  - name: the test\n    background: {{days: 14, stories_per_hour: 0.03}}\n    steps:\n{lines}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules.yaml").write_text(RULES)
    return tmp_path


def run(folder: Path, text: str, *options: str) -> Result:
    path = folder / "some.test.yaml"
    path.write_text(text)
    return CliRunner().invoke(cli, ["rules", "test", str(path), "-C", str(folder), *options])


def test_what_is_expected_happens(folder: Path) -> None:
    result = run(
        folder,
        written(
            "{at: 10h, push: 14, over: 1h, pair: [Azerbaijan, Russia]}",
            "{between: [10h, 11h], expect: opened, rule: baku-moscow, key: AZE-RUS, reason: crossed, severity: high}",
            "{between: [12h, 3d], expect: resolved, rule: baku-moscow}",
            "{at: 5h, push: 2, pair: [Georgia, Azerbaijan]}",
            "{between: [5h, 6h], expect: opened, rule: own}",
        ),
    )
    assert result.exit_code == 0, result.output
    assert "ok      the test" in result.stdout


def test_pushes_on_one_line_are_as_many_as_on_several(folder: Path) -> None:
    push = "{at: %s, push: 1, pair: [Georgia, Azerbaijan]}"
    ends = "{between: [5h, 6h], expect: opened, rule: own}"
    steps = (push % "5h", push % "5h 10m", ends)
    text = written(f"x\n    steps: [{', '.join(steps)}]").replace("    steps:\n      - x\n", "")
    assert run(folder, text).exit_code == 0
    assert run(folder, written(*steps)).exit_code == 0


def test_a_failure_says_what_was_expected_what_happened_and_what_came_nearest(folder: Path) -> None:
    result = run(
        folder,
        written(
            "{at: 10h, push: 3, pair: [Azerbaijan, Russia]}",
            "{between: [10h, 11h], expect: opened, rule: baku-moscow}",
        ),
    )
    assert result.exit_code == 1
    assert f"{folder / 'some.test.yaml'}:6" in result.stdout
    assert "expected  opened baku-moscow between 10h and 11h" in result.stdout
    assert "happened  nothing" in result.stdout
    assert "nearest   baku-moscow AZE-RUS: spike" in result.stdout
    assert "(has" in result.stdout


def test_an_alert_at_another_time_or_of_another_severity_is_told(folder: Path) -> None:
    result = run(
        folder,
        written(
            "{at: 10h, push: 14, over: 1h, pair: [Azerbaijan, Russia]}",
            "{between: [15h, 16h], expect: opened, rule: baku-moscow}",
            "{between: [10h, 11h], expect: opened, rule: baku-moscow, severity: low}",
            "{between: [0, 1d], expect: quiet, rule: baku-moscow}",
        ),
    )
    assert result.exit_code == 1
    assert "nothing in that time; opened baku-moscow AZE-RUS at 10h" in result.stdout
    assert result.stdout.count("opened baku-moscow AZE-RUS at 10h") == 3


def test_what_lacks_nothing_but_the_end_of_the_cool_down_is_told(folder: Path) -> None:
    again = (
        "{at: 10h, push: 14, over: 1h, pair: [Azerbaijan, Russia]}",
        "{at: 32h, push: 30, over: 1h, pair: [Azerbaijan, Russia]}",
        "{between: [32h, 34h], expect: opened, rule: baku-moscow}",
    )
    result = run(folder, written(*again))
    assert result.exit_code == 1
    assert re.search(
        r"lacks nothing, but the alert that opened on it at 10h \d+m was open still or in its cool-down", result.stdout
    )


def test_what_the_background_rings_by_itself_is_one_note_a_key(folder: Path) -> None:
    loud = written("{at: 1h, push: 2, pair: [Azerbaijan, Georgia]}", "{between: [0h, 1h], expect: reminded, rule: own}")
    result = run(folder, loud.replace("stories_per_hour: 0.03", "stories_per_hour: 0.12"))
    notes = [line for line in result.stdout.splitlines() if "note: the background" in line]
    assert len(notes) == 1, result.stdout
    assert re.search(r"rung before the start: own AZE-GEO, \d+ times, the last at \d\d \w{3} \d\d:\d\d$", notes[0])


def test_a_rule_that_counted_nothing_is_named(folder: Path) -> None:
    result = run(
        folder,
        written("{at: 1h, push: 9, pair: [Turkey, Russia]}", "{between: [1h, 2h], expect: opened, rule: baku-moscow}"),
    )
    assert "baku-moscow counted none of the articles" in result.stdout


def test_json_says_the_same(folder: Path) -> None:
    result = run(
        folder,
        written("{at: 1h, push: 1, pair: [Azerbaijan, Russia]}", "{between: [1h, 2h], expect: opened}"),
        "--json",
    )
    (line,) = map(json.loads, result.stdout.splitlines())
    assert line["passed"] is False
    assert line["failures"][0]["line"] == 6
    needs = {need["need"] for near in line["failures"][0]["nearest"] for need in near["missing"]}
    assert {"stories", "publishers"} <= needs


def test_mistakes_are_told_with_their_lines(folder: Path) -> None:
    result = run(folder, written("{between: [1h, 2h], expect: opened, rule: baku-moskow}"))
    assert result.exit_code != 0
    assert isinstance(result.exception, Exception)
    assert "some.test.yaml:5" in str(result.exception)
    assert "did you mean baku-moscow?" in str(result.exception)


def test_an_expectation_on_a_key_that_its_rule_never_has_is_a_mistake(folder: Path) -> None:
    push = "{at: 5h, push: 2, pair: [Georgia, Azerbaijan]}"
    for key, rule, said in (
        ("AZE>GEO", ", rule: own", "the rule own has no key 'AZE>GEO'"),
        ("keyword:own", ", rule: own", "the rule own has no key 'keyword:own'"),
        ("FRA-GEO", "", "no rule has a key 'FRA-GEO'"),
    ):
        result = run(folder, written(push, f"{{between: [5h, 6h], expect: quiet, key: '{key}'{rule}}}"))
        assert isinstance(result.exception, RulesError)
        assert [(m.line, m.message) for m in result.exception.mistakes] == [(6, said)]
    assert run(folder, written(push, "{between: [0, 1h], expect: quiet, key: GEO-AZE, rule: own}")).exit_code == 0


def test_the_same_test_gives_the_same_words(folder: Path) -> None:
    text = written(
        "{at: 10h, push: 5, pair: [Azerbaijan, Russia]}", "{between: [10h, 11h], expect: opened, rule: baku-moscow}"
    )
    assert run(folder, text).stdout == run(folder, text).stdout


def desk(folder: Path) -> Path:
    (folder / "rules").mkdir()
    (folder / "rules" / "one.yaml").write_text(RULES)
    (folder / "tocsin.toml").write_text('rules = ["rules/*.yaml"]\n')
    return folder


def apply(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(cli, ["rules", "apply", "-C", str(folder), *options])


def test_apply_asks_the_tests_first_and_changes_nothing_when_one_fails(tmp_path: Path) -> None:
    folder = desk(tmp_path)
    wrong = written("{at: 1h, push: 1, pair: [Azerbaijan, Russia]}", "{between: [1h, 2h], expect: opened}")
    (folder / "rules" / "one.test.yaml").write_text(wrong)
    refused = apply(folder)
    assert refused.exit_code == 1, refused.output
    assert "FAILED  the test" in refused.output
    history = CliRunner().invoke(cli, ["rules", "history", "-C", str(folder)])
    assert history.stdout == ""
    (folder / "rules" / "one.test.yaml").write_text(wrong.replace("expect: opened", "expect: quiet"))
    assert apply(folder).exit_code == 0
    again = apply(folder, "--json")
    assert json.loads(again.stdout)["applied"] is False


def test_apply_can_leave_the_tests_out(tmp_path: Path) -> None:
    folder = desk(tmp_path)
    wrong = written("{at: 1h, push: 1, pair: [Azerbaijan, Russia]}", "{between: [1h, 2h], expect: opened}")
    (folder / "rules" / "one.test.yaml").write_text(wrong)
    assert apply(folder, "--no-tests").exit_code == 0


def test_a_failing_test_leaves_the_rules_that_are_in_force(tmp_path: Path) -> None:
    folder = desk(tmp_path)
    assert apply(folder, "--comment", "the first").exit_code == 0
    before = CliRunner().invoke(cli, ["rules", "history", "--json", "-C", str(folder)]).stdout
    path = next((folder / "rules").glob("*.yaml"))
    path.write_text(path.read_text().replace("severity: high", "severity: low"))
    wrong = written("{at: 1h, push: 1, pair: [Azerbaijan, Russia]}", "{between: [1h, 2h], expect: opened}")
    (folder / "rules" / "one.test.yaml").write_text(wrong)
    refused = apply(folder)
    assert refused.exit_code == 1
    assert "the rules in force stay" in refused.output
    assert CliRunner().invoke(cli, ["rules", "history", "--json", "-C", str(folder)]).stdout == before
    assert "the first" in before
    (folder / "rules" / "one.test.yaml").write_text(wrong.replace("expect: opened", "expect: quiet"))
    assert apply(folder).exit_code == 0
    assert CliRunner().invoke(cli, ["rules", "history", "--json", "-C", str(folder)]).stdout != before
