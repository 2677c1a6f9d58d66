"""A report's words for people: numbers as they are said, and an alert that a list lacks is not called false."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pipelines.backtest.judging import AlarmVerdict, EventFate
from pipelines.backtest.scores import Score
from pipelines.backtest.variants import Setting
from tocsin.report import words


@pytest.mark.parametrize(
    ("expected", "window_h", "said"),
    [
        (3.21, 6, "3.2 would have been normal"),
        (1.0, 24, "1 would have been normal"),
        (0.043, 6, "normally one comes in 5.8 days"),
        (0.6, 24, "normally one comes in 40 hours"),
        (0.0, 24, "normally none comes"),
    ],
)
def test_what_was_expected(expected: float, window_h: int, said: str) -> None:
    assert words.normally(expected, window_h) == said


@pytest.mark.parametrize(
    ("mean", "said"),
    [(4.94, "4.9 stories a day"), (0.5, "0.5 stories a day"), (0.02, "A story in 50 days"), (0.0, "No story")],
)
def test_what_a_watch_has_a_day(mean: float, said: str) -> None:
    assert words.stories_a_day(mean) == said


@pytest.mark.parametrize(("count", "said"), [(1, "once"), (2, "twice"), (1_200, "1,200 times")])
def test_how_often(count: int, said: str) -> None:
    assert words.times(count) == said


def test_no_list_is_complete() -> None:
    assert not any("false" in said for said in words.WORDS_OF_VERDICT.values())


def test_of_one_event_there_is_no_half_and_of_one_ring_no_rate() -> None:
    one = Score(
        Counter({AlarmVerdict.HIT: 1}), Counter({EventFate.FOUND: 1}), (11.0,), 1, 14 * 24.0, 0.0, 5.0, judged=True
    )
    assert words.delay_in_words(one) == "11 hours after its stated start"
    assert words.delay_in_words(replace(one, delays_h=(-3.0,))) == "3 hours before its stated start"
    assert "half of them" in words.delay_in_words(replace(one, delays_h=(1.0, 2.0)))
    assert words._how_often("It", one) == "It rang once in 14 days."
    assert words._how_often("They", replace(one, alarms=Counter())) == "They never rang."


def test_a_setting_is_said_in_words() -> None:
    assert words.setting(Setting("", "high", "windows as written", "low floors")) == (
        "sensitivity high, lower floors (fewer stories and publishers are enough)"
    )
    assert words.setting(Setting("zscore", "strict", "one day", "floors as written")) == (
        "the detector zscore, a bar above sensitivity low, windows of one day"
    )


def test_a_time_ends_on_its_last_day() -> None:
    assert words.day(datetime(2023, 5, 1, tzinfo=UTC)) == "1 May 2023"
    assert words.last_day(datetime(2023, 5, 16, tzinfo=UTC)) == "15 May 2023"
