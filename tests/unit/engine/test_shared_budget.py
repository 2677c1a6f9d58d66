"""Among how many watches a budget is shared: those with a story in 28 days, learnt or not; counted hourly at first."""

from __future__ import annotations

import pytest

from alerts.engine import Engine
from alerts.engine_state import restore, snapshot
from alerts.rules.model import AnyActor, Budget, Cusum, Detector, Drop, PairPart, PartOf, Rule, Shift, Spike
from alerts.tracks.bars import COUNTED_HOURLY_UNTIL, bar_of, is_counted_anew
from alerts.tracks.baseline import BaselineTrack
from alerts.tracks.shift import ShiftTrack
from schemas.reasons import ArticleStatus, Tone
from tests.streams.records import coverage, pair_rule, signal
from tests.streams.scene import Scene

ALLOWED = 0.3
ACTORS = ("ARM", "AZE", "FRA", "GBR", "GEO", "IRN", "RUS", "TUR", "UKR", "USA")
PAIRS = [(one, other) for one in ACTORS for other in ACTORS if one < other]

BUDGET = Budget(false_alarms_per_month=ALLOWED)
SPIKE = Spike(sensitivity=None, budget=BUDGET)
BUDGETED: tuple[Detector, ...] = (
    SPIKE,
    Drop(sensitivity=None, budget=BUDGET),
    Cusum(sensitivity=None, budget=BUDGET),
    Shift(to=PartOf(tones=(Tone.CONFLICT,)), sensitivity=None, budget=BUDGET),
)


def every_pair(detector: Detector, name: str = "r") -> Rule:
    rule = pair_rule(name, detector)
    every = PairPart(one=(AnyActor(),), other=(AnyActor(),))
    return rule.model_copy(update={"watch": rule.watch.model_copy(update={"pair": every})})


def bar(engine: Engine, hour: int | None = None) -> float:
    (track,) = engine.rules["r"].tracks
    assert isinstance(track, BaselineTrack | ShiftTrack)
    assert engine.open is not None
    return track.k_by_hour[engine.open if hour is None else hour]


def shared_by(watches: int, detector: Detector = SPIKE) -> float:
    """The bar for so many watches, all of which are seldom."""
    assert isinstance(detector, Spike | Drop | Cusum | Shift)
    return bar_of(detector, watches, watches)


def one_each(scene: Scene, pairs: int, *, since: int = 0) -> None:
    for pair in PAIRS[since : since + pairs]:
        scene.articles(1, pair=pair)


@pytest.mark.parametrize("detector", BUDGETED, ids=lambda detector: detector.kind)
def test_a_watch_counts_from_the_next_hour_on_while_nothing_is_learnt(detector: Detector) -> None:
    scene = Scene(every_pair(detector))
    scene.close()
    assert bar(scene.engine) == shared_by(0, detector)
    for hour, known in enumerate((3, 9, 20)):
        before = (0, 3, 9)[hour]
        one_each(scene, known - before, since=before)
        assert bar(scene.engine) == shared_by(before, detector), "the bar of an hour is fixed when it opens"
        scene.close()
        assert bar(scene.engine) == shared_by(known, detector)


def test_hourly_until_two_days_are_learnt_and_then_at_midnight() -> None:
    scene = Scene(every_pair(SPIKE))
    scene.close(2)
    state = scene.engine.rules["r"]
    assert state.start_hour is not None
    young = state.start_hour - scene.first_hour + COUNTED_HOURLY_UNTIL + 25  # the hour that opens with two days learnt
    seen = shared = 0
    while scene.hour < young + 30:
        one_each(scene, 1, since=seen % len(PAIRS))
        seen = min(seen + 1, len(PAIRS))
        scene.close()
        if scene.hour < young or scene.hour % 24 == 0:
            shared = seen
        assert bar(scene.engine) == shared_by(shared), scene.hour
    assert young % 24, "midnight comes by day"


def test_a_watch_is_shared_with_for_28_days() -> None:
    scene = Scene(every_pair(SPIKE))
    scene.close(2)
    one_each(scene, 30)
    last = scene.hour
    while scene.hour < last + 28 * 24 + 2:
        scene.articles(1, pair=PAIRS[30])
        scene.close(6)
    midnight = (last // 24 + 28) * 24
    assert bar(scene.engine, scene.first_hour + midnight) == shared_by(31)
    scene.close(24)
    assert bar(scene.engine, scene.first_hour + midnight + 24) == shared_by(1)


def test_those_that_are_seldom_are_told_apart_by_what_is_normal_for_them() -> None:
    """Three keys of one story every two hours are none, 40 with one in all are; so few alarms are allowed that it matters."""
    spike = Spike(sensitivity=None, budget=Budget(false_alarms_per_month=0.05))
    scene = Scene(every_pair(spike))
    scene.close()
    one_each(scene, 40)
    while scene.hour < 15 * 24:
        for pair in PAIRS[40:43]:
            scene.articles(1, pair=pair)
        scene.close(2)
    while scene.hour % 24:
        scene.close()
    assert bar(scene.engine) == bar_of(spike, 43, 40)
    assert bar(scene.engine) > bar_of(spike, 43, 0)
    other = restore(snapshot(scene.engine))
    scene.close(24)
    for offset in range(len(scene.log) - 24, len(scene.log)):
        other.step(offset, scene.log[offset])
    assert bar(other) == bar(scene.engine)


def test_a_story_that_is_withdrawn_is_no_story() -> None:
    scene = Scene(every_pair(SPIKE))
    scene.close()
    one_each(scene, 6)
    moment = scene.at(scene.hour, 5)
    gone = signal("s00001", moment, pair=PAIRS[0], revised_at=scene.at(scene.hour, 59), status=ArticleStatus.WITHDRAWN)
    scene.take(gone)
    scene.close()
    assert bar(scene.engine) == shared_by(5)


def test_a_rule_warmed_on_history_has_its_watches_at_once() -> None:
    scene = Scene(pair_rule("other", Spike()))
    scene.close()
    one_each(scene, 40)
    scene.close(10 * 24)
    scene.apply(every_pair(SPIKE))
    assert bar(scene.engine) == shared_by(40)


def test_a_snapshot_counts_the_same_watches() -> None:
    scene = Scene(every_pair(SPIKE))
    scene.close(3)
    one_each(scene, 25)
    other = restore(snapshot(scene.engine))
    for offset in range(len(scene.log), len(scene.log) + 30):
        scene.close()
        other.step(offset, scene.log[offset])
        assert bar(other) == bar(scene.engine)
    assert bar(other) == shared_by(25)


def test_midnight_or_a_young_history() -> None:
    assert is_counted_anew(24 * 1000, 5_000)
    assert not is_counted_anew(24 * 1000 + 1, COUNTED_HOURLY_UNTIL)
    assert is_counted_anew(24 * 1000 + 1, COUNTED_HOURLY_UNTIL - 1)
    assert is_counted_anew(24 * 1000 + 1, -20)


def test_what_was_there_before_the_engine_began_is_shared_with() -> None:
    """The backlog of the first polls: its hours are stepped through as if they had been seen."""
    scene = Scene(every_pair(SPIKE))
    for hour in range(20, 30):
        for pair in PAIRS[hour - 20 : hour - 18]:
            scene.articles(1, hour=hour, pair=pair)
    scene.take(coverage(scene.at(30), reached_back_to=scene.at(20)))
    assert bar(scene.engine) == shared_by(11)
    assert bar(scene.engine, scene.first_hour + 22) == shared_by(4)
