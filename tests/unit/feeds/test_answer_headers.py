"""What headers of an answer say, the wild ones included."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from multidict import CIMultiDict

from connectors.feeds.answer_headers import max_age_s, retry_after_s, server_time_s, told

NOW = datetime(2025, 1, 22, 10, tzinfo=UTC)
DATE = "Wed, 22 Jan 2025 10:00:00 GMT"
HALF_PAST = "Wed, 22 Jan 2025 10:30:00 GMT"


def now() -> datetime:
    return NOW


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 0),
        ({"Cache-Control": "max-age=300"}, 300),
        ({"Cache-Control": 'public, MAX-AGE = "60"', "Expires": HALF_PAST}, 60),
        ({"Cache-Control": "s-maxage=900"}, 0),
        ({"Cache-Control": "max-age=300, no-cache"}, 0),
        ({"Cache-Control": "no-store", "Expires": HALF_PAST}, 0),
        ({"Cache-Control": "max-age=300", "Age": "100"}, 200),
        ({"Cache-Control": "max-age=300", "Age": "1000"}, 0),
        ({"Cache-Control": "max-age=300", "Age": "²"}, 300),
        ({"Cache-Control": "max-age=99999999999"}, 999_999_999),
        ({"Expires": HALF_PAST}, 1800),
        ({"Expires": HALF_PAST, "Date": HALF_PAST}, 0),
        ({"Expires": DATE, "Date": HALF_PAST}, 0),
        ({"Expires": "0"}, 0),
        ({"Expires": "Wed, 22 Jan 9999 10:30:00 GMT"}, 999_999_999),
    ],
)
def test_for_how_long_an_answer_is_good(headers: dict[str, str], expected: int) -> None:
    assert max_age_s(CIMultiDict(headers), now) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("120", 120.0),
        (" 120 ", 120.0),
        ("0", 0.0),
        ("99999999999999999999", 604_800.0),
        (HALF_PAST, 1800.0),
        ("Wed, 22 Jan 2020 10:30:00 GMT", 0.0),
        ("Wed, 22 Jan 2099 10:30:00 GMT", 604_800.0),
        ("soon", None),
        ("-5", None),
        ("１２", None),
    ],
)
def test_when_to_ask_again(value: str | None, expected: float | None) -> None:
    headers = CIMultiDict({} if value is None else {"retry-after": value})
    assert retry_after_s(headers, now) == expected


@pytest.mark.parametrize(
    ("headers", "ahead_s"),
    [
        ({}, None),
        ({"Date": DATE}, 0.0),
        ({"Date": DATE, "Age": "90"}, 90.0),
        ({"Date": "Wed, 22 Jan 2025 12:00:00 +0200"}, 0.0),
        ({"Date": "Wed, 22 Jan 2025 10:00:00"}, 0.0),
        ({"Date": "yesterday"}, None),
        ({"Date": "Wed, 22 Jan 99999 10:00:00 GMT"}, None),
    ],
)
def test_the_time_of_a_server(headers: dict[str, str], ahead_s: float | None) -> None:
    expected = None if ahead_s is None else NOW.timestamp() + ahead_s
    assert server_time_s(CIMultiDict(headers)) == expected


@pytest.mark.parametrize("value", ['"a"', 'W/"ä€"', "a b;c", ""])
def test_a_validator_is_kept_as_it_came(value: str) -> None:
    assert told(CIMultiDict({"ETag": value}), "etag") == value


@pytest.mark.parametrize("value", ["a\x0bX-Injected: 1", "a\x00", "a\x7f", "a\ud800"])
def test_what_cannot_be_sent_back_is_not_kept(value: str) -> None:
    assert told(CIMultiDict({"ETag": value}), "etag") is None
