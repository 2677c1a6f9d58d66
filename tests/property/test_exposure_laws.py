"""On invented news of 60 feeds, from seeds: an outage neither rings nor deafens, and feeds that triple everything join fairly.

A small part of `./run evaluate exposure`, which measures; here only what no seed may break is asked.
"""

from __future__ import annotations

import pytest

from alerts.coverage import CoverageBook
from alerts.rules.model import Ratio, Spike, Zscore
from benchmarks.detector_runs import FIRST_HOUR
from benchmarks.detector_scenarios import SHIFT
from benchmarks.feeds_portfolio import DOWN, EVERYONE, FIRST, Portfolio, Tally, until_joined
from benchmarks.feeds_simulation import World, feed_ids
from benchmarks.feeds_watch import ToldSpike, Watch
from benchmarks.news_simulation import News

_DAYS = 21
_KEYS = 12
#: Keys busy enough that a burst of eight times as much is found for certain.
_NEWS = News(least_rate=1.0, most_rate=4.0)


@pytest.fixture(scope="module", params=[Spike(), SHIFT, Ratio(), Zscore()], ids=lambda settings: settings.kind)
def tally(request: pytest.FixtureRequest) -> Tally:
    """A record is not asked: it looks back over 28 days, and the others say the same of its bank."""
    found = Tally()
    hours = (_DAYS + 26) * 24 + until_joined(_DAYS * 24)
    portfolio = Portfolio(World(_KEYS, hours, seed=11, news=_NEWS), found, _DAYS, request.param)
    portfolio.outage()
    portfolio.joins()
    return found


def rang(tally: Tally, name: str) -> float:
    return tally.happened[name]


def found(tally: Tally, name: str) -> float:
    classes = [f"{name} {number}" for number in range(3) if f"{name} {number}" in tally.of]
    return sum(tally.happened[c] for c in classes) / sum(tally.of[c] for c in classes)


def test_an_outage_does_not_ring(tally: Tally) -> None:
    assert rang(tally, "outage, outage") <= rang(tally, "outage, undisturbed") + 3


def test_an_outage_does_not_deafen(tally: Tally) -> None:
    assert found(tally, "outage, outage") >= min(0.9, found(tally, "outage, undisturbed") - 0.1)


def test_feeds_that_triple_everything_ring_no_more_than_had_they_always_been_there(tally: Tally) -> None:
    for days in (2, 7, 21):
        assert rang(tally, f"{days} d, joined") <= rang(tally, f"{days} d, always") + 3
    assert rang(tally, "shadow, joined") <= rang(tally, "shadow, always") + 3


def test_counted_at_once_they_would_ring(tally: Tally) -> None:
    """Else the laws above would be worth nothing."""
    assert rang(tally, "7 d, naive") + rang(tally, "21 d, naive") > rang(tally, "7 d, joined") + rang(
        tally, "21 d, joined"
    )


def seen_to_expected(watch: Watch) -> float:
    """Return what the last day brought to all keys together, as a multiple of what was expected."""
    assert isinstance(watch.track, ToldSpike)
    assert watch.track.share is not None
    bank = watch.track.share.bank
    days = [bank.scores(row, bank.open_hour - 1)[1] for row in range(1, bank.rows)]
    return sum(day.count for day in days) / sum(day.expected for day in days)


@pytest.mark.parametrize(("naive", "least", "most"), [(False, 0.7, 1.4), (True, 2.0, 4.0)])
def test_count_and_expectation_join_together(*, naive: bool, least: float, most: float) -> None:
    """Were they counted at once, three times as much as expected would come."""
    added = 24 * 14
    world = World(_KEYS, added + until_joined(added) + 60, seed=5, news=_NEWS)
    watch = Watch(_KEYS, world.quiet(), FIRST)
    watch.go_on(added, FIRST)
    if naive:
        for feed in feed_ids(range(len(FIRST), len(EVERYONE))):
            watch.track.joining.roll.join(feed, FIRST_HOUR + added)
        watch.go_on(added + 26, EVERYONE)
    else:
        watch.go_on(added + until_joined(added) + 26, EVERYONE)
    assert least < seen_to_expected(watch) < most


@pytest.mark.parametrize(("heeded", "least", "most"), [(True, 0.93, 1.07), (False, 0.6, 0.85)])
def test_in_an_outage_as_much_less_is_expected_as_comes(
    *, heeded: bool, least: float, most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A third of the feeds fail for a day: count and expectation fall together. Bursts alone would not show whether they do."""
    if not heeded:
        monkeypatch.setattr(CoverageBook, "exposure", lambda *_: 1.0)
    begin, seen = 24 * 14, []
    world = World(_KEYS, begin + 30, seed=5, news=_NEWS)
    for down in (DOWN, ()):
        watch = Watch(_KEYS, world.quiet(), EVERYONE)
        watch.go_on(begin, EVERYONE)
        watch.go_on(begin + 26, EVERYONE, down=down)
        seen.append(seen_to_expected(watch))
    assert least < seen[0] / seen[1] < most


def test_a_true_burst_rings_in_the_shadow_and_after_the_join(tally: Tally) -> None:
    assert found(tally, "added, joined") >= min(
        0.9, found(tally, "added, always") - 0.35
    )  # A third of the news is heard.
    assert found(tally, "join, joined") >= min(0.9, found(tally, "join, always") - 0.1)


def test_without_a_change_of_feeds_exposure_is_one() -> None:
    world = World(3, 24 * 4 + 1, seed=1, news=_NEWS)
    watch = Watch(3, world.quiet(), FIRST)
    watch.go_on(24 * 4, FIRST)
    assert isinstance(watch.track, ToldSpike)
    assert watch.track.share is not None
    bank = watch.track.share.bank
    assert len(bank.full) == 0
    assert (bank.exposure[:, : bank.rows] == 1.0).all()
    assert set(DOWN) < set(EVERYONE)
