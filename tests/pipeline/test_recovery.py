"""The decider comes back: with its snapshot lost, damaged or of another shape, on a trimmed log, as another version."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from alerts.engine import ENGINE_VERSION
from alerts.inheritance import open_after
from alerts.lifecycle import Life
from pipelines.snapshots import KEPT_SNAPSHOTS
from pipelines.verify import verify
from schemas.errors import FatalError, ForeignLogError, OffsetOutOfRangeError, RecoveryMismatchError
from schemas.ports.store import StoredEvent
from schemas.reasons import EventKind, EventReason
from schemas.topics import SIGNALS
from schemas.wire import SignalsRecord
from tests.streams.deciding import Desk, desk_in
from tests.streams.world import invented_stream

VERSION_IS_READ_IN = (
    "alerts.engine",
    "alerts.engine_state",
    "pipelines.decide",
    "pipelines.recovery",
    "pipelines.ledger_segments",
)


@pytest.fixture(scope="module")
def stream() -> list[SignalsRecord]:
    return invented_stream(1, days=6)


@pytest.fixture(scope="module")
def straight(stream: list[SignalsRecord], tmp_path_factory: pytest.TempPathFactory) -> list[StoredEvent]:
    desk = desk_in(tmp_path_factory.mktemp("straight"), stream)
    desk.decide()
    return desk.ledger()


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory, stream: list[SignalsRecord]) -> Desk:
    """A decider that was stopped half way; its last snapshot is some records older than its last commit."""
    desk = desk_in(tmp_path_factory.mktemp("stopped"), stream)
    desk.decide(batch=20, snapshot_every=150, records=360)
    with desk.store() as store:
        head = store.decider_head()
        assert head is not None
        assert 200 < head.snapshot_offset < head.next_offset < len(stream)
    return desk


@pytest.fixture
def desk(stopped: Desk, tmp_path: Path) -> Desk:
    """A copy of it to do anything to."""
    shutil.copytree(stopped.folder, tmp_path, dirs_exist_ok=True)
    return Desk(tmp_path)


def newest(desk: Desk) -> Path:
    return max(desk.snapshots.glob("*.snapshot"))


def trim(desk: Desk, before: int) -> None:
    with desk.log() as log:
        log.trim(SIGNALS, 0, before)


def test_from_its_snapshot_it_steps_only_what_came_after(desk: Desk, straight: list[StoredEvent]) -> None:
    assert desk.decide() < 160
    assert desk.ledger() == straight


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(path.read_bytes().replace(b"2025", b"2026")),
        lambda path: path.write_bytes(b""),
        lambda path: (path.unlink(), path.mkdir()),
    ],
    ids=["missing", "damaged", "empty", "a folder"],
)
def test_without_its_snapshot_it_steps_the_whole_log(
    desk: Desk, straight: list[StoredEvent], harm: Callable[[Path], object]
) -> None:
    harm(newest(desk))
    assert desk.decide() >= 360
    assert desk.ledger() == straight


def test_a_snapshot_of_another_shape_is_not_read(
    desk: Desk, straight: list[StoredEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.engine_state.SNAPSHOT_VERSION", 99)
    assert desk.decide() >= 360
    assert desk.ledger() == straight


def test_a_trimmed_log_with_its_snapshot_goes_on(desk: Desk, straight: list[StoredEvent]) -> None:
    trim(desk, 180)
    assert desk.decide() < 160
    assert desk.ledger() == straight


def test_a_trimmed_log_without_its_snapshot_stops_and_says_what_to_do(desk: Desk) -> None:
    trim(desk, 180)
    before = desk.ledger()
    newest(desk).unlink()
    with pytest.raises(FatalError, match=r"(?s)trimmed below offset 180, and the snapshot .* is missing.*→ bring back"):
        desk.decide()
    assert desk.ledger() == before


def test_a_log_trimmed_past_the_snapshot_stops(desk: Desk) -> None:
    with desk.store() as store:
        head = store.decider_head()
    assert head is not None
    trim(desk, head.snapshot_offset + 1)
    with pytest.raises(FatalError, match=f"the newest snapshot is of offset {head.snapshot_offset}"):
        desk.decide()


def test_a_log_trimmed_past_the_ledger_stops(desk: Desk) -> None:
    trim(desk, 500)
    with pytest.raises(OffsetOutOfRangeError, match="the log holds 500 to"):
        desk.decide()


def test_a_ledger_that_begins_on_a_trimmed_log_can_be_recovered(tmp_path: Path, stream: list[SignalsRecord]) -> None:
    """It knows where it began: what was trimmed before was never part of it."""
    desk = desk_in(tmp_path, [*stream[:50], *stream])
    trim(desk, 50)
    assert desk.life(commits=2, after=True, batch=10, snapshot_every=20_000), "it dies right after its first events"
    desk.decide()
    with desk.opened() as (log, store):
        result = verify(log, store, snapshots=desk.snapshots)
    assert result.ok, result.differences
    assert result.events > 10


def test_another_log_is_refused(desk: Desk) -> None:
    (desk.folder / "log.db").unlink()
    for left in desk.folder.glob("log.db-*"):
        left.unlink()
    desk.append([])
    with pytest.raises(ForeignLogError, match=r"(?s)decided from log .*→ open the log it belongs to"):
        desk.decide()


def test_a_wrong_ledger_is_not_gone_on_with(desk: Desk) -> None:
    """Its position is set back to before its last event."""
    newest(desk).unlink()
    *_, last = desk.ledger()
    with desk.store() as store:
        head = store.decider_head()
        assert head is not None
        moved = head.model_copy(update={"next_offset": last.log_offset})
        store.commit_decisions(expected=head, head=moved, decisions=[])
    with pytest.raises(RecoveryMismatchError, match=r"(?s)the ledger holds \d+.*→ run `tocsin verify`"):
        desk.decide()


def as_version(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    for module in VERSION_IS_READ_IN:
        monkeypatch.setattr(f"{module}.ENGINE_VERSION", version)


@pytest.mark.parametrize("lost", [False, True], ids=["with its snapshot", "without any snapshot"])
def test_another_engine_version_starts_a_segment(
    desk: Desk, straight: list[StoredEvent], monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    old = len(desk.ledger())
    as_version(monkeypatch, "another")
    desk.life(commits=4, after=True, batch=30, snapshot_every=20_000)
    if lost:
        for path in desk.snapshots.glob("*.snapshot"):
            path.unlink()
    desk.decide()
    rows = desk.ledger()
    assert len(rows) == len(straight)
    assert rows[:old] == straight[:old], "what was written stays"
    assert all(b'"engine_version":"another"' in row.body for row in rows[old:])
    assert [(row.rule, row.seq) for row in rows] == [(row.rule, row.seq) for row in straight], "and the chains go on"
    with desk.opened() as (log, store):
        result = verify(log, store, snapshots=desk.snapshots)
    assert result.ok, result.differences
    assert result.other_segments == [ENGINE_VERSION]
    assert result.recomputed == len(rows) - old > 0
    assert result.digest == result.recomputed_digest


@pytest.mark.parametrize("lost", [False, True], ids=["with its snapshot", "without any snapshot"])
def test_what_another_version_left_open_ends_in_the_new_segment(
    tmp_path: Path, stream: list[SignalsRecord], lost: bool
) -> None:
    """The version before ended no alert; this one would have ended most of them."""
    desk = desk_in(tmp_path, stream)
    with pytest.MonkeyPatch.context() as before:
        as_version(before, "before")
        before.setattr(Life, "hour_closed", lambda *_: None)
        desk.decide(batch=20, snapshot_every=150, records=360)
    old = len(desk.ledger())
    desk.life(commits=3, after=True, batch=30, snapshot_every=20_000)
    if lost:
        for path in desk.snapshots.glob("*.snapshot"):
            path.unlink()
    desk.decide()
    with desk.opened() as (log, store):
        events = list(store.events())
        result = verify(log, store, snapshots=desk.snapshots)
    assert result.ok, result.differences
    ended = [event for event in events if event.reason is EventReason.ENGINE_CHANGED and event.key]
    assert ended
    left_open = open_after(events[:old])
    assert {(event.rule, event.key) for event in ended} <= left_open.keys()
    opened = {event.alert_id for event in events if event.event is EventKind.OPENED}
    over = {event.alert_id for event in events if event.event in (EventKind.RESOLVED, EventKind.RETRACTED)}
    assert over <= opened, "nothing ends that was never told"
    assert len(opened - over) == len(open_after(events)), "and all that is over has ended"


def test_another_engine_version_on_a_trimmed_log_keeps_the_rules(
    desk: Desk, stream: list[SignalsRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record that put them into force is gone from the log; the store has kept them."""
    trim(desk, 30)
    as_version(monkeypatch, "another")
    old = len(desk.ledger())
    desk.decide()
    with desk.opened() as (log, store):
        job = desk.job(log, store)
        job.recover()
        assert len(job.engine.rules) == 4
        assert verify(log, store, snapshots=desk.snapshots).ok
    assert len(desk.ledger()) > old


