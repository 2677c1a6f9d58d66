"""Rules are exchanged under way: what they remember stays where it may, and what they now say holds at once."""

from __future__ import annotations

import pytest

from alerts.rules.model import (
    AnyActor,
    Floors,
    Mode,
    NamedActors,
    New,
    Only,
    PairPart,
    Rule,
    Scope,
    Sensitivity,
    Spike,
    Threshold,
    Watch,
    WatchKind,
)
from schemas.reasons import EventKind, EventReason, Severity, Tone
from tests.streams.records import pair_rule, signal
from tests.streams.scene import Scene, kinds

NONE = Floors(stories=0, publishers=0, times=0.0)


def test_another_severity_keeps_the_alert_open() -> None:
    rule = pair_rule("r", Threshold(count=3, within_h=6))
    scene = Scene(rule)
    scene.close(30)
    scene.articles(3)
    assert kinds(scene.events) == [EventKind.OPENED]
    loud = rule.model_copy(update={"severity": Severity.HIGH, "labels": {"desk": "east"}})
    assert scene.apply(loud) == []
    resolved = scene.close(30)[-1]
    assert (resolved.event, resolved.severity, resolved.labels) == (EventKind.RESOLVED, Severity.HIGH, {"desk": "east"})
    assert resolved.alert_id == next(e.alert_id for e in scene.events if e.event is EventKind.OPENED)


@pytest.mark.parametrize("change", ["sensitivity", "stories", "publishers"])
def test_a_lower_bar_rings_at_once(change: str) -> None:
    high = {
        "sensitivity": Spike(sensitivity=Sensitivity.LOW, floors=NONE),
        "stories": Spike(sensitivity=Sensitivity.HIGH, floors=Floors(stories=500)),
        "publishers": Spike(sensitivity=Sensitivity.HIGH, floors=Floors(publishers=3)),
    }[change]
    scene = Scene(pair_rule("r", high))
    scene.close(24 * 9, each=1)
    learnt = len(scene.events)
    while (score := scene.engine.rules["r"].tracks[0].verdict("AZE-RUS", scene.engine.open or 0).score or 0.0) < 2.5:
        scene.articles(1)
    assert score < 4.0
    assert scene.events[learnt:] == []
    (opened,) = scene.apply(pair_rule("r", Spike(sensitivity=Sensitivity.HIGH, floors=NONE)))
    assert (opened.event, opened.reason) == (EventKind.OPENED, EventReason.AT_ACTIVATION)


def test_another_watch_with_fewer_detectors_takes_over() -> None:
    """Articles counted for the old watch are corrected after the new one has taken its name."""
    scene = Scene(pair_rule("r", Threshold(count=2, within_h=6), New(quiet_for_h=72)))
    scene.close(100)
    (article,) = scene.articles(1)
    scene.close()
    scene.apply(pair_rule("r", Threshold(count=2, within_h=6), one="GBR", other="UKR"))
    late = scene.at(scene.hour, 20)
    decided = scene.take(
        signal(article, scene.at(100, 5), feed="alfa", pair=None, observed_at=scene.at(100, 5), revised_at=late)
    )
    assert decided == []
    assert kinds(scene.close(40)) == []


def test_detectors_in_another_order_keep_their_own_counts() -> None:
    hostile, all_of_it = (
        Threshold(count=3, within_h=6, only=Only(tones=(Tone.CONFLICT,))),
        Threshold(count=50, within_h=6),
    )
    scene = Scene(pair_rule("r", all_of_it, hostile))
    scene.close(30)
    scene.articles(5)  # Of neutral tone.
    assert kinds(scene.apply(pair_rule("r", hostile, all_of_it))) == []
    assert kinds(scene.close(3)) == []


def test_what_is_over_its_threshold_opens_at_activation_and_says_that_normal_is_not_known() -> None:
    scene = Scene(pair_rule("other", Threshold(count=90, within_h=6)))
    scene.close(30)
    scene.articles(8)
    ready, opened = scene.apply(pair_rule("other", Threshold(count=90, within_h=6)), pair_rule("r", Spike()))
    assert ready.event is EventKind.RULE_READY
    assert (opened.event, opened.reason, opened.learning) == (EventKind.OPENED, EventReason.AT_ACTIVATION, True)


def test_out_of_the_shadow_what_rings_is_told() -> None:
    rule = pair_rule("r", Threshold(count=3, within_h=6))
    scene = Scene(rule.model_copy(update={"mode": Mode.SHADOW}))
    scene.close(200)
    scene.articles(4)
    (quiet,) = [event for event in scene.events if event.event is EventKind.OPENED]
    assert quiet.mode == "shadow"
    (told,) = scene.apply(rule)
    assert (told.event, told.mode, told.alert_id) == (EventKind.OPENED, "live", quiet.alert_id)


def test_into_the_shadow_what_people_were_told_of_ends_and_goes_on_unheard() -> None:
    rule = pair_rule("r", Threshold(count=3, within_h=6))
    scene = Scene(rule)
    scene.close(200)
    scene.articles(4)
    (loud,) = [event for event in scene.events if event.event is EventKind.OPENED]
    ended, goes_on = scene.apply(rule.model_copy(update={"mode": Mode.SHADOW}))
    assert (ended.event, ended.reason, ended.mode) == (EventKind.RESOLVED, EventReason.INTO_THE_SHADOW, "live")
    assert (goes_on.event, goes_on.reason, goes_on.mode) == (EventKind.OPENED, EventReason.AT_ACTIVATION, "shadow")
    assert {ended.alert_id, goes_on.alert_id} == {loud.alert_id}
    over = scene.close(30)
    assert [(event.event, event.mode) for event in over] == [(EventKind.RESOLVED, "shadow")]


def test_a_rule_that_goes_ends_its_alerts_and_comes_back_in_its_chain() -> None:
    rule, other = pair_rule("r", Threshold(count=3, within_h=6)), pair_rule("o", Threshold(count=99, within_h=6))
    scene = Scene(rule, other)
    scene.close(200)
    scene.articles(3)
    gone = scene.apply(other)
    assert [event.event for event in gone] == [EventKind.RESOLVED, EventKind.RULE_REMOVED]
    assert {event.reason for event in gone} == {EventReason.RULE_REMOVED}
    back = scene.apply(other, rule)
    assert [event.event for event in back] == [EventKind.RULE_READY, EventKind.OPENED]
    assert back[0].seq == gone[-1].seq + 1
    assert back[0].previous == gone[-1].chain_hash()


def test_too_many_keys_and_too_many_alerts_are_told_once() -> None:
    part = PairPart(one=(NamedActors(ids=("AZE",)),), other=(AnyActor(),))
    watch = Watch(kind=WatchKind.PAIR, pair=part, scope=Scope.SENTENCE)
    rule = Rule(name="r", watch=watch, when=(Threshold(count=1, within_h=6),), max_keys=3, limit=2)
    scene = Scene(rule)
    scene.close(200)
    for other in ("RUS", "UKR", "GBR", "ARM", "TUR"):
        scene.articles(1, pair=("AZE", other))
    events = scene.events[1:]
    assert [e.key for e in events if e.event is EventKind.OPENED] == ["AZE-RUS", "AZE-UKR"]
    overflow = [e.reason for e in events if e.event is EventKind.OVERFLOW]
    assert overflow == [EventReason.TOO_MANY_OPEN, EventReason.TOO_MANY_KEYS]
