"""Folders as earlier versions left them: checked, brought up to date, and decided on from where they stood."""

from __future__ import annotations

import tarfile
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from connectors.clock import SystemClock
from pipelines.decide import DecideJob, DecideSettings
from pipelines.verify import verify
from schemas.reasons import EventKind
from schemas.topics import SIGNALS
from tocsin.commands import alerts, db
from tocsin.commands import verify as verify_command
from tocsin.settings import load_workplace
from tocsin.workplace import open_log_of, open_store_of

_FIXTURES = Path(__file__).parents[1] / "fixtures"


def unpacked(name: str, place: Path) -> Path:
    """Return the folder of that name, as it was left, in ``place``."""
    with tarfile.open(_FIXTURES / f"{name}.tar.xz") as packed:
        packed.extractall(place, filter="data")
    return place / name


@pytest.fixture(params=["state_v1", "state_v2", "state_v3", "state_v4", "state_v5"])
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return unpacked(request.param, tmp_path)


def tocsin(command: click.Command, *words: str) -> Result:
    return CliRunner().invoke(command, words)


def test_its_ledger_is_still_what_its_log_says(folder: Path) -> None:
    assert tocsin(db.command, "migrate", "--folder", str(folder)).exit_code == 0
    result = tocsin(verify_command.command, "--folder", str(folder))
    assert result.exit_code == 0, result.output
    assert "the ledger is what the log says" in result.output


def test_its_alerts_are_still_shown(folder: Path) -> None:
    listed = tocsin(alerts.command, "list", "--folder", str(folder))
    assert listed.exit_code == 0, listed.output
    alert = listed.stdout.splitlines()[-1].split()[-1]
    shown = tocsin(alerts.command, "show", alert, "--folder", str(folder))
    assert shown.exit_code == 0, shown.output
    assert "two sides meet" in shown.output  # a headline of its evidence


def test_another_engine_goes_on_in_a_segment_of_its_own(folder: Path) -> None:
    workplace = load_workplace(folder, {})
    with open_log_of(workplace) as log:
        store = open_store_of(workplace)
        before = list(store.events())
        snapshots = workplace.path(workplace.settings.snapshots)
        job = DecideJob(log, store, SystemClock(), DecideSettings(snapshots=snapshots))
        again = job.recover()
        assert again == job.offset, "what another engine version knew was taken for this one's"
        while job.step():
            pass
        assert job.offset == log.end_offset(SIGNALS, 0)
        job.take_snapshot()
        assert list(store.events())[: len(before)] == before
        assert verify(log, store, snapshots=snapshots).ok
        restarted = DecideJob(log, store, SystemClock(), DecideSettings(snapshots=snapshots))
        assert restarted.recover() == 0, "the snapshot was not used: the log was stepped again"
        store.close()


def test_deciding_goes_on_from_the_snapshot_of_this_engine(tmp_path: Path) -> None:
    workplace = load_workplace(unpacked("state_v6", tmp_path), {})
    with open_log_of(workplace) as log:
        store = open_store_of(workplace)
        before = list(store.events())
        snapshots = workplace.path(workplace.settings.snapshots)
        job = DecideJob(log, store, SystemClock(), DecideSettings(snapshots=snapshots))
        again = job.recover()
        assert again < job.offset, "the snapshot was not used: the whole log was stepped again"
        while job.step():
            pass
        after = list(store.events())
        assert after[: len(before)] == before
        assert {event.event for event in after} >= {EventKind.OPENED, EventKind.RESOLVED, EventKind.RULE_READY}
        assert verify(log, store, snapshots=snapshots).ok
        store.close()
