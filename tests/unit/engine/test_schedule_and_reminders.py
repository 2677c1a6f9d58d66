"""Rules that may ring only at written times, and alerts that are told again while they stay open."""

from __future__ import annotations

import pytest

from alerts.engine_state import restore, snapshot
from alerts.rules.model import ActiveTime, Rule, Threshold, state_identity
from schemas.alert_event import AlertEvent
from schemas.ids import hour_of
from schemas.reasons import EventKind, EventReason
from tests.streams.records import FEED_IDS, HOUR, coverage, pair_rule
from tests.streams.scene import Scene

DAYTIME = (ActiveTime(begin_h=7, end_h=22),)

#: Hour 24 of a scene is a Tuesday 00:00.
MIDNIGHT = 24


def daytime(*, for_h: int = 0, renotify_h: int = 0, within_h: int = 6, count: int = 3) -> Rule:
    threshold = Threshold(count=count, within_h=within_h, for_h=for_h, renotify_h=renotify_h)
    return pair_rule("r", threshold).model_copy(update={"active": DAYTIME})


def told(events: list[AlertEvent]) -> list[tuple[EventKind, EventReason]]:
    return [(event.event, event.reason) for event in events if event.key]


def until(hour: int, *rules: Rule) -> Scene:
    scene = Scene(*rules)
    scene.close(MIDNIGHT + hour)
    return scene


def test_what_crosses_outside_opens_when_the_hours_begin_if_it_is_still_over() -> None:
    scene = until(3, daytime())
    scene.articles(3)
    assert told(scene.close(3)) == []
    (opened,) = scene.close(1)
    assert told([opened]) == [(EventKind.OPENED, EventReason.SCHEDULE_BEGAN)]
    assert opened.at == scene.at(MIDNIGHT + 7)
    assert opened.crossing == scene.at(MIDNIGHT + 6), "the window that ends when the hours begin"
    assert opened.counts.stories == 3


def test_what_is_over_by_then_rings_never() -> None:
    scene = until(0, daytime())
    scene.articles(3)
    assert told(scene.close(24)) == []


def test_it_is_counted_all_the_same() -> None:
    scene = until(5, daytime())
    scene.articles(2)
    scene.close(2)
    scene.articles(1)
    assert told(scene.events) == [(EventKind.OPENED, EventReason.CROSSED)], "two of the night and one of the day"


def test_late_news_of_an_earlier_stretch_does_not_ring_in_the_next() -> None:
    scene = until(24 + 8, daytime())
    scene.articles(3, hour=MIDNIGHT + 20)
    assert told(scene.events) == []


def test_a_crossing_that_lasts_over_the_begin_has_lasted() -> None:
    scene = until(3, daytime(for_h=3))
    scene.articles(3)
    (opened,) = scene.close(4)
    assert told([opened]) == [(EventKind.OPENED, EventReason.SCHEDULE_BEGAN)]
    assert opened.crossing == scene.at(MIDNIGHT + 3)


def test_a_pending_crossing_ends_with_the_hours() -> None:
    scene = until(20, daytime(for_h=5))
    scene.articles(3)
    assert told(scene.events) == [(EventKind.PENDING, EventReason.CROSSED)]
    assert told(scene.close(2)) == [(EventKind.SUBSIDED, EventReason.OUTSIDE_SCHEDULE)]
    assert told(scene.close(24)) == []


def test_an_open_alert_grows_only_in_its_hours_and_ends_at_any() -> None:
    scene = until(21, daytime(within_h=12))
    scene.articles(3)
    scene.close(2)
    scene.articles(9)
    assert told(scene.events) == [(EventKind.OPENED, EventReason.CROSSED)]
    scene.close(7)
    assert told(scene.events[-1:]) == [(EventKind.OPENED, EventReason.CROSSED)]
    assert told(scene.close(1)) == [(EventKind.ESCALATED, EventReason.TWICE_AS_MANY)]
    assert scene.events[-1].at == scene.at(MIDNIGHT + 24 + 7)
    resolved = scene.close(24)[-1]
    assert resolved.event is EventKind.RESOLVED
    assert resolved.at == scene.at(MIDNIGHT + 24 + 22) or resolved.at.hour >= 22


