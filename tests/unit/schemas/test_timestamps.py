"""Instants and days in the spellings of files from elsewhere; what could mean two days, or nothing, is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from schemas.timestamps import day_named, parse_timestamp

_THEN = datetime(2020, 1, 3, 14, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2020-01-03T14:15:00Z",
        "2020-01-03T15:15:00+01:00",
        "2020-01-03 14:15",
        "2020-01-03 14:15:00 UTC",
        "2020/01/03 14:15:00",
        "2020-1-3 14:15",
        "20200103T141500Z",
        "20200103141500",
        20200103141500,
        20200103141500.0,
        "Fri, 03 Jan 2020 14:15:00 GMT",
        "Fri, 03 Jan 2020 15:15:00 +0100",
        "03-Jan-2020 02:15PM",
        "3 January 2020 14:15",
        "Jan 3, 2020 2:15 PM",
        "January 3, 2020, 02:15 pm",
        "Jan. 3, 2020 at 2:15 p.m.",
        "1578060900",
        "1578060900.0",
        1578060900,
        1578060900.0,
        "1578060900000",
        1578060900000,
        1578060900000000,
        " 2020-01-03T14:15:00Z ",
    ],
)
def test_an_instant_in_every_spelling(written: str | float) -> None:
    assert parse_timestamp(written) == _THEN
    assert day_named(written) is None


@pytest.mark.parametrize(
    "written",
    [
        "2020-01-03",
        "20200103",
        20200103,
        20200103.0,
        "2020/01/03",
        "2020-1-3",
        "2020-W01-5",
        "03-Jan-2020",
        "3 Jan 2020",
        "Fri, 03 Jan 2020",
        "Friday 3 January 2020",
        "Jan 3, 2020",
        "January 3, 2020",
        date(2020, 1, 3),
    ],
)
def test_a_day_without_a_time_is_known_as_one(written: str | float | date) -> None:
    assert day_named(written) == date(2020, 1, 3)
    if not isinstance(written, date):
        assert parse_timestamp(written, ZoneInfo("Asia/Baku")) == datetime(2020, 1, 2, 20, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "03/01/2020",
        "03.01.2020 14:15",
        "1/3/2020 2:15 PM",
        "31 Feb 2020",
        "2020-13-01",
        "20201399",
        "3 Janus 2020",
        "Fri 3 Jan 14:15 PM 2020",
        "13:15 PM",
        "Jan 3, 2020 13:15 PM",
        "2020",
        "202001",
        "0000-00-00",
        "N/A",
        "",
        True,
        float("nan"),
        float("inf"),
        0,
        -1,
        "0",
        2020,
        202001,
    ],
)
def test_what_is_none_or_could_be_two_is_refused(written: str | float) -> None:
    assert day_named(written) is None
    with pytest.raises(ValueError, match=r"no time|no number|convert"):
        parse_timestamp(written)


def test_twelve_hours_begin_at_midnight_and_noon() -> None:
    assert parse_timestamp("Jan 3, 2020 12:05 AM") == datetime(2020, 1, 3, 0, 5, tzinfo=UTC)
    assert parse_timestamp("Jan 3, 2020 12:05 PM") == datetime(2020, 1, 3, 12, 5, tzinfo=UTC)


def test_a_time_of_no_zone_is_of_the_zone_named_and_one_of_utc_stays() -> None:
    baku = ZoneInfo("Asia/Baku")
    assert parse_timestamp("3 Jan 2020 18:15", baku) == _THEN
    assert parse_timestamp("2020-01-03 14:15:00 UTC", baku) == _THEN
    assert parse_timestamp("1578060900", baku) == _THEN
