"""Rule files made to harm: each is one clear error that names a line and a remedy, and the rules in force stay in force."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from schemas.errors import UsageError
from tocsin.cli import cli

GOOD = "rules:\n  - name: one\n    watch: {pair: [Azerbaijan, Russia]}\n    when: spike\n"


def bomb(levels: int) -> str:
    """Return a file of a few lines that would be 9 to the power of ``levels`` values if aliases were followed."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join([*lines, f"rules: *a{levels - 1}"]) + "\n"


def watch(text: str) -> str:
    return f"rules:\n  - name: one\n    watch: {text}\n    when: spike\n"


def when(text: str) -> str:
    return f"rules:\n  - name: one\n    watch: {{pair: [AZE, RUS]}}\n    when: {text}\n"


ATTACKS = {
    "alias bomb": (bomb(9), 1, "an anchor (&a0) is not allowed (and 81 more anchors and aliases)"),
    "ten megabytes": (GOOD + "# " + ("x" * 99 + "\n# ") * 100_000, 1, "larger than 1,048,576 bytes"),
    "one long line": ("rules: [" + "a, " * 30_000 + "]\n", 1, "the limit is 50,000"),
    "deep nesting, brackets": ("rules: " + "[" * 20_000 + "]" * 20_000 + "\n", 1, "more than 50 levels deep"),
    "deep nesting, braces": ("rules: " + "{a: " * 200 + "1" + "}" * 200 + "\n", 1, "more than 50 levels deep"),
    "deep nesting, blocks": ("\n".join(" " * n + "a:" for n in range(300)) + "\n", 51, "more than 50 levels deep"),
    "unknown tags": ("rules: [" + "!!python/object/apply:os.system [id], " * 900 + "]\n", 1, "(and 899 more tags)"),
    "duplicate key": (GOOD + "rules: []\n", 5, "the key 'rules' is here twice (first on line 1)"),
    "duplicate name, with a space": (
        GOOD + GOOD.partition("\n")[2].replace("one", "'one '"),
        5,
        "a rule of the name 'one' is already on line 2",
    ),
    "duplicate name": (GOOD + GOOD.partition("\n")[2], 5, "a rule of the name 'one' is already on line 2"),
    "anchors beside what is wrong": (
        "rules:\n" + "".join(f"  - &a{n} {{nonsense: {n}}}\n" for n in range(40)),
        2,
        "an anchor (&a0) is not allowed (and 39 more anchors and aliases)",
    ),
    "merge key": ("defaults: {<<: {mode: off}}\n" + GOOD, 1, "a merge key (<<) is not allowed"),
    "nested quantifiers": (watch("{keywords: {pattern: '((a{1,900}){1,900}){1,900}'}}"), 3, "pattern"),
    "back-reference": (watch(r"{keywords: {pattern: '(a+)\1+$'}}"), 3, "pattern"),
    "pattern of everything": (watch("{keywords: {pattern: '(.*)*'}}"), 3, "pattern"),
    "pattern without end": (watch("{keywords: {pattern: '" + "(" * 900 + "'}}"), 3, "pattern"),
    "window too long": (when("{spike: {windows: [6h, 400d]}}"), 4, "too long"),
    "window longer than its normal": (when("{shift: {to: {tone: conflict}, window: 7d, baseline: 8d}}"), 4, "too few"),
    "sensitivity and budget": (
        when("{spike: {sensitivity: low, budget: {false_alarms: 1, per: month}}}"),
        4,
        "exclude each other",
    ),
    "endless number": (when("{threshold: {count: " + "9" * 4_000 + ", within: 1h}}"), 4, "a whole number"),
    "not a number": (when("{spike: {min: {times: .nan}}}"), 4, "a number from"),
    "control character": (watch('{keywords: "a\\u0000b"}'), 3, "cannot be written"),
    "second document": (GOOD + "---\n" + GOOD, 5, "a second document begins here"),
}


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, words)


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_one_clear_error(name: str, tmp_path: Path) -> None:
    text, line, message = ATTACKS[name]
    path = tmp_path / "hostile.yaml"
    path.write_text(text, encoding="utf-8")
    checked = run("rules", "check", "--json", str(path), "-C", str(tmp_path))
    assert checked.exit_code == 1, checked.output
    (mistake,) = map(json.loads, checked.stdout.splitlines())
    assert message in mistake["message"]
    assert (mistake["file"], mistake["line"]) == (str(path), line)
    assert len(mistake["message"]) < 400
    assert mistake["remedy"] or name in ("endless number", "not a number"), "what is needed is the remedy there"


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "hostile.yaml"
    path.write_bytes(b"rules: \xff\xfe\n")
    checked = run("rules", "check", str(path), "-C", str(tmp_path))
    assert checked.exit_code == 2
    assert f"{path}:1: cannot be read: the byte 0xff on line 1 is none of UTF-8" in checked.stdout


@pytest.mark.parametrize("included", [False, True], ids=["named", "included"])
def test_what_is_no_file_is_told_and_not_waited_for(tmp_path: Path, included: bool) -> None:
    path = tmp_path / "pipe.yaml"
    os.mkfifo(path)
    if included:
        path = tmp_path / "rules.yaml"
        path.write_text("include: pipe.yaml\n" + GOOD)
    checked = run("rules", "check", str(path), "-C", str(tmp_path))
    assert checked.exit_code == 1 + (not included)
    assert "cannot be read: it is a named pipe" in checked.stdout
    assert checked.stdout.count("→") == 1


def test_links_that_lead_in_a_circle_include_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to("b.yaml")
    (tmp_path / "b.yaml").symlink_to("a.yaml")
    path = tmp_path / "rules.yaml"
    path.write_text("include: a.yaml\n" + GOOD)
    checked = run("rules", "check", str(path), "-C", str(tmp_path))
    assert checked.exit_code == 1
    assert f"{path}:1: include: 'a.yaml' cannot be included: " in checked.stdout


def test_the_rules_in_force_stay_whatever_apply_fails_on(tmp_path: Path) -> None:
    (tmp_path / "tocsin.toml").write_text('rules = ["*.yaml"]\n')
    rules = tmp_path / "rules.yaml"
    rules.write_text(GOOD)
    assert run("rules", "apply", "-C", str(tmp_path)).exit_code == 0
    before = run("rules", "history", "--json", "-C", str(tmp_path)).stdout
    assert len(before.splitlines()) == 1
    for name, (text, line, message) in ATTACKS.items():
        rules.write_text(text)
        failed = run("rules", "apply", "-C", str(tmp_path))
        assert isinstance(failed.exception, UsageError), name
        assert failed.exception.exit_code == 2
        assert f"rules.yaml:{line}: " in str(failed.exception), name
        assert message in str(failed.exception)
    rules.write_bytes(b"rules: \xff\xfe\n")
    assert isinstance(run("rules", "apply", "-C", str(tmp_path)).exception, UsageError)
    assert run("rules", "history", "--json", "-C", str(tmp_path)).stdout == before
