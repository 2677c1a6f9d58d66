"""Late news of feeds in shadow: it fills the floors of the hour it belongs to as long as that may change, and never counts."""

from __future__ import annotations

import pytest

from alerts.rules.model import Corroboration, Floors, Rule, Spike
from alerts.tracks.expecting import ExpectingTrack
from alerts.tracks.feed_roll import YOUNG_SHADOW_HOURS
from schemas.reasons import ArticleStatus, EventKind, EventReason
from tests.streams.records import coverage, pair_rule, signal
from tests.streams.scene import Scene, kinds

#: ``alfa`` (AZE) counts, ``charlie`` (GBR) is in shadow.
OLD, NEW = "alfa", "charlie"
TWO_PUBLISHERS = pair_rule("r", Spike(floors=Floors(stories=4, publishers=2, times=2.0)))
TWO_COUNTRIES = pair_rule("r", Spike(floors=Floors(stories=4, publishers=0, times=2.0))).model_copy(
    update={"corroborated_by": Corroboration(source_countries=2)}
)
both = pytest.mark.parametrize("rule", [TWO_PUBLISHERS, TWO_COUNTRIES], ids=["floor", "corroboration"])


def pass_hours(scene: Scene, hours: int, *feeds: str) -> None:
    for _ in range(hours):
        since = scene.at(scene.hour)
        scene.take(coverage(since, feeds=feeds, reached_back_to=since))
        scene.hour += 1


def burst(scene: Scene, hour: int, *, late: int = 0) -> None:
    """Let nine stories of the feed that counts come of ``hour``, ``late`` hours after it."""
    for minute in range(9):
        at = scene.at(hour, minute)
        scene.take(signal(f"o{hour}-{minute}", at, feed=OLD, observed_at=scene.at(hour + late, minute)))


def told_in_shadow(scene: Scene, hour: int, *, late: int, status: ArticleStatus = ArticleStatus.LIVE) -> None:
    """Let an article of the feed in shadow come of ``hour``, ``late`` hours after it; or be withdrawn a minute later."""
    observed = scene.at(hour + late, 10)
    revised = observed if status is ArticleStatus.LIVE else scene.at(hour + late, 11)
    scene.take(
        signal(f"n{hour}", scene.at(hour, 10), feed=NEW, observed_at=observed, revised_at=revised, status=status)
    )


def scene_with_shadow(rule: Rule) -> Scene:
    """Ten days of one feed; another one has been in shadow for an hour."""
    scene = Scene(rule)
    pass_hours(scene, 24 * 10, OLD)
    pass_hours(scene, 1, OLD, NEW)
    assert list(track_of(scene).joining.roll.shadows) == [NEW]
    return scene


def track_of(scene: Scene) -> ExpectingTrack[Spike]:
    track = scene.engine.rules["r"].tracks[0]
    assert isinstance(track, ExpectingTrack)
    return track


@both
def test_an_alert_opens_when_the_late_article_of_a_feed_in_shadow_corroborates_it(rule: Rule) -> None:
    scene = scene_with_shadow(rule)
    hour = scene.hour
    burst(scene, hour)
    pass_hours(scene, 12, OLD, NEW)
    assert kinds(scene.events) == []
    told_in_shadow(scene, hour, late=12)
    (opened,) = [e for e in scene.events if e.event is EventKind.OPENED]
    assert (opened.counts.stories, opened.counts.publishers, opened.counts.articles) == (9, 2, 9)
    assert opened.detail == "not counted yet, but told by northern"


@both
def test_later_than_counts_may_change_it_corroborates_nothing(rule: Rule) -> None:
    scene = scene_with_shadow(rule)
    hour = scene.hour
    burst(scene, hour)
    pass_hours(scene, 25, OLD, NEW)
    told_in_shadow(scene, hour, late=25)
    pass_hours(scene, 2, OLD, NEW)
    assert kinds(scene.events) == []


@both
def test_whether_the_stories_or_their_corroboration_come_late_is_the_same(rule: Rule) -> None:
    alerts = []
    for stories_late in (False, True):
        scene = scene_with_shadow(rule)
        hour = scene.hour
        if stories_late:
            told_in_shadow(scene, hour, late=0)
            pass_hours(scene, 9, OLD, NEW)
            burst(scene, hour, late=9)
        else:
            burst(scene, hour)
            pass_hours(scene, 9, OLD, NEW)
            told_in_shadow(scene, hour, late=9)
        pass_hours(scene, 1, OLD, NEW)
        (opened,) = [e for e in scene.events if e.event is EventKind.OPENED]
        alerts.append((opened.alert_id, opened.counts))
    assert alerts[0][0] == alerts[1][0]
    # One alert. Where the stories are what comes late, it opens as soon as enough of them have come.
    (_, at_once), (_, late) = alerts
    assert (at_once.stories, at_once.publishers) == (9, 2)
    assert late.stories <= at_once.stories
    assert late.publishers == 2


@both
def test_withdrawn_within_the_day_it_takes_the_alert_with_it(rule: Rule) -> None:
    scene = scene_with_shadow(rule)
    hour = scene.hour
    burst(scene, hour)
    told_in_shadow(scene, hour, late=0)
    pass_hours(scene, 6, OLD, NEW)
    told_in_shadow(scene, hour, late=6, status=ArticleStatus.WITHDRAWN)
    last = scene.events[-1]
    assert kinds(scene.events) == [EventKind.OPENED, EventKind.RETRACTED]
    assert last.reason is EventReason.EVIDENCE_GONE
    assert last.counts.publishers == 1


@both
def test_what_it_told_while_in_shadow_does_not_count_when_it_comes_after_the_join(rule: Rule) -> None:
    """Whether an article counts is a matter of its hour: late news of before is still only corroboration."""
    scene = scene_with_shadow(rule)
    pass_hours(scene, YOUNG_SHADOW_HOURS + 25 + 2, OLD, NEW)
    assert track_of(scene).joining.roll.shadows == {}
    before = scene.hour - 10
    assert not track_of(scene).joining.roll.counts(NEW, track_of(scene)._first_and_open()[0] + before)
    told_in_shadow(scene, before, late=10)
    first, newest = track_of(scene)._first_and_open()
    assert track_of(scene).articles.counts("AZE-RUS", first, newest).stories == 0
    counts = track_of(scene).counts("AZE-RUS", first, newest)
    assert (counts.stories, counts.publishers) == (0, 1)
    told_in_shadow(scene, scene.hour, late=0)
    assert track_of(scene).articles.counts("AZE-RUS", first, newest).stories == 1
