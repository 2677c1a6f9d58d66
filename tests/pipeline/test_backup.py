"""A folder backed up while it works and brought back: the same ledger, and nobody is told anything twice."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alerts.explanation.names import NamesById
from connectors import sqlite_copy
from connectors.clock import ManualClock
from pipelines import backup as backup_module
from pipelines.decide import DecideJob, DecideSettings
from pipelines.notify import Notifier, NotifySettings
from pipelines.notifying.planning import Receiver
from pipelines.notifying.retrying import RetryPolicy
from pipelines.restore import articles_left
from pipelines.verify import verify
from schemas.errors import FatalError, TocsinError, UsageError
from schemas.ports.log import Entry
from schemas.ports.store import Store
from schemas.reasons import DeliveryReason, DeliveryStatus
from schemas.topics import ARTICLES, SIGNALS
from schemas.wire import SignalsRecord, encode
from tests.pipeline.archive.living import Life
from tests.pipeline.archive.test_archive_job import article
from tests.streams.world import START, invented_stream
from tests.unit.notify.world import LATER, YES, Phone
from tocsin.commands.backup import command as backup_command
from tocsin.commands.restore import command as restore_command

SETTINGS = """
log = "sqlite:///log.db"
store = "sqlite:///store.db"
snapshots = "snapshots"

