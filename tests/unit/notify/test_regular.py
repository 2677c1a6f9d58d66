"""Messages by the clock: a test where nothing was told for long, a line a day when all is quiet, and neither twice."""

from __future__ import annotations

import asyncio
from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pipelines.notifying.regular import Regular, RegularMessages
from schemas.reasons import MessageKind
from tests.unit.notify.world import LATER, NEVER, Desk, Phone

WEEK = timedelta(days=7)
#: 14:30 UTC, half an hour after the start.
MORNING = Regular("phone", all_quiet=time(18, 30), zone=ZoneInfo("Asia/Baku"))


def regular(desk: Desk, *regulars: Regular) -> RegularMessages:
    return RegularMessages(desk.store, desk.phones, regulars, desk.clock)


def pass_days(desk: Desk, messages: RegularMessages, days: float, *, every_h: float = 1.0) -> None:
    for _ in range(round(days * 24 / every_h)):
        desk.pass_time(hours=every_h)
        asyncio.run(messages.step(desk.clock.now()))


def kinds(phone: Phone) -> list[MessageKind]:
    return [message.kind for message in phone.got]


def test_a_test_goes_out_once_a_week_and_not_at_the_start(tmp_path: Path) -> None:
    phone = Phone()
    desk = Desk(tmp_path, phone)
    messages = regular(desk, Regular("phone", WEEK))
    asyncio.run(messages.step(desk.clock.now()))
    pass_days(desk, messages, 6.9)
    assert phone.got == []
    pass_days(desk, regular(desk, Regular("phone", WEEK)), 7.5)
    assert kinds(phone) == [MessageKind.TEST] * 2, "also by a process that began meanwhile"


def test_who_was_told_something_needs_no_test(tmp_path: Path) -> None:
    phone = Phone()
    desk = Desk(tmp_path, phone)
    messages = regular(desk, Regular("phone", WEEK))
    asyncio.run(messages.step(desk.clock.now()))
    pass_days(desk, messages, 5)
    desk.ring()
    desk.step(desk.notifier())
    pass_days(desk, messages, 6.5)
    assert kinds(phone) == [MessageKind.ALERT]
    pass_days(desk, messages, 1)
    assert kinds(phone) == [MessageKind.ALERT, MessageKind.TEST]


def test_a_test_that_does_not_come_through_is_told_to_the_others(tmp_path: Path) -> None:
    phone, mail = Phone(answer=NEVER), Phone("mail")
    desk = Desk(tmp_path, phone, mail)
    messages = regular(desk, Regular("phone", WEEK))
    asyncio.run(messages.step(desk.clock.now()))
    pass_days(desk, messages, 8)
    (note,) = mail.got
    assert note.subject.startswith("NOT DELIVERED to phone: Test")


def test_a_test_is_tried_again_before_anybody_is_told(tmp_path: Path) -> None:
    phone, mail = Phone("phone", LATER, LATER), Phone("mail")
    desk = Desk(tmp_path, phone, mail)
    messages = regular(desk, Regular("phone", WEEK))
    asyncio.run(messages.step(desk.clock.now()))
    pass_days(desk, messages, 8)
    assert kinds(phone) == [MessageKind.TEST]
    assert len({message.message_id for message in phone.tried}) == 1
    assert mail.got == []


def test_a_line_a_day_when_all_is_quiet(tmp_path: Path) -> None:
    phone = Phone()
    desk = Desk(tmp_path, phone)
    messages = regular(desk, MORNING)
    pass_days(desk, messages, 3, every_h=0.25)
    assert [message.subject for message in phone.got] == [
        f"All quiet since {day} 2025 14:30 UTC: nothing rang at all" for day in ("29 Jun", "30 Jun", "1 Jul")
    ]
    assert {message.severity.value for message in phone.got} == {"low"}


def test_no_such_line_where_something_was_told(tmp_path: Path) -> None:
    phone = Phone()
    desk = Desk(tmp_path, phone)
    messages = regular(desk, MORNING)
    desk.ring()
    desk.step(desk.notifier())
    pass_days(desk, messages, 2, every_h=0.25)
    assert kinds(phone) == [MessageKind.ALERT, MessageKind.SERVICE]


def test_a_service_that_was_down_at_the_time_does_not_say_it_in_the_evening(tmp_path: Path) -> None:
    phone = Phone()
    desk = Desk(tmp_path, phone)
    desk.pass_time(hours=3)
    asyncio.run(regular(desk, MORNING).step(desk.clock.now()))
    assert phone.got == []
