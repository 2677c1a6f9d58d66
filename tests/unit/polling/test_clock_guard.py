"""Whose clock is believed: the log's, and the median of several hosts; a step of ours shows at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.feeds.answer_headers import ServerTime
from pipelines.polling.clock_guard import HEARD_HOSTS, LEAST_HOSTS, ClockGuard
from schemas.ids import milliseconds

NOW = datetime(2025, 1, 22, 10, tzinfo=UTC)


def guard(*offsets_s: float) -> ClockGuard:
    made = ClockGuard(120.0)
    for number, offset_s in enumerate(offsets_s):
        made.hear(f"host{number}", ServerTime(NOW.timestamp() + offset_s, 50.0))
    return made


def fault(made: ClockGuard, now: datetime = NOW, monotonic_s: float = 50.0, log_offset_s: float = 0.0) -> str:
    return made.fault(now, monotonic_s, milliseconds(now) + round(log_offset_s * 1000))


@pytest.mark.parametrize(
    ("offset_s", "words"),
    [(121.0, "121 s behind the log's"), (-3600.0, "3,600 s ahead of the log's"), (119.0, ""), (-119.0, "")],
)
def test_the_logs_clock(offset_s: float, words: str) -> None:
    said = fault(guard(), log_offset_s=offset_s)
    assert words in said
    assert bool(said) == bool(words)


@pytest.mark.parametrize(
    ("offsets_s", "wrong"),
    [
        ((500.0, 500.0), False),
        ((500.0, 500.0, 500.0), True),
        ((-500.0, -400.0, -300.0, 0.0), True),
        ((500.0, 0.0, 0.0), False),
        ((5000.0, 5000.0, 0.0, 0.0, 1.0), False),
    ],
)
def test_the_median_of_hosts(offsets_s: tuple[float, ...], wrong: bool) -> None:
    assert bool(fault(guard(*offsets_s))) == wrong


def test_a_step_of_our_clock_shows_at_once_and_so_does_its_correction() -> None:
    made = guard(0.0, 1.0, -1.0)
    assert "600 s ahead of" in fault(made, NOW + timedelta(seconds=610), monotonic_s=60.0)
    assert fault(made, NOW + timedelta(seconds=10), monotonic_s=60.0) == ""


def test_new_answers_outvote_what_was_heard_before_a_sleep() -> None:
    made = guard(*[0.0] * 40)
    assert made.hosts == HEARD_HOSTS
    later = NOW + timedelta(hours=8)  # The monotonic clock stood still meanwhile.
    assert fault(made, later, monotonic_s=51.0)
    for number in range(HEARD_HOSTS // 2 + 1):
        made.hear(f"other{number}", ServerTime(later.timestamp(), 51.0))
    assert fault(made, later, monotonic_s=51.0) == ""


@given(st.lists(st.floats(-119, 119), min_size=LEAST_HOSTS, max_size=40))
def test_hosts_that_agree_with_us_never_stop_us(offsets_s: list[float]) -> None:
    assert fault(guard(*offsets_s)) == ""
