"""The charts of a report are read beside each other: all of them span the same time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from pipelines.backtest.day_book import Day
from pipelines.backtest.judging import Stretch
from tocsin.report.charts import timeline

_FIRST = datetime(2020, 1, 1, tzinfo=UTC)
_STRETCH = Stretch(_FIRST, _FIRST + timedelta(days=30))


def _ticks(first_day: int) -> list[str]:
    """Return where along the chart the labels of its days stand."""
    days = [Day(_FIRST + timedelta(days=number), number % 3) for number in range(first_day, 31)]
    drawn = timeline("one", days, [], [], [], _STRETCH)
    return re.findall(r'id="xtick_[^>]*>.*?<use [^>]*x="([0-9.]+)"', drawn, re.DOTALL)


def test_a_watch_whose_first_story_came_late_has_the_same_axis() -> None:
    assert len(_ticks(1)) >= 3
    assert _ticks(20) == _ticks(1)
