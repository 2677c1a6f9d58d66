"""A feed that joins counts together with what is expected of it: a week in shadow first, and out of both when it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pytest

from alerts.engine_state import restore, snapshot
from alerts.rules.model import (
    Corroboration,
    Cusum,
    Drop,
    Floors,
    PartOf,
    Ratio,
    Record,
    Shift,
    Spike,
    Threshold,
    Unit,
    Zscore,
)
from alerts.tracks.baseline import BaselineTrack
from alerts.tracks.expecting import ExpectingTrack
from alerts.tracks.feed_roll import SHADOW_HOURS
from alerts.tracks.hourly import HourlyTrack
from alerts.tracks.shift import ShiftTrack
from schemas.alert_event import AlertEvent
from schemas.ids import hour_of
from schemas.reasons import EventKind, Tone
from tests.streams.records import FEED_IDS, coverage, pair_rule, signal
from tests.streams.scene import Scene, kinds

OLD, NEW = FEED_IDS[:2], FEED_IDS[2:]
RULE = pair_rule("r", Spike(floors=Floors(stories=4, publishers=2, times=2.0)))
#: Hours from the one a feed appears in to the first it counts in: the next whole ones, learnt 25 h later, and one more.
UNTIL_JOINED = 1 + SHADOW_HOURS + 24 + 1


def track_of(scene: Scene) -> BaselineTrack[Spike]:
    track = scene.engine.rules["r"].tracks[0]
    assert isinstance(track, BaselineTrack)
    return track


def play(
    scene: Scene, hours: int, *, feeds: Sequence[str], each: Sequence[str] = (), every: int = 1
) -> list[AlertEvent]:
    """Let ``hours`` pass in which ``feeds`` are polled; those of ``each`` bring a story every so many hours."""
    before = len(scene.events)
    for _ in range(hours):
        if scene.hour % every == 0:
            tell(scene, each)
        since = scene.at(scene.hour)
        scene.take(coverage(since, feeds=feeds, reached_back_to=since))
        scene.hour += 1
    return scene.events[before:]


def tell(
    scene: Scene,
    feeds: Sequence[str],
    *,
    minute: int = 5,
    wording: str | None = None,
    tone: Tone = Tone.NEUTRAL,
) -> None:
    for feed in feeds:
        name = f"{scene.hour}-{minute}-{feed}"
        scene.take(signal(name, scene.at(scene.hour, minute), feed=feed, wording=wording, tone=tone))


def any_track_of(scene: Scene) -> ExpectingTrack[Spike]:
    track = scene.engine.rules["r"].tracks[0]
    assert isinstance(track, ExpectingTrack)
    return track


def count(scene: Scene) -> int:
    """What the open hour counts."""
    return any_track_of(scene).articles.unit_in("AZE-RUS", scene.engine.open or 0, Unit.STORIES)


def expected(scene: Scene, ago: int = 0) -> float:
    assert track_of(scene).share is not None
    return track_of(scene).share.scores(1, (scene.engine.open or 0) - ago)[1].expected  # type: ignore[union-attr]


@lru_cache
def _four_weeks() -> tuple[bytes, int]:
    scene = Scene(RULE)
    play(scene, 24 * 28, feeds=OLD, each=OLD, every=2)
    return snapshot(scene.engine), scene.hour


def with_old_feeds() -> Scene:
    """Four weeks in which two feeds bring a story every second hour."""
    scene = Scene(RULE)
    state, scene.hour = _four_weeks()
    scene.engine = restore(state)
    return scene


@pytest.fixture(scope="module")
def joined() -> tuple[Scene, list[AlertEvent], list[int], list[float]]:
    """Four feeds that triple everything: their scene, what it rang, and hour by hour its counts and expectations."""
    scene = with_old_feeds()
    events, counts, normal = [], [], []
    for _ in range(UNTIL_JOINED + 72):
        events += play(scene, 1, feeds=FEED_IDS, each=FEED_IDS, every=2)
        counts.append(
            track_of(scene).articles.counts("AZE-RUS", (scene.engine.open or 0) - 24, scene.engine.open or 0).stories
        )
        normal.append(expected(scene, ago=1))
    return scene, events, counts, normal


def test_feeds_that_triple_everything_ring_nothing(
    joined: tuple[Scene, list[AlertEvent], list[int], list[float]],
) -> None:
    _, events, counts, _ = joined
    assert kinds(events) == []
    assert counts[-1] == pytest.approx(3 * counts[0], abs=3)


def test_they_do_not_count_before_a_week_of_them_is_learnt(
    joined: tuple[Scene, list[AlertEvent], list[int], list[float]],
) -> None:
    _, _, counts, _ = joined
    before = counts[: UNTIL_JOINED - 1]
    assert max(before) <= min(before) + 2
    assert counts[UNTIL_JOINED + 2] > max(before)


def test_what_is_expected_rises_together_with_what_counts(
    joined: tuple[Scene, list[AlertEvent], list[int], list[float]],
) -> None:
    _, _, counts, normal = joined
    for seen, mean in list(zip(counts, normal, strict=True))[48:]:
        assert 0.6 * mean < seen < 1.5 * mean


def test_what_was_scored_before_the_join_stays_as_it_was() -> None:
    scene = with_old_feeds()
    play(scene, UNTIL_JOINED - 2, feeds=FEED_IDS, each=FEED_IDS, every=2)
    hour = scene.engine.open or 0
    track = track_of(scene)
    assert track.share is not None
    before = [window for ago in range(1, 20) for window in track.share.scores(1, hour - ago)]
    play(scene, 1, feeds=FEED_IDS, each=FEED_IDS, every=2)
    after = [window for ago in range(1, 20) for window in track.share.scores(1, hour - ago)]
    assert not track.joining.roll.shadows
    for one, other in zip(before, after, strict=True):
        assert (one.count, one.score, one.expected) == pytest.approx((other.count, other.score, other.expected))
        assert other.coverage == pytest.approx(1.0)


def test_a_rule_tells_who_is_in_shadow_and_until_when() -> None:
    scene = with_old_feeds()
    play(scene, 30, feeds=FEED_IDS)
    state = scene.engine.rules["r"]
    shadows = state.shadows()
    assert list(shadows) == sorted(NEW)
    first = shadows[NEW[0]]
    assert state.only_corroborates(NEW[0], first - 1)
    play(scene, UNTIL_JOINED - 30, feeds=FEED_IDS)
    assert state.shadows() == {}
    assert [state.only_corroborates(NEW[0], hour) for hour in (first - 1, first)] == [True, False]
    assert scene.engine.open == first


def test_feeds_in_shadow_corroborate_and_are_named() -> None:
    """Nine stories of one feed that counts, and one of a feed in shadow: two publishers, nine stories."""
    scene = Scene(RULE)
    play(scene, 24 * 10, feeds=OLD[:1])
    play(scene, 24, feeds=[OLD[0], NEW[0]])
    for minute in range(9):
        tell(scene, [OLD[0]], minute=minute)
        assert kinds(scene.events) == []
    tell(scene, [NEW[0]], minute=9)
    (opened,) = [e for e in scene.events if e.event is EventKind.OPENED]
    assert (opened.counts.stories, opened.counts.publishers, opened.counts.articles) == (9, 2, 9)
    assert opened.detail == "not counted yet, but told by northern"
    assert opened.feeds_changed == (NEW[0],)
    assert len(opened.evidence) == 9


def test_feeds_in_shadow_bring_the_second_country() -> None:
    rule = RULE.model_copy(update={"corroborated_by": Corroboration(source_countries=2)})
    scene = Scene(rule)
    play(scene, 24 * 10, feeds=OLD[:1])
    play(scene, 24, feeds=[OLD[0], NEW[0]])
    for minute in range(9):
        tell(scene, [OLD[0]], minute=minute)
    tell(scene, [NEW[0]], minute=9)
    assert kinds(scene.events) == [EventKind.OPENED]


def test_what_expects_nothing_counts_a_joining_feed_at_once() -> None:
    scene = Scene(pair_rule("r", Threshold(count=3, within_h=6)))
    play(scene, 24 * 10, feeds=OLD)
    play(scene, 1, feeds=FEED_IDS)
    tell(scene, NEW[:3])
    assert kinds(scene.events) == [EventKind.OPENED]


def test_a_feed_that_comes_while_nothing_is_learnt_was_merely_not_seen_before() -> None:
    scene = Scene(RULE)
    play(scene, 10, feeds=OLD)
    play(scene, 2, feeds=FEED_IDS)
    tell(scene, NEW)
    assert count(scene) == 4
    assert track_of(scene).joining.roll.shadows == {}


def test_a_young_baseline_asks_for_a_day_in_shadow() -> None:
    scene = Scene(RULE)
    play(scene, 48, feeds=OLD)
    play(scene, 24 + 24, feeds=FEED_IDS)
    assert track_of(scene).joining.roll.shadows != {}
    play(scene, 1, feeds=FEED_IDS)
    assert track_of(scene).joining.roll.shadows == {}


def test_a_feed_that_was_not_seen_waits_in_the_shadow() -> None:
    scene = with_old_feeds()
    since = scene.hour
    while scene.hour < since + UNTIL_JOINED + 24:
        moment = scene.at(scene.hour)
        scene.take(coverage(moment, feeds=FEED_IDS, failing=NEW[:1], reached_back_to=moment))
        scene.hour += 1
    assert list(track_of(scene).joining.roll.shadows) == [NEW[0]]


@pytest.fixture(scope="module")
def left() -> Scene:
    """Six feeds for five weeks; then the four that bring two thirds of everything are removed."""
    scene = Scene(RULE)
    play(scene, 24 * 35, feeds=FEED_IDS, each=FEED_IDS, every=2)
    play(scene, 24 * 3, feeds=OLD, each=OLD, every=2)
    return scene


def test_after_feeds_have_left_less_is_expected_and_nobody_is_blind(left: Scene) -> None:
    window = track_of(left).share.scores(1, (left.engine.open or 0) - 1)[1]  # type: ignore[union-attr]
    assert window.expected == pytest.approx(24, rel=0.3)
    assert window.coverage == pytest.approx(1.0)
    since = [e for e in left.events if e.at > left.at(24 * 35)]
    assert kinds(since, rules_too=True) == []


def test_a_feed_that_comes_back_counts_at_once_with_what_it_used_to_bring(left: Scene) -> None:
    scene = Scene(RULE)
    scene.engine, scene.hour = restore(snapshot(left.engine)), left.hour
    rang = play(scene, 24 * 3, feeds=FEED_IDS, each=FEED_IDS, every=2)
    assert kinds(rang) == []
    assert track_of(scene).joining.roll.shadows == {}
    assert expected(scene, ago=1) == pytest.approx(72, rel=0.3)


def test_without_feeds_that_left_a_drop_is_not_taken_for_silence() -> None:
    scene = Scene(pair_rule("r", Drop()))
    play(scene, 24 * 28, feeds=FEED_IDS, each=FEED_IDS)
    assert kinds(play(scene, 24 * 4, feeds=OLD, each=OLD)) == []
    silent = play(scene, 48, feeds=OLD)
    assert EventKind.OPENED in kinds(silent)


def test_those_who_take_the_place_of_all_count_at_once() -> None:
    scene = with_old_feeds()
    play(scene, 3, feeds=NEW)
    before = count(scene)
    tell(scene, NEW)
    assert count(scene) == before + len(NEW)
    assert track_of(scene).joining.roll.shadows == {}


def test_where_nobody_was_the_first_feeds_count_at_once() -> None:
    scene = Scene(RULE)
    play(scene, 48, feeds=())
    play(scene, 2, feeds=NEW)
    tell(scene, NEW)
    assert count(scene) == len(NEW)


def test_a_cusum_looks_back_over_the_join() -> None:
    """The week it shows holds six days without the new feeds: they are no less than normal, and no more."""
    scene = Scene(pair_rule("r", Cusum()))
    play(scene, 24 * 35, feeds=OLD, each=OLD, every=2)
    rang = play(scene, UNTIL_JOINED + 24 * 3, feeds=FEED_IDS, each=FEED_IDS, every=2)
    assert kinds(rang) == []
    verdict = scene.engine.rules["r"].tracks[0].verdict("AZE-RUS", (scene.engine.open or 0) - 1)
    assert verdict.expected == pytest.approx(verdict.count, rel=0.3)


@pytest.mark.parametrize("hours", [24, UNTIL_JOINED - 1, UNTIL_JOINED + 3])
def test_a_snapshot_goes_on_exactly(hours: int) -> None:
    scene = with_old_feeds()
    play(scene, hours, feeds=FEED_IDS, each=FEED_IDS, every=2)
    other = Scene(RULE)
    other.engine, other.hour = restore(snapshot(scene.engine)), scene.hour
    for each in (scene, other):
        play(each, UNTIL_JOINED + 24 - hours, feeds=FEED_IDS, each=FEED_IDS, every=2)
    one, same = track_of(scene).share, track_of(other).share
    assert one is not None
    assert same is not None
    for name in one.bank.ARRAYS:
        assert np.array_equal(getattr(one.bank, name)[..., :2], getattr(same.bank, name)[..., :2]), name
    assert snapshot(scene.engine) == snapshot(other.engine)
    assert hour_of(scene.at(scene.hour)) == scene.engine.open


# -- a ratio, a z-score, a record, a share --------------------------------------------------------------------------------

PLAIN = (Ratio(), Zscore(), Record(baseline_h=24 * 14))
CONFLICT = Shift(to=PartOf(tones=(Tone.CONFLICT,)))


@pytest.mark.parametrize("detector", PLAIN, ids=lambda detector: detector.kind)
def test_feeds_that_triple_everything_ring_nothing_plain_either(detector: Ratio | Zscore | Record) -> None:
    scene = Scene(pair_rule("r", detector))
    play(scene, 24 * 27, feeds=OLD, each=OLD, every=2)
    for minute in range(10, 13):  # One day is fuller than the others: what comes as evenly as here is a record soon.
        tell(scene, OLD, minute=minute)
    play(scene, 24, feeds=OLD, each=OLD, every=2)
    rang, counts = [], []
    for _ in range(UNTIL_JOINED + 60):
        rang += play(scene, 1, feeds=FEED_IDS, each=FEED_IDS, every=2)
        verdict = scene.engine.rules["r"].tracks[0].verdict("AZE-RUS", (scene.engine.open or 0) - 1)
        assert verdict.expected == pytest.approx(verdict.count, rel=0.4, abs=3)
        counts.append(verdict.count)
    assert EventKind.OPENED not in kinds(rang)
    assert counts[-1] == pytest.approx(3 * counts[0], abs=3)
    for minute in range(10, 40):
        tell(scene, FEED_IDS, minute=minute)
    assert EventKind.OPENED in kinds(scene.events)


@pytest.mark.parametrize("detector", [*PLAIN, CONFLICT], ids=lambda detector: detector.kind)
def test_every_detector_that_expects_something_has_its_new_feeds_in_shadow(
    detector: Ratio | Zscore | Record | Shift,
) -> None:
    scene = Scene(pair_rule("r", detector))
    play(scene, 24 * 28, feeds=OLD)
    play(scene, UNTIL_JOINED - 2, feeds=FEED_IDS)
    state = scene.engine.rules["r"]
    assert state.shadows() == dict.fromkeys(sorted(NEW), (scene.engine.open or 0) + 2)
    play(scene, 1, feeds=FEED_IDS)
    before = count(scene)
    tell(scene, NEW)
    assert count(scene) == before
    assert state.only_corroborates(NEW[0], scene.engine.open or 0)
    play(scene, 1, feeds=FEED_IDS)
    assert state.shadows() == {}
    tell(scene, NEW)
    assert count(scene) == len(NEW)


def test_a_ratio_in_shadow_is_corroborated() -> None:
    scene = Scene(pair_rule("r", Ratio(floors=Floors(stories=4, publishers=2))))
    play(scene, 24 * 10, feeds=OLD[:1])
    play(scene, 24, feeds=[OLD[0], NEW[0]])
    for minute in range(9):
        tell(scene, [OLD[0]], minute=minute)
    assert kinds(scene.events) == []
    tell(scene, [NEW[0]], minute=9)
    (opened,) = [e for e in scene.events if e.event is EventKind.OPENED]
    assert (opened.counts.stories, opened.counts.publishers) == (9, 2)
    assert opened.detail == "not counted yet, but told by northern"


def hostile(scene: Scene, hours: int, *, of_old: int, of_new: int, feeds: Sequence[str]) -> list[AlertEvent]:
    """Let hours pass: every second one each feed brings a story; every so many of an old or a new feed's is of conflict."""
    before = len(scene.events)
    for _ in range(hours):
        turn = scene.hour // 2
        if scene.hour % 2 == 0:
            for number, feed in enumerate(feeds):
                every = of_old if feed in OLD else of_new
                tone = Tone.CONFLICT if (turn + 3 * number) % every == 0 else Tone.NEUTRAL
                tell(scene, [feed], tone=tone)
        play(scene, 1, feeds=feeds)
    return scene.events[before:]