def test_an_open_alert_is_told_again_at_its_interval_until_it_ends() -> None:
    scene = Scene(pair_rule("r", Threshold(count=3, within_h=30, renotify_h=12, resolve_after_h=6)))
    scene.close(30)
    scene.articles(3)
    events = scene.close(60)
    reminders = [event for event in events if event.event is EventKind.REMINDED]
    assert [event.at for event in reminders] == [scene.at(42), scene.at(54)]
    assert {event.reason for event in reminders} == {EventReason.STILL_OPEN}
    assert [event.detail for event in reminders] == ["open for 12 h", "open for 24 h"]
    assert {event.alert_id for event in reminders} == {scene.events[-1].alert_id}
    assert events[-1].event is EventKind.RESOLVED
    assert not any(event.event is EventKind.REMINDED for event in scene.close(30))


def test_growing_is_telling_too() -> None:
    scene = Scene(pair_rule("r", Threshold(count=3, within_h=30, renotify_h=12)))
    scene.close(30)
    scene.articles(3)
    scene.close(8)
    scene.articles(6)
    assert scene.events[-1].event is EventKind.ESCALATED
    reminders = [event.at for event in scene.close(24) if event.event is EventKind.REMINDED]
    assert reminders == [scene.at(30 + 8 + 12), scene.at(30 + 8 + 24)]


def test_what_opens_by_hours_that_are_restored_as_another_ends_is_not_an_hour_old() -> None:
    scene = Scene(pair_rule("r", Threshold(count=3, within_h=30, renotify_h=1)))
    scene.close(30)
    scene.close(1, failing=FEED_IDS)
    scene.articles(3, hour=30)
    assert told(scene.events) == [], "nobody saw that hour"
    told_then = scene.take(coverage(scene.at(31), reached_back_to=scene.at(30)))
    assert told(told_then) == [(EventKind.OPENED, EventReason.CROSSED)]
    assert told_then[0].at == scene.at(32)
    scene.hour = 32
    assert [event.at for event in scene.close(1)] == [scene.at(33)]


def test_hours_that_one_record_ends_are_one_reminder() -> None:
    scene = Scene(pair_rule("r", Threshold(count=3, within_h=30, renotify_h=4)))
    scene.close(30)
    scene.articles(3)
    told_then = scene.take(coverage(scene.at(40), reached_back_to=scene.at(30)))
    assert [(event.event, event.at) for event in told_then] == [(EventKind.REMINDED, scene.at(41))]
    scene.hour = 41
    assert [event.at for event in scene.close(4)] == [scene.at(45)]


def test_nobody_is_reminded_outside_the_hours() -> None:
    scene = until(15, daytime(within_h=40, renotify_h=8))
    scene.articles(3)
    reminders = [event.at for event in scene.close(36) if event.event is EventKind.REMINDED]
    assert reminders == [scene.at(MIDNIGHT + 24 + 7), scene.at(MIDNIGHT + 24 + 15)]


@pytest.mark.parametrize("every", [1, 3, 5])
def test_restarts_remind_nobody_twice(every: int) -> None:
    rules = [daytime(within_h=20, for_h=2, renotify_h=5, count=3)]
    straight, restarted = Scene(*rules), Scene(*rules)
    for scene in (straight, restarted):
        for hour in range(72):
            if scene is restarted and hour % every == 0:
                scene.engine = restore(snapshot(scene.engine))
            scene.close(1, each=3 if hour in (32, 50) else 0)
    assert straight.events == restarted.events
    assert {event.event for event in straight.events} >= {EventKind.PENDING, EventKind.OPENED, EventKind.REMINDED}


def test_they_are_thresholds_not_memory() -> None:
    plain = pair_rule("r", Threshold(count=3, within_h=6))
    assert state_identity(plain) == state_identity(daytime(for_h=3, renotify_h=12))
    scene = Scene(plain)
    scene.close(30)
    scene.articles(3)
    opened = scene.events[-1]
    assert scene.apply(daytime(for_h=3, renotify_h=4)) == []
    assert {event.alert_id for event in scene.close(8) if event.event is EventKind.REMINDED} == {opened.alert_id}


def test_rings_again_after_the_cool_down_hour_of_the_schedule() -> None:
    """A schedule and a cool-down together: the later of the two decides."""
    scene = until(8, daytime(within_h=2))
    scene.articles(3)
    scene.close(48)
    resolved = next(event for event in scene.events if event.event is EventKind.RESOLVED)
    rested = hour_of(resolved.at) - scene.first_hour + 24
    assert rested < MIDNIGHT + 48 + 7
    again = until(8, daytime(within_h=2))
    again.articles(3)
    again.close(rested - again.hour, each=0)
    again.articles(3)
    events = again.close(30)
    opened = [event for event in events if event.event is EventKind.OPENED]
    night = (again.at(rested).hour >= 22) or (again.at(rested).hour < 7)
    assert bool(opened) is not night
    assert all(event.at - again.at(rested) <= 24 * HOUR for event in opened)
