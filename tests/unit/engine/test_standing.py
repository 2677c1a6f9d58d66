"""Where a key stands agrees with what the tracks decide, and names what is missing with its numbers."""

from __future__ import annotations

import random
from functools import partial

import pytest

from alerts.engine import Engine
from alerts.explanation.standing_words import standing_line
from alerts.rules.model import (
    Confirm,
    Corroboration,
    Cusum,
    Detector,
    Drop,
    Floors,
    New,
    PartOf,
    Ratio,
    Record,
    Sensitivity,
    Shift,
    Spike,
    Threshold,
    Zscore,
)
from alerts.standing import Need, hour_counts, more_sensitive, nearest, standings
from schemas.reasons import Tone
from schemas.wire import SignalsRecord
from tests.streams.records import FEED_IDS, HOUR, activated, coverage, pair_rule, signal
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
        "r",
        Drop(),
        Cusum(),
        Shift(to=PartOf(tones=(Tone.CONFLICT,))),
        Ratio(),
        Zscore(),
        Record(),
        Drop(expected=3.0, floors=Floors(times=3.0)),
        Cusum(floors=Floors(stories=2, publishers=2, times=1.2)),
        Shift(to=PartOf(tones=(Tone.CONFLICT,)), part=2, floors=Floors(stories=3, publishers=2, times=1.5)),
        Ratio(ratio=1.5, floors=Floors(stories=2, publishers=2, times=1.7)),
        one="AZE",
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


@pytest.mark.parametrize(
    ("detector", "words"),
    [
        (Cusum(), ["cusum, 168 h to", "lacks a score of 3 (has 0) and 8 stories (has 2) and 3 publishers (has 2)"]),
        (Drop(), ["drop, 24 h to", "lacks 12 expected, so that their absence means something (has"]),
        (Shift(to=PartOf(tones=(Tone.CONFLICT,))), ["shift, 72 h to", "5 of the part it looks for (has 0)"]),
        (
            Ratio(ratio=9.0),
            ["ratio, 24 h to", "4 stories (has 2)", "193 h of history (has 30 h)", "9 times the mean before (has"],
        ),
        (Zscore(), ["zscore, 24 h to", "4 standard deviations above the mean before (has"]),
        (Record(), ["record, 24 h to", "697 h of history (has 30 h)"]),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_each_detector_says_in_words_what_it_lacks(detector: Detector, words: list[str]) -> None:
    scene = Scene(pair_rule("r", detector))
    scene.close(30)
    scene.articles(2)
    assert scene.engine.open is not None
    lines = [standing_line(s) for s in standings(scene.engine.rules["r"], "AZE-RUS", scene.engine.open)]
    for each in words:
        assert any(each in line for line in lines), lines


@pytest.mark.parametrize(
    "detector",
    [
        Spike(sensitivity=Sensitivity.LOW, floors=Floors(stories=2, publishers=2)),
        Cusum(sensitivity=Sensitivity.LOW, floors=Floors(stories=2, publishers=2, times=1.1)),
        Shift(
            to=PartOf(tones=(Tone.CONFLICT,)),
            sensitivity=Sensitivity.LOW,
            part=2,
            floors=Floors(stories=2, publishers=2),
        ),
        Drop(sensitivity=Sensitivity.LOW, expected=1.0, floors=Floors(times=1.1)),
    ],
    ids=lambda detector: detector.kind,
)
def test_every_bar_has_its_near_misses(detector: Detector) -> None:
    """Where only the score is short, the sensitivities that would have rung are named, and those do ring."""
    quiet, loud = (
        pair_rule(name, detector.model_copy(update={"sensitivity": sensitivity}))
        for name, sensitivity in (("low", Sensitivity.LOW), ("high", Sensitivity.HIGH))
    )
    engine = Engine()
    told = 0
    for offset, record in enumerate([activated(START, quiet, loud), *share_stream(detector)]):
        engine.step(offset, record)
        if engine.open is None or engine.rules["low"].start_hour is None or "AZE-RUS" not in engine.rules["low"].keys:
            continue
        hour = engine.open - 1
        near = {s.verdict.window_h for s in standings(engine.rules["low"], "AZE-RUS", hour) for _ in more_sensitive(s)}
        rings = {s.verdict.window_h for s in standings(engine.rules["high"], "AZE-RUS", hour) if not s.missing}
        assert near <= rings
        told += bool(near)
    assert told


def share_stream(detector: Detector) -> list[SignalsRecord]:
    """A steady stream, then more of it and in another tone, then silence: mildly, and for weeks where it is about weeks."""
    r = random.Random(7)
    turns, ends, more = (45, 66, 0.9) if isinstance(detector, Cusum) else (18, 21, 0.6)
    found: list[SignalsRecord] = []
    for hour in range(24 * (ends + 3)):
        day = hour // 24
        since = START + hour * HOUR
        rate = 0.25 if day < turns else more if day < ends else 0.0
        tone = Tone.CONFLICT if turns <= day < ends and r.random() < 0.7 else Tone.NEUTRAL
        if r.random() < rate:
            found.append(signal(f"n{hour}", since + 5 * HOUR / 60, feed=FEED_IDS[hour % 6], tone=tone))
        found.append(coverage(since, reached_back_to=since))
    return found
