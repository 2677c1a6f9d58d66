"""`tocsin alerts list` and `show` on a ledger: what they print, and that what ended costs what is open nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connectors.store.open import open_store
from connectors.store.parsed_events import parsed_event
from schemas.alert_event import AlertEvent
from schemas.reasons import EventKind
from tests.contract.store.scribe import Scribe
from tocsin.commands.alerts import command
from tocsin.commands.db import command as db


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tocsin.toml").write_text('store = "sqlite:///store.db"\n')
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    scribe = Scribe(store)
    scribe.commit(scribe.decide("a", key="one"), scribe.decide("b", key="two"), scribe.decide("a", key="three"))
    scribe.commit(scribe.decide("b", key="two", event=EventKind.RESOLVED))
    scribe.commit(scribe.decide("a", key="one", event=EventKind.ESCALATED))
    scribe.commit(scribe.decide("b", key="four", event=EventKind.PENDING, about_alert=False))
    store.close()
    return tmp_path


def tocsin(*words: str) -> Result:
    return CliRunner().invoke(command, words)


def listed(*words: str) -> list[tuple[str, str]]:
    """Return what happened and to what key, line by line."""
    result = tocsin("list", *words)
    assert result.exit_code == 0, result.output
    return [(line.split()[2], line.split()[5]) for line in result.stdout.splitlines()]


def test_one_line_an_alert_in_the_order_they_began_then_what_waits(folder: Path) -> None:
    at = ("--folder", str(folder))
    alerts = [("escalated", "one"), ("resolved", "two"), ("opened", "three")]
    assert listed(*at) == [*alerts, ("pending", "four")]
    assert listed(*at, "--rule", "a") == [alerts[0], alerts[2]]
    assert listed(*at, "--rule", "b") == [alerts[1], ("pending", "four")]


def test_what_is_open_alone(folder: Path) -> None:
    at = ("--folder", str(folder))
    assert listed(*at, "--open") == [("escalated", "one"), ("opened", "three"), ("pending", "four")]
    told = [json.loads(line) for line in tocsin("list", *at, "--open", "--json").stdout.splitlines()]
    assert [(one["event"], one["key"]) for one in told] == [("escalated", "one"), ("opened", "three")]
    nothing = tocsin("list", *at, "--open", "--rule", "c")
    assert (nothing.exit_code, nothing.stdout, nothing.stderr) == (0, "", "no alert is open\n")
    assert tocsin("list", *at, "--open", "--all").exit_code == 2


def test_every_event_as_before(folder: Path) -> None:
    at = ("--folder", str(folder))
    assert [key for _, key in listed(*at, "--all")] == ["one", "two", "three", "two", "one", "four"]
    assert len(tocsin("list", *at, "--json").stdout.splitlines()) == 6


def test_the_last_ones_and_those_since(folder: Path) -> None:
    at = ("--folder", str(folder))
    assert listed(*at, "--last", "1") == [("opened", "three"), ("pending", "four")]
    assert listed(*at, "--last", "2", "--rule", "a") == [("escalated", "one"), ("opened", "three")]
    assert [key for _, key in listed(*at, "--all", "--last", "2")] == ["one", "four"]
    assert [key for _, key in listed(*at, "--all", "--last", "2", "--rule", "b")] == ["two", "four"]
    assert len(listed(*at, "--since", "2025-01-22T10:00")) == 4
    assert listed(*at, "--since", "2025-01-22T10:01") == [("pending", "four")]
    later = tocsin("list", *at, "--since", "3h", "--rule", "a")
    assert (later.exit_code, later.stdout, later.stderr) == (0, "", "nothing rang since then\n")
    assert listed(*at, "--all", "--since", "7d") == []
    wrong = tocsin("list", *at, "--since", "soon")
    assert wrong.exit_code == 2
    assert "'soon' is no time: write 7d, 12h, or 2025-01-31T06:00 (UTC)" in wrong.stderr


def test_an_alert_is_shown_by_how_its_id_begins(folder: Path) -> None:
    at = ("--folder", str(folder), "--short")
    ids = [json.loads(line)["alert_id"] for line in tocsin("list", *at[:2], "--json").stdout.splitlines()]
    shown = tocsin("show", ids[1][:10], *at)
    assert shown.exit_code == 0, shown.output
    assert "rule b" in shown.stdout
    assert shown.stdout.count(ids[1][:12]) >= 2
    for unknown in ("0" * 24, "no-such", "%"):
        assert "no alert has that id" in str(tocsin("show", unknown, *at).exception)
    several = str(tocsin("show", "", *at).exception)
    assert f"3 alerts begin so: {', '.join(sorted({ids[0], ids[1], ids[2]}))}" in several


def test_neither_reads_the_whole_ledger(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    def counted(position: int, body: bytes) -> AlertEvent:
        read.append(position)
        return parsed_event(position, body)

    at = ("--folder", str(folder))
    alert = json.loads(tocsin("list", *at, "--open", "--json").stdout.splitlines()[0])["alert_id"]
    for place in ("ledger", "standings"):
        monkeypatch.setattr(f"connectors.store.{place}.parsed_event", counted)
    listed(*at, "--open")
    assert sorted(read) == [3, 5, 6], "one event for each thing that stands"
    read.clear()
    listed(*at, "--last", "1")
    assert sorted(read) == [3, 6], "the last alert, and what waits"
    read.clear()
    assert tocsin("show", alert, *at, "--short").exit_code == 0
    assert read == [1, 5], "the events of the alert"


def test_what_stands_is_made_anew_by_a_command(folder: Path) -> None:
    result = CliRunner().invoke(db, ["rebuild", "--folder", str(folder)])
    assert (result.exit_code, result.stdout) == (0, "what stands is what the ledger says\n")
    assert len(listed("--folder", str(folder), "--open")) == 3
