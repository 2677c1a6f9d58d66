"""An engine goes on in the ledger of another version: what people were told of ends there, and nothing else does."""

from __future__ import annotations

import pytest

from alerts.engine_state import restore, snapshot
from alerts.inheritance import Inheritance, open_after
from alerts.rules.model import Threshold
from schemas.ids import alert_id
from schemas.reasons import EventKind, EventReason
from tests.streams.records import pair_rule
from tests.streams.scene import Scene

RULE = pair_rule("r", Threshold(count=3, within_h=6))
KEY = ("r", "AZE-RUS")
CHANGED = (EventKind.ENGINE_CHANGED, EventReason.ENGINE_CHANGED)


def scene_at(hour: int, *, burst: bool = False) -> Scene:
    scene = Scene(RULE)
    scene.close(hour)
    scene.articles(3 if burst else 0)
    return scene


def inherit(scene: Scene, hour: int | None) -> list[tuple[EventKind, EventReason]]:
    """Go on in a ledger with an alert open that crossed in ``hour`` (None: with none); return what the next record tells."""
    ledger = Inheritance(scene.engine.chains.heads, {} if hour is None else {KEY: scene.first_hour + hour})
    scene.engine.adopt(ledger)
    scene.engine = restore(snapshot(scene.engine))
    before = len(scene.events)
    scene.articles(1, pair=("GBR", "UKR"))
    return [(event.event, event.reason) for event in scene.events[before:]]


def test_what_is_open_in_the_ledger_alone_ends_now_and_its_key_rests() -> None:
    scene = scene_at(40)
    assert inherit(scene, 20) == [CHANGED, (EventKind.RESOLVED, EventReason.ENGINE_CHANGED)]
    ended = scene.events[-1]
    assert (ended.alert_id, ended.crossing) == (alert_id("r", "AZE-RUS", scene.at(20)), scene.at(20))
    scene.articles(3)
    assert scene.events[-1] is ended
    scene.close(24)
    scene.articles(3)
    assert scene.events[-1].event is EventKind.OPENED


def test_what_crossed_in_another_hour_goes_on_as_it_was_told() -> None:
    scene = scene_at(40, burst=True)
    scene.close(3)
    assert inherit(scene, 41) == [CHANGED]
    (ended,) = scene.close(30)
    assert (ended.event, ended.reason) == (EventKind.RESOLVED, EventReason.BACK_TO_NORMAL)
    assert ended.alert_id == alert_id("r", "AZE-RUS", scene.at(41))


def test_what_nobody_was_told_of_has_no_end_and_rings_by_what_crosses_from_then_on() -> None:
    scene = scene_at(40, burst=True)
    scene.close(7)
    assert inherit(scene, None) == [CHANGED]
    before = len(scene.events)
    scene.close(20)
    assert scene.events[before:] == []
    scene.articles(3)
    assert scene.events[-1].event is EventKind.OPENED


@pytest.mark.parametrize(("burst", "hour"), [(False, None), (True, 40)])
def test_where_both_hold_the_same_open_nothing_is_told(*, burst: bool, hour: int | None) -> None:
    assert inherit(scene_at(40, burst=burst), hour) == []


def test_what_is_open_is_read_from_the_events() -> None:
    scene = scene_at(40, burst=True)
    assert open_after(scene.events) == {KEY: scene.first_hour + 40}
    scene.close(30)
    assert open_after(scene.events) == {}
