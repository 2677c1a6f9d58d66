"""One line about an event: what only a shadow rule would have rung is told apart from what rang."""

from __future__ import annotations

from schemas.alert_event import AlertEvent
from schemas.reasons import EventKind, EventReason
from tests.contract.store.scribe import START
from tocsin.event_lines import event_line


def opened(mode: str) -> AlertEvent:
    values = {
        "alert_id": "a1b2c3d4e5f60718",
        "seq": 1,
        "event": EventKind.OPENED,
        "reason": EventReason.CROSSED,
        "rule": "baku-moscow",
        "key": "AZE-RUS",
        "at": START,
        "mode": mode,
        "previous": "",
    }
    return AlertEvent.model_validate(values)


def test_what_a_shadow_rule_would_have_rung_is_marked() -> None:
    live, shadow = event_line(opened("live")), event_line(opened("shadow"))
    assert "shadow" not in live
    assert shadow.replace(" · in shadow", "") == live
