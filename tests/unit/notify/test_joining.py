"""An alert decided later on mostly the same articles joins the thread of what was told, quietly; what is graver rings."""

from __future__ import annotations

from datetime import time, timedelta
from pathlib import Path
from typing import Any  # whatever an event may hold
from zoneinfo import ZoneInfo

import pytest

from alerts.rules.model import Mode
from pipelines.explaining.delivery_links import delivery_links
from pipelines.explaining.links import Link, State
from pipelines.notifying.pacing import DailySpan, QuietHours
from pipelines.notifying.planning import Receiver
from pipelines.notifying.routing import Grouping, Route
from pipelines.notifying.situations import Routing
from schemas.alert_event import AlertEvent
from schemas.ids import alert_id
from schemas.reasons import DeliveryStatus, Severity
from tests.unit.notify.world import ESCALATED, LATER, RESOLVED, START, UPDATED, Desk, Phone

HIGH, CRITICAL = Severity.HIGH, Severity.CRITICAL


def told_first(tmp_path: Path, *phones: Phone) -> tuple[Desk, AlertEvent]:
    """Return a desk that has told of one alert on the articles a to d."""
    desk = Desk(tmp_path, *phones)
    first = desk.ring(key="AZE-RUS", articles="abcd", severity=HIGH)
    desk.settle(desk.notifier())
    return desk, first


def rung_later(
    desk: Desk, *, minutes: float = 5, articles: str = "abx", key: str = "AZE-TUR", **more: object
) -> AlertEvent:
    desk.pass_time(minutes=minutes)
    values: dict[str, Any] = {"severity": HIGH, **more}
    later = desk.ring(key=key, articles=articles, **values)
    desk.settle(desk.notifier())
    return later


def test_what_opens_minutes_later_joins_the_thread_and_wakes_nobody(tmp_path: Path) -> None:
    phone = Phone()
    desk, first = told_first(tmp_path, phone)
    later = rung_later(desk)
    joined = phone.got[-1]
    assert joined.event == later
    assert joined.thread_id == first.alert_id
    assert joined.severity is Severity.LOW
    assert joined.subject.startswith("ALSO HIGH AZE–TUR")
    assert joined.body.startswith("At least half of its articles are among those of: HIGH AZE–RUS")
    assert first.alert_id in joined.body
    (delivery,) = desk.store.deliveries(alert_id=later.alert_id)
    assert delivery.status is DeliveryStatus.DELIVERED
    assert delivery.reason == f"same_stories: in the thread of alert {first.alert_id}"


def test_why_and_show_say_whose_thread_it_joined(tmp_path: Path) -> None:
    desk, first = told_first(tmp_path, Phone())
    later = rung_later(desk)
    links = {checked.link: checked for checked in delivery_links(desk.store, later.alert_id, Mode.LIVE)}
    assert links[Link.DELIVERED].state is State.HOLDS
    (line,) = links[Link.DELIVERED].details
    assert line.endswith(
        f"(quietly, for it is about mostly the same stories as another alert: in the thread of alert {first.alert_id})"
    )


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"severity": CRITICAL}, "critical passes"),
        ({"articles": "axyz"}, "less than half"),
        ({"articles": ""}, "nothing is known of its articles"),
        ({"minutes": 31}, "too long ago"),
    ],
)
def test_what_rings_all_the_same(tmp_path: Path, more: dict[str, object], why: str) -> None:
    phone = Phone()
    desk, _ = told_first(tmp_path, phone)
    later = rung_later(desk, **more)  # type: ignore[arg-type]  # the keywords of rung_later
    assert phone.got[-1].event == later
    assert phone.got[-1].thread_id == later.alert_id, why
    assert phone.got[-1].severity is later.severity


def test_what_is_graver_than_what_was_told_rings(tmp_path: Path) -> None:
    phone = Phone()
    desk = Desk(tmp_path, phone)
    desk.ring(key="AZE-RUS", articles="abcd", severity=Severity.NORMAL)
    desk.settle(desk.notifier())
    later = rung_later(desk)
    assert phone.got[-1].thread_id == later.alert_id


def test_an_alert_that_ended_is_joined_by_none(tmp_path: Path) -> None:
    phone = Phone()
    desk, _ = told_first(tmp_path, phone)
    desk.ring(RESOLVED, key="AZE-RUS")
    desk.settle(desk.notifier())
    later = rung_later(desk)
    assert phone.got[-1].thread_id == later.alert_id


