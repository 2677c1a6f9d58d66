"""The reader behind the pages: it follows the ledger, never runs ahead of it, and says what it cannot do."""

from __future__ import annotations

import asyncio
import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from alerts.engine import Engine
from connectors.clock import ManualClock, SystemClock
from connectors.store.open import open_store
from pipelines.pages import reading
from pipelines.pages.hour_series import Hour, HourBook, upper_edge, windows_of
from pipelines.pages.ledger_view import LedgerView
from pipelines.pages.live_view import LiveView
from schemas.errors import RetriableError, StoreUnavailableError
from schemas.ports.log import Log
from schemas.ports.store import Store
from schemas.reasons import EventKind
from schemas.topics import SIGNALS
from tests.contract.store.scribe import Scribe
from tests.services.ports import free_port
from tests.streams.deciding import Desk, desk_in
from tests.streams.world import invented_stream
from tests.web.house import House
from tocsin import jobs
from tocsin.settings import load_workplace
from tocsin.web.exhibit import Exhibit
from tocsin.web.serving import make_site, serve
from tocsin.web.sign_of_life import SignOfLife
from tocsin.workplace import open_store_of


def test_the_view_knows_what_the_decider_knows_from_any_start(tmp_path: Path) -> None:
    desk = desk_in(tmp_path, invented_stream(5, days=8))
    desk.decide(snapshot_every=300)
    with desk.opened() as (log, store):
        whole, late = LiveView(desk.snapshots), LiveView(desk.snapshots, read_whole_below=0)
        for view in (whole, late):
            while view.refresh(log, store):
                pass
            assert view.standing.behind == 0
        head = store.decider_head()
        assert head is not None
        assert head.snapshot_offset > 0, "else both began at the start"
        mine, other = whole.engine, late.engine
        assert isinstance(mine, Engine)
        assert isinstance(other, Engine)
        assert mine.open == other.open
        assert mine.open is not None
        for name, state in mine.rules.items():
            for key in state.keys:
                for track, twin in zip(state.tracks, other.rules[name].tracks, strict=True):
                    assert track.verdict(key, mine.open) == twin.verdict(key, mine.open), (name, key)
        rule, key = next((name, key) for name, state in mine.rules.items() for key in state.keys)
        first, last = mine.open - 40, mine.open
        assert whole.hours(rule, key, 0, first, last) == pytest.approx(late.hours(rule, key, 0, first, last))


def test_no_page_knows_of_what_is_not_committed(tmp_path: Path) -> None:
    desk = desk_in(tmp_path, invented_stream(5, days=4))
    desk.decide(records=150, batch=50)
    with desk.opened() as (log, store):
        view = LiveView(desk.snapshots)
        while view.refresh(log, store):
            pass
        head = store.decider_head()
        assert head is not None
        assert view.standing.offset == head.next_offset < log.end_offset(SIGNALS, 0)


def test_the_ledger_is_read_on_and_not_again(tmp_path: Path) -> None:
    desk = desk_in(tmp_path, invented_stream(5, days=8))
    view = LedgerView()
    desk.decide(records=500, batch=100)
    with desk.store() as store:
        view.refresh(store)
        before = view.reading
        assert not view.refresh(store)
    desk.decide()
    with desk.store() as store:
        assert view.refresh(store)
        events = list(store.events())
        fresh = LedgerView()
        fresh.refresh(store)
    assert before.events < view.reading.events == len(events)
    assert view.reading == fresh.reading, "read in pieces or at once, it says the same"
    assert {e.alert_id for e in events if e.alert_id} == set(view.reading.alerts)


