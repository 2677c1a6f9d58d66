"""What was looked at decides what may be said: engine time, blindness, lateness, the publishers there are."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.rules.model import AnyActor, Floors, NamedActors, PairPart, Spike, Threshold
from schemas.control import ExtractorChanged
from schemas.ids import hour_of
from schemas.reasons import ArticleStatus, EventKind, EventReason, EventTimeReason
from tests.streams.records import FEED_IDS, HOUR, coverage, pair_rule, signal
from tests.streams.scene import Scene, kinds

RULE = pair_rule("r", Threshold(count=3, within_h=6))
MOST = FEED_IDS[:4]
SECOND = timedelta(seconds=1)


def started(*, hours: int = 30) -> Scene:
    scene = Scene(RULE)
    scene.close(hours)
    return scene


def counted(scene: Scene, hour: int) -> int:
    return scene.engine.rules["r"].tracks[0].verdict("AZE-RUS", scene.first_hour + hour).count


@pytest.mark.parametrize(("early", "counts"), [(SECOND, 1), (timedelta(0), 0), (-HOUR, 0)])
def test_an_article_counts_iff_it_was_seen_before_25_hours_after_its_hour_began(early: timedelta, counts: int) -> None:
    scene = started()
    scene.hour = 31
    for hour in range(30, 54):  # Engine time is an hour behind: the hour itself is still open to change.
        scene.take(coverage(scene.at(hour), reached_back_to=scene.at(hour)))
    seen = scene.at(30) + 25 * HOUR - early
    scene.take(signal("late", scene.at(30, 40), observed_at=seen))
    assert counted(scene, 30) == counts


@pytest.mark.parametrize("status", [ArticleStatus.LIVE, ArticleStatus.WITHDRAWN])
def test_a_revision_that_comes_too_late_changes_nothing(status: ArticleStatus) -> None:
    scene = started()
    scene.take(signal("a", scene.at(30, 5)))
    for hour in range(30, 54):
        scene.take(coverage(scene.at(hour), reached_back_to=scene.at(hour)))
    late = scene.at(55)
    scene.take(signal("a", scene.at(30, 5), observed_at=scene.at(30, 6), revised_at=late, status=status, pair=None))
    assert counted(scene, 30) == 1
    in_time = late - SECOND
    scene.take(signal("a", scene.at(30, 5), observed_at=scene.at(30, 6), revised_at=in_time, status=status, pair=None))
    assert counted(scene, 30) == 0


def test_an_undated_item_that_may_be_old_never_counts() -> None:
    scene = started()
    for n in range(5):
        scene.take(signal(f"b{n}", scene.at(30, n), reason=EventTimeReason.BACKFILL))
    assert kinds(scene.events) == []


def test_a_stalled_partition_stops_time_and_completes_no_hour() -> None:
    scene = Scene(RULE)
    for hour in range(60):
        for partition in (0, 1):
            if partition == 0 or hour < 30:
                scene.take(coverage(scene.at(hour), partition=partition, partitions=2, reached_back_to=scene.at(hour)))
    assert scene.engine.now == scene.at(30)
    assert scene.engine.open == hour_of(scene.at(30))
    scene.take(coverage(scene.at(30), partition=1, partitions=2))
    assert scene.engine.now == scene.at(31)


def test_while_most_feeds_fail_nothing_ends_and_it_is_told_once() -> None:
    scene = started(hours=200)
    scene.close(each=3)
    during = scene.close(40, failing=MOST)
    assert [(e.event, bool(e.alert_id), e.blind_feeds) for e in during] == [
        (EventKind.BLIND, False, MOST),
        (EventKind.BLIND, True, MOST),
    ]
    after = scene.close(40)
    assert kinds(after, rules_too=True) == [EventKind.SIGHTED, EventKind.SIGHTED, EventKind.RESOLVED]
    assert {e.reason for e in after[:2]} == {EventReason.COVERAGE_BACK}


def test_another_set_of_failing_feeds_is_told_again() -> None:
    scene = started(hours=200)
    assert kinds(scene.close(5, failing=MOST), rules_too=True) == [EventKind.BLIND]
    (more,) = scene.close(5, failing=FEED_IDS[:5])
    assert (more.event, more.blind_feeds) == (EventKind.BLIND, FEED_IDS[:5])
    assert kinds(scene.close(5), rules_too=True) == [EventKind.SIGHTED]


def test_a_third_of_the_feeds_failing_is_not_blindness() -> None:
    scene = started(hours=200)
    scene.close(each=3)
    assert kinds(scene.close(40, failing=FEED_IDS[:2]), rules_too=True) == [EventKind.RESOLVED]


def test_no_more_publishers_are_asked_for_than_there_are_and_no_fewer_than_two() -> None:
    # Six feeds are five publishers: two are of one group.
    for feeds, needed in ((FEED_IDS, 6), (FEED_IDS[:3], 3), (FEED_IDS[:1], 2)):
        scene = Scene(pair_rule("r", Spike(floors=Floors(stories=1, publishers=5))))
        for hour in range(24 * 8):
            scene.take(coverage(scene.at(hour), feeds=feeds, reached_back_to=scene.at(hour)))
        scene.hour = 24 * 8
        for n in range(needed):
            assert kinds(scene.events) == []
            for story in range(
                9
            ):  # What a feed nobody has polled yet brings corroborates only: one alone must suffice.
                moment = scene.at(scene.hour, n)
                scene.take(signal(f"{n}-{story}", moment, feed=FEED_IDS[n], observed_at=moment))
        assert kinds(scene.events)[:1] == [EventKind.OPENED], feeds


def test_the_backlog_of_the_first_poll_is_history() -> None:
    """Three weeks come with the first poll: normal is known, and what is normal does not ring."""
    scene = Scene(pair_rule("r", Spike()))
    old = [signal(f"old{n}", scene.at(-n, 7), feed=FEED_IDS[n % 6], observed_at=scene.at(0, 1)) for n in range(1, 500)]
    for record in old:
        scene.take(record)
    scene.take(coverage(scene.at(0), scene.at(0, 1), reached_back_to=scene.at(-500)))
    (ready,) = [e for e in scene.events if e.event is EventKind.RULE_READY]
    assert ready.detail == "knows 20.8 days of history"
    assert kinds(scene.close(24, each=1)) == []
    scene.articles(60)
    (opened,) = [e for e in scene.events if e.event is EventKind.OPENED]
    assert (opened.reason, opened.learning) == (EventReason.CROSSED, False)
    assert opened.expected is not None
    assert opened.expected > 3


def test_an_obvious_burst_on_the_first_day_rings_with_its_mark() -> None:
    scene = Scene(pair_rule("r", Spike()))
    scene.close(10)
    scene.articles(12)
    (opened,) = [e for e in scene.events if e.event is EventKind.OPENED]
    assert (opened.reason, opened.learning) == (EventReason.LEARNING, True)


def test_withdrawn_within_a_day_an_alert_is_taken_back_and_edited_it_is_updated() -> None:
    scene = started(hours=200)
    ids = scene.articles(4)
    scene.close(3)

    def revise(article: str, feed: str) -> list[EventKind]:
        now = scene.at(scene.hour, 10)
        gone = ArticleStatus.WITHDRAWN
        moment = scene.at(200, 5 + ids.index(article))
        return kinds(scene.take(signal(article, moment, feed=feed, observed_at=moment, revised_at=now, status=gone)))

    assert revise(ids[0], FEED_IDS[0]) == [EventKind.UPDATED]
    assert revise(ids[1], FEED_IDS[1]) == [EventKind.RETRACTED]


def test_half_of_the_feeds_is_not_below_half() -> None:
    scene = started(hours=200)
    assert scene.close(5, failing=FEED_IDS[:3]) == []


def test_the_exposure_of_an_hour_is_kept_until_a_long_window_learns_it() -> None:
    scene = Scene(pair_rule("r", Spike(windows_h=(24, 168))))
    scene.close(24 * 9)
    learnt_next = (scene.engine.open or 0) - 169
    assert scene.engine.coverage.exposure(FEED_IDS[0], learnt_next) == 1.0


def test_a_record_that_counts_nothing_names_no_extractor() -> None:
    """A doubled record of long ago must not bring the version of its day back into today's alerts."""
    scene = started(hours=60)
    old = signal("old", scene.at(3), observed_at=scene.at(3)).model_copy(update={"extractor_version": "of long ago"})
    scene.take(old)
    scene.articles(3)
    assert scene.events[-1].extractor_versions == ("invented",)


