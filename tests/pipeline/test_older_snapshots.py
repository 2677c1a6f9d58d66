"""Snapshots kept for questions about the past: which, how many, and that they shorten the way and change no answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts.engine_state import freeze
from pipelines.explaining.engine_then import engine_then
from pipelines.older_snapshots import OlderSnapshot, keep_snapshot, older_snapshots, worth_keeping
from tests.streams.deciding import Desk, desk_in
from tests.streams.world import START, invented_stream

_DAYS = 8


def one(day: float, *, size_bytes: int = 1) -> OlderSnapshot:
    return OlderSnapshot(
        datetime(2025, 1, 6, tzinfo=UTC) + timedelta(days=day), round(day * 100), "", Path(), size_bytes
    )


def days_of(kept: object) -> list[float]:
    assert isinstance(kept, set)
    return sorted((snapshot.at - datetime(2025, 1, 6, tzinfo=UTC)) / timedelta(days=1) for snapshot in kept)


def test_one_a_day_for_a_month_and_one_a_week_for_a_year() -> None:
    kept = days_of(worth_keeping([one(day) for day in range(500)], 10**6))
    assert kept[-31:] == list(range(469, 500)), "each of the last thirty days, and today"
    weeks = kept[:-31]
    assert all(day % 7 == 0 for day in weeks[1:]), "the first of each week"
    assert 47 <= len(weeks) <= 49
    assert kept[0] >= 499 - 365


def test_the_first_of_a_day_stays_so_that_names_do_not_change_under_who_reads() -> None:
    assert days_of(worth_keeping([one(3.1), one(3.5), one(3.9)], 10**6)) == [3.1]


def test_where_there_is_no_room_the_oldest_go() -> None:
    many = [one(day, size_bytes=10) for day in range(60)]
    kept = days_of(worth_keeping(many, 100))
    assert kept == list(range(50, 60))
    assert worth_keeping(many, 5) == set()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = desk_in(tmp_path_factory.mktemp("desk"), invented_stream(1, days=_DAYS))
    desk.decide(batch=20, snapshot_every=40)
    return desk


def test_a_decider_keeps_the_first_of_each_day(desk: Desk) -> None:
    kept = older_snapshots(desk.snapshots)
    assert len(kept) >= _DAYS - 1
    assert len({snapshot.at.date() for snapshot in kept}) == len(kept)
    assert len(list(desk.snapshots.glob("*.snapshot"))) == 3, "besides those the decider itself goes on from"


@pytest.mark.parametrize("day", [2, 4, 6])
def test_the_nearest_before_is_begun_with_and_the_engine_is_the_same(desk: Desk, day: int) -> None:
    moment = START + timedelta(days=day, hours=20)
    with desk.opened() as (log, store):
        whole = engine_then(log, None, None, moment, moment, keep_signals=False)
        short = engine_then(log, store, desk.snapshots, moment, moment, keep_signals=False, shorten=True)
    assert freeze(short.engine).encoded() == freeze(whole.engine).encoded()
    assert short.offset == whole.offset
    nearest = [snapshot for snapshot in older_snapshots(desk.snapshots) if snapshot.at <= moment][-1]
    assert short.began == nearest.offset > 0
    stepped, of_a_day = short.offset - short.began, whole.offset / (day + 1)
    assert stepped < 1.5 * of_a_day, "no more than about a day is stepped, however long the log"


def test_damage_costs_the_way_and_no_answer(desk: Desk, tmp_path: Path) -> None:
    moment = START + timedelta(days=4, hours=20)
    hurt = Desk(tmp_path)
    for path in (snapshot.path for snapshot in older_snapshots(desk.snapshots)):
        target = hurt.snapshots / "older" / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes()[:-1])
    (hurt.snapshots / "older" / "notes.snapshot").write_text("mine")
    with desk.opened() as (log, store):
        assert engine_then(log, store, hurt.snapshots, moment, moment, keep_signals=False, shorten=True).whole


def test_those_of_a_ledger_that_is_no_more_go_and_none_is_kept_where_none_is_wanted(tmp_path: Path) -> None:
    def keep(offset: int, day: int, most_bytes: int = 100) -> list[int]:
        path = tmp_path / f"{offset:016d}-abc.snapshot"
        path.write_bytes(b"state")
        keep_snapshot(tmp_path, path, offset, START + timedelta(days=day), most_bytes)
        return [snapshot.offset for snapshot in older_snapshots(tmp_path)]

    assert keep(10, 0) == [10]
    assert keep(20, 0) == [10], "the day has one"
    assert keep(30, 1) == [10, 30]
    assert keep(25, 1) == [10, 25], "a backup was brought back"
    assert keep(40, 2, most_bytes=0) == []
