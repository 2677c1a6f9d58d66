"""Shift, drop, cusum and the plain ones through the whole engine: what rings, with which numbers, and what must not."""

from __future__ import annotations

import re
from math import log10
from random import Random

import pytest

from alerts.engine import Engine
from alerts.engine_state import restore, snapshot
from alerts.rules.model import (
    Corroboration,
    Cusum,
    Detector,
    Drop,
    PartOf,
    Ratio,
    Record,
    Shift,
    SourcesPart,
    Unit,
    Zscore,
)
from alerts.tracks.drop import DropTrack
from schemas.alert_event import AlertEvent
from schemas.reasons import EventKind, Tone
from tests.streams.records import FEED_IDS, pair_rule, signal
from tests.streams.scene import Scene, kinds
from tests.streams.world import invented_stream

CONFLICT = Shift(to=PartOf(tones=(Tone.CONFLICT,)))
EVERY: tuple[Detector, ...] = (CONFLICT, Drop(), Cusum(), Ratio(), Zscore(), Record())


def opened(scene: Scene) -> list[AlertEvent]:
    return [event for event in scene.events if event.event is EventKind.OPENED]


def news(scene: Scene, count: int, tone: Tone = Tone.NEUTRAL) -> list[str]:
    """Let ``count`` articles come in this hour, by one publisher after the other."""
    ids = []
    for _ in range(count):
        number = len(scene.log)
        ids.append(f"n{number:05d}")
        moment = scene.at(scene.hour, 5 + number % 50)
        scene.take(signal(ids[-1], moment, feed=Random(number).choice(FEED_IDS), tone=tone))
    return ids


