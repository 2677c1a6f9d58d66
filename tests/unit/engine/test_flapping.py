"""An article that is edited to and fro on the boundary: one alert and at most one retraction an hour, whatever the rule."""

from __future__ import annotations

from itertools import pairwise

import pytest

from alerts.engine_state import restore, snapshot
from alerts.rules.model import Confirm, Detector, Floors, New, Rule, Sensitivity, Spike, Threshold
from schemas.alert_event import AlertEvent
from schemas.reasons import ArticleStatus, EventKind
from tests.streams.records import FEED_IDS, pair_rule, signal
from tests.streams.scene import Scene, kinds

AT_THREE: tuple[Detector, ...] = (
    Threshold(count=3, within_h=6),
    Spike(sensitivity=Sensitivity.HIGH, floors=Floors(stories=3, publishers=1, times=1.0)),
)
OPENED, RETRACTED = EventKind.OPENED, EventKind.RETRACTED


def on_the_boundary(detector: Detector) -> tuple[Scene, list[str]]:
    """A scene in which just enough came in the hour that is open, the 200th."""
    scene = Scene(pair_rule("r", detector))
    scene.close(200)
    ids = scene.articles(3)
    assert kinds(scene.events) == [OPENED]
    return scene, ids


def flip(scene: Scene, article: str, minute: int, *, there: bool, hour: int = 200) -> list[AlertEvent]:
    status = ArticleStatus.LIVE if there else ArticleStatus.WITHDRAWN
    moment = scene.at(hour, 5)
    return scene.take(signal(article, moment, feed=FEED_IDS[0], revised_at=scene.at(scene.hour, minute), status=status))


def more(scene: Scene) -> list[AlertEvent]:
    """Let one more article come; return what was decided."""
    before = len(scene.events)
    scene.articles(1)
    return scene.events[before:]


@pytest.mark.parametrize("detector", AT_THREE, ids=lambda d: d.kind)
@pytest.mark.parametrize("ends_there", [True, False])
def test_within_an_hour_it_is_taken_back_once(detector: Detector, ends_there: bool) -> None:
    scene, ids = on_the_boundary(detector)
    for minute in range(10, 50):
        flip(scene, ids[0], minute, there=bool(minute % 2))
    flip(scene, ids[0], 51, there=ends_there)
    assert kinds(scene.events) == [OPENED, RETRACTED]
    assert kinds(scene.close()) == ([OPENED] if ends_there else [])
    assert len({event.alert_id for event in scene.events if event.alert_id}) == 1


def test_over_a_day_it_is_told_once_an_hour_at_most() -> None:
    scene, ids = on_the_boundary(AT_THREE[0])
    for _ in range(30):
        for minute in range(10, 50):
            flip(scene, ids[0], minute, there=bool(minute % 2))
        scene.close()
    alerts = [event for event in scene.events if event.event in (OPENED, RETRACTED)]
    assert 4 < len(alerts) <= 1 + 2 * 25, "the hour it crosses in may change for a day"
    assert all(one.event is not other.event for one, other in pairwise(alerts))
    retracted = [event.at for event in alerts if event.event is RETRACTED]
    assert len(set(retracted)) == len(retracted)


def test_more_than_was_taken_back_opens_at_once() -> None:
    scene, ids = on_the_boundary(AT_THREE[0])
    flip(scene, ids[0], 10, there=False)
    assert kinds(more(scene)) == []
    assert kinds(more(scene)) == [OPENED]


def test_another_detector_opens_at_once() -> None:
    scene = Scene(pair_rule("r", Threshold(count=3, within_h=6), Threshold(count=4, within_h=12)))
    scene.close(190)
    scene.articles(1)
    scene.close(10)
    ids = scene.articles(3)
    assert kinds(scene.events) == [OPENED]
    flip(scene, ids[0], 10, there=False)
    flip(scene, ids[0], 11, there=True)
    assert [(e.event, e.window.hours if e.window else 0) for e in scene.events if e.alert_id] == [
        (OPENED, 6),
        (RETRACTED, 6),
        (OPENED, 12),
    ]


def test_a_restart_remembers_what_was_taken_back() -> None:
    scene, ids = on_the_boundary(AT_THREE[0])
    flip(scene, ids[0], 10, there=False)
    scene.engine = restore(snapshot(scene.engine))
    assert flip(scene, ids[0], 11, there=True) == []
    assert kinds(scene.close()) == [OPENED]


def test_rules_that_take_force_are_not_held_back() -> None:
    scene, ids = on_the_boundary(AT_THREE[0])
    flip(scene, ids[0], 10, there=False)
    lower: Rule = pair_rule("r", Threshold(count=2, within_h=6))
    assert kinds(scene.apply(lower)) == [OPENED]


@pytest.mark.parametrize("hours", [1, 7, 16])
def test_what_comes_back_within_the_hour_rings_though_no_window_of_now_reaches_it(hours: int) -> None:
    """Six hours are counted; later an editor takes a headline back and restores it."""
    scene, ids = on_the_boundary(AT_THREE[0])
    scene.close(hours)
    flip(scene, ids[0], 10, there=False)
    flip(scene, ids[0], 20, there=True)
    assert kinds(scene.events) == [OPENED, RETRACTED]
    assert kinds(scene.close()) == [OPENED]
    assert len({event.alert_id for event in scene.events if event.alert_id}) == 1


def test_what_was_taken_back_as_an_hour_ended_is_held_back_in_the_next() -> None:
    scene, _ = on_the_boundary(AT_THREE[0])
    assert kinds(scene.close(failing=FEED_IDS)) == [RETRACTED]  # What nobody can have seen in that hour does not count.
    before = len(scene.events)
    scene.articles(3)
    assert kinds(scene.events[before:]) == []
    assert kinds(scene.close()) == [OPENED]


def test_what_appeared_earlier_than_was_known_rings_as_that() -> None:
    scene = Scene(pair_rule("r", New(quiet_for_h=24, confirm=Confirm(stories=1, within_h=3))))
    scene.close(200)
    scene.articles(1)
    scene.close(4)
    scene.articles(1, hour=197)
    assert kinds(scene.events) == [OPENED, RETRACTED]
    (opened, *_) = [event for event in scene.close() if event.event is OPENED]
    assert opened.crossing == scene.at(197)
