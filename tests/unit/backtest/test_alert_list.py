"""Every alert of a report is on its page, however many there are, and the page stays one that can be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipelines.backtest.alarms import Alarm
from pipelines.backtest.judging import AlarmVerdict, JudgedAlarm
from schemas.alert_event import AlertEvent, Counts, Evidence
from schemas.article import Source
from schemas.reasons import EventKind, EventReason
from tocsin.report.alert_list import MOST_AT_ONCE, MOST_WRITTEN_OUT, PRINTED, alert_list

_START = datetime(2025, 1, 1, tzinfo=UTC)


class _Names:
    def display_name(self, actor_id: str) -> str:
        return actor_id.title()

    def adjective(self, actor_id: str) -> str:
        return self.display_name(actor_id)


_NAMES = _Names()


def _alarm(number: int, verdict: AlarmVerdict = AlarmVerdict.FALSE, score: float = 3.0) -> JudgedAlarm:
    at = _START + number * timedelta(hours=7)
    texts = tuple(
        Evidence(
            article_id=f"{number}-{n}", revision=1, story=f"{number}-{n}", event_time=at,
            source=Source(id="x", name="Example"), title=f"Headline {n} of alert {number}", url=f"https://example.org/{number}/{n}",
        )
        for n in range(5)
    )  # fmt: skip
    opened = AlertEvent(
        seq=1, event=EventKind.OPENED, reason=EventReason.CROSSED, rule="r", key="AZE-RUS", at=at, score=score,
        alert_id=f"{number:08}", counts=Counts(stories=5, publishers=3, articles=5), detector="spike",
    )  # fmt: skip
    return JudgedAlarm(Alarm("r", "AZE-RUS", opened, texts, [], at + timedelta(hours=12)), verdict)


def _cards(found: dict[str, object]) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    first, months = found["first"], found["months"]
    assert isinstance(first, list)
    assert isinstance(months, list)
    return first, months


@pytest.mark.parametrize("count", [0, 1, PRINTED, PRINTED + 1, MOST_AT_ONCE])
def test_a_few_stand_one_below_the_other(count: int) -> None:
    first, months = _cards(alert_list([_alarm(n) for n in range(count)], _NAMES))
    assert (len(first), months) == (count, [])
    assert sum(bool(card["printed"]) for card in first) == min(count, PRINTED)


def test_of_many_those_that_tell_most_stand_first_and_all_follow_by_month() -> None:
    alarms = [_alarm(n, score=3 + n % 7) for n in range(10_000)]
    alarms[5_000] = _alarm(5_000, AlarmVerdict.HIT, score=2.6)
    found = alert_list(alarms, _NAMES)
    first, months = _cards(found)
    assert len(first) == PRINTED
    hit = next(card for card in first if card["verdict"] == "for a listed event")
    assert str(hit["opened"]) == f"{alarms[5_000].alarm.opened:%Y-%m-%d %H:%M}"
    of_months = [card for month in months for card in month["alerts"]]  # type: ignore[attr-defined]
    assert [card["opened"] for card in of_months] == [f"{one.alarm.opened:%Y-%m-%d %H:%M}" for one in alarms]
    assert months[0]["name"] == "January 2025"
    assert str(months[0]["told"]).endswith("alerts: 107 not on the list")
    assert any("1 for a listed event" in str(month["told"]) for month in months)
    written_out = [card for card in of_months if len(card["first"]) == 3]
    assert len(written_out) == MOST_WRITTEN_OUT
    assert all(card["first"] for card in of_months), "each alert has a headline it rang on"
    assert "All 10,000 follow by month." in str(found["note"])
