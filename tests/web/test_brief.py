"""`tocsin brief`: one screen that says what the ledger and the engine say, whatever titles contain."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from connectors.store.open import open_store
from pipelines.pages.brief import Brief, events_since, whole_life
from pipelines.pages.ledger_view import AlertLife, LedgerView
from schemas.reasons import EventKind
from tests.contract.channels.messages import event
from tests.contract.store.scribe import START, Scribe
from tests.streams.deciding import desk_in
from tests.web.house import desk_with_news, settings_in
from tocsin.commands import brief


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("desk")
    desk_with_news(place)
    return place


def test_what_rings_is_told_with_its_figures_and_a_headline(folder: Path) -> None:
    result = CliRunner().invoke(brief.command, ["--folder", str(folder)])
    assert result.exit_code == 0, result.output
    assert "RANG (1, of which 1 still ring" in result.stdout
    assert "Azerbaijan–Russia: " in result.stdout
    assert "PROBLEM: " in result.stdout  # no job is at work there
    assert "\u202e" not in result.stdout
    assert max(len(line) for line in result.stdout.splitlines() if not line.startswith("PROBLEM")) < 160


def test_what_moved_without_ringing_says_what_it_lacks(folder: Path) -> None:
    result = CliRunner().invoke(brief.command, ["--folder", str(folder)])
    moved = result.stdout.partition("MOVED MOST WITHOUT RINGING")[2]
    assert "United Kingdom–Ukraine" in moved
    assert "lacks " in moved


def test_where_one_rings_only_the_others_counted_nothing() -> None:
    at = datetime(2025, 6, 30, tzinfo=UTC)
    none = Brief(at=at, since=at, problems=(), rang=(), moved=(), blind=(), watches=2)
    one = replace(none, rang=(AlertLife((event(),)),))
    assert "No watch counted anything in its last window." in words_of(none)
    assert "No other watch counted anything in its last window." in words_of(one)


def test_the_ledger_is_read_from_the_hours_that_are_told_of_and_lives_are_whole(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    scribe = Scribe(store)
    assert events_since(store, START) == 1
    opened = scribe.decide("a", key="long")
    scribe.commit(opened, *(scribe.decide("b", key=f"K{number}") for number in range(4)))
    grown = scribe.decide("a", key="long", event=EventKind.UPDATED, at=START + timedelta(hours=30))
    scribe.commit(grown)
    assert [events_since(store, START + timedelta(hours=hours)) for hours in (0, 24, 40)] == [6, 1, 1]
    view = LedgerView(most_events=1)
    view.refresh(store)
    life = view.reading.alerts[opened.event.alert_id]
    assert life.events == (grown.event,)
    assert whole_life(store, life).events == (opened.event, grown.event)
    assert whole_life(store, AlertLife((opened.event,))).events == (opened.event,)
    store.close()


def words_of(told: Brief) -> list[str]:
    return list(brief.lines_of(told, lambda _: None, lambda life: life.id))


def test_for_machines(folder: Path) -> None:
    result = CliRunner().invoke(brief.command, ["--folder", str(folder), "--json"])
    found = json.loads(result.stdout)
    assert [alert["first"]["rule"] for alert in found["rang"]] == ["aze-rus"]
    assert found["rang"][0]["open"] is True
    assert found["moved"][0]["key"] == "GBR-UKR"
    assert len(found["moved"][0]["counts_48h"]) == 48


def test_an_empty_folder_is_told_what_to_do(tmp_path: Path) -> None:
    desk_in(tmp_path, [])
    settings_in(tmp_path)
    result = CliRunner().invoke(brief.command, ["--folder", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "Nothing rang." in result.stdout
    assert "tocsin rules match" in result.stdout
