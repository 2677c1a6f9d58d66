"""An article counts if it was seen less than 25 hours after its hour began; until then it may open an alert, or take it back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.rules.model import Rule, Threshold
from schemas.alert_event import AlertEvent
from schemas.reasons import ArticleStatus, EventKind, EventReason
from tests.streams.records import FEED_IDS, pair_rule, signal
from tests.streams.scene import Scene

AT, LAST = 30, 54  # its hour, and the last one in which what is of it counts
SECOND = timedelta(seconds=1)
#: The window of an hour alone; that of six, of which later hours have windows too; and one that must last.
RULES = {
    "one hour": pair_rule("r", Threshold(count=3, within_h=1)),
    "six hours": pair_rule("r", Threshold(count=3, within_h=6)),
    "lasting": pair_rule("r", Threshold(count=3, within_h=6, for_h=2)),
}


def late(
    scene: Scene, number: int, status: ArticleStatus = ArticleStatus.LIVE, *, before_end: timedelta = SECOND
) -> None:
    """An article of hour :data:`AT`, seen just before the end of the last hour in which it counts."""
    moment = scene.at(LAST + 1) - before_end
    scene.take(
        signal(
            f"late{number}",
            scene.at(AT, 5),
            feed=FEED_IDS[number % len(FEED_IDS)],
            observed_at=moment - SECOND if status is ArticleStatus.WITHDRAWN else moment,
            revised_at=moment,
            status=status,
        )
    )


def told(events: list[AlertEvent]) -> list[tuple[EventKind, EventReason]]:
    return [(event.event, event.reason) for event in events if event.key]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_what_comes_then_opens_an_alert_of_its_own_hour(rule: Rule) -> None:
    scene = Scene(rule)
    scene.close(LAST)
    for number in range(3):
        late(scene, number)
    (opened,) = [event for event in scene.events if event.key]
    assert opened.event is EventKind.OPENED
    assert opened.crossing == scene.at(AT)


def test_what_comes_a_moment_later_counts_for_nothing() -> None:
    scene = Scene(RULES["one hour"])
    scene.close(LAST)
    for number in range(3):
        late(scene, number, before_end=timedelta(0))
    scene.close(2)
    assert told(scene.events) == []


def test_it_is_taken_back_until_then() -> None:
    scene = Scene(RULES["one hour"])
    scene.close(LAST)
    for number in range(3):
        late(scene, number, before_end=2 * SECOND)
    late(scene, 0, ArticleStatus.WITHDRAWN, before_end=SECOND)
    assert told(scene.events)[-1] == (EventKind.RETRACTED, EventReason.EVIDENCE_GONE)
    assert told(scene.close(2)) == []


def test_it_ends_after_so_many_hours_of_calm_from_then_on() -> None:
    scene = Scene(RULES["one hour"])
    scene.close(LAST)
    for number in range(3):
        late(scene, number)
    scene.close(11)
    assert told(scene.events) == [(EventKind.OPENED, EventReason.CROSSED)]
    assert told(scene.close(1)) == [(EventKind.RESOLVED, EventReason.BACK_TO_NORMAL)]


@pytest.mark.parametrize(("seen", "updates"), [(LAST - 1, 1), (LAST, 0)])
def test_what_comes_late_is_told_while_its_window_may_be_asked_about_when_the_hour_ends(
    seen: int, updates: int
) -> None:
    scene = Scene(pair_rule("r", Threshold(count=3, within_h=48)))
    scene.close(AT)
    scene.articles(3)
    scene.close(seen - AT)
    scene.articles(1, hour=AT)
    assert told(scene.close(1)) == [(EventKind.UPDATED, EventReason.LATE_EVIDENCE)] * updates
