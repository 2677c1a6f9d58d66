"""`tocsin archive info`, `export` and `tocsin replay` over the archive of a log."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connectors.archive.archived_log import ArchivedLog
from connectors.archive.folder import Archive
from connectors.archive.log_tier import logs_in
from connectors.clock import ManualClock
from pipelines.archive_job import ArchiveSettings
from pipelines.archive_summary import summary_of
from pipelines.log_summary import log_summary
from schemas.ports.log import Entry
from schemas.topics import ARTICLES, SIGNALS
from schemas.wire import encode
from tests.pipeline.archive.living import Life
from tests.pipeline.archive.test_archive_job import article
from tests.streams.deciding import Desk
from tests.streams.records import coverage
from tests.streams.world import invented_stream
from tocsin.commands.archive import command as archive_command
from tocsin.commands.replay import command as replay_command

RULES = """
rules:
  - name: mine
    watch: {pair: [Azerbaijan, Russia]}
    when: {threshold: {count: 3, within: 24h}}
"""


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """Six days, with articles beside the signals."""
    life = Life(tmp_path_factory.mktemp("life"))
    life.live(invented_stream(3, days=6), ArchiveSettings())
    with life.opened() as (log, store):
        for number in range(5):
            life.clock.sleep(60)
            log.append(ARTICLES, [Entry(0, encode(article(number, life.clock.now())))])
        log.append(
            ARTICLES, [Entry(0, encode(coverage(life.clock.now().replace(minute=0, second=0)))), Entry(0, b"{\nx")]
        )
        life.job(log, store).step(all_of_it=True)
    return life


def run_archive(*words: str | Path) -> Result:
    return CliRunner().invoke(archive_command, [str(word) for word in words])


def run_replay(*words: str | Path) -> Result:
    return CliRunner().invoke(replay_command, [str(word) for word in words])


def test_info_counts_records_offsets_and_days(life: Life) -> None:
    text = run_archive("info", "--archive", life.archive).stdout
    assert "articles/0: 5 article, 1 coverage, 1 unreadable; offsets 0 to 6, " in text
    assert "missing" not in text
    (shown,) = [
        json.loads(line) for line in run_archive("info", "--archive", life.archive, "--json").stdout.splitlines()
    ]
    signals = {one["topic"]: one for one in shown["partitions"]}[SIGNALS]
    stream = invented_stream(3, days=6)
    assert sum(signals["records"].values()) == len(stream) == signals["until"]
    assert signals["records"]["rules_activated"] == 2
    assert signals["first_day"] == "2025-01-06" or signals["first_day"] == "2025-01-05"
    assert signals["holes"] == []


def test_info_tells_how_far_it_is(life: Life, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    (log_id,) = logs_in(life.archive)
    log = ArchivedLog(life.archive, log_id)
    log_summary(log, lambda done, total: told.append((done, total)))
    files = sum(len(log.files(topic, 0)) for topic in (ARTICLES, SIGNALS))
    assert told == [(done, files) for done in range(files)]
    told.clear()
    (tmp_path / "rows.csv").write_text("date,source,title\n2020-01-03,a,One\n2020-01-05,a,Two\n")
    run_archive("import", tmp_path / "rows.csv", "--archive", tmp_path / "history")
    summary_of(Archive.existing(tmp_path / "history"), lambda done, total: told.append((done, total)))
    assert told == [(0, 2), (1, 2)]


def test_info_shows_holes(tmp_path: Path) -> None:
    life = Life(tmp_path, clock=ManualClock(datetime(2025, 1, 22, tzinfo=UTC)))
    with life.opened() as (log, store):
        log.append(SIGNALS, [Entry(0, b"{}")] * 4)
        life.job(log, store).step(all_of_it=True)
        log.append(SIGNALS, [Entry(0, b"{}")] * 4)
        log.trim(SIGNALS, 0, 6)
        life.job(log, store).step(all_of_it=True)
    assert "missing: offsets 4 to 5" in run_archive("info", "--archive", life.archive).stdout
    exported = run_archive("export", "--archive", life.archive, "--topic", "signals")
    assert exported.stdout == "{}\n" * 6
    replayed = run_replay("--archive", life.archive, "--ledger", tmp_path / "rang.jsonl")
    assert replayed.exit_code != 0
    assert "offsets 4 to 5" in str(replayed.exception)


def test_what_is_exported_can_be_imported_again(life: Life, tmp_path: Path) -> None:
    exported = run_archive("export", "--archive", life.archive)
    assert exported.exit_code == 0
    assert "6 records, 1 that are no JSON left out" in exported.stderr
    lines = tmp_path / "lines.jsonl"
    lines.write_text(exported.stdout)
    result = run_archive("import", lines, "--archive", tmp_path / "again")
    assert result.exit_code == 0, result.output
    again = Archive(tmp_path / "again")
    assert [a.title for day in again.days() for a in again.articles(day)] == [f"Title {number}" for number in range(5)]
    alone = run_archive("export", "--archive", tmp_path / "again").stdout
    assert len(alone.splitlines()) == 5


def test_export_takes_days(life: Life) -> None:
    every = run_archive("export", "--archive", life.archive, "--topic", "signals").stdout.splitlines()
    assert len(every) == len(invented_stream(3, days=6))
    day = run_archive(
        "export", "--archive", life.archive, "--topic", "signals", "--from", "2025-01-08", "--to", "2025-01-08"
    ).stdout.splitlines()
    times = [json.loads(line).get("at") or json.loads(line)["revised_at"] for line in day if '"rules_' not in line[:40]]
    assert 0 < len(day) < len(every)
    assert {time[:10] for time in times} == {"2025-01-08"}


def test_replay_of_the_log_needs_no_rules_and_gives_the_live_digest(life: Life, tmp_path: Path) -> None:
    ledger = tmp_path / "rang.jsonl"
    result = run_replay("--archive", life.archive, "--ledger", ledger, "--json")
    assert result.exit_code == 0, result.output
    shown = json.loads(result.stdout)
    assert shown["events"] == len(life.ledger()) == len(ledger.read_text().splitlines()) > 0
    heads = {rule: head.hash for rule, head in Desk(life.folder).heads().items()}  # type: ignore[attr-defined]
    assert set(heads) == {rule["rule"] for rule in shown["rules"]}


def test_replay_of_the_log_with_other_rules(life: Life, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(RULES)
    words = ("--archive", life.archive, "--rules", tmp_path / "mine.yaml", "--ledger", tmp_path / "rang.jsonl")
    result = run_replay(*words, "--from", "2025-01-07", "--to", "2025-01-09")
    assert result.exit_code == 0, result.output
    assert "1 rule from 2025-01-07 to 2025-01-09" in result.stdout
    assert "extracted" not in result.stdout


def test_imports_and_log_in_one_archive_are_told_apart(life: Life, tmp_path: Path) -> None:
    lines = tmp_path / "old.jsonl"
    old = datetime(2024, 1, 1, tzinfo=UTC)
    lines.write_text("\n".join(encode(article(n, old + timedelta(hours=n))).decode() for n in range(3)))
    assert run_archive("import", lines, "--archive", life.archive).exit_code == 0
    try:
        refused = run_replay("--archive", life.archive, "--ledger", tmp_path / "rang.jsonl")
        assert "say --of imports or --of log" in str(refused.exception)
        taken = run_replay("--archive", life.archive, "--of", "log", "--ledger", tmp_path / "rang.jsonl")
        assert taken.exit_code == 0
        unnamed = run_replay("--archive", life.archive, "--of", "imports", "--ledger", tmp_path / "rang.jsonl")
        assert "no rules are named" in str(unnamed.exception)
        assert len(run_archive("export", "--archive", life.archive).stdout.splitlines()) == 3 + 6
        assert "3 articles on 1 day," in run_archive("info", "--archive", life.archive).stdout
    finally:
        for path in (life.archive / "articles").rglob("*.parquet"):
            path.unlink()
