"""Two hundred dead of a thousand feeds, in simulated time: the living hardly notice, and with places of one kind they would."""

from __future__ import annotations

import pytest

from benchmarks.bench_dead_hosts import AT_MOST_LATER_S, DEAD, ONE_KIND, OURS, Beginning, percentile, waits


@pytest.fixture(scope="module")
def nobody_dead_s() -> float:
    return percentile(waits(OURS, 0, Beginning.START), 0.99)


@pytest.mark.parametrize("beginning", [Beginning.START, Beginning.RESTART], ids=lambda beginning: beginning.name)
def test_the_dead_delay_the_living_by_seconds_whatever_is_known_of_them(
    beginning: Beginning, nobody_dead_s: float
) -> None:
    assert percentile(waits(OURS, DEAD, beginning), 0.99) < nobody_dead_s + AT_MOST_LATER_S


def test_with_places_of_one_kind_they_would_wait_for_a_minute(nobody_dead_s: float) -> None:
    assert percentile(waits(ONE_KIND, DEAD, Beginning.START), 0.99) > nobody_dead_s + 30
