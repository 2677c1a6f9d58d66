"""The floor for publishers asks for no more than there are to be had: of those that the rule looks at."""

from __future__ import annotations

import pytest

from alerts.coverage import CoverageBook
from alerts.rules.model import PartOf, Rule, Shift, SourcesPart, Spike
from alerts.tracks.counting import PUBLISHERS_WITHIN_HOURS
from alerts.tracks.expecting import ExpectingTrack
from schemas.reasons import EventKind
from tests.streams.records import FEED_IDS, coverage, pair_rule, signal
from tests.streams.scene import Scene, kinds
from tests.streams.world import START

TWO = SourcesPart(ids=("alfa", "bravo"))


def looking_at(sources: SourcesPart | None, detector: Spike | Shift | None = None) -> Rule:
    rule = pair_rule("r", detector or Spike())
    return rule.model_copy(update={"watch": rule.watch.model_copy(update={"sources": sources})})


@pytest.mark.parametrize(
    ("whose", "there"),
    [
        ((), 5),  # charlie and delta are of one group
        ((TWO,), 2),
        ((SourcesPart(countries=("GBR",)),), 1),
        ((SourcesPart(groups=("northern",), ids=("echo",)),), 2),
        ((SourcesPart(except_ids=("alfa",)),), 4),
        ((SourcesPart(except_ids=("alfa",)), TWO), 1),
        ((SourcesPart(ids=("nobody",)),), 0),
    ],
)
def test_publishers_are_those_that_all_parts_admit(whose: tuple[SourcesPart, ...], there: int) -> None:
    scene = Scene()
    book = CoverageBook()
    book.apply(coverage(START))
    assert book.publishers_covered(scene.first_hour, whose) == there
    assert book.publishers_covered(scene.first_hour + PUBLISHERS_WITHIN_HOURS, whose) == 0


def burst(scene: Scene, feeds: tuple[str, ...]) -> list[EventKind]:
    for n in range(9):
        scene.take(signal(f"b{n}", scene.at(scene.hour, 5 + n), feed=feeds[n % len(feeds)]))
    return kinds(scene.events)


@pytest.mark.parametrize(
    ("sources", "feeds", "rings"),
    [
        (TWO, ("alfa", "bravo"), True),
        (TWO, ("alfa",), False),
        (None, ("alfa", "bravo"), False),
        (SourcesPart(ids=("alfa",)), ("alfa",), False),  # never below two
    ],
)
def test_two_that_are_watched_by_themselves_ring_together(
    sources: SourcesPart | None, feeds: tuple[str, ...], *, rings: bool
) -> None:
    """The floor is three; the rule rests until the burst comes, so hours are opened in one go."""
    scene = Scene(looking_at(sources))
    scene.close(30)
    assert burst(scene, feeds) == ([EventKind.OPENED] if rings else [])


def test_the_floor_of_a_shift_is_that_of_its_part() -> None:
    part = Shift(to=PartOf(sources=SourcesPart(countries=("RUS", "AZE"))))
    scene = Scene(looking_at(SourcesPart(ids=(*FEED_IDS[1:],)), part))
    scene.close(2)
    (track,) = scene.engine.rules["r"].tracks
    assert isinstance(track, ExpectingTrack)
    assert track.floor.whose == (SourcesPart(ids=(*FEED_IDS[1:],)), part.to.sources)
    assert set(track.floor.by_hour.values()) <= {0, 1}
    assert track.floor.at(scene.first_hour + 1) == 2