def test_an_alert_that_is_open_for_longer_than_events_are_kept_is_still_shown(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    scribe = Scribe(store)
    first = scribe.decide("a", key="long")
    scribe.commit(first, *(scribe.decide("b", key=f"K{number}") for number in range(4)))
    scribe.commit(*(scribe.decide("b", key=f"K{number}", event=EventKind.RESOLVED) for number in range(4)))
    view = LedgerView(most_events=3)
    assert view.refresh(store)
    (life,) = view.reading.open_alerts()
    assert life.events == (first.event,)
    assert view.reading.events == 9
    assert [event.seq for event in view.reading.edges] == [1, 8]
    assert len(view.reading.alerts) == 4, "the newest three events, and what is open"
    assert {place: len(ids) for place, ids in view.reading.opened.items()} == {("a", "live"): 1, ("b", "live"): 4}
    before = view.reading
    scribe.commit(scribe.decide("b", key="K9"), scribe.decide("b", key="K9", mode="shadow"))
    assert view.refresh(store)
    assert {place: len(ids) for place, ids in view.reading.opened.items()} == {
        ("a", "live"): 1,
        ("b", "live"): 5,
        ("b", "shadow"): 1,
    }, "of the whole ledger, whatever is kept of it"
    assert len(before.opened["b", "live"]) == 4
    store.close()


def test_a_ledger_of_another_log_is_said_and_not_followed(tmp_path: Path, decided: Path) -> None:
    stranger = desk_in(tmp_path, invented_stream(1, days=4))
    with Desk(decided).store() as store, stranger.log() as log:
        view = LiveView(decided / "snapshots")
        assert view.refresh(log, store)
        assert "another log" in view.standing.problem
        assert view.engine is None
        assert not view.refresh(log, store), "said once"


def test_a_page_before_the_first_look_says_that_it_is_too_early(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_FIRST_LOOK_S", 0.0)
    site = make_site(house.workplace, house.store, {})
    with pytest.raises(StoreUnavailableError, match="not read"):
        _ = site.reading


def test_the_reader_stops_when_told_and_lets_the_log_go(house: House) -> None:
    site, stop = make_site(house.workplace, house.store, {}), threading.Event()
    thread = threading.Thread(target=site.reader.run, args=(stop,))
    thread.start()
    assert site.reading.number >= 1
    stop.set()
    thread.join(60)
    assert not thread.is_alive()


def test_a_reader_that_fails_ends_the_serving_instead_of_showing_what_is_old(
    decided: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(_reader: reading.Reader) -> bool:
        raise ZeroDivisionError("unforeseen")

    monkeypatch.setattr(reading.Reader, "look", look)
    workplace = load_workplace(decided, {"TOCSIN_WEB__PORT": str(free_port())})
    store = open_store_of(workplace)
    try:
        with pytest.raises(ZeroDivisionError, match="unforeseen"):
            asyncio.run(serve(workplace, store, asyncio.Event()))
    finally:
        store.close()


def test_a_port_that_is_taken_may_be_free_later(decided: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        workplace = load_workplace(decided, {"TOCSIN_WEB__PORT": str(taken.getsockname()[1])})
        store = open_store_of(workplace)
        try:
            with pytest.raises(RetriableError, match="cannot listen"):
                asyncio.run(serve(workplace, store, asyncio.Event()))
            assert "web" not in store.heartbeats(), "only the job gives signs of life"
            stop = threading.Event()
            with pytest.raises(RetriableError, match="cannot listen"):
                jobs.JOBS["web"](workplace, _no_log(), store, stop)
            stop.set()
            detail = store.heartbeats()["web"][1]
            assert detail["page"] == f"127.0.0.1:{workplace.settings.web.port}"
            assert "cannot listen" in str(detail["problem"])
            asyncio.run(_seen_once(SignOfLife(workplace, store, SystemClock()), store))
        finally:
            store.close()


def _no_log() -> Log:
    return cast("Log", None)  # The job opens its own.


async def _seen_once(sign: SignOfLife, store: Store) -> None:
    giving = asyncio.create_task(sign.serves())
    async with asyncio.timeout(60):
        while "problem" in store.heartbeats()["web"][1]:
            await asyncio.sleep(0.01)
    giving.cancel()


def test_a_watch_that_is_over_is_shown_on_any_port_that_is_free(decided: Path) -> None:
    exhibit = Exhibit(title="A demonstration.", words="Invented.", ended_at=datetime(2025, 8, 1, tzinfo=UTC))
    said: list[str] = []

    async def look() -> None:
        stop = asyncio.Event()

        def say(line: str) -> None:
            said.append(line)
            stop.set()

        await serve(workplace, store, stop, say=say, exhibit=exhibit)

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        workplace = load_workplace(decided, {"TOCSIN_WEB__PORT": str(port)})
        store = open_store_of(workplace)
        try:
            asyncio.run(look())
        finally:
            store.close()
    (line,) = said
    assert line.startswith("the web page is at http://127.0.0.1:")
    assert not line.endswith(f":{port}/")


def test_an_old_reading_is_told_to_be_old(house: House) -> None:
    later = ManualClock(house.site.clock.now() + timedelta(minutes=5))
    # Put back by hand: the state holds no attributes of its own, which would be deleted instead.
    house.app.state.site = replace(house.site, clock=later)
    try:
        assert house.client.get("/readyz").status_code == 503
        assert "what it shows is old" in house.page("/")
    finally:
        house.app.state.site = house.site


def test_hours_are_kept_once_and_in_order() -> None:
    book = HourBook(kept_hours=24)
    book.take("r", "k", 0, [Hour(10, 1, 0.5), Hour(11, 2, 0.5)])
    book.take("r", "k", 0, [Hour(10, 9), Hour(11, 9), Hour(12, 3)])
    assert [(one.hour, one.count) for one in book.of("r", "k", 0, 0, 99)] == [(10, 1), (11, 2), (12, 3)]
    assert book.of("r", "k", 0, 12, 12)[0].expected is None
    assert book.next_hour("r", "k", 0) == 13
    for hour in range(13, 1000):
        book.take("r", "k", 0, [Hour(hour, 0)])
    kept = book.of("r", "k", 0, 0, 2000)
    assert kept[-1].hour == 999
    assert 24 <= len(kept) <= 24 + 240
    book.forget_rules_but([])
    assert book.next_hour("r", "k", 0) is None


def test_a_window_sums_its_hours_and_the_band_holds_what_chance_brings() -> None:
    hours = [Hour(n, 1 if n == 3 else 0, 0.5, 1.0, 1e9) for n in range(6)]
    windows = windows_of(hours, 3)
    assert [w.count for w in windows] == [0, 0, 0, 1, 1, 1]
    assert windows[5].expected == pytest.approx(1.5)
    # Poisson with mean 1.5: P(X ≥ 4) = 6.6 %, P(X ≥ 5) = 1.9 %.
    assert windows[5].upper == 4.0
    assert upper_edge(0.0, 1.0, 1.0) == 0.0
    assert upper_edge(1.5, 4.0, 2.0) > 4.0, "what scatters widely has a wider band"
    assert upper_edge(400.0, 1.0, 1e9) == pytest.approx(433, abs=1)
