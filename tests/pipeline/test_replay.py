"""`tocsin replay` on an invented past: what rang is found, again and again the same, whatever stops it on the way."""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any  # What the command says as JSON.

import pytest
from click.testing import CliRunner, Result

from connectors.archive.folder import Archive
from pipelines.extraction.bounded import BoundedExtraction
from pipelines.extraction.extractor import extractor_for
from pipelines.garbage import seldom_collected
from pipelines.replay.extract_archive import extract_archive
from pipelines.replay.ledger_file import write_ledger
from pipelines.replay.replay import activation, days_between, records_of, replay
from schemas.alert_event import AlertEvent, ChainHead, ledger_digest
from schemas.errors import UsageError
from schemas.reasons import EventKind, EventReason
from tests.pipeline.invented_history import HOUR, OUTLETS, START, history, imported
from tocsin.commands.replay import command

_ROOT = Path(__file__).resolve().parents[2]
_DAYS = 12
_BURST = START + timedelta(days=10, hours=9)

RULES = """
rules:
  - name: norway-iceland
    watch: {pair: [Norway, Iceland]}
    when: spike
    severity: high
  - name: never-heard-of
    watch: {pair: [Peru, Mongolia]}
    when: spike
  - name: lanterns
    watch: {keywords: {any: [lantern]}}
    when: {threshold: {count: 12, within: 24h}}
"""


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """The archive, without signals."""
    return imported(tmp_path_factory.mktemp("past"), history(_DAYS, burst=_BURST))


