"""What comes late, is edited or withdrawn after an alert opened: told where the numbers it opened on differ, and once."""

from __future__ import annotations

import pytest

from alerts.engine_state import restore, snapshot
from alerts.rules.model import (
    Confirm,
    Detector,
    New,
    PartOf,
    Ratio,
    Record,
    Rule,
    Shift,
    Spike,
    Threshold,
    Zscore,
)
from schemas.alert_event import AlertEvent
from schemas.reasons import ArticleStatus, EventKind, EventReason, Tone
from tests.streams.records import FEED_IDS, pair_rule, signal
from tests.streams.scene import Scene

RULE = pair_rule("r", Threshold(count=3, within_h=6))

LATE = (EventKind.UPDATED, EventReason.LATE_EVIDENCE)
CHANGED = (EventKind.UPDATED, EventReason.EVIDENCE_CHANGED)


def told(events: list[AlertEvent]) -> list[tuple[EventKind, EventReason]]:
    return [(event.event, event.reason) for event in events if event.key]


def opened(rule: Rule = RULE, articles: int = 3) -> tuple[Scene, list[str]]:
    """A scene whose alert opened in hour 30."""
    scene = Scene(rule)
    scene.close(30)
    return scene, scene.articles(articles)


def revise(scene: Scene, article: str, status: ArticleStatus, minute: int = 20) -> list[AlertEvent]:
    now = scene.at(scene.hour, minute)
    return scene.take(signal(article, scene.at(30, 5), feed=FEED_IDS[0], revised_at=now, status=status))


def test_what_comes_on_time_is_no_update() -> None:
    scene, _ = opened()
    scene.articles(1)
    scene.close(1)
    scene.articles(1, hour=30)  # of the hour before: feeds are polled that late
    assert told(scene.close(24))[1:] == []
    assert told(scene.events)[:1] == [(EventKind.OPENED, EventReason.CROSSED)]


def test_what_two_pollers_wrote_of_one_article_counts_once() -> None:
    """The same revision twice, or another one a moment later as of the same words, in whatever order they lie in the log."""
    for at, again in ((5, 5), (5, 7), (7, 5)):
        scene = Scene(RULE)
        scene.close(30)
        for minute in (at, again):
            scene.take(signal("twice", scene.at(30, 1), feed=FEED_IDS[0], observed_at=scene.at(30, minute)))
        scene.articles(1)
        assert told(scene.events) == []
        scene.articles(1)
        (opened_event,) = [event for event in scene.events if event.key]
        assert opened_event.counts.articles == 3


def test_what_comes_late_is_one_update_at_the_end_of_the_hour() -> None:
    scene, _ = opened()
    scene.close(4)
    scene.articles(2, hour=29)
    assert told(scene.events) == [(EventKind.OPENED, EventReason.CROSSED)]
    (updated,) = scene.close(1)
    assert told([updated]) == [LATE]
    assert updated.counts.stories == 5
    assert updated.detail == "3 stories, 3 publishers before"
    assert updated.alert_id == scene.events[-2].alert_id
    assert LATE not in told(scene.close(20))


def test_late_copies_of_a_known_publisher_change_no_number() -> None:
    scene, ids = opened()
    scene.close(4)
    copy = signal("copy", scene.at(30, 50), feed=FEED_IDS[0], observed_at=scene.at(34), wording=ids[0])
    assert told(scene.take(copy)) == []
    assert told(scene.close(1)) == []


def test_what_lies_outside_its_window_is_no_matter_of_it() -> None:
    scene, _ = opened()
    scene.close(6)
    scene.articles(1, hour=24)  # before the window of six hours
    scene.articles(1, hour=31)  # after it
    assert told(scene.close(4)) == []


def test_after_a_day_nothing_is_late_any_more() -> None:
    scene, _ = opened(pair_rule("r", Threshold(count=3, within_h=48)))
    scene.close(25)
    scene.articles(1, hour=30)
    assert told(scene.close(2)) == []


