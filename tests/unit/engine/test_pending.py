"""A crossing that must last: pending hour by hour, opened when it has lasted, forgotten when it has not; no event twice."""

from __future__ import annotations

import pytest

from alerts.engine_state import restore, snapshot
from alerts.rules.model import Drop, Floors, Rule, Spike, Threshold
from schemas.alert_event import AlertEvent
from schemas.ids import alert_id, hour_start
from schemas.reasons import ArticleStatus, EventKind, EventReason
from tests.streams.records import HOUR, pair_rule, signal
from tests.streams.scene import Scene


def lasting(for_h: int = 3, *, within_h: int = 6, cooldown_h: int = 24) -> Rule:
    return pair_rule("r", Threshold(count=3, within_h=within_h, for_h=for_h, cooldown_h=cooldown_h))


def told(events: list[AlertEvent]) -> list[tuple[EventKind, EventReason]]:
    return [(event.event, event.reason) for event in events if event.key]


PENDING = (EventKind.PENDING, EventReason.CROSSED)
OPENED = (EventKind.OPENED, EventReason.CROSSED)
ENDED = (EventKind.SUBSIDED, EventReason.NOT_LONG_ENOUGH)


def quiet(*rules: Rule) -> Scene:
    scene = Scene(*rules)
    scene.close(30)
    return scene


def test_it_opens_when_so_many_hours_have_crossed_and_names_the_first() -> None:
    scene = quiet(lasting(3))
    scene.articles(3)
    (pending,) = scene.events[-1:]
    assert told([pending]) == [PENDING]
    assert pending.alert_id == "", "no alert yet"
    assert pending.crossing == scene.at(30)
    assert pending.detail == "must last 3 h more"
    assert told(scene.close(2)) == []
    (opened,) = scene.close(1)
    assert told([opened]) == [OPENED]
    assert opened.crossing == scene.at(30)
    assert opened.alert_id == alert_id("r", "AZE-RUS", scene.at(30))
    assert opened.at == scene.at(33)
    assert opened.detail == "has lasted 3 h"
    assert opened.counts.stories == 3
    assert told(scene.close(30)) == [(EventKind.RESOLVED, EventReason.BACK_TO_NORMAL)]


def test_what_ends_before_its_time_is_one_event_and_no_alert() -> None:
    scene = quiet(lasting(3, within_h=2))
    scene.articles(3)
    assert told(scene.close(1)) == []
    assert told(scene.close(2)) == [ENDED]
    assert told(scene.close(30)) == []
    assert scene.engine.rules["r"].lives == {}, "nothing of it is kept"
    scene.articles(3)
    assert told(scene.events[-1:]) == [PENDING], "the next one begins anew"


def test_a_window_between_that_does_not_cross_begins_it_anew() -> None:
    scene = quiet(lasting(3, within_h=2))
    scene.articles(3)
    scene.close(2)
    scene.articles(2)  # too few: the window that ends now does not cross
    assert told(scene.close(1)) == [ENDED]
    scene.articles(2)
    scene.close(1)
    scene.articles(2)
    scene.close(1)
    (pending,) = [event for event in scene.events if event.event is EventKind.PENDING][1:]
    (opened,) = scene.close(1, each=2)
    assert told([opened]) == [OPENED]
    assert opened.crossing == pending.crossing == scene.at(33)


@pytest.mark.parametrize("for_h", [1, 23, 24])
def test_an_hour_and_a_whole_day(for_h: int) -> None:
    for detector in (Threshold(count=3, within_h=30, for_h=for_h), Spike(windows_h=(48,), for_h=for_h)):
        scene = quiet(pair_rule("r", detector))
        scene.articles(60)
        assert told(scene.events[-1:])[0][0] is EventKind.PENDING
        assert told(scene.close(for_h - 1)) == []
        (opened,) = scene.close(1)
        assert opened.event is EventKind.OPENED
        assert opened.crossing == scene.at(30)


def test_a_detector_that_waits_for_the_end_of_an_hour_waits_longer() -> None:
    floors = Floors(times=2.0)
    at_once, later = (Drop(for_h=0, floors=floors, windows_h=(24,)), Drop(for_h=6, floors=floors, windows_h=(24,)))
    opened = []
    for drop in (at_once, later):
        scene = Scene(pair_rule("r", drop))
        scene.close(24 * 14, each=2)
        events = scene.close(48)
        opened.append(next(event for event in events if event.event is EventKind.OPENED))
    assert opened[0].crossing == opened[1].crossing
    assert opened[1].at - opened[0].at == 5 * HOUR


