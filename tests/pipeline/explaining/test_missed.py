"""`alerts missed`: a row of truth and a test that fails with the rule as it is, and passes with one that rings."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, cast  # The test file is YAML, of whatever shape.

import pytest
from click.testing import CliRunner, Result

from pipelines.explaining.missed import made_to_fail, missed
from schemas.errors import UsageError
from schemas.reasons import Tone
from schemas.signal import TopicFound
from tests.pipeline.explaining.scripted import QUIET_H, RULE, Script, at
from tests.streams.deciding import Desk
from tests.streams.records import FEED_IDS, signal
from tocsin.cli import cli

RULES = """rules:
  - name: baku-moscow
    watch: {pair: [Azerbaijan, Russia]}
    when: %s
    severity: high
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Four stories, one of them carried twice, which the rule finds not far enough from normal."""
    script = Script(hours=30)
    for n in range(4):
        moment = at(2) + timedelta(minutes=7 * n)
        script.put(signal(f"m{n}", moment, feed=FEED_IDS[n], tone=Tone.CONFLICT, wording=f"w{n}"))
    script.put(signal("copy", at(3), feed=FEED_IDS[4], wording="w0", tone=Tone.CONFLICT))
    desk = script.desk(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "one.yaml").write_text(RULES % "spike")
    (tmp_path / "tocsin.toml").write_text(
        f'log = "{desk.log_url}"\nstore = "{desk.store_url}"\nsnapshots = "{desk.snapshots}"\nrules = ["rules/*.yaml"]\n'
    )
    return desk


def run(desk: Desk, *words: str) -> Result:
    return CliRunner().invoke(cli, [*words, "-C", str(desk.folder)])


def test_it_makes_a_row_and_a_test_that_fails_until_the_rule_rings(desk: Desk) -> None:
    noted = run(desk, "alerts", "missed", "baku-moscow", "--start", at(2).isoformat(), "--event", "a crash, near Aktau")
    assert noted.exit_code == 0, noted.output
    rows = list(csv.reader((desk.folder / "truth.csv").read_text().splitlines()))
    assert rows[0] == ["event", "watch", "start", "end"]
    assert rows[1][:2] == ["a crash, near Aktau", "AZE-RUS"]
    test = desk.folder / "rules" / "baku-moscow-missed-20250118T0200.test.yaml"
    text = test.read_text()
    assert "a test of 5 articles on AZE-RUS" in noted.stdout
    assert text.count("push:") == 4
    assert "tone: conflict" in text
    assert "stories_per_hour: 0.0" in text
    assert "days: 12" in text
    failing = run(desk, "rules", "test")
    assert failing.exit_code == 1, failing.output
    assert "expected  opened baku-moscow AZE-RUS between 2h and 14h severity high" in failing.stdout
    assert run(desk, "rules", "apply").exit_code == 1
    (desk.folder / "rules" / "one.yaml").write_text(RULES % "{threshold: {count: 4, within: 6h}}")
    passing = run(desk, "rules", "test")
    assert passing.exit_code == 0, passing.output


def test_the_quiet_before_is_as_much_as_there_was_whatever_number_of_things_came(tmp_path: Path) -> None:
    script = Script(hours=30)
    for n, topics in enumerate((("energy",), ("energy",), ("sanctions",), ())):
        found = tuple(TopicFound(id=topic, hits=1, sentences=(0,)) for topic in topics)
        made = signal(f"m{n}", at(2) + timedelta(minutes=7 * n), feed=FEED_IDS[n], wording=f"w{n}")
        script.put(made.model_copy(update={"topics": found}))
    with script.desk(tmp_path).log() as log:
        (test,) = cast("list[dict[str, Any]]", missed(log, RULE, at(2)).test["tests"])
    quiet = test["background"]["stories_per_hour"] * 3  # A test writes so much about each.
    assert quiet == pytest.approx(QUIET_H / 12 / (24 * test["background"]["days"]), rel=0.01)


def test_what_came_in_waves_is_made_up_for_by_more_of_it() -> None:
    test: Mapping[str, Any] = {"tests": [{"name": "n", "background": {"stories_per_hour": 0.2, "days": 3}}]}

    def rate(of: Mapping[str, Any]) -> float:
        return float(of["tests"][0]["background"]["stories_per_hour"])

    assert made_to_fail(test, lambda tried: False) == (test, 1)
    more, times = made_to_fail(test, lambda tried: rate(tried) < 0.4)
    assert (rate(more), times) == (0.45, 2.25)
    assert cast("Mapping[str, Any]", more)["tests"][0]["background"]["days"] == 3
    assert made_to_fail(test, lambda tried: True) == (test, 0)


def test_what_rang_was_not_missed(desk: Desk) -> None:
    (desk.folder / "rules" / "one.yaml").write_text(RULES % "{threshold: {count: 4, within: 6h}}")
    noted = run(desk, "alerts", "missed", "baku-moscow", "--start", at(2).isoformat())
    assert "note: the rule as it is rang, at 2025-01-18 02:00 UTC: nothing was missed" in noted.stderr
    assert run(desk, "rules", "test").exit_code == 0


def test_again_it_keeps_what_is_there(desk: Desk) -> None:
    words = ("alerts", "missed", "baku-moscow", "--start", at(2).isoformat())
    assert run(desk, *words).exit_code == 0
    again = run(desk, *words)
    assert isinstance(again.exception, UsageError)
    assert "is there already" in str(again.exception)
    assert run(desk, *words, "--test", str(desk.folder / "other.test.yaml")).exit_code == 0
    assert len((desk.folder / "truth.csv").read_text().splitlines()) == 2


def test_nothing_in_the_log_is_said_so(desk: Desk) -> None:
    nothing = run(desk, "alerts", "missed", "baku-moscow", "--start", at(20).isoformat())
    assert isinstance(nothing.exception, UsageError)
    assert "holds no article that the rule counts" in str(nothing.exception)
    assert not (desk.folder / "truth.csv").exists()
    turned = run(desk, "alerts", "missed", "baku-moscow", "--key", "RUS-AZE", "--start", at(2).isoformat())
    assert "on AZE-RUS" in turned.stdout, turned.output
    unknown = run(desk, "alerts", "missed", "baku-moskow", "--start", at(2).isoformat())
    assert "did you mean baku-moscow?" in str(unknown.exception)