[[receivers]]
type = "console"
name = "phone"
min_severity = "low"
"""

STREAM = invented_stream(0, days=14)
CUT = len(STREAM) * 2 // 3


def life_in(folder: Path) -> Life:
    return Life(folder, clock=ManualClock(START + timedelta(days=20)))


def make(folder: Path) -> Life:
    """Make a folder with settings and rules."""
    (folder / "rules").mkdir(parents=True)
    (folder / "rules" / "one.yaml").write_text("rules: []\n")
    (folder / "rules" / "one.test.yaml").write_text("tests: []\n")
    (folder / "tocsin.toml").write_text(SETTINGS)
    return life_in(folder)


def append(life: Life, records: Sequence[SignalsRecord]) -> None:
    with life.opened() as (log, _):
        log.append(SIGNALS, [Entry(0, encode(record)) for record in records])


def decide(life: Life, *, until: Callable[[Store], bool] = lambda _: False) -> None:
    """Decide in small batches, up to where ``until`` is true or to the end of the log."""
    with life.opened() as (log, store):
        settings = DecideSettings(snapshots=life.snapshots, batch_records=10, snapshot_every_records=40)
        job = DecideJob(log, store, life.clock, settings)
        job.recover()
        while not until(store) and job.step():
            pass


def ringing(events: int) -> Callable[[Store], bool]:
    """Return what is true once the outbox has so many events more than are planned."""
    return lambda store: len(store.outbox_after(store.outbox_cursor(), 100)) >= events


def tell(life: Life, phone: Phone, *, steps: int = 1_000) -> None:
    """Let a notifier work until nothing is due."""
    with life.opened() as (_, store):
        settings = NotifySettings(owner="one", retry=RetryPolicy())
        notifier = Notifier(store, [phone], [Receiver("phone")], names=NamesById(), clock=life.clock, settings=settings)
        while steps and asyncio.run(notifier.step(life.clock.now())):
            steps -= 1


def told(phone: Phone) -> list[str]:
    return [message.message_id for message in phone.got]


def run(command: object, *words: str | Path) -> Result:
    result = CliRunner().invoke(command, [str(word) for word in words])  # type: ignore[arg-type]
    return result


def back_up(life: Life, target: Path) -> None:
    result = run(backup_command, target, "--folder", life.folder)
    assert result.exit_code == 0, (result.output, result.exception)


def restore(target: Path, folder: Path) -> Life:
    result = run(restore_command, target, "--folder", folder, "--json")
    assert result.exit_code == 0, (result.output, result.exception)
    return life_in(folder)


@pytest.fixture
def life(tmp_path: Path) -> Life:
    return make(tmp_path / "live")


def test_a_working_folder_goes_on_from_its_backup_and_tells_nothing_twice(
    life: Life, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.notifying.planning.STALE_AFTER", timedelta(days=400))  # Each event by itself.
    append(life, STREAM[:CUT])
    live = Phone("phone")
    while not live.got:
        decide(life, until=ringing(1))
        tell(life, live)
    live.answer = LATER
    while len(live.tried) < 2:
        decide(life, until=ringing(1))
        tell(life, live)
    decide(life, until=ringing(1))
    with life.opened() as (_, store):
        assert store.deliveries(open_only=True), "a message is on its way"
        assert ringing(1)(store), "and an event waits to be planned"

    def copy_while_it_works(source: Path, target: Path, tell_of: Callable[[int, int | None], None]) -> None:
        sqlite_copy.copy_database(source, target, tell_of)
        if source.name == "store.db":
            decide(life, until=ringing(3))  # Between the copies.

    monkeypatch.setattr(backup_module, "copy_database", copy_while_it_works)
    back_up(life, tmp_path / "backup")
    live.answer = YES
    life.clock.sleep(3600)
    tell(life, live)
    decide(life)
    tell(life, live)
    assert len(live.got) >= 3, "one before, one that was on its way, one that was decided after the copy"

    again = restore(tmp_path / "backup", tmp_path / "again")
    assert again.ledger() == life.ledger(), "what was decided after the copy is decided again, to the byte"
    again.clock.sleep(2 * 3600)
    phone = Phone("phone")
    tell(again, phone)
    assert phone.got == []
    with again.opened() as (log, store):
        assert verify(log, store, snapshots=again.snapshots).ok
        assert store.deliveries(open_only=True) == []
        ends = {(delivery.status, delivery.reason) for delivery in store.deliveries()}
        assert (DeliveryStatus.SUPPRESSED, DeliveryReason.RESTORED.value) in ends
        assert store.outbox_after(store.outbox_cursor(), 10) == []

    for folder in (life, again):
        append(folder, STREAM[CUT:])
        decide(folder, until=ringing(1))
    tell(again, phone)
    assert phone.got, "what is new rings"
    assert not set(told(phone)) & set(told(live))
    for folder in (life, again):
        decide(folder)
    assert again.ledger() == life.ledger()


def test_settings_rules_and_tests_are_in_it_and_the_archive_is_not(life: Life, tmp_path: Path) -> None:
    append(life, STREAM[:100])
    decide(life)
    (life.folder / "data").mkdir()
    (life.folder / "data" / "secret").write_text("x")
    back_up(life, tmp_path / "backup")
    listed = json.loads((tmp_path / "backup" / "backup.json").read_text())
    files = {name for name in listed["sha256"] if name.startswith("files/")}
    assert files == {"files/tocsin.toml", "files/rules/one.yaml", "files/rules/one.test.yaml"}
    assert {"log.sqlite", "store.sqlite"} < set(listed["sha256"])
    again = restore(tmp_path / "backup", tmp_path / "again")
    assert (again.folder / "rules" / "one.test.yaml").read_text() == "tests: []\n"
    assert (again.folder / "tocsin.toml").read_text() == SETTINGS


def test_articles_that_were_not_extracted_are_extracted_in_silence(life: Life, tmp_path: Path) -> None:
    append(life, STREAM[:50])
    decide(life)
    with life.opened() as (log, _):
        log.append(ARTICLES, [Entry(0, encode(article(1, START + timedelta(days=20))))])
        before = log.end_offset(SIGNALS, 0)
    back_up(life, tmp_path / "backup")
    again = restore(tmp_path / "backup", tmp_path / "again")
    with again.opened() as (log, store):
        assert not articles_left(log)
        assert log.end_offset(SIGNALS, 0) > before
        head = store.decider_head()
        assert head is not None
        assert head.next_offset == log.end_offset(SIGNALS, 0)


def test_a_folder_that_never_decided_can_be_backed_up(life: Life, tmp_path: Path) -> None:
    append(life, STREAM[:50])
    back_up(life, tmp_path / "backup")
    again = restore(tmp_path / "backup", tmp_path / "again")
    with again.opened() as (_, store):
        assert _undelivered(store) == []


def _undelivered(store: Store) -> list[object]:
    return [*store.deliveries(open_only=True), *store.outbox_after(store.outbox_cursor(), 10)]


def test_nothing_is_written_over(life: Life, tmp_path: Path) -> None:
    append(life, STREAM[:50])
    back_up(life, tmp_path / "backup")
    twice = run(backup_command, tmp_path / "backup", "--folder", life.folder)
    assert isinstance(twice.exception, UsageError)
    into_itself = run(restore_command, tmp_path / "backup", "--folder", life.folder)
    assert "holds a tocsin.toml already" in str(into_itself.exception)
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "log.db").write_text("mine")
    half = run(restore_command, tmp_path / "backup", "--folder", tmp_path / "half")
    assert "is there already" in str(half.exception)
    assert (tmp_path / "half" / "log.db").read_text() == "mine"
    assert not (tmp_path / "half" / "tocsin.toml").exists()


@pytest.mark.parametrize("name", ["log.sqlite", "files/rules/one.yaml"])
def test_a_damaged_backup_is_refused(life: Life, tmp_path: Path, name: str) -> None:
    append(life, STREAM[:50])
    back_up(life, tmp_path / "backup")
    path = tmp_path / "backup" / name
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    refused = run(restore_command, tmp_path / "backup", "--folder", tmp_path / "again")
    assert isinstance(refused.exception, TocsinError)
    assert f"is damaged: {name}" in str(refused.exception)
    assert not (tmp_path / "again").exists()


def test_a_log_that_lost_what_the_store_stands_on_is_no_backup(life: Life, tmp_path: Path) -> None:
    append(life, STREAM[:200])
    decide(life)
    shutil.rmtree(life.snapshots)
    refused = run(backup_command, tmp_path / "backup", "--folder", life.folder)
    assert isinstance(refused.exception, FatalError)
    assert "do not go together" in str(refused.exception)
    assert list(tmp_path.iterdir()) == [life.folder], "nothing is left lying about"


@pytest.mark.parametrize(
    ("line", "remedy"),
    [('log = "kafka://broker:9092"', "replication"), ('store = "postgresql://me@host/tocsin"', "pg_dump")],
)
def test_servers_have_their_own_ways(tmp_path: Path, line: str, remedy: str) -> None:
    (tmp_path / "tocsin.toml").write_text(f"{line}\n")
    refused = run(backup_command, tmp_path / "backup", "--folder", tmp_path)
    assert isinstance(refused.exception, UsageError)
    assert remedy in refused.exception.remedy


def test_no_folder_is_no_backup(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused = run(restore_command, tmp_path / "empty", "--folder", tmp_path / "again")
    assert "holds no backup" in str(refused.exception)