@pytest.mark.parametrize(("days", "named"), [(1, True), (13, True), (15, False)])
def test_an_alert_names_what_changed_within_fourteen_days(days: int, named: bool) -> None:
    """An extractor that was replaced and a feed that failed and came back: who reads the alert knows that counts may shift."""
    scene = Scene(pair_rule("r", Threshold(count=3, within_h=6)))
    scene.close(24 * 3)
    scene.take(signal("before", scene.at(scene.hour, 5), pair=None))
    scene.close(2, failing=FEED_IDS[2:3])
    changed = ExtractorChanged(
        extractor_version="new", previous="invented", partition=0, changed_at=scene.at(scene.hour)
    )
    scene.take(changed)
    scene.close(24 * days)
    moment = scene.at(scene.hour, 5)
    for n in range(3):
        made = signal(f"n{n}", moment, feed=FEED_IDS[n])
        scene.take(made.model_copy(update={"extractor_version": "new"}))
    (opened,) = [event for event in scene.events if event.event is EventKind.OPENED]
    assert opened.extractor_versions == (("invented", "new") if named else ("new",))
    assert opened.feeds_changed == (FEED_IDS[2:3] if named else ())


def test_a_key_that_rests_is_not_one_too_many() -> None:
    rule = pair_rule("r", Threshold(count=2, within_h=2, resolve_after_h=1, cooldown_h=48))
    part = PairPart(one=(NamedActors(ids=("AZE",)),), other=(AnyActor(),))
    scene = Scene(rule.model_copy(update={"watch": rule.watch.model_copy(update={"pair": part}), "limit": 1}))
    scene.close(200)
    scene.articles(2)
    scene.close(6)
    scene.articles(2, pair=("AZE", "TUR"))
    scene.articles(2)  # Crosses within its rest, while the one alert there may be is open.
    assert kinds(scene.events, rules_too=True)[1:] == [EventKind.OPENED, EventKind.RESOLVED, EventKind.OPENED]
