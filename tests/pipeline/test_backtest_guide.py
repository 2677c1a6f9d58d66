"""The guide docs/backtest.md does what it says: its files are written and its commands run, in its order, on invented news."""

from __future__ import annotations

import json
import re
import shlex
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.pipeline.invented_history import START, history, json_lines
from tocsin.cli import cli

_GUIDE = Path(__file__).resolve().parents[2] / "docs" / "backtest.md"


def _commands(guide: str) -> list[list[str]]:
    return [shlex.split(line)[1:] for line in re.findall(r"^    (tocsin .*)$", guide, re.MULTILINE)]


def _block(guide: str, language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", guide, re.DOTALL)
    assert found is not None
    return found[1]


def test_every_command_of_the_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guide = _GUIDE.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    json_lines(Path("old.jsonl"), history(14, burst=START + timedelta(days=10, hours=9)))
    Path("rules.yaml").write_text(_block(guide, "yaml"))
    Path("events.csv").write_text(_block(guide, "csv"))
    Path("happenings.jsonl").write_text(
        json.dumps({"date": "2023-05-11", "text": "Norway and Iceland quarrel over fish."})
    )
    commands = _commands(guide)
    assert len(commands) >= 9
    said: dict[str, str] = {}
    for words in commands:
        keys = "y" * 60 if words[:2] == ["truth", "label"] else ""
        result = CliRunner().invoke(cli, words, input=keys)
        assert result.exit_code == 0, (words, result.output, result.exception)
        said[" ".join(words[:2])] = result.stdout
    assert said["truth import"].startswith("1 entry, 0 left out: 1 event in listed.csv")
    assert "near misses that should have rung" in said["truth label"]
    for folder in ("first", "judged"):
        assert "<svg" in Path(folder, "report.html").read_text()
    judged = json.loads(Path("judged/report.json").read_text())
    assert judged["total"]["recall"]["value"] == 1.0
    assert len(judged["sweep"]["curves"][""]) == 24, "the guide says how many settings there are"
    assert said["rules tune"] == "" or said["rules tune"].startswith("--- a/rules.yaml")
    assert Path("rules.yaml").read_text() == _block(guide, "yaml")
    assert Path("listed.csv").read_text().splitlines()[1].endswith("ISL-NOR,2023-05-11T00:00:00Z,2023-05-12T00:00:00Z")