def days(scene: Scene, count: int, *, neutral: int, hostile: int = 0) -> None:
    """Let days pass with as many articles, spread evenly over each."""
    for day in range(count * 24):
        hour = day % 24
        news(scene, (hour + 1) * neutral // 24 - hour * neutral // 24)
        news(scene, (hour + 1) * hostile // 24 - hour * hostile // 24, Tone.CONFLICT)
        scene.close()


def test_a_share_that_grows_rings_though_the_volume_stays() -> None:
    scene = Scene(pair_rule("r", CONFLICT))
    days(scene, 30, neutral=10, hostile=2)
    assert kinds(scene.events) == []
    days(scene, 4, neutral=5, hostile=7)
    (event,) = opened(scene)
    assert event.detector == "shift"
    assert event.window is not None
    assert event.window.hours == 72
    assert event.expected == pytest.approx(36 / 6, rel=0.1)
    assert event.counts.stories >= 12
    assert re.fullmatch(rf"{event.counts.stories} of 3\d stories \(\d\d %, normally 17 %\)", event.detail)


def test_the_evidence_of_a_shift_is_the_part() -> None:
    scene = Scene(pair_rule("r", CONFLICT))
    days(scene, 30, neutral=10, hostile=1)
    while not opened(scene):
        news(scene, 1)
        news(scene, 1, Tone.CONFLICT)
        scene.close()
    (event,) = opened(scene)
    of_the_part = [card for card in scene.engine.cards if any(hit.parts for hit in card.hits["r"])]
    assert 0 < len(of_the_part) < len(scene.engine.cards)
    assert len(event.evidence) >= 5
    assert set(event.evidence) <= {c.evidence("r", "AZE-RUS", c.article_id).evidence_hash() for c in of_the_part}


def test_an_edit_that_changes_the_tone_moves_the_article_into_the_part_and_out_of_it() -> None:
    scene = Scene(pair_rule("r", CONFLICT))
    scene.close(30)
    moment = scene.at(30, 5)
    for minute, tone, part in ((6, Tone.NEUTRAL, 0), (7, Tone.CONFLICT, 1), (8, Tone.COOPERATION, 0)):
        scene.take(signal("a", moment, observed_at=moment, revised_at=scene.at(30, minute), tone=tone))
        assert scene.engine.rules["r"].tracks[0].verdict("AZE-RUS", scene.first_hour + 30).count == part


def test_a_part_by_publisher() -> None:
    scene = Scene(pair_rule("r", Shift(to=PartOf(sources=SourcesPart(countries=("GBR",))))))
    scene.close(30)
    scene.articles(6)
    assert scene.engine.rules["r"].tracks[0].verdict("AZE-RUS", scene.first_hour + 30).count == 2  # charlie and delta


def test_blindness_is_no_shift() -> None:
    """The one feed that is left is the hostile one: what it brings once most of the window is unseen says nothing."""
    scene = Scene(pair_rule("r", CONFLICT))
    days(scene, 30, neutral=10, hostile=1)
    scene.close(45, failing=FEED_IDS[1:])
    for n in range(30):
        scene.take(signal(f"h{n}", scene.at(scene.hour, n), feed="alfa", tone=Tone.CONFLICT))
    scene.close(20, failing=FEED_IDS[1:])
    score = scene.engine.rules["r"].tracks[0].verdict("AZE-RUS", scene.first_hour + scene.hour - 1).score
    assert score is not None
    assert score > 6
    assert opened(scene) == []


def test_a_drop_rings_on_closed_hours_and_ends_when_news_comes_back() -> None:
    scene = Scene(pair_rule("r", Drop(), one="AZE", other="RUS"))
    days(scene, 30, neutral=24)
    assert opened(scene) == []
    for _ in range(30):
        assert scene.close() == [] or opened(scene)
    (event,) = opened(scene)
    assert event.detector == "drop"
    assert event.counts.stories < 12
    assert event.expected is not None
    assert event.expected >= 20
    days(scene, 4, neutral=24)
    assert kinds(scene.events) == [EventKind.OPENED, EventKind.RESOLVED]


def test_a_drop_is_calm_by_the_chance_of_each_window_and_not_by_its_share_of_a_score() -> None:
    scene = Scene(pair_rule("r", Drop()))
    days(scene, 8, neutral=12)
    track, between = scene.engine.rules["r"].tracks[0], 0
    assert isinstance(track, DropTrack)
    for _ in range(30):
        scene.close()
        hour = (scene.engine.open or 0) - 1
        chances = [10.0 ** -((window.score or 0.0) + log10(2)) for window in track.windows("AZE-RUS", hour)]
        between += 0.025 < min(chances) <= 0.05
        assert track.verdict("AZE-RUS", hour).calm is (min(chances) > 0.05)
    assert between, "none of these hours tells the two apart"


def test_how_much_a_drop_asks_to_be_missing_is_counted_like_what_is_expected() -> None:
    """One publisher an hour as ever; then one in six hours, who tells so much that there are as many stories as before."""
    scene = Scene(pair_rule("r", Drop(of=Unit.PUBLISHERS)))
    days(scene, 8, neutral=24)
    for number in range(24):
        for story in range(6 if number % 6 == 0 else 0):
            scene.take(signal(f"more{number}.{story}", scene.at(scene.hour, story), feed="alfa"))
        scene.close()
    (event,) = opened(scene)
    assert event.detector == "drop"
    assert event.expected is not None
    assert 2 * event.counts.stories > event.expected, "as stories it would not be half"


def test_no_drop_while_the_feeds_are_down_or_nothing_was_ever_expected() -> None:
    scene = Scene(pair_rule("r", Drop()))
    days(scene, 20, neutral=24)
    scene.close(72, failing=FEED_IDS)
    assert opened(scene) == []
    quiet = Scene(pair_rule("r", Drop()))
    days(quiet, 20, neutral=4)
    quiet.close(72)
    assert opened(quiet) == []


def test_a_drop_needs_nobody_to_corroborate_it_and_never_grows() -> None:
    rule = pair_rule("r", Drop()).model_copy(update={"corroborated_by": Corroboration(source_countries=2)})
    scene = Scene(rule)
    days(scene, 30, neutral=24)
    scene.close(24)
    days(scene, 2, neutral=4)
    assert kinds(scene.events) == [EventKind.OPENED]


def test_weeks_of_somewhat_more_ring_and_a_steady_stream_does_not() -> None:
    scene = Scene(pair_rule("r", Cusum()))
    days(scene, 45, neutral=8)
    assert opened(scene) == []
    for week in range(1, 6):
        days(scene, 7, neutral=8 + 6 * week)
    (event,) = opened(scene)
    assert event.detector == "cusum"
    assert event.window is not None
    assert event.window.hours == 168
    assert event.ratio is not None
    assert event.ratio >= 2


@pytest.mark.parametrize("detector", EVERY[-3:], ids=lambda d: d.kind)
def test_the_plain_ones_ring_at_a_burst_and_not_before_they_have_a_normal(detector: Detector) -> None:
    scene = Scene(pair_rule("r", detector))
    days(scene, 5, neutral=4)
    news(scene, 30)
    scene.close(24)
    assert opened(scene) == []
    days(scene, 32, neutral=4)
    news(scene, 40)
    (event,) = opened(scene)
    assert event.detector == detector.kind
    assert event.counts.stories > 4


@pytest.mark.parametrize("seed", [2, 5])
def test_a_snapshot_in_mid_stream_goes_on_exactly(seed: int) -> None:
    rules = tuple(pair_rule(f"r{i}", detector) for i, detector in enumerate(EVERY))
    scene = Scene(*rules)
    stream = [record for record in invented_stream(seed, days=12) if record.kind != "rules_activated"]
    whole, resumed = scene.engine, Engine()
    first = [d.event for o, r in enumerate(stream[:800]) for d in whole.step(o, r)]
    resumed = restore(snapshot(whole))
    assert snapshot(resumed) == snapshot(whole)
    rest = stream[800:]
    expected = [d.event for o, r in enumerate(rest) for d in whole.step(o, r)]
    assert [d.event for o, r in enumerate(rest) for d in resumed.step(o, r)] == expected
    assert snapshot(resumed) == snapshot(whole)
    assert [*first, *expected]


def test_a_rule_applied_late_is_warmed_to_where_it_would_be() -> None:
    rules = tuple(pair_rule(f"r{i}", detector) for i, detector in enumerate(EVERY))
    early, late = Scene(*rules), Scene(pair_rule("other", Ratio()))
    for scene in (early, late):
        days(scene, 12, neutral=7, hostile=2)
    late.apply(*rules, pair_rule("other", Ratio()))
    hour = scene.first_hour + scene.hour
    for rule in rules:
        mine, theirs = (s.engine.rules[rule.name].tracks[0].verdict("AZE-RUS", hour) for s in (early, late))
        assert mine == theirs