@pytest.fixture(scope="module")
def extracted(past: Archive, tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """The same with its signals."""
    folder = tmp_path_factory.mktemp("extracted") / "archive"
    shutil.copytree(past.folder, folder)
    archive = Archive(folder)
    told: list[tuple[int, int | None]] = []
    done = extract_archive(
        archive,
        extractor_for().version,
        days_between(archive, None, None),
        (),
        lambda *numbers: told.append(numbers),
        workers=2,
        batch=300,
    )
    total = sum(archive.count(day) for day in archive.days())
    assert done.articles == total
    assert not done.failed
    assert told[0] == (0, total)
    assert told[-1] == (total, total)
    # Both processes had a part of it.
    assert len(done.articles_of_process) == 2
    assert min(done.articles_of_process.values()) >= 300
    return archive


@pytest.fixture(scope="module")
def whole(extracted: Archive, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """What a replay of all of it says, and its ledger; nobody writes to it."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "rules.yaml").write_text(RULES)
    result = run(extracted, folder / "rules.yaml", folder / "out" / "rang.jsonl", "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout), folder / "out" / "rang.jsonl"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return path


def run(archive: Archive, rules: Path, ledger: Path, *options: str) -> Result:
    arguments = ["--archive", str(archive.folder), "--rules", str(rules), "--ledger", str(ledger), *options]
    return CliRunner().invoke(command, arguments)


def events_in(ledger: Path) -> list[AlertEvent]:
    return [AlertEvent.model_validate_json(line) for line in ledger.read_text().splitlines()]


def test_the_burst_is_found_and_the_rest_is_calm(whole: tuple[dict[str, Any], Path]) -> None:
    about, ledger = whole
    assert about["extracted"] == 0
    opened = [event for event in events_in(ledger) if event.event is EventKind.OPENED]
    assert [event.rule for event in opened].count("norway-iceland") == 1
    rang = next(event for event in opened if event.rule == "norway-iceland")
    assert (rang.key, rang.reason, rang.detector) == ("ISL-NOR", EventReason.CROSSED, "spike")
    assert _BURST <= rang.at <= _BURST + 6 * HOUR
    assert rang.coverage == 1.0
    by_rule = {rule["rule"]: rule for rule in about["rules"]}
    assert by_rule["norway-iceland"]["first"] == rang.at.isoformat()
    assert by_rule["never-heard-of"]["opened"] == 0
    assert by_rule["lanterns"]["opened"] > 0


def test_the_ledger_is_a_chain_and_the_digest_its_name(whole: tuple[dict[str, Any], Path]) -> None:
    about, ledger = whole
    heads: dict[str, ChainHead] = {}
    for event in events_in(ledger):
        before = heads.get(event.rule)
        assert (event.seq, event.previous) == ((before.seq + 1, before.hash) if before else (1, ""))
        heads[event.rule] = ChainHead.after(event)
    assert about["digest"] == ledger_digest(list(heads.values()))
    assert about["events"] == sum(about["kinds"].values()) == len(events_in(ledger))


def test_the_summary_is_in_words(extracted: Archive, rules: Path, tmp_path: Path) -> None:
    result = run(extracted, rules, tmp_path / "rang.jsonl")
    assert result.exit_code == 0
    assert "3 rules from 2023-05-01 to 2023-05-12: " in result.stdout
    assert "  norway-iceland  1 alert" in result.stdout
    assert "; first 2023-05-11 " in result.stdout
    assert "never rang: never-heard-of" in result.stdout
    assert "digest " in result.stdout


@pytest.mark.parametrize(("workers", "batch"), [(1, 7), (3, 1_000)])
def test_any_batch_and_any_number_of_workers(
    past: Archive, extracted: Archive, rules: Path, tmp_path: Path, workers: int, batch: int
) -> None:
    folder = tmp_path / "again"
    shutil.copytree(past.folder, folder)
    again = Archive(folder)
    first = run(extracted, rules, tmp_path / "one.jsonl", "--json", "--to", "2023-05-11")
    # Small batches take long: the days around the burst say enough, and the others are taken over.
    version = extractor_for().version
    for day in days_between(past, None, date(2023, 5, 9)):
        again.cache_signals(version, day, extracted.signals(version, day) or [])
    other = run(
        again, rules, tmp_path / "two.jsonl", "--json", "--to", "2023-05-11",
        "--workers", str(workers), "--batch", str(batch),
    )  # fmt: skip
    assert other.exit_code == 0, other.output
    assert json.loads(other.stdout)["extracted"] > 0
    assert json.loads(other.stdout)["digest"] == json.loads(first.stdout)["digest"]
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()
    for day in (date(2023, 5, 10), date(2023, 5, 11)):
        assert again.signals(version, day) == extracted.signals(version, day)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_what_was_done_before_an_end_stays_done(
    past: Archive, whole: tuple[dict[str, Any], Path], rules: Path, tmp_path: Path, ending: signal.Signals
) -> None:
    folder, ledger = tmp_path / "archive", tmp_path / "rang.jsonl"
    shutil.copytree(past.folder, folder)
    ledger.write_text("the old one\n")
    options = ["--archive", folder, "--rules", rules, "--ledger", ledger, "--workers", "1", "--batch", "40"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tocsin", "replay", *map(str, options)],
        cwd=_ROOT,
        env=os.environ | {"PYTHONPATH": str(_ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    version, archive = extractor_for().version, Archive(folder)
    end = time.monotonic() + 180
    while not archive.has_signals(version, date(2023, 5, 1)) and time.monotonic() < end and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(ending)
    _, said = process.communicate(timeout=180)
    assert process.returncode == (130 if ending is signal.SIGINT else -signal.SIGKILL), said
    if ending is signal.SIGINT:
        assert said.strip().endswith("stopped")
        assert "Traceback" not in said
    assert ledger.read_text() == "the old one\n"
    again = run(archive, rules, ledger, "--json")
    assert again.exit_code == 0, again.output
    total = sum(archive.count(day) for day in archive.days())
    assert 0 < json.loads(again.stdout)["extracted"] < total
    assert json.loads(again.stdout)["digest"] == whole[0]["digest"]
    assert not list(tmp_path.glob(".*unfinished"))


def test_a_part_of_the_past(extracted: Archive, rules: Path, tmp_path: Path) -> None:
    result = run(extracted, rules, tmp_path / "rang.jsonl", "--json", "--from", "2023-05-03", "--to", "2023-05-05")
    about = json.loads(result.stdout)
    assert (about["first_day"], about["last_day"]) == ("2023-05-03", "2023-05-05")
    assert {event.at.date() for event in events_in(tmp_path / "rang.jsonl")} <= {
        date(2023, 5, day) for day in (3, 4, 5, 6)
    }


@pytest.mark.parametrize(
    ("options", "message", "remedy"),
    [
        (["--from", "2024-01-01"], "the archive has nothing from 2024-01-01", "from 2023-05-01 to 2023-05-12"),
        (["--from", "2023-05-09", "--to", "2023-05-02"], "lies after the last day", "exchange them"),
    ],
)
def test_days_outside(
    extracted: Archive, rules: Path, tmp_path: Path, options: list[str], message: str, remedy: str
) -> None:
    error = run(extracted, rules, tmp_path / "rang.jsonl", *options).exception
    assert isinstance(error, UsageError)
    assert message in error.message
    assert remedy in error.remedy
    assert not (tmp_path / "rang.jsonl").exists()


def test_an_archive_that_is_none(rules: Path, tmp_path: Path) -> None:
    error = run(Archive(tmp_path / "nowhere"), rules, tmp_path / "rang.jsonl").exception
    assert isinstance(error, UsageError)
    assert "holds no archive" in error.message
    assert "tocsin archive import" in error.remedy


def test_all_mistakes_of_all_rule_files(extracted: Archive, tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "one.yaml").write_text("rules:\n  - name: one\n    watch: {pair: [Norwy, Iceland]}\n    when: spike\n")
    (folder / "two.yaml").write_text("rules:\n  - name: two\n    watch: {actor: [Norway]}\n    when: spik\n")
    (folder / "two.test.yaml").write_text("no: rules\n")
    error = run(extracted, folder, tmp_path / "rang.jsonl").exception
    assert isinstance(error, UsageError)
    assert error.exit_code == 2
    assert "one.yaml:3" in str(error)
    assert "two.yaml:4" in str(error)
    assert "two.test.yaml" not in str(error)


def test_a_folder_without_rules(extracted: Archive, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    error = run(extracted, tmp_path / "rules", tmp_path / "rang.jsonl").exception
    assert isinstance(error, UsageError)
    assert "no rule file is in" in error.message


def test_a_ledger_is_whole_or_absent(extracted: Archive, tmp_path: Path) -> None:
    from tocsin.history import rules_in

    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    rule_set, text = rules_in(path, ())
    days = days_between(extracted, None, None)
    records = list(records_of(extracted, extractor_for().version, days, activation(rule_set, text, days[0])))
    half = list(replay(lambda: records[: len(records) // 2], lambda *_: None))

    def broken() -> object:
        yield from half
        raise UsageError("the disk has gone")

    with pytest.raises(UsageError, match="the disk has gone"):
        write_ledger(tmp_path / "rang.jsonl", broken())  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["rules.yaml"]
    summary = write_ledger(tmp_path / "rang.jsonl", half)
    assert summary.events == len(half) == len(events_in(tmp_path / "rang.jsonl"))


def test_articles_that_came_later_are_extracted_anew(extracted: Archive, rules: Path, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    shutil.copytree(extracted.folder, folder)
    archive = Archive(folder)
    version, day = extractor_for().version, date(2023, 5, 3)
    late = archive.articles(date(2023, 5, 4))[0]
    moved = datetime(2023, 5, 3, 23, 59, tzinfo=late.observed_at.tzinfo)
    archive.add(
        day,
        [
            late.changed(
                article_id="0" * 32,
                observed_at=moved,
                revised_at=moved,
                revision=int(moved.timestamp() * 1000),
                event_time=moved,
            )
        ],
    )
    assert not archive.has_signals(version, day)
    result = run(archive, rules, tmp_path / "rang.jsonl", "--json")
    assert result.exit_code == 0, result.exception
    assert json.loads(result.stdout)["extracted"] == archive.count(day)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--ledger", "rang.jsonl"], "--archive DIR is missing"),
        (["--archive", "history"], "--ledger FILE is missing"),
        (["--verify", "--archive", "history", "--from", "2024-01-01"], "--verify goes without --archive, --from"),
    ],
)
def test_what_belongs_together(options: list[str], message: str) -> None:
    error = CliRunner().invoke(command, options).exception
    assert isinstance(error, UsageError)
    assert message in error.message
    assert error.exit_code == 2


def test_only_some_sources(past: Archive, extracted: Archive, rules: Path, tmp_path: Path) -> None:
    """What a source brings alone is what a history of it alone would have been."""
    mine = [row for row in history(_DAYS, burst=_BURST) if row["src"] in OUTLETS[:2]]
    alone = imported(tmp_path / "alone", mine)
    named = run(extracted, rules, tmp_path / "named.jsonl", "--json", "--sources", ",".join(OUTLETS[:2]))
    assert named.exit_code == 0, named.exception
    version = extractor_for().version
    for day in days_between(alone, None, None):
        signals = [one for one in extracted.signals(version, day) or [] if one.source.id in OUTLETS[:2]]
        alone.cache_signals(version, day, signals)
    other = run(alone, rules, tmp_path / "alone.jsonl", "--json")
    assert json.loads(other.stdout)["extracted"] == 0
    assert json.loads(named.stdout)["digest"] == json.loads(other.stdout)["digest"]
    assert json.loads(named.stdout)["events"] > 0
    error = run(extracted, rules, tmp_path / "none.jsonl", "--source", "harbor-news").exception
    assert isinstance(error, UsageError)
    assert "harbour-news" in error.remedy


def test_the_collector_is_as_before_a_replay(extracted: Archive, rules: Path, tmp_path: Path) -> None:
    gc.unfreeze()  # An extraction that ran in this process before freezes what it has.
    before = gc.get_threshold(), gc.get_freeze_count()
    with seldom_collected():
        assert gc.get_threshold() != before[0]
    assert run(extracted, rules, tmp_path / "rang.jsonl", "--to", "2023-05-02").exit_code == 0
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


def test_options_of_beam_reach_the_pipeline(past: Archive, extracted: Archive, rules: Path, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    shutil.copytree(past.folder, folder)
    until = ("--to", "2023-05-02")
    done = run(Archive(folder), rules, tmp_path / "a.jsonl", "--json", *until, "--", "--direct_num_workers=2")
    assert done.exit_code == 0, done.exception
    assert json.loads(done.stdout)["extracted"] > 0
    plain = run(extracted, rules, tmp_path / "b.jsonl", "--json", *until)
    assert json.loads(done.stdout)["digest"] == json.loads(plain.stdout)["digest"]
    made = BoundedExtraction((), ["--direct_num_workers=2"])._pipeline._pipeline._options
    assert made.get_all_options()["direct_num_workers"] == 2
    assert made.get_all_options()["direct_running_mode"] == "in_memory"


@pytest.mark.parametrize(
    ("option", "message", "remedy"),
    [
        (
            "--direct_num_worker=2",
            "Beam has no pipeline option --direct_num_worker",
            "did you mean --direct_num_workers?",
        ),
        ("--runner=FlinkRunner", "--runner would take the pipeline out of this process", "--workers"),
        ("--direct_num_workers=many", "Beam cannot read --direct_num_workers=many", "--direct_num_workers=2"),
        ("--direct_running_mode=multi_processing", "would take the pipeline out", "--workers"),
    ],
)
def test_options_that_beam_cannot_have(
    extracted: Archive, rules: Path, tmp_path: Path, option: str, message: str, remedy: str
) -> None:
    error = run(extracted, rules, tmp_path / "rang.jsonl", "--", option).exception
    assert isinstance(error, UsageError)
    assert message in error.message
    assert remedy in error.remedy
