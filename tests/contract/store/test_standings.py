"""What stands is kept beside the ledger: it says what the events say, whoever wrote them, and costs what stands."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, event, text

from connectors.store.address import parse_address
from connectors.store.open import open_store
from connectors.store.parsed_events import parsed_event
from schemas.alert_event import AlertEvent, Decision
from schemas.errors import AnotherDeciderError
from schemas.ports.store import StandingEvents, Store
from schemas.reasons import EventKind
from schemas.standing import StandingKind, Standings
from tests.contract.store.scribe import Scribe

_KINDS = [kind for kind in EventKind if kind is not EventKind.OVERFLOW]
_OF_A_RULE = {EventKind.RULE_READY, EventKind.RULE_REMOVED, EventKind.PENDING, EventKind.SUBSIDED}

#: (rule, key, what happened, whether to an alert), and whether the commit ends behind it.
_MOVES = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.sampled_from(_KINDS), st.booleans(), st.booleans()),
    max_size=30,
)


def said_by_the_events(store: Store) -> StandingEvents:
    """Return what stands by the whole ledger, read event by event."""
    events = list(store.events())
    folded = Standings()
    for position, one in enumerate(events, start=1):
        folded.add(position, one)
    found = {kind: tuple(events[row.latest - 1] for row in folded.standing(kind)) for kind in StandingKind}
    return StandingEvents(
        position=len(events),
        alerts=found[StandingKind.ALERT],
        blind=found[StandingKind.BLIND],
        pending=found[StandingKind.PENDING],
    )


def narrowed_slowly(
    events: list[AlertEvent], newest_from: int, last: int | None, *, rule: str | None = None
) -> tuple[AlertEvent, ...]:
    """Return the newest event of each alert it is at ``newest_from`` or later of, the ``last`` that began."""
    newest: dict[str, tuple[int, AlertEvent]] = {}
    for position, one in enumerate(events, start=1):
        if one.alert_id and rule in (None, one.rule):
            newest[one.alert_id] = (position, one)
    found = [one for position, one in newest.values() if position >= newest_from]
    return tuple(found if last is None else found[-last:])


def check(store: Store) -> None:
    events = list(store.events())
    assert store.standing() == said_by_the_events(store)
    latest = {one.alert_id: one for one in events if one.alert_id}
    assert store.standing(ended=True).alerts == tuple(latest.values())
    for rule in "ab":
        whole = said_by_the_events(store)
        assert store.standing(rule=rule).alerts == tuple(one for one in whole.alerts if one.rule == rule)
        assert store.standing(rule=rule).blind == tuple(one for one in whole.blind if one.rule == rule)
    for newest_from, last in ((1, 1), (1, 2), (len(events) // 2, None), (len(events) - 2, None), (len(events) // 3, 2)):
        narrowed = store.standing(ended=True, newest_from=newest_from, last=last)
        assert narrowed.alerts == narrowed_slowly(events, newest_from, last)
        assert (narrowed.blind, narrowed.pending) == (store.standing().blind, store.standing().pending)
    newest = narrowed_slowly(events, len(events) // 2, 2, rule="a")
    assert store.standing(ended=True, rule="a", newest_from=len(events) // 2, last=2).alerts == newest
    began = {one.alert_id: position for position, one in reversed([*enumerate(events)]) if one.alert_id}
    open_last = sorted(store.standing().alerts, key=lambda one: began[one.alert_id])[-1:]
    assert list(store.standing(last=1).alerts) == open_last
    stored = store.stored_standings()
    folded = Standings()
    for position, one in enumerate(events[: stored.position], start=1):
        folded.add(position, one)
    assert sorted(stored.rows, key=lambda row: row.place) == sorted(folded.rows, key=lambda row: row.place)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(moves=_MOVES)
def test_whatever_happens_the_table_says_what_the_events_say(
    open_again: Callable[[], Store], moves: list[tuple[str, str, EventKind, bool, bool]]
) -> None:
    """One store takes every example: what an earlier one left standing stands when the next begins."""
    store = open_again()
    scribe = Scribe(store)
    decided: list[Decision] = []
    for rule, key, kind, about_alert, ends in moves:
        alert = about_alert and kind not in _OF_A_RULE
        decided.append(scribe.decide(rule, key=key, event=kind, about_alert=alert))
        if ends:
            scribe.commit(*decided)
            decided = []
    scribe.commit(*decided)
    check(store)


def opened_and_ended(scribe: Scribe, alerts: int) -> None:
    for number in range(alerts):
        opened = scribe.decide("a", key=f"K{number}")
        scribe.commit(opened, scribe.decide("a", key=f"K{number}", event=EventKind.RESOLVED))


def test_a_refused_commit_leaves_it_as_it_was(store: Store, open_again: Callable[[], Store]) -> None:
    scribe, late = Scribe(store), Scribe(open_again())
    scribe.commit(scribe.decide("a", key="x"))
    before = store.stored_standings()
    with pytest.raises(AnotherDeciderError):
        late.commit(late.decide("a", key="y"))
    assert store.stored_standings() == before
    check(store)


def forget(url: str, told: int) -> None:
    """Make the table as a program from before it leaves it, which writes events beside a table told less."""
    engine = create_engine(parse_address(url).url)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM standings WHERE first > :told"), {"told": told})
        connection.execute(text("UPDATE standings_read SET position = :told"), {"told": told})
    engine.dispose()


def test_events_of_a_program_that_knows_nothing_of_it_are_read_all_the_same(store: Store, store_url: str) -> None:
    scribe = Scribe(store)
    scribe.commit(scribe.decide("a", key="x"))
    told = store.stored_standings().position
    scribe.commit(*(scribe.decide("b", key=f"K{number}") for number in range(3)))
    scribe.commit(scribe.decide("b", key="K1", event=EventKind.RESOLVED))
    forget(store_url, told)
    assert store.stored_standings().position == 1
    check(store)
    scribe.commit(scribe.decide("b", key="K2", event=EventKind.ESCALATED))
    assert store.stored_standings().position == 6, "the next commit told it what it had missed"
    check(store)


def test_a_damaged_table_is_made_anew(store: Store, store_url: str) -> None:
    scribe = Scribe(store)
    opened_and_ended(scribe, 3)
    scribe.commit(scribe.decide("b", key="x", event=EventKind.BLIND))
    engine = create_engine(parse_address(store_url).url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE standings SET open = NOT open, latest = 1"))
    engine.dispose()
    with pytest.raises(AssertionError):
        check(store)
    store.rebuild_standings()
    check(store)


def test_what_stands_costs_no_more_where_more_has_ended(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    def counted(position: int, body: bytes) -> AlertEvent:
        read.append(position)
        return parsed_event(position, body)

    monkeypatch.setattr("connectors.store.standings.parsed_event", counted)
    scribe = Scribe(store)
    scribe.commit(scribe.decide("b", key="x"), scribe.decide("b", key="y"))
    for ended in (5, 300):
        opened_and_ended(scribe, ended)
        read.clear()
        assert len(store.standing().alerts) == 2
        assert len(read) == 2, "one event for each alert that is open"


def test_the_database_does_no_more_where_more_has_ended(tmp_path: Path) -> None:
    """Steps of SQLite's machine, which are what it does, whatever else the machine does meanwhile."""
    path = tmp_path / "store.db"
    store = open_store(f"sqlite:///{path}")
    scribe = Scribe(store)
    scribe.commit(scribe.decide("b", key="x"), scribe.decide("b", key="y"))
    steps: list[int] = []
    for ended in (20, 400):
        opened_and_ended(scribe, ended)
        steps.append(steps_of(path, stated(store)))
    store.close()
    assert steps[0]
    assert steps[1] < 1.5 * steps[0], steps


