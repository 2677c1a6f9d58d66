"""A report's words for people: numbers as they are said, and an alert that a list lacks is not called false."""

from __future__ import annotations

import pytest

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
