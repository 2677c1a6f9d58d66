"""`tocsin demo` as a process, on a shortened timeline: what it prints, that it repeats itself, what it leaves behind.

The watch that keeps silent comes later in the timeline: ``tests/pipeline/test_demo_story.py`` has it.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import IO

import pytest

from tests.acceptance.documents import ROOT, as_pattern, shown_in
from tests.services.ports import free_port

TIMEOUT_S = 600


def tocsin(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tocsin", *words], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The report as people see it, and its folder."""
    folder = tmp_path_factory.mktemp("demo") / "desk"
    return folder, tocsin("demo", "--until", "2024-12-30", "--folder", str(folder))


def test_it_ends_well_and_tells_what_rang_and_why(told: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    _, result = told
    assert result.returncode == 0, result.stderr
    text = " ".join(result.stdout.split())
    assert "HIGH Azerbaijan–Russia · 25 December 2024" in text
    assert re.search(r"[45] stories by \d publishers \(\d+ articles\) within 6 hours; normal would be 0\.\d+", text)
    assert "Score " in text
    assert "Plane from Azerbaijan to Russia comes down on Kazakh shore of Caspian — Crossroads Wire" in text
    assert "twice as many" in text
    assert "back to normal" in text
    assert "Late: “Russian aviation experts join" in text
    assert "the ledger is what the log says" in text
    assert max(len(line) for line in result.stdout.splitlines() if "--folder" not in line) <= 100
    assert "Traceback" not in result.stderr


def test_the_first_alert_reads_as_the_readme_shows_it(told: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    shown = shown_in(ROOT / "README.md", "./run demo").lines
    alert = shown[shown.index("WHAT RANG") : shown.index("…")]
    verified = shown[shown.index("VERIFIED") : -1]
    assert len(alert) >= 6
    for part in (alert, verified):
        assert as_pattern(part).search(told[1].stdout), f"README shows, and the demo does not print: {part}"


def test_the_same_ledger_each_time_with_other_batches(
    told: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    digest = re.search(r"ledger digest ([0-9a-f]{64})", told[1].stdout)
    assert digest is not None
    again = tocsin(
        "demo", "--until", "2024-12-30", "--extract-every-h", "7", "--json", "--folder", str(tmp_path / "again")
    )
    assert again.returncode == 0, again.stderr
    report = json.loads(again.stdout)
    assert report["digest"] == digest[1]
    assert report["verified"] is True
    opened = report["alerts"][0]["events"][0]
    assert (opened["key"], opened["detector"], opened["reason"]) == ("AZE-RUS", "spike", "crossed")
    assert opened["counts"]["stories"] >= 4
    assert len({item["source"]["id"] for item in report["alerts"][0]["headlines"]}) == 3
    assert any(bar["held"] for bar in report["silent"]["bars"])
    assert report["polls"]["304"] > report["polls"]["200"]


def test_other_commands_work_on_the_folder_it_leaves(told: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, result = told
    commands = [
        line.split("tocsin ", 1)[1]
        for line in result.stdout.splitlines()
        if line.strip().endswith(f"--folder {folder}")
    ]
    assert len(commands) == 5
    printed = {}
    for line in commands:
        words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', line)]
        done = tocsin(*words)
        assert done.returncode == 0, f"{line}: {done.stderr}"
        printed[" ".join(words[:2])] = done.stdout
    assert "azerbaijan-russia" in printed["alerts list"]
    assert "Evidence by story" in printed["alerts show"]
    assert "Azerbaijan" in printed["rules explain"]
    assert "Zelensky phones Aliyev" in printed["rules match"]


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    result = tocsin("demo", "--folder", str(tmp_path))
    assert result.returncode == 2
    assert "is not empty" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def _address_said(words: IO[str], words_before: str = "served at") -> str:
    """Read on until the address of the feeds, or another, is said; what was said instead is the message of the failure."""
    said = []
    for line in iter(words.readline, ""):
        said.append(line)
        found = re.search(rf"{words_before} (http://127\.0\.0\.1:\d+/)", line)
        if found is not None:
            return found[1]
    pytest.fail(f"it ended before it served: {''.join(said)}")


def test_keep_serves_the_feeds_and_the_page_until_it_is_stopped_and_says_that_nothing_rang(tmp_path: Path) -> None:
    """In the first four days nothing happens, which a demonstration has to own up to."""
    command = [
        sys.executable,
        "-m",
        "tocsin",
        "demo",
        "--keep",
        "--until",
        "2024-12-04",
        "--folder",
        str(tmp_path / "d"),
    ]
    environ = {**os.environ, "TOCSIN_WEB__PORT": str(free_port())}
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environ
    ) as process:
        assert process.stderr is not None
        try:
            address = _address_said(process.stderr)
            with urllib.request.urlopen(f"{address}volga-observer/feed.xml", timeout=60) as answer:
                assert b"Volga Observer" in answer.read()
            page = _address_said(process.stderr, "web page is at")
            with urllib.request.urlopen(page, timeout=60) as answer:
                text = answer.read()
            assert b"Nothing rings" in text
            assert b"A demonstration." in text
            assert b"nothing runs here" not in text, "an end is no failure"
            process.send_signal(signal.SIGINT)
            rest = process.stderr.read()
            process.wait(TIMEOUT_S)
        finally:
            process.kill()
    assert "nothing rang" in rest
    assert process.returncode == 1