def shift_of(scene: Scene) -> ShiftTrack:
    track = scene.engine.rules["r"].tracks[0]
    assert isinstance(track, ShiftTrack)
    return track


@pytest.fixture(scope="module")
def more_hostile() -> tuple[Scene, list[AlertEvent]]:
    """Feeds join of which every second story is of conflict, beside two of which every tenth is: 10 % become 37 %."""
    scene = Scene(pair_rule("r", CONFLICT))
    hostile(scene, 24 * 28, of_old=10, of_new=2, feeds=OLD)
    return scene, hostile(scene, UNTIL_JOINED + 24 * 5, of_old=10, of_new=2, feeds=FEED_IDS)


def test_feeds_with_another_share_of_a_part_ring_no_shift(more_hostile: tuple[Scene, list[AlertEvent]]) -> None:
    scene, rang = more_hostile
    assert kinds(rang) == []
    verdict = shift_of(scene).verdict("AZE-RUS", (scene.engine.open or 0) - 1)
    assert verdict.expected == pytest.approx(verdict.count, rel=0.25)
    assert verdict.count > 72  # more than a third of 216 stories


def test_counted_at_once_they_would(more_hostile: tuple[Scene, list[AlertEvent]]) -> None:
    scene = Scene(pair_rule("r", CONFLICT))
    hostile(scene, 24 * 28, of_old=10, of_new=2, feeds=OLD)
    for feed in NEW:
        shift_of(scene).joining.roll.join(feed, scene.engine.open or 0)
    assert EventKind.OPENED in kinds(hostile(scene, 24 * 4, of_old=10, of_new=2, feeds=FEED_IDS))