def stated(store: Store) -> list[str]:
    """Return the statements, with their values, that reading what stands takes."""
    found: list[str] = []
    engine = store._database._engine  # type: ignore[attr-defined]

    def note(connection: sqlite3.Connection, *_: object) -> None:
        connection.set_trace_callback(found.append)

    event.listen(engine, "checkout", note)
    assert len(store.standing().alerts) == 2
    event.remove(engine, "checkout", note)
    return [statement for statement in found if statement.startswith("SELECT")]


def steps_of(path: Path, statements: list[str]) -> int:
    connection = sqlite3.connect(path)
    steps = [0]

    def step() -> int:
        steps[0] += 1
        return 0

    connection.set_progress_handler(step, 1)
    for statement in statements:
        connection.execute(statement).fetchall()
    connection.close()
    return steps[0]


def test_ids_are_found_by_how_they_begin(store: Store) -> None:
    scribe = Scribe(store)
    scribe.commit(*(scribe.decide("a", key=f"K{number}") for number in range(40)))
    scribe.commit(scribe.decide("a", key="K7", event=EventKind.RESOLVED))
    scribe.commit(scribe.decide("b", event=EventKind.RULE_READY, about_alert=False))
    ids = sorted({one.alert_id for one in store.events() if one.alert_id})
    assert len(ids) == 40
    for begins in ("", "0", "a", "f", ids[7][:3], ids[7], ids[7] + "0"):
        assert store.alert_ids(begins, 100) == [one for one in ids if one.startswith(begins)], begins
    assert store.alert_ids("", 3) == ids[:3]
    for hostile in ("g", "%", "_", "A", "'", ids[7][:3] + "%"):
        assert store.alert_ids(hostile, 100) == (), hostile