def test_a_war_of_hours_rings_again_and_joins_go_to_what_rang(tmp_path: Path) -> None:
    phone = Phone()
    desk, first = told_first(tmp_path, phone)
    laters = [rung_later(desk, minutes=12, key=f"K{n}") for n in range(6)]
    threads = [m.thread_id for m in phone.got]
    assert threads == [first.alert_id] * 3 + [laters[2].alert_id] * 3 + [laters[5].alert_id]


def test_a_longer_group_interval_is_heeded(tmp_path: Path) -> None:
    phone = Phone()
    desk = Desk(tmp_path, phone)
    desk.routing = Routing((Route("1", "phone", grouping=Grouping(("rule",), timedelta(0), timedelta(hours=2))),))
    first = desk.ring(key="AZE-RUS", articles="abcd", severity=HIGH)
    desk.settle(desk.notifier())
    rung_later(desk, minutes=90)
    assert phone.got[-1].thread_id == first.alert_id


def test_what_waits_names_what_joins_it(tmp_path: Path) -> None:
    phone = Phone()
    nap = QuietHours(DailySpan(time(13), time(16), ZoneInfo("UTC")))
    desk = Desk(tmp_path, phone, receivers=(Receiver("phone", quiet=nap),))
    first = desk.ring(key="AZE-RUS", articles="abcd", severity=HIGH)
    desk.step(desk.notifier(), times=3)
    desk.pass_time(minutes=10)
    later = desk.ring(key="AZE-TUR", articles="abx", severity=HIGH)
    desk.settle(desk.notifier())
    (message,) = phone.got
    assert "AZE–TUR" in message.body
    (delivery,) = desk.store.deliveries(alert_id=later.alert_id)
    assert delivery.status is DeliveryStatus.SUPERSEDED
    assert delivery.reason == f"same_stories: in the message of alert {first.alert_id}"


def test_its_growth_rings_its_corrections_do_not_and_its_end_is_told(tmp_path: Path) -> None:
    phone = Phone()
    desk, _ = told_first(tmp_path, phone)
    later = rung_later(desk)
    desk.ring(UPDATED, key="AZE-TUR")
    desk.settle(desk.notifier())
    assert len(phone.got) == 2
    desk.ring(ESCALATED, key="AZE-TUR", severity=HIGH)
    desk.settle(desk.notifier())
    assert (phone.got[-1].thread_id, phone.got[-1].severity) == (later.alert_id, HIGH)
    desk.ring(RESOLVED, key="AZE-TUR")
    desk.settle(desk.notifier())
    assert phone.told[-1][0] == "resolved"


def test_each_receiver_joins_what_it_was_told_itself(tmp_path: Path) -> None:
    phone, boss = Phone(), Phone("boss")
    desk = Desk(tmp_path, phone, boss, receivers=(Receiver("phone"), Receiver("boss", labels={"desk": "x"})))
    first = desk.ring(key="AZE-RUS", articles="abcd", severity=HIGH)
    desk.settle(desk.notifier())
    later = rung_later(desk, labels={"desk": "x"})
    assert phone.got[-1].thread_id == first.alert_id
    assert [m.thread_id for m in boss.got] == [later.alert_id]


def test_a_retry_keeps_thread_and_id(tmp_path: Path) -> None:
    phone = Phone()
    desk, first = told_first(tmp_path, phone)
    phone.answers = [LATER, LATER]
    rung_later(desk)
    tries = phone.tried[1:]
    assert len(tries) == 3
    assert {m.message_id for m in tries} == {tries[0].message_id}
    assert {m.thread_id for m in tries} == {first.alert_id}


def test_what_joined_is_not_told_again_by_itself(tmp_path: Path) -> None:
    phone = Phone()
    desk = Desk(tmp_path, phone)
    desk.routing = Routing((Route("1", "phone", repeat=timedelta(hours=1)),))
    notifier = desk.notifier()
    desk.ring(key="AZE-RUS", articles="abcd", severity=HIGH)
    desk.settle(notifier)
    rung_later(desk)
    desk.pass_time(minutes=90)
    desk.step(notifier)
    again = [m.event.key for m in phone.got if m.subject.startswith("STILL OPEN") and m.event]
    assert again == ["AZE-RUS"]
    assert alert_id("r", "AZE-RUS", START) == phone.got[-1].thread_id
