"""How far the log is trimmed: each reader in turn is the one that holds it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree

import pytest

from connectors.clock import ManualClock
from pipelines.archive_job import GROUPS, ArchiveSettings
from pipelines.trimming import Retention, signals_bound
from schemas.ports.log import Entry, Log
from schemas.ports.store import DeciderHead, RuleSet, Store
from schemas.topics import ARTICLES, DEAD_LETTERS, SIGNALS
from tests.pipeline.archive.living import Life

START = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = 60


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with a record of each topic a day: the offset is the day."""
    life = Life(tmp_path_factory.mktemp("written"), clock=ManualClock(START))
    with life.opened() as (log, _):
        for day in range(DAYS):
            life.clock.advance_to(START + timedelta(days=day))
            for topic in (ARTICLES, SIGNALS, DEAD_LETTERS):
                log.append(topic, [Entry(0, b"{}")])
    return life.folder


@pytest.fixture
def life(written: Path, tmp_path: Path) -> Life:
    return Life(copytree(written, tmp_path / "life"), clock=ManualClock(START + timedelta(days=DAYS - 1)))


@pytest.fixture
def opened(life: Life) -> Iterator[tuple[Log, Store]]:
    with life.opened() as (log, store):
        yield log, store


def decided(log: Log, store: Store, *, snapshot: int, log_id: str = "") -> DeciderHead:
    """Say that the decider stands at the end, with a snapshot of offset ``snapshot``."""
    head = DeciderHead(
        log_id=log_id or log.log_id, next_offset=DAYS, engine_version="1", snapshot_hash="h", snapshot_offset=snapshot
    )
    store.commit_decisions(expected=store.decider_head(), head=head, decisions=[])
    return head


def trimmed(life: Life, log: Log, store: Store, *, archive: bool = True, **ages: object) -> tuple[int, int, int]:
    """Archive and trim; return where articles, signals and dead letters begin."""
    retention = Retention(**ages)  # type: ignore[arg-type]
    job = life.job(log, store, ArchiveSettings(retention=retention))
    if archive:
        job.step(all_of_it=True)
    job.trim()
    return log.start_offset(ARTICLES, 0), log.start_offset(SIGNALS, 0), log.start_offset(DEAD_LETTERS, 0)


def test_by_age_once_archived_and_consumed(life: Life, opened: tuple[Log, Store]) -> None:
    log, store = opened
    log.commit(GROUPS[0], ARTICLES, {0: DAYS})
    decided(log, store, snapshot=DAYS)
    assert trimmed(life, log, store) == (DAYS - 1 - 7, DAYS - 1 - 35, DAYS - 1 - 30)
    again = trimmed(life, log, store, articles=timedelta(days=20), signals=timedelta(days=50))
    assert again == (DAYS - 1 - 7, DAYS - 1 - 35, DAYS - 1 - 30), "what is gone is gone"


def test_what_is_not_archived_stays(life: Life, opened: tuple[Log, Store]) -> None:
    log, store = opened
    log.commit(GROUPS[0], ARTICLES, {0: DAYS})
    decided(log, store, snapshot=DAYS)
    assert trimmed(life, log, store, archive=False)[:2] == (0, 0)


def test_what_extraction_has_not_read_stays(life: Life, opened: tuple[Log, Store]) -> None:
    log, store = opened
    assert trimmed(life, log, store)[0] == 0, "it never committed"
    log.commit(GROUPS[0], ARTICLES, {0: 17})
    assert trimmed(life, log, store)[0] == 17


def test_what_the_decider_would_step_again_stays(life: Life, opened: tuple[Log, Store]) -> None:
    log, store = opened
    assert trimmed(life, log, store)[1] == 0, "nothing was ever decided"
    decided(log, store, snapshot=12)
    assert trimmed(life, log, store)[1] == 0, "a rule decided after day 12 is warmed on 35 days before"
    decided(log, store, snapshot=50)
    assert trimmed(life, log, store)[1] == 15


def rule_set(offset: int, *, ready: int | None = None, deferred: bool = True) -> RuleSet:
    return RuleSet(
        rules_hash="h",
        text="",
        compiled="{}",
        activated_at=START,
        log_offset=offset,
        deferred=deferred,
        ready_offset=ready,
    )


@pytest.mark.parametrize(
    ("sets", "begins"),
    [
        ([rule_set(45)], 45 - 35),  # still being warmed
        ([rule_set(45, ready=55)], 45 - 35),  # it was at the snapshot, and is warmed again in recovery
        ([rule_set(45, ready=49)], 50 - 35),
        ([rule_set(45), rule_set(48, deferred=False)], 50 - 35),  # replaced
        ([rule_set(52)], 50 - 35),  # activated after the snapshot
        ([rule_set(45), rule_set(52)], 45 - 35),  # replaced after the snapshot
        ([rule_set(40, ready=44), rule_set(47)], 47 - 35),
    ],
)
def test_what_waiting_rules_are_warmed_on_stays(
    life: Life, opened: tuple[Log, Store], sets: list[RuleSet], begins: int
) -> None:
    log, store = opened
    decided(log, store, snapshot=50)
    for one in sets:
        store.add_rule_set(one)
    assert trimmed(life, log, store)[1] == begins


def test_a_ledger_of_another_log_or_without_snapshot_holds_everything(opened: tuple[Log, Store]) -> None:
    log, store = opened
    head = decided(log, store, snapshot=DAYS)
    assert signals_bound(log, DAYS, head, Retention()) == DAYS - 1 - 35
    assert signals_bound(log, DAYS, head.model_copy(update={"log_id": "other"}), Retention()) == 0
    assert signals_bound(log, DAYS, head.model_copy(update={"snapshot_hash": ""}), Retention()) == 0
    assert signals_bound(log, DAYS, None, Retention()) == 0


def test_trim_false_keeps_everything(life: Life, opened: tuple[Log, Store]) -> None:
    log, store = opened
    log.commit(GROUPS[0], ARTICLES, {0: DAYS})
    decided(log, store, snapshot=DAYS)
    assert trimmed(life, log, store, trim=False) == (0, 0, 0)


def test_a_lost_archive_stops_the_trimming(life: Life, opened: tuple[Log, Store]) -> None:
    log, store = opened
    log.commit(GROUPS[0], ARTICLES, {0: DAYS})
    decided(log, store, snapshot=DAYS)
    job = life.job(log, store)
    job.step(all_of_it=True)
    for file in life.archive.rglob("*.parquet"):
        file.unlink()
    job.trim()
    assert (log.start_offset(ARTICLES, 0), log.start_offset(SIGNALS, 0)) == (0, 0)
