"""A feed under another id of the same source goes on as the one it was: at once, by its former share, without a shadow."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from alerts.lifecycle import Verdict
from alerts.rules.model import Floors, PartOf, Ratio, Rule, Shift, Spike
from alerts.tracks.expecting import ExpectingTrack
from schemas.article import Source
from schemas.reasons import FeedState, Tone
from tests.streams.records import coverage, pair_rule, signal, source_of
from tests.streams.scene import Scene, kinds

#: Brings half of everything; the others a quarter each.
LOUD, OTHERS, NEW_ID = "alfa", ("bravo", "echo"), "alfa-rss2"
RULES = [
    pair_rule("r", Spike(floors=Floors(stories=4, publishers=2, times=2.0))),
    pair_rule("r", Ratio()),
    pair_rule("r", Shift(to=PartOf(tones=(Tone.CONFLICT,)))),
]
every = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.when[0].kind)


def play(
    scene: Scene, hours: int, *, feeds: Sequence[str], failing: Sequence[str] = (), source: Source | None = None
) -> None:
    """Let ``hours`` pass in which ``feeds`` are polled and tell, ``NEW_ID`` as a feed of ``source``, else of the loud one's."""
    loud = source or source_of(LOUD)
    for _ in range(hours):
        for feed in feeds:
            real = LOUD if feed == NEW_ID else feed
            for number in range(0 if feed in failing else 2 if real == LOUD else 1):
                record = signal(f"{scene.hour}-{feed}-{number}", scene.at(scene.hour, number + 1), feed=real)
                scene.take(record.model_copy(update={"feed_id": feed}))
        since = scene.at(scene.hour)
        polled = coverage(since, feeds=[LOUD if feed == NEW_ID else feed for feed in feeds], reached_back_to=since)
        named = tuple(
            told.model_copy(
                update={
                    "feed_id": feed,
                    "source": loud if feed == NEW_ID else told.source,
                    **(
                        {"state": FeedState.FAILING, "polls_succeeded": 0, "reached_back_to": None}
                        if feed in failing
                        else {}
                    ),
                }
            )
            for feed, told in zip(feeds, polled.feeds, strict=True)
        )
        scene.take(polled.model_copy(update={"feeds": named}))
        scene.hour += 1


def track_of(scene: Scene) -> ExpectingTrack[Spike]:
    track = scene.engine.rules["r"].tracks[0]
    assert isinstance(track, ExpectingTrack)
    return track


def standing(scene: Scene) -> Verdict:
    """Return where the key stands in the window that ended last."""
    return scene.engine.rules["r"].tracks[0].verdict("AZE-RUS", (scene.engine.open or 0) - 1)


def alike(one: Verdict, other: Verdict) -> bool:
    """Tell whether both say the same. In the hour of the change both ids are known, and one story's worth is spread over all."""
    near = pytest.approx((other.expected, other.coverage), rel=0.01, abs=0.001)
    return (one.count, one.counts, one.crossed) == (other.count, other.counts, other.crossed) and bool(
        (one.expected, one.coverage) == near
    )


def with_three_feeds(rule: Rule, days: int = 4) -> Scene:
    scene = Scene(rule)
    play(scene, 24 * days, feeds=[LOUD, *OTHERS])
    return scene


def counted(scene: Scene, ago: int = 0) -> int:
    hour = (scene.engine.open or 0) - ago
    return track_of(scene).articles.counts("AZE-RUS", hour, hour).stories


@every
def test_a_renamed_feed_counts_from_its_first_hour_as_if_it_had_kept_its_id(rule: Rule) -> None:
    renamed, kept = with_three_feeds(rule), with_three_feeds(rule)
    for _ in range(30):
        play(renamed, 1, feeds=[NEW_ID, *OTHERS])
        play(kept, 1, feeds=[LOUD, *OTHERS])
        assert track_of(renamed).joining.roll.shadows == {}
        assert track_of(renamed).told_times is None
        assert counted(renamed, ago=1) == 4
        assert alike(standing(renamed), standing(kept))
    assert kinds(renamed.events) == kinds(kept.events)


@every
def test_it_has_the_share_of_the_feed_it_was(rule: Rule) -> None:
    """When it fails, half of what the key has is not to be seen: what it brought under its former id."""
    scene = with_three_feeds(rule)
    play(scene, 25, feeds=[NEW_ID, *OTHERS])
    play(scene, 25, feeds=[NEW_ID, *OTHERS], failing=[NEW_ID])
    rest, *_ = track_of(scene).joining.exposures((scene.engine.open or 0) - 2, scene.engine.coverage)
    assert not isinstance(rest, float)
    assert rest[1] == pytest.approx(0.5, abs=0.07)  # Two thirds, were the feeds alike.


@every
def test_one_that_was_away_comes_back_under_another_id_as_under_its_own(rule: Rule) -> None:
    renamed, kept = with_three_feeds(rule), with_three_feeds(rule)
    for scene, feed in ((renamed, NEW_ID), (kept, LOUD)):
        play(scene, 30, feeds=OTHERS)
        play(scene, 4, feeds=[feed, *OTHERS])
        assert track_of(scene).joining.roll.shadows == {}
        assert counted(scene, ago=1) == 4
        play(scene, 22, feeds=[feed, *OTHERS])
    assert alike(standing(renamed), standing(kept))
    assert kinds(renamed.events) == kinds(kept.events)


@every
def test_another_id_of_another_source_has_to_wait(rule: Rule) -> None:
    scene = with_three_feeds(rule)
    play(scene, 3, feeds=[NEW_ID, *OTHERS], source=Source(id="somebody else"))
    assert list(track_of(scene).joining.roll.shadows) == [NEW_ID]
    assert counted(scene, ago=1) == 2


def test_one_that_left_longer_ago_than_is_remembered_has_to_wait_as_well() -> None:
    scene = with_three_feeds(RULES[1], days=4)
    play(scene, 24 * 28 + 30, feeds=OTHERS)
    play(scene, 3, feeds=[NEW_ID, *OTHERS])
    assert list(track_of(scene).joining.roll.shadows) == [NEW_ID]