def test_what_is_withdrawn_is_told_at_once_and_what_is_added_meanwhile_with_it() -> None:
    scene, ids = opened(articles=4)
    scene.close(4)
    assert told(revise(scene, ids[0], ArticleStatus.WITHDRAWN)) == [CHANGED]
    assert scene.events[-1].counts.stories == 3
    assert told(revise(scene, ids[0], ArticleStatus.LIVE, minute=30)) == []
    assert told(scene.close(1)) == [LATE]
    assert told(scene.close(1)) == []


def test_an_edit_that_changes_no_number_is_no_update() -> None:
    scene, ids = opened(articles=4)
    scene.close(4)
    assert told(revise(scene, ids[0], ArticleStatus.LIVE)) == []
    assert told(scene.close(2)) == []


def test_news_that_comes_and_goes_within_an_hour_is_told_once_at_most() -> None:
    scene, _ = opened()
    scene.close(4)
    (late,) = scene.articles(1, hour=30)
    n = scene._articles - 1
    for minute in range(21, 40):
        status = ArticleStatus.WITHDRAWN if minute % 2 else ArticleStatus.LIVE
        scene.take(
            signal(late, scene.at(30, 5), feed=FEED_IDS[n % 6], revised_at=scene.at(scene.hour, minute), status=status)
        )
    assert told(scene.events).count(LATE) == 0
    assert told(scene.close(1)) == []


def test_withdrawn_below_the_bar_it_is_taken_back_and_not_updated() -> None:
    scene, ids = opened()
    scene.close(4)
    assert told(revise(scene, ids[0], ArticleStatus.WITHDRAWN)) == [(EventKind.RETRACTED, EventReason.EVIDENCE_GONE)]


@pytest.mark.parametrize("detector", [Threshold(count=3, within_h=6), Spike()])
def test_restarts_change_nothing(detector: Threshold | Spike) -> None:
    scenes = [Scene(pair_rule("r", detector)), Scene(pair_rule("r", detector))]
    for scene in scenes:
        scene.close(200)
        scene.articles(12)
        for hour in range(12):
            scene.close(1)
            if scene is scenes[1]:
                scene.engine = restore(snapshot(scene.engine))
            scene.articles(2 if hour in (3, 7) else 0, hour=200)
    assert scenes[0].events == scenes[1].events
    assert told(scenes[0].events).count(LATE) == 2


@pytest.mark.parametrize(
    "detector",
    [
        Threshold(count=6, within_h=6),
        Spike(),
        New(quiet_for_h=72, confirm=Confirm(stories=2, publishers=2)),
        Shift(to=PartOf(tones=(Tone.CONFLICT,))),
        Ratio(),
        Zscore(),
        Record(baseline_h=240),
    ],
    ids=lambda detector: detector.kind,
)
def test_whatever_rang_is_taken_back_when_all_of_it_is_withdrawn(detector: Detector) -> None:
    """All but a drop, which stands on nothing, and a cusum, which stands on weeks that cannot be withdrawn any more."""
    scene = Scene(pair_rule("r", detector))
    if not isinstance(detector, New):
        scene.close(24 * 12, each=0)
        for _ in range(6):  # Some normal, too old to be withdrawn.
            scene.articles(1)
            scene.close(20)
    else:
        scene.close(100)
    scene.close(30)
    first = scene.hour
    ids = [f"w{n}" for n in range(12)]
    moments = [scene.at(first, 5 + n) for n in range(len(ids))]
    for n, moment in enumerate(moments):
        scene.take(signal(ids[n], moment, feed=FEED_IDS[n % 6], tone=Tone.CONFLICT))
    scene.close(2)
    alert = next(event for event in scene.events if event.event is EventKind.OPENED)
    gone: list[AlertEvent] = []
    for n, moment in enumerate(moments):
        now = scene.at(scene.hour, 20 + n)
        gone += scene.take(signal(ids[n], moment, feed=FEED_IDS[n % 6], revised_at=now, status=ArticleStatus.WITHDRAWN))
    taken_back = [event for event in gone if event.event is EventKind.RETRACTED]
    assert [event.alert_id for event in taken_back] == [alert.alert_id]
    assert gone[-1] is taken_back[0]
    assert EventKind.OPENED not in [event.event for event in scene.close(40)]
