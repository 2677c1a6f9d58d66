"""When an onset counts as found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.evaluate_replay import ONSETS, Onset, found_at, say_onsets
from schemas.alert_event import AlertEvent
from schemas.reasons import EventKind, EventReason

ONSET = Onset("ARM-AZE", datetime(2020, 9, 27, tzinfo=UTC), outlets=8)


def event(hours: float, kind: EventKind = EventKind.OPENED, key: str = "ARM-AZE") -> AlertEvent:
    at = ONSET.day + timedelta(hours=hours)
    return AlertEvent(seq=1, event=kind, reason=EventReason.CROSSED, rule="r", key=key, at=at)


@pytest.mark.parametrize(("hours", "found"), [(-24.1, False), (-24, True), (10, True), (36, True), (36.1, False)])
def test_an_onset_is_found_from_a_day_before_to_a_day_and_a_half_after(hours: float, found: bool) -> None:
    assert (found_at(ONSET, [event(hours)]) is not None) is found


def test_the_first_opening_or_growth_of_the_very_pair_counts() -> None:
    events = [
        event(1, key="ARM-RUS"),
        event(2, EventKind.RESOLVED),
        event(5, EventKind.ESCALATED),
        event(3, EventKind.ESCALATED),
    ]
    assert found_at(ONSET, events) == ONSET.day + timedelta(hours=3)
    assert found_at(ONSET, events[:2]) is None


@pytest.mark.parametrize("lost", [onset.key for onset in ONSETS])
def test_each_of_the_onsets_has_to_be_found(lost: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ledger = tmp_path / "rang.jsonl"
    found = [event(0, key=onset.key).changed(at=onset.day) for onset in ONSETS]
    ledger.write_text("".join(f"{one.model_dump_json()}\n" for one in found), encoding="utf-8")
    assert say_onsets(ledger) == []
    ledger.write_text("".join(f"{one.model_dump_json()}\n" for one in found if one.key != lost), encoding="utf-8")
    assert [onset.key for onset in say_onsets(ledger)] == [lost]
    assert "not found" in capsys.readouterr().out