def test_when_the_hostile_feeds_leave_their_share_goes_with_them(more_hostile: tuple[Scene, list[AlertEvent]]) -> None:
    scene = Scene(pair_rule("r", CONFLICT))
    scene.engine, scene.hour = restore(snapshot(more_hostile[0].engine)), more_hostile[0].hour
    assert kinds(hostile(scene, 24 * 4, of_old=10, of_new=2, feeds=OLD)) == []
    verdict = shift_of(scene).verdict("AZE-RUS", (scene.engine.open or 0) - 1)
    assert verdict.expected == pytest.approx(verdict.count, abs=4)
    assert verdict.coverage == pytest.approx(1.0)


def test_a_shift_is_corroborated_by_what_feeds_in_shadow_have_of_the_part_alone() -> None:
    scene = Scene(pair_rule("r", CONFLICT.model_copy(update={"floors": Floors(stories=8, publishers=2)})))
    hostile(scene, 24 * 20, of_old=10, of_new=1, feeds=OLD[:1])
    play(scene, 24, feeds=[OLD[0], *NEW])
    for minute in range(12):
        tell(scene, [OLD[0]], minute=minute, tone=Tone.CONFLICT)
    tell(scene, NEW[:1], minute=30)  # It has nothing of conflict to tell.
    play(scene, 1, feeds=[OLD[0], *NEW])
    assert kinds(scene.events) == []
    tell(scene, NEW[2:3], minute=30, tone=Tone.CONFLICT)
    play(scene, 2, feeds=[OLD[0], *NEW])
    (opened,) = [e for e in scene.events if e.event is EventKind.OPENED]
    assert opened.counts.publishers == 2
    assert opened.detail.endswith("%); not counted yet, but told by echo"), opened.detail


@pytest.mark.parametrize("detector", [Ratio(), CONFLICT], ids=lambda detector: detector.kind)
@pytest.mark.parametrize("hours", [24, UNTIL_JOINED - 1, UNTIL_JOINED + 3])
def test_a_snapshot_in_a_join_goes_on_exactly(detector: Ratio | Shift, hours: int) -> None:
    scene, other = Scene(pair_rule("r", detector)), Scene(pair_rule("r", detector))
    hostile(scene, 24 * 28, of_old=10, of_new=2, feeds=OLD)
    hostile(scene, hours, of_old=10, of_new=2, feeds=FEED_IDS)
    other.engine, other.hour = restore(snapshot(scene.engine)), scene.hour
    for each in (scene, other):
        hostile(each, UNTIL_JOINED + 24 - hours, of_old=10, of_new=2, feeds=FEED_IDS)
    track = scene.engine.rules["r"].tracks[0]
    assert isinstance(track, HourlyTrack)
    assert not track.bank.is_whole  # type: ignore[union-attr]
    assert snapshot(scene.engine) == snapshot(other.engine)
