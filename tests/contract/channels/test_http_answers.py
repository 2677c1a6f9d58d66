"""What each answer of an HTTP receiver leads to, for every channel that posts: a table over real answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from connectors.channels.http_outcome import LONGEST_RETRY_AFTER_S, outcome_of_status, retry_after_seconds
from tests.contract.channels.counterparts import (
    HttpCounterpart,
    NtfyCounterpart,
    Running,
    SlackCounterpart,
    WebhookCounterpart,
)
from tests.contract.channels.hosted_counterparts import (
    AlertmanagerCounterpart,
    PagerDutyCounterpart,
    TelegramCounterpart,
)
from tests.contract.channels.test_channel_laws import run, sent_once

POSTING: list[Callable[[], HttpCounterpart]] = [
    WebhookCounterpart,
    NtfyCounterpart,
    SlackCounterpart,
    TelegramCounterpart,
    PagerDutyCounterpart,
    AlertmanagerCounterpart,
]
every_posting_channel = pytest.mark.parametrize(
    "make", POSTING, ids=lambda make: make.__name__.removesuffix("Counterpart")
)
NOW = datetime(2025, 6, 30, 14, tzinfo=UTC)

#: Status → what becomes of the message.
TABLE = {
    200: "delivered",
    201: "delivered",
    202: "delivered",
    204: "delivered",
    301: "refused",
    302: "refused",
    303: "refused",
    307: "refused",
    308: "refused",
    400: "refused",
    401: "refused",
    403: "refused",
    404: "refused",
    405: "refused",
    408: "retry",
    409: "refused",
    410: "refused",
    413: "refused",
    422: "refused",
    425: "retry",
    429: "retry",
    500: "retry",
    501: "retry",
    502: "retry",
    503: "retry",
    504: "retry",
    529: "retry",
    599: "retry",
}


@every_posting_channel
def test_every_status_has_its_outcome(make: Callable[[], HttpCounterpart]) -> None:
    async def scenario() -> None:
        counterpart = make()
        async with Running(counterpart):
            for status, result in TABLE.items():
                counterpart.status = status
                outcome = await sent_once(counterpart)
                assert (status, outcome.result) == (status, result)
                assert str(status) in outcome.detail
                assert outcome.may_have_arrived == (status in (502, 504))
            assert len(counterpart.taken) == sum(result == "delivered" for result in TABLE.values())

    run(scenario)


@every_posting_channel
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_neither_followed_nor_success(make: Callable[[], HttpCounterpart], status: int) -> None:
    async def scenario() -> None:
        counterpart = make()
        async with Running(counterpart):
            counterpart.status = status
            counterpart.headers = {"Location": f"{counterpart.base}/elsewhere-with-token"}
            outcome = await sent_once(counterpart)
            assert outcome.result == "refused"
            assert "redirect" in outcome.detail
            assert "elsewhere" not in outcome.detail, "where it leads comes from outside"
            assert len(counterpart.visited) == 1

    run(scenario)


@every_posting_channel
def test_the_pause_a_receiver_asks_for_is_told(make: Callable[[], HttpCounterpart]) -> None:
    async def scenario() -> None:
        counterpart = make()
        async with Running(counterpart):
            counterpart.headers = {"Retry-After": "120"}
            for status in (429, 503):
                counterpart.status = status
                assert (await sent_once(counterpart)).retry_after_s == 120
            for status in (200, 400):
                counterpart.status = status
                assert (await sent_once(counterpart)).retry_after_s is None

    run(scenario)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        (" 90 ", 90.0),
        ("1.5", 1.5),
        ("-5", 0.0),
        ("1e12", LONGEST_RETRY_AFTER_S),
        ("inf", LONGEST_RETRY_AFTER_S),
        ("nan", None),
        ("soon", None),
        ("", None),
        ("٣", None),
        (format_datetime(NOW + timedelta(seconds=30), usegmt=True), 30.0),
        (format_datetime(NOW - timedelta(hours=3), usegmt=True), 0.0),
        ("Mon, 99 Jun 2025 99:99:99 GMT", None),
    ],
)
def test_a_pause_is_read_or_left_alone(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds


@pytest.mark.parametrize("status", [0, 100, 199, 600, 999])
def test_a_status_that_should_not_be_is_no_success(status: int) -> None:
    assert outcome_of_status(status, retry_after=None, now=NOW).result == "refused"


@every_posting_channel
def test_an_endless_answer_costs_nothing(make: Callable[[], HttpCounterpart]) -> None:
    async def scenario() -> None:
        counterpart = make()
        async with Running(counterpart):
            counterpart.headers = {"X-Padding": "y" * 4000}
            counterpart.answer_bytes = 4 * 1024 * 1024
            assert (await sent_once(counterpart)).result == "delivered"

    run(scenario)
