"""What crosses in a key's cool-down opens nothing in it; what is not over when it ends opens then."""

from __future__ import annotations

import pytest

from alerts.engine_state import restore, snapshot
from alerts.rules.model import ActiveTime, Level, Rule, Threshold
from schemas.alert_event import AlertEvent
from schemas.reasons import ArticleStatus, EventKind, EventReason, Severity
from tests.streams.records import pair_rule, signal
from tests.streams.scene import Scene

#: Three articles in the hour 30 of a scene: they count up to the hour 35, and twelve hours of calm later it is over.
FIRST, OVER = 30, 48
CAME_BACK = (EventKind.OPENED, EventReason.COOLDOWN_ENDED)


def rule(*, cooldown_h: int = 24, for_h: int = 0, daytime: bool = False) -> Rule:
    threshold = Threshold(count=3, within_h=6, cooldown_h=cooldown_h, for_h=for_h)
    active = (ActiveTime(begin_h=7, end_h=22),) if daytime else ()
    return pair_rule("r", threshold).model_copy(update={"active": active})


def rested(watch: Rule) -> Scene:
    """Return a scene in the hour :data:`OVER`, right after the end of an alert."""
    scene = Scene(watch)
    scene.close(FIRST)
    scene.articles(3)
    scene.close(OVER - FIRST)
    assert told(scene.events)[-1] == (EventKind.RESOLVED, EventReason.BACK_TO_NORMAL)
    assert scene.events[-1].at == scene.at(OVER)
    return scene


def told(events: list[AlertEvent]) -> list[tuple[EventKind, EventReason]]:
    return [(event.event, event.reason) for event in events if event.key]


def test_what_is_not_over_when_the_cool_down_ends_opens_then() -> None:
    scene = rested(rule())
    scene.close(20)
    scene.articles(3)
    assert told(scene.close(3)) == [], "it rests still"
    (opened,) = scene.close(1)
    assert told([opened]) == [CAME_BACK]
    assert (opened.at, opened.crossing) == (scene.at(OVER + 24), scene.at(OVER + 20))
    assert opened.counts.stories == 3
    assert opened.detail == "4 crossings during the cool-down before it"


@pytest.mark.parametrize("rest_h", [0, 1, 5, 11, 17])
def test_what_is_calm_again_by_then_never_rings(rest_h: int) -> None:
    scene = rested(rule())
    scene.close(rest_h)
    scene.articles(3)
    assert told(scene.close(60)) == []


def test_a_window_that_is_not_calm_but_crosses_only_later_opens_as_any_other() -> None:
    scene = rested(rule())
    scene.close(22)
    scene.articles(2)
    scene.close(3)
    scene.articles(1)
    assert told(scene.events[-1:]) == [(EventKind.OPENED, EventReason.CROSSED)]


def test_late_news_of_the_cool_down_opens_nothing_once_it_is_over() -> None:
    scene = rested(rule())
    scene.close(25)
    scene.articles(3, hour=OVER + 15)
    assert told(scene.close(30)) == []


def test_it_opens_at_the_end_of_the_hour_whoever_is_touched_before() -> None:
    scene = rested(rule())
    scene.close(20)
    scene.articles(3)
    scene.close(3)
    scene.articles(1)
    assert told(scene.events[-1:]) != [CAME_BACK]
    assert told(scene.close(1)) == [CAME_BACK]


def test_a_restart_in_the_cool_down_changes_nothing() -> None:
    scene = rested(rule())
    scene.close(20)
    scene.articles(3)
    scene.engine = restore(snapshot(scene.engine))
    assert told(scene.close(3)) == []
    scene.engine = restore(snapshot(scene.engine))
    assert told(scene.close(1)) == [CAME_BACK]


def test_without_a_cool_down_there_is_nothing_to_wait_for() -> None:
    scene = rested(rule(cooldown_h=0))
    scene.articles(3)
    assert told(scene.events[-1:]) == [(EventKind.OPENED, EventReason.CROSSED)]


def test_a_short_cool_down_looks_back_no_further_than_the_alert_that_ended() -> None:
    scene = rested(rule(cooldown_h=2))
    assert told(scene.close(40)) == []


def test_what_must_last_begins_anew_at_its_end() -> None:
    scene = rested(rule(for_h=3))
    scene.close(20)
    scene.articles(3)
    events = scene.close(5, each=3)
    assert CAME_BACK not in told(events)
    pending = next(event for event in events if event.event is EventKind.PENDING)
    assert pending.crossing == scene.at(OVER + 24)


def test_it_opens_nothing_outside_of_the_hours_of_its_rule() -> None:
    """The hour 72 is a midnight: the cool-down ends in the night, and by seven it is over."""
    scene = rested(rule(daytime=True))
    scene.close(20)
    scene.articles(3)
    assert told(scene.close(20)) == []


def test_it_is_withdrawn_as_any_other() -> None:
    scene = rested(rule())
    scene.close(20)
    articles = scene.articles(3)
    scene.close(4)
    assert told(scene.events[-1:]) == [CAME_BACK]
    for article in articles:
        gone = signal(article, scene.at(OVER + 20), status=ArticleStatus.WITHDRAWN, revised_at=scene.at(scene.hour, 1))
        scene.take(gone)
    assert told(scene.events[-1:]) == [(EventKind.RETRACTED, EventReason.EVIDENCE_GONE)]


@pytest.mark.parametrize("levels", [(), (Level(severity=Severity.CRITICAL, stories=9),)])
def test_what_came_and_went_in_the_cool_down_makes_no_later_alert_grow(levels: tuple[Level, ...]) -> None:
    """Nine stories in the rest ring never; three after it are an alert of three, neither doubled nor graver."""
    scene = rested(rule().model_copy(update={"levels": levels}))
    scene.close(10)
    scene.articles(9)
    scene.close(15)
    scene.articles(3)
    scene.close(3)
    scene.articles(1)
    (opened,) = [event for event in scene.events if event.key][2:]
    assert (opened.event, opened.counts.stories, opened.severity) == (EventKind.OPENED, 3, Severity.NORMAL)
    scene.articles(2)
    grown = scene.events[-1]
    assert (grown.event, grown.counts.stories) == (EventKind.ESCALATED, 6)


def test_what_opened_when_the_cool_down_ended_grows_by_what_came_since_it_crossed() -> None:
    scene = rested(rule())
    scene.close(20)
    scene.articles(3)
    scene.close(4)
    assert told(scene.events)[-1] == CAME_BACK
    scene.articles(3, hour=OVER + 22)
    assert told(scene.events)[-1] == (EventKind.ESCALATED, EventReason.TWICE_AS_MANY)