def test_late_articles_may_complete_it_and_withdrawn_ones_end_it() -> None:
    scene = quiet(lasting(3, within_h=3))
    scene.close(4)
    # Three articles of an hour that ended three hours ago: it had lasted long enough when they came.
    scene.articles(3, hour=31)
    assert told(scene.events[-1:]) == [OPENED]
    assert scene.events[-1].crossing == scene.at(31)

    scene = quiet(lasting(3))
    ids = scene.articles(3)
    scene.close(1)
    gone = scene.at(31, 10)
    scene.take(signal(ids[0], scene.at(30, 5), revised_at=gone, status=ArticleStatus.WITHDRAWN))
    assert told(scene.close(1)) == [ENDED]


def test_counts_on_the_boundary_do_not_flap() -> None:
    """An article that comes and goes within an hour moves the count over and under the bar: one beginning, one end each."""
    scene = quiet(lasting(3))
    ids = scene.articles(3)
    for minute in range(1, 20):
        status = ArticleStatus.WITHDRAWN if minute % 2 else ArticleStatus.LIVE
        scene.take(signal(ids[0], scene.at(30, 5), revised_at=scene.at(30, minute + 5), status=status))
    assert EventKind.OPENED not in [event.event for event in scene.events]
    assert told(scene.events) == [PENDING]
    scene.close(1)
    assert told(scene.events) == [PENDING, ENDED]


def test_the_first_of_two_detectors_that_may_opens_it() -> None:
    scene = quiet(pair_rule("r", Threshold(count=3, within_h=6, for_h=5), Threshold(count=6, within_h=6)))
    scene.articles(3)
    scene.close(1)
    assert told(scene.events[-1:]) == [PENDING]
    scene.articles(3)
    assert told(scene.events[-1:]) == [OPENED]
    assert scene.events[-1].crossing == scene.at(31)
    assert told(scene.close(6)) == []


def test_the_cool_down_is_no_part_of_what_lasts() -> None:
    scene = quiet(lasting(2, cooldown_h=10))
    scene.articles(3)
    events = scene.close(40)
    resolved = next(event for event in events if event.event is EventKind.RESOLVED)
    rested = int((resolved.at - scene.at(0)) / HOUR) + 10
    scene = quiet(lasting(2, cooldown_h=10))
    scene.articles(3)
    scene.close(rested - scene.hour - 3)
    events = scene.close(6, each=3)
    pending = next(event for event in events if event.event is EventKind.PENDING)
    assert pending.crossing == scene.at(rested)


def test_a_rule_that_goes_takes_its_pending_crossing_along() -> None:
    scene = quiet(lasting(3))
    scene.articles(3)
    events = scene.apply(pair_rule("other", Threshold(count=50, within_h=6)))
    assert told(events) == [(EventKind.SUBSIDED, EventReason.RULE_REMOVED)]


def test_a_shorter_time_opens_at_once_what_has_lasted_that_long() -> None:
    scene = quiet(lasting(6))
    scene.articles(3)
    scene.close(3)
    assert told(scene.apply(lasting(2))) == [(EventKind.OPENED, EventReason.AT_ACTIVATION)]
    assert scene.events[-1].crossing == scene.at(30)


def test_a_longer_time_keeps_what_the_rule_remembers() -> None:
    scene = quiet(lasting(2))
    scene.articles(3)
    scene.close(1)
    assert scene.apply(lasting(4)) == []
    assert told(scene.close(2)) == []
    assert told(scene.close(1)) == [OPENED]


@pytest.mark.parametrize("restart_after", [0, 1, 2])
def test_a_restart_neither_forgets_nor_repeats(restart_after: int) -> None:
    scene = quiet(lasting(3))
    scene.articles(3)
    for hour in range(3):
        if hour == restart_after:
            scene.engine = restore(snapshot(scene.engine))
        scene.close(1)
    scene.engine = restore(snapshot(scene.engine))
    scene.close(2)
    assert told(scene.events) == [PENDING, OPENED]


def test_the_hour_it_may_open_in_is_an_hour_of_engine_time() -> None:
    scene = quiet(lasting(3))
    scene.articles(3)
    assert scene.engine.open is not None
    assert scene.engine.rules["r"].lives["AZE-RUS"].pending == scene.engine.open
    assert hour_start(scene.engine.open) == scene.at(30)
