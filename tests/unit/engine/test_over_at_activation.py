"""When a rule takes force, what goes on opens then; what is over by then opens nothing, then or later."""

from __future__ import annotations

import pytest

from alerts.engine_state import restore, snapshot
from alerts.rules.model import Rule, Threshold
from schemas.alert_event import AlertEvent
from schemas.reasons import EventKind, EventReason
from tests.streams.records import coverage, pair_rule
from tests.streams.scene import Scene

AT_ACTIVATION = (EventKind.OPENED, EventReason.AT_ACTIVATION)
CROSSED = (EventKind.OPENED, EventReason.CROSSED)


def rule(name: str = "r", *, count: int = 3, resolve_after_h: int = 12, for_h: int = 0) -> Rule:
    return pair_rule(
        name, Threshold(count=count, within_h=6, resolve_after_h=resolve_after_h, cooldown_h=0, for_h=for_h)
    )


def told(events: list[AlertEvent], name: str) -> list[tuple[EventKind, EventReason]]:
    return [(event.event, event.reason) for event in events if event.key and event.rule == name]


def after_a_burst(hours: int) -> Scene:
    """``hours`` after three articles in hour 30; the windows that end in 30 to 35 cross."""
    scene = Scene(rule())
    scene.close(30)
    scene.articles(3)
    scene.close(hours)
    return scene


@pytest.mark.parametrize(("hours", "opens"), [(0, True), (6, True), (7, False), (24, False)])
@pytest.mark.parametrize("for_h", [0, 2])
def test_a_rule_with_another_name_rings_again_only_for_what_goes_on(hours: int, for_h: int, *, opens: bool) -> None:
    if for_h and hours < for_h:
        return
    scene = after_a_burst(hours)
    events = told(scene.apply(rule("renamed", for_h=for_h)), "renamed")
    assert events == ([AT_ACTIVATION] if opens else [])
    if not opens:
        assert told(scene.close(30), "renamed") == []


def test_what_is_over_opens_nothing_when_more_of_it_comes_late_and_new_news_does() -> None:
    scene = after_a_burst(8)
    assert told(scene.apply(rule("renamed")), "renamed") == []
    scene.articles(2, hour=31)
    scene.engine = restore(snapshot(scene.engine))
    scene.close(3)
    assert told(scene.events, "renamed") == []
    scene.articles(3)
    assert told(scene.events, "renamed") == [CROSSED]
    assert scene.events[-1].detail == ""


def test_of_two_bursts_the_one_that_goes_on_opens() -> None:
    scene = Scene(rule("other", count=99))
    scene.close(30)
    scene.articles(9)
    scene.close(12)
    scene.articles(3)
    scene.close(2)
    (opened,) = [event for event in scene.apply(rule("r", resolve_after_h=4)) if event.key]
    assert (opened.event, opened.reason, opened.counts.stories) == (*AT_ACTIVATION, 3)
    assert opened.crossing == scene.at(42)


@pytest.mark.parametrize(("hours", "opens"), [(3, True), (9, False)])
def test_a_lower_bar_rings_for_what_goes_on(hours: int, *, opens: bool) -> None:
    scene = Scene(rule(count=4))
    scene.close(30)
    scene.articles(3)
    scene.close(hours)
    assert told(scene.apply(rule(count=3)), "r") == ([AT_ACTIVATION] if opens else [])
    assert told(scene.close(4), "r") == []


def test_a_backlog_rings_for_what_goes_on() -> None:
    """What the first polls bring counts as history; a burst of the day before is over."""
    for first, opens in ((-4, True), (-20, False)):
        scene = Scene(rule())
        scene.articles(3, hour=first)
        events = scene.take(coverage(scene.at(0), reached_back_to=scene.at(-30)))
        assert told(events, "r") == ([AT_ACTIVATION] if opens else []), first