def test_snapshots_of_a_future_that_was_given_up_push_nothing_out(desk: Desk, straight: list[StoredEvent]) -> None:
    """A backup was brought back: newer files lie in the folder, but the ledger does not name them."""
    for number in range(KEPT_SNAPSHOTS + 2):
        (desk.snapshots / f"{90_000 + number:016d}-{'0' * 16}.snapshot").write_bytes(b"of another time")
    (desk.snapshots / "0000000000000001-killed.tmp").write_bytes(b"half")
    desk.decide(batch=20, snapshot_every=50)
    trim(desk, 300)
    with desk.opened() as (log, store):
        job = desk.job(log, store)
        assert job.recover() < 60
    assert desk.ledger() == straight
    names = sorted(path.name for path in desk.snapshots.iterdir() if path.is_file())
    assert len(names) == 1 + KEPT_SNAPSHOTS
    assert not any(name.startswith("000000000009") or name.endswith(".tmp") for name in names)


def test_rules_are_put_into_a_snapshot_at_once(tmp_path: Path, stream: list[SignalsRecord]) -> None:
    """A new rule is warmed on a month before it; when the log is trimmed that cannot be done a second time."""
    desk = desk_in(tmp_path, stream)
    middle = next(n for n, r in enumerate(stream) if n > 100 and r.kind == "rules_activated")
    desk.decide(batch=50, records=middle + 60)
    trim(desk, middle)
    desk.decide()
    with desk.opened() as (log, store):
        assert verify(log, store, snapshots=desk.snapshots).ok
