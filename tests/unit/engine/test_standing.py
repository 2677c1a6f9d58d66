"""Where a key stands agrees with what the tracks decide, and names what is missing with its numbers."""

from __future__ import annotations

from functools import partial

import pytest

from alerts.engine import Engine
from alerts.rules.model import (
    Confirm,
    Corroboration,
    Cusum,
    Drop,
    Floors,
    New,
    PartOf,
    Ratio,
    Record,
    Shift,
    Spike,
    Threshold,
    Zscore,
)
from alerts.standing import Need, hour_counts, nearest, standings
from schemas.reasons import Tone
from tests.streams.records import activated, pair_rule
from tests.streams.scene import Scene
from tests.streams.world import START, invented_stream


@pytest.mark.parametrize("seed", [3, 4])
def test_a_window_crosses_exactly_when_it_lacks_nothing(seed: int) -> None:
    engine = Engine()
    stream = invented_stream(seed, days=8)
    crossed = checked = 0
    for offset, record in enumerate(stream):
        engine.step(offset, record, partial(enumerate, tuple(stream[:offset])))
        if engine.open is None or offset % 10:
            continue
        for state in engine.rules.values():
            for key in state.keys:
                for hour in (engine.open, engine.open - 3):
                    if state.start_hour is None or hour < state.start_hour:
                        continue
                    said = {s.verdict.track for s in standings(state, key, hour) if not s.missing}
                    decided = {i for i, t in enumerate(state.tracks) if t.verdicts(key, hour, hour)}
                    assert said == decided, (state.rule.name, key, hour)
                    crossed += len(said)
                    checked += 1
    assert checked > 200
    assert crossed > 5


def test_what_is_missing_has_its_numbers() -> None:
    scene = Scene(pair_rule("r", Spike(floors=Floors(stories=4, publishers=3, times=2.0))))
    scene.close(200)
    scene.articles(3)
    state = scene.engine.rules["r"]
    assert scene.engine.open is not None
    found = nearest(state, ["AZE-RUS"], scene.engine.open - 5, scene.engine.open)
    assert found is not None
    assert [(c.need, c.has, c.needs) for c in found.missing] == [(Need.STORIES, 3, 4)]


def test_a_key_that_never_was_lacks_articles() -> None:
    scene = Scene(pair_rule("r", Spike(), Threshold(count=2, within_h=6), New(quiet_for_h=24)))
    scene.close(30)
    assert scene.engine.open is not None
    found = standings(scene.engine.rules["r"], "AZE-RUS", scene.engine.open)
    assert [s.verdict.detector for s in found] == ["spike", "spike", "threshold", "new"]
    assert all(s.missing for s in found)


def test_corroboration_is_one_of_the_conditions() -> None:
    rule = pair_rule("r", Threshold(count=1, within_h=6))
    scene = Scene(rule.model_copy(update={"corroborated_by": Corroboration(source_countries=2)}))
    scene.close(2)
    scene.articles(1)
    assert scene.engine.open is not None
    (found,) = standings(scene.engine.rules["r"], "AZE-RUS", scene.engine.open)
    assert [(c.need, c.has, c.needs) for c in found.missing] == [(Need.COUNTRIES, 1, 2)]


def test_a_new_key_tells_how_long_it_was_quiet() -> None:
    scene = Scene(pair_rule("r", New(quiet_for_h=48, confirm=Confirm(stories=1))))
    scene.close(60)
    scene.articles(1)
    scene.close(10)
    scene.articles(1)
    assert scene.engine.open is not None
    assert not nearest_missing(scene)
    scene.close(60)
    scene.articles(1)
    scene.close(55)
    scene.articles(1)
    assert scene.engine.open is not None
    (found,) = standings(scene.engine.rules["r"], "AZE-RUS", scene.engine.open)
    assert found.missing == ()


def nearest_missing(scene: Scene) -> tuple[Need, ...]:
    assert scene.engine.open is not None
    (found,) = standings(scene.engine.rules["r"], "AZE-RUS", scene.engine.open)
    return tuple(c.need for c in found.missing)


def test_hours_add_up_to_the_window() -> None:
    scene = Scene(pair_rule("r", Spike()))
    scene.close(300, each=1)
    scene.articles(2)
    assert scene.engine.open is not None
    state = scene.engine.rules["r"]
    six = next(s for s in standings(state, "AZE-RUS", scene.engine.open) if s.verdict.window_h == 6)
    hours = hour_counts(state.tracks[0], "AZE-RUS", scene.engine.open - 5, scene.engine.open)
    assert [h.count for h in hours] == [1, 1, 1, 1, 1, 2]
    assert six.verdict.count == 7
    assert all(h.expected is not None and 0.5 < h.expected < 2 and h.exposure == 1.0 for h in hours)


def test_every_detector_says_what_it_lacks_and_agrees_with_its_track() -> None:
    rule = pair_rule(
        "r", Drop(), Cusum(), Shift(to=PartOf(tones=(Tone.CONFLICT,))), Ratio(), Zscore(), Record(), one="AZE"
    )
    engine = Engine()
    crossed = 0
    stream = [activated(START, rule), *invented_stream(5, days=16)]
    for offset, record in enumerate(r for r in stream if r.kind != "rules_activated" or r is stream[0]):
        engine.step(offset, record)
        state = engine.rules.get("r")
        if engine.open is None or state is None or state.start_hour is None or offset % 20:
            continue
        for key in state.keys:
            hour = engine.open - 1
            said = {s.verdict.track for s in standings(state, key, hour) if not s.missing}
            decided = {i for i, t in enumerate(state.tracks) if t.verdicts(key, hour, hour)}
            assert said == decided, hour
            crossed += len(said)
    assert crossed > 10
