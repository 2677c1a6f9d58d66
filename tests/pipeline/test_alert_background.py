"""Beside an event lie its hours, written by the decider; a follower of the log knows what its key was about before."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from alerts.rules.model import Spike, Threshold
from connectors.clock import ManualClock
from connectors.log.open import open_log
from pipelines.notifying.following import KeyFollower
from schemas.ports.log import Log
from schemas.reasons import EventKind
from tests.streams.deciding import Desk, desk_in
from tests.streams.records import activated, pair_rule
from tests.streams.scene import Scene
from tests.streams.world import START


def burst() -> Scene:
    """Return ten days with an article every six hours on a pair, and then a burst that rings."""
    scene = Scene(pair_rule("r", Spike()))
    for _ in range(40):
        scene.close(5)
        scene.close(1, each=1)
    scene.close(1, each=9)
    return scene


def decided(folder: Path, scene: Scene) -> Desk:
    desk = desk_in(folder, scene.log)
    desk.decide()
    return desk


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < until, "waited two minutes in vain"
        time.sleep(0.01)


def test_the_hours_beside_an_alert_end_with_its_window_and_know_what_was_expected(tmp_path: Path) -> None:
    desk = decided(tmp_path, burst())
    with desk.store() as store:
        opened = next(entry for entry in store.outbox_after(0, 500) if entry.event.event is EventKind.OPENED)
        hours = store.event_hours(opened.event_hash)
        of_rule = [entry for entry in store.outbox_after(0, 500) if not entry.event.alert_id]
        assert all(not store.event_hours(entry.event_hash) for entry in of_rule)
    window = opened.event.window
    assert window is not None
    assert len(hours) == 48
    assert (window.end - hours[-1].start).total_seconds() == 3600
    assert sum(hour.count for hour in hours[-window.hours :]) == opened.event.counts.stories
    assert all(hour.expected is not None and hour.expected >= 0 for hour in hours)


def test_deciding_twice_gives_the_same_ledger_and_the_same_hours(tmp_path: Path) -> None:
    scene = burst()
    found = []
    for batch in (1, 500):
        folder = tmp_path / str(batch)
        folder.mkdir()
        desk = desk_in(folder, scene.log)
        desk.decide(batch=batch)
        with desk.store() as store:
            found.append([(e.event_hash, tuple(store.event_hours(e.event_hash))) for e in store.outbox_after(0, 500)])
    assert found[0] == found[1]
    assert any(hours for _, hours in found[0])


def test_a_follower_knows_the_headlines_before_the_alert(tmp_path: Path) -> None:
    scene = burst()
    desk = decided(tmp_path, scene)
    opened = next(event for event in scene.events if event.event is EventKind.OPENED)
    assert opened.window is not None
    with desk.store() as store:
        follower = KeyFollower(lambda: _opened(desk), store.rule_sets, ManualClock(scene.at(scene.hour)))
        assert follower.background(opened, ()).earlier is None, "nothing is claimed before it has read"
        follower.start()
        try:
            wait_for(lambda: follower.caught_up)
            about = follower.background(opened, ())
            assert about.earlier is not None
            assert 35 < len(about.earlier) <= 40
            assert max(h.event_time for h in about.earlier) < opened.window.start
            assert len(about.by_id) > len(about.earlier)
        finally:
            follower.stop()


def test_a_follower_begins_anew_when_other_rules_take_force(tmp_path: Path) -> None:
    scene = burst()
    desk = decided(tmp_path, scene)
    opened = next(event for event in scene.events if event.event is EventKind.OPENED)
    with desk.store() as store:
        follower = KeyFollower(lambda: _opened(desk), store.rule_sets, ManualClock(scene.at(scene.hour)))
        follower.start()
        try:
            wait_for(lambda: follower.caught_up)
            desk.append([activated(scene.at(scene.hour), pair_rule("fresh", Threshold(count=1, within_h=24)))])
            fresh = opened.model_copy(update={"rule": "fresh"})
            wait_for(lambda: bool(follower.background(fresh, ()).earlier))
            assert not follower.background(opened, ()).earlier, "the old rule is not matched any more"
        finally:
            follower.stop()


def test_a_follower_goes_over_to_deferred_rules_when_they_are_ready(tmp_path: Path) -> None:
    scene = burst()
    desk = decided(tmp_path, scene)
    opened = next(event for event in scene.events if event.event is EventKind.OPENED)
    order = activated(scene.at(scene.hour), pair_rule("fresh", Threshold(count=1, within_h=24))).changed(deferred=True)
    fresh = opened.model_copy(update={"rule": "fresh"})
    with desk.opened() as (log, store):
        job = desk.job(log, store)
        job.recover()
        desk.append([order])
        job.step()
        follower = KeyFollower(lambda: _opened(desk), store.rule_sets, ManualClock(scene.at(scene.hour)))
        follower.start()
        try:
            wait_for(lambda: follower.caught_up)
            assert follower.background(opened, ()).earlier, "the rules of before ring until then"
            assert not follower.background(fresh, ()).earlier
            while job.warms:
                job.tend()
            wait_for(lambda: bool(follower.background(fresh, ()).earlier))
        finally:
            follower.stop()


def _opened(desk: Desk) -> Log:
    """Return the log of ``desk`` for the thread that asks."""
    return open_log(desk.log_url, ManualClock(START + timedelta(days=60)))
