"""Moments and days as people type them: what is none is met with how it is written."""

from __future__ import annotations

from datetime import UTC, datetime

import click
import pytest

from tocsin.moments import DAY, moment


def test_a_moment_has_the_zone_it_names_or_is_of_utc() -> None:
    assert moment(" 2025-01-22T02:40 ") == datetime(2025, 1, 22, 2, 40, tzinfo=UTC)
    assert moment("2025-01-22T02:40+04:00") == datetime(2025, 1, 21, 22, 40, tzinfo=UTC)


@pytest.mark.parametrize("text", ["yesterday", "2025-02-30", "9999-12-31T23:59-14:00", ""])
def test_what_is_no_moment_is_met_with_how_one_is_written(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no time: write it as 2025-01-22T02:40"):
        moment(text)


@pytest.mark.parametrize("text", ["2019-12-32", "2023-02-29", "1.2.2020", "2020-01-01T00:00", ""])
def test_what_is_no_day_is_met_with_how_one_is_written(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no day: write it as 2020-01-31"):
        DAY.convert(text, None, None)
    assert DAY.convert("2024-02-29", None, None) == datetime(2024, 2, 29)  # noqa: DTZ001  # days have no zone
