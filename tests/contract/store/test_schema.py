"""The tables: made, checked and migrated from any version, by several at once, by the program and by the command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from connectors.store.address import parse_address
from connectors.store.open import check_schema, migrate, open_store
from connectors.store.tables import SCHEMA_VERSION, VERSION_TABLE, metadata
from schemas.errors import FatalError, UsageError
from schemas.ids import EPOCH
from schemas.ports.pollers import FeedTimes, PollerEntry, PollProgress
from schemas.ports.response import AlertVerdict
from schemas.reasons import Judgement
from tests.contract.store.full_store import fill
from tests.contract.store.scribe import START, Scribe

_ROOT = Path(__file__).resolve().parents[3]
_OLD_STORES = sorted((_ROOT / "tests/fixtures").glob("store_v*.sqlite"))


def run(url: str, statement: str) -> None:
    """Do something to the database that the program itself never does."""
    engine = create_engine(parse_address(url).url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_checking_changes_nothing_and_migrating_brings_it_up_to_date(bare_url: str) -> None:
    before = check_schema(bare_url)
    assert (before.current, before.needed, before.is_current) == (None, SCHEMA_VERSION, False)
    path = parse_address(bare_url).path
    assert path is None or not path.exists()
    with pytest.raises(FatalError, match="tocsin db migrate"):
        open_store(bare_url, migrate=False)
    assert migrate(bare_url).current is None
    assert check_schema(bare_url).current == SCHEMA_VERSION
    assert migrate(bare_url).current == SCHEMA_VERSION, "a second time there is nothing to do"
    open_store(bare_url, migrate=False).close()


def test_the_migrations_lead_to_the_tables_of_the_program(bare_url: str) -> None:
    migrate(bare_url)
    engine = create_engine(parse_address(bare_url).url)
    with engine.connect() as connection:
        # Types are compared too loosely to be told apart here; the suite writes and reads every column.
        context = MigrationContext.configure(
            connection, opts={"compare_type": False, "include_name": lambda name, *_: name != VERSION_TABLE}
        )
        differences = compare_metadata(context, metadata)
    engine.dispose()
    assert differences == []


def test_many_at_once_make_one_store(bare_url: str) -> None:
    ids: list[str] = []

    def open_it() -> None:
        store = open_store(bare_url, busy_timeout_s=120)
        ids.append(store.store_id)
        store.close()

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 4
    assert len(set(ids)) == 1


def test_a_store_of_a_newer_program_is_left_alone(bare_url: str) -> None:
    migrate(bare_url)
    run(bare_url, f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    for use in (check_schema, migrate, open_store):
        with pytest.raises(FatalError, match=r"(?s)schema 9999.*→"):
            use(bare_url)


@pytest.mark.parametrize("old", _OLD_STORES, ids=lambda path: path.stem)
def test_stores_of_former_versions_still_open(old: Path, tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    shutil.copy(old, path)
    store = open_store(f"sqlite:///{path}")
    try:
        events = list(store.events())
        assert [event.rule for event in events] == ["azerbaijan-russia", "azerbaijan-russia", "zangezur"]
        assert [row.hash for row in store.stored_events()] == [event.chain_hash() for event in events]
        assert store.stored_standings().position == 3, "opening it told what stands the events there are"
        assert store.standing().alerts == (events[1],)
        assert len(store.evidence(events[0].evidence)) == 2
        (delivered, *_) = store.deliveries()
        assert [attempt.detail for attempt in store.attempts(delivered.delivery_id)] == ["250 OK"]
        assert set(store.feed_rows()) == {"f"}
        assert [rules.rules_hash for rules in store.rule_sets()] == ["h1"]
        scribe = Scribe(store)
        scribe.commit(scribe.decide("zangezur"))  # It goes on where it stood.
        assert store.chain_heads()["zangezur"].seq == 2
        judged = AlertVerdict(alert_id=delivered.alert_id, at=START, author="ann", judgement=Judgement.USEFUL)
        store.add_verdict(judged)
        assert store.verdicts() == {delivered.alert_id: judged}
    finally:
        store.close()


@pytest.mark.parametrize("old", _OLD_STORES, ids=lambda path: path.stem)
def test_feeds_of_former_stores_are_asked_when_they_were_to_be(old: Path, tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    shutil.copy(old, path)
    url = f"sqlite:///{path}"
    # As each of those programs wrote it; a store of the newest one has its times beside the feed.
    due_at, succeeded_at = START + timedelta(hours=2), START + timedelta(hours=1)
    times = [round((moment - EPOCH).total_seconds() * 1_000_000) for moment in (due_at, succeeded_at)]
    run(url, f"UPDATE feeds SET next_poll_at_us = {times[0]}, last_success_at_us = {times[1]}")
    store = open_store(url)
    try:
        row = store.feed_rows()["f"]
        assert (row.next_poll_at, row.last_success_at, row.items_seen) == (due_at, succeeded_at, 3)
        entry = PollerEntry(poller="two", instance="2", until=due_at, settled_until=START)
        store.renew_poller(entry, now=START, first=True)
        moved = FeedTimes("f", due_at + timedelta(hours=1), due_at)
        assert store.save_polls(PollProgress(times=[moved]), poller="two", instance="2", names=[])
        expected = row.model_copy(update={"next_poll_at": moved.next_poll_at, "last_success_at": due_at})
        assert store.feed_rows() == {"f": expected}
    finally:
        store.close()


def test_there_is_an_old_store_of_every_version() -> None:
    assert [path.stem for path in _OLD_STORES] == [f"store_v{n}" for n in range(1, int(SCHEMA_VERSION) + 1)]


def test_the_filler_of_old_stores_still_runs(store_url: str) -> None:
    store = open_store(store_url)
    fill(store)
    assert len(list(store.events())) == 3
    store.close()


@pytest.mark.parametrize(
    "url",
    ["", "store.db", "mysql://host/x", "sqlite://", "sqlite:///:memory:", "sqlite:///s.db?mode=ro", "sqlite:///s.db?max_pages=x"],
)  # fmt: skip
def test_what_is_no_address_is_said_with_the_forms_there_are(url: str) -> None:
    with pytest.raises(UsageError, match="→ write sqlite:///"):
        check_schema(url)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="mkdir -p"):
        open_store(f"sqlite:///{tmp_path}/missing/store.db")


def tocsin(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tocsin", *words, "--folder", str(folder)],
        cwd=_ROOT,
        env=os.environ | {"PYTHONPATH": str(_ROOT)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_the_command_checks_and_migrates(bare_url: str, tmp_path: Path) -> None:
    (tmp_path / "tocsin.toml").write_text(f'store = "{bare_url}"\n')
    missing = tocsin(tmp_path, "db", "check")
    assert (missing.returncode, missing.stdout) == (1, f"schema none, this version needs {SCHEMA_VERSION}\n")
    made = tocsin(tmp_path, "db", "migrate")
    assert (made.returncode, made.stderr) == (0, "")
    there = tocsin(tmp_path, "db", "check")
    assert (there.returncode, there.stdout) == (0, f"schema {SCHEMA_VERSION}, this version needs {SCHEMA_VERSION}\n")


def test_the_command_makes_the_folder_of_a_first_store(tmp_path: Path) -> None:
    (tmp_path / "tocsin.toml").write_text('store = "sqlite:///data/store.db"\n')
    assert tocsin(tmp_path, "db", "migrate").returncode == 0
    assert check_schema(f"sqlite:///{tmp_path}/data/store.db").is_current
