"""What is told later: quiet hours, at most so many, groups that wait, escalation; and never twice, never when it is over."""

from __future__ import annotations

import random
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipelines.notifying.pacing import AtMost, DailySpan, QuietHours
from pipelines.notifying.planning import Receiver
from pipelines.notifying.routing import Grouping, Route
from pipelines.notifying.situations import Routing
from schemas.ports.response import Acknowledgement, Silence
from schemas.reasons import DeliveryStatus, EventKind, MessageKind, Severity
from tests.unit.notify.world import ESCALATED, LATER, OPENED, RESOLVED, START, UNSURE, UPDATED, YES, Desk, Phone

BAKU, BERLIN, UTC_ZONE = ZoneInfo("Asia/Baku"), ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
#: START is 14:00 UTC; this holds it.
NAP = QuietHours(DailySpan(time(13), time(16), UTC_ZONE))
NIGHT = DailySpan(time(22), time(7), UTC_ZONE)
MINUTES = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("span", "now", "ends"),
    [
        (DailySpan(time(22), time(7), BAKU), datetime(2025, 6, 30, 18, 0, tzinfo=UTC), datetime(2025, 7, 1, 3, tzinfo=UTC)),
        (DailySpan(time(22), time(7), BAKU), datetime(2025, 6, 30, 17, 59, tzinfo=UTC), None),
        (DailySpan(time(22), time(7), BAKU), datetime(2025, 7, 1, 2, 59, tzinfo=UTC), datetime(2025, 7, 1, 3, tzinfo=UTC)),
        (DailySpan(time(22), time(7), BAKU), datetime(2025, 7, 1, 3, tzinfo=UTC), None),
        (DailySpan(time(9), time(17), UTC_ZONE), START, datetime(2025, 6, 30, 17, tzinfo=UTC)),
        # The night the clocks of Berlin went forward has eight hours.
        (DailySpan(time(22), time(7), BERLIN), datetime(2025, 3, 29, 21, tzinfo=UTC), datetime(2025, 3, 30, 5, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_spans_in_local_time(span: DailySpan, now: datetime, ends: datetime | None) -> None:
    around = span.around(now)
    assert (around[1] if around else None) == ends
    assert around is None or around[0] <= now < around[1]


@pytest.mark.parametrize("per", ["hour", "day", "night"])
def test_stretches_hold_the_present(per: str) -> None:
    limit = AtMost(1, per, DailySpan(time(22), time(7), BERLIN))  # type: ignore[arg-type]  # one of its words
    for hour in range(24 * 7):
        now = datetime(2025, 3, 27, tzinfo=UTC) + timedelta(hours=hour, minutes=7)
        stretch = limit.stretch(now)
        assert stretch is None or stretch[0] <= now < stretch[1]
        assert stretch is not None or per == "night"


def desk_with(tmp_path: Path, phone: Phone, **receiver: object) -> Desk:
    return Desk(tmp_path, phone, receivers=[Receiver("phone", **receiver)])  # type: ignore[arg-type]  # its fields


def test_what_comes_in_quiet_hours_is_told_after_them_in_one_message(tmp_path: Path) -> None:
    phone = Phone()
    desk = desk_with(tmp_path, phone, quiet=NAP)
    notifier = desk.notifier()
    for key in ("AZE-RUS", "GBR-UKR"):
        desk.ring(key=key)
        desk.step(notifier)
        desk.pass_time(minutes=1)
    assert phone.got == []
    assert [d.reason for d in desk.open] == ["quiet_hours: until 2025-06-30 16:00:00 UTC"] * 2
    assert {d.status for d in desk.open} == {DeliveryStatus.HELD}
    desk.settle(notifier)
    (digest,) = phone.got
    assert (digest.kind, [event.key for event in digest.events]) == (MessageKind.DIGEST, ["AZE-RUS", "GBR-UKR"])
    assert digest.subject.startswith("In quiet hours: 2 events")
    assert sorted(desk.ends()) == [(1, DeliveryStatus.DELIVERED, ""), (2, DeliveryStatus.SUPERSEDED, "told_together")]


def test_the_gravest_passes_quiet_hours(tmp_path: Path) -> None:
    phone = Phone()
    desk = desk_with(tmp_path, phone, quiet=NAP)
    desk.ring(severity=Severity.CRITICAL)
    desk.step(desk.notifier())
    assert phone.told == [("opened", 1)]


def test_growth_passes_what_is_held_and_what_was_held_is_not_told_after_it(tmp_path: Path) -> None:
    phone = Phone()
    desk = desk_with(tmp_path, phone, quiet=NAP)
    notifier = desk.notifier()
    desk.ring(OPENED)
    desk.step(notifier)
    desk.ring(ESCALATED, severity=Severity.CRITICAL)
    desk.step(notifier)
    assert phone.told == [("escalated", 2)]
    desk.settle(notifier)
    assert phone.told == [("escalated", 2)]
    assert desk.ends() == [(1, DeliveryStatus.SUPERSEDED, "newer_event"), (2, DeliveryStatus.DELIVERED, "")]


def test_what_opened_and_ended_in_quiet_hours_is_not_told(tmp_path: Path) -> None:
    phone = Phone()
    desk = desk_with(tmp_path, phone, quiet=NAP)
    notifier = desk.notifier()
    for kind in (OPENED, UPDATED, RESOLVED):
        desk.ring(kind)
        desk.step(notifier)
        desk.pass_time(minutes=10)
    desk.ring(key="GBR-UKR")
    desk.settle(notifier)
    (only,) = phone.got
    assert only.event is not None, "one event is told as itself"
    assert only.event.key == "GBR-UKR"
    assert [reason for _, _, reason in desk.ends()][:3] == ["already_resolved", "already_resolved", "never_told"]


def test_one_held_event_is_told_whole(tmp_path: Path) -> None:
    phone = Phone()
    desk = desk_with(tmp_path, phone, quiet=NAP)
    desk.ring()
    desk.settle(desk.notifier())
    assert phone.told == [("opened", 1)]


def test_a_digest_tried_again_is_the_same_message(tmp_path: Path) -> None:
    phone = Phone("phone", UNSURE, LATER)
    desk = desk_with(tmp_path, phone, quiet=NAP)
    for key in ("AZE-RUS", "GBR-UKR", "ARM-AZE"):
        desk.ring(key=key)
    desk.settle(desk.notifier())
    assert len(phone.tried) == 3
    assert len({message.message_id for message in phone.tried}) == 1
    assert {len(message.events) for message in phone.tried} == {3}
    assert {message.subject for message in phone.tried} == {phone.got[0].subject}


def test_at_most_so_many_and_the_rest_in_one(tmp_path: Path) -> None:
    phone = Phone()
    desk = desk_with(tmp_path, phone, at_most=AtMost(2, "hour", NIGHT))
    notifier = desk.notifier()
    for n in range(5):
        desk.ring(key=f"K{n}")
        desk.step(notifier)
        desk.pass_time(minutes=1)
    assert len(phone.got) == 2
    desk.ring(key="WAR", severity=Severity.CRITICAL)
    desk.step(notifier)
    assert len(phone.got) == 3, "critical passes"
    desk.settle(notifier)
    rest = phone.got[-1]
    assert [event.key for event in rest.events] == ["K2", "K3", "K4"]
    assert rest.subject.startswith("The rest: 3 events")


def test_the_rest_may_be_dropped_with_a_reason(tmp_path: Path) -> None:
    phone = Phone()
    desk = desk_with(tmp_path, phone, at_most=AtMost(1, "hour", NIGHT, rest="drop"))
    notifier = desk.notifier()
    for n in range(3):
        desk.ring(key=f"K{n}")
    desk.settle(notifier)
    assert len(phone.got) == 1
    assert [reason for _, _, reason in desk.ends()] == ["", "too_many", "too_many"]


def test_a_limit_of_the_night_does_not_hold_by_day(tmp_path: Path) -> None:
    phone = Phone()
    desk = desk_with(tmp_path, phone, at_most=AtMost(1, "night", NIGHT))
    for n in range(3):
        desk.ring(key=f"K{n}")
    desk.step(desk.notifier())
    assert len(phone.got) == 3


def grouped(tmp_path: Path, phone: Phone, *, interval: timedelta = 5 * MINUTES) -> Desk:
    desk = Desk(tmp_path, phone)
    grouping = Grouping(by=("rule",), wait=MINUTES / 2, interval=interval)
    desk.routing = Routing((Route("1", "phone", grouping=grouping),))
    return desk


def test_a_group_waits_for_its_first_and_then_its_interval(tmp_path: Path) -> None:
    phone = Phone()
    desk = grouped(tmp_path, phone)
    notifier = desk.notifier()
    desk.ring(key="K1")
    desk.step(notifier)
    desk.pass_time(seconds=20)
    desk.ring(key="K2")
    desk.ring(key="K3", rule="other")
    desk.step(notifier)
    assert phone.got == []
    desk.pass_time(seconds=10)
    desk.step(notifier)
    (first,) = phone.got
    assert [event.key for event in first.events] == ["K1", "K2"]
    desk.pass_time(seconds=20)
    desk.step(notifier)
    assert phone.got[1].event is not None, "a group of its own"
    desk.ring(key="K4")
    desk.step(notifier)
    desk.pass_time(minutes=4)
    assert desk.step(notifier) == 0, "the interval has not passed"
    desk.settle(notifier)
    assert phone.got[2].event is not None
    assert phone.got[2].event.key == "K4"
    assert desk.clock.now() == START + timedelta(seconds=30) + 5 * MINUTES


def test_after_its_interval_a_group_waits_only_as_long_as_the_first_time(tmp_path: Path) -> None:
    phone = Phone()
    desk = grouped(tmp_path, phone)
    notifier = desk.notifier()
    desk.ring(key="K1")
    desk.settle(notifier)
    desk.pass_time(minutes=30)
    before = desk.clock.now()
    desk.ring(key="K2")
    desk.settle(notifier)
    assert desk.clock.now() - before == timedelta(seconds=30)


def test_openings_on_the_same_articles_come_in_one_message_that_names_them(tmp_path: Path) -> None:
    phone = Phone()
    desk = Desk(tmp_path, phone)
    notifier = desk.notifier()
    desk.ring(key="AZE-TUR", articles="abc", score=3.0)
    desk.ring(key="AZE-RUS", articles="abcd", score=8.0)
    desk.ring(key="GBR-UKR", articles="xyz", score=5.0)
    desk.settle(notifier)
    assert sorted(m.event.key for m in phone.got if m.event) == ["AZE-RUS", "GBR-UKR"]
    strongest = next(m for m in phone.got if m.event and m.event.key == "AZE-RUS")
    assert "The same stories rang as well under" in strongest.body
    assert "AZE–TUR" in strongest.body
    desk.ring(UPDATED, key="AZE-TUR")
    desk.settle(notifier)
    desk.ring(RESOLVED, key="AZE-TUR")
    desk.settle(notifier)
    assert len(phone.got) == 2, "its corrections and its end were not announced by itself"
    desk.ring(RESOLVED, key="AZE-RUS")
    desk.settle(notifier)
    assert phone.told[-1][0] == "resolved"


def test_growth_of_what_was_spoken_for_is_told(tmp_path: Path) -> None:
    phone = Phone()
    desk = Desk(tmp_path, phone)
    notifier = desk.notifier()
    desk.ring(key="AZE-TUR", articles="abc")
    desk.ring(key="AZE-RUS", articles="abcd", score=8.0)
    desk.settle(notifier)
    desk.ring(ESCALATED, key="AZE-TUR")
    desk.settle(notifier)
    assert phone.told[-1] == ("escalated", 3)


def escalating(tmp_path: Path) -> tuple[Desk, Phone, Phone]:
    phone, boss = Phone(), Phone("boss")
    desk = Desk(tmp_path, phone, boss)
    desk.routing = Routing((Route("1", "phone", escalate_to="boss", escalate_after=30 * MINUTES),))
    return desk, phone, boss


def test_the_second_receiver_is_woken_when_nobody_acknowledges(tmp_path: Path) -> None:
    desk, phone, boss = escalating(tmp_path)
    notifier = desk.notifier()
    desk.ring()
    desk.step(notifier)
    assert (phone.told, boss.told) == ([("opened", 1)], [])
    desk.pass_time(minutes=29)
    desk.step(notifier)
    assert boss.told == []
    desk.pass_time(minutes=1)
    desk.step(notifier)
    assert boss.told == [("opened", 1)]
    desk.ring(RESOLVED)
    desk.settle(notifier)
    assert boss.told == [("opened", 1), ("resolved", 2)], "who was woken hears of the end"


def test_nobody_is_woken_when_somebody_acknowledged_or_it_ended(tmp_path: Path) -> None:
    desk, _, boss = escalating(tmp_path)
    notifier = desk.notifier()
    seen, over = desk.ring(key="AZE-RUS"), desk.ring(key="GBR-UKR")
    desk.step(notifier)
    desk.store.acknowledge(Acknowledgement(alert_id=seen.alert_id, at=desk.clock.now(), author="ann"))
    desk.ring(RESOLVED, key=over.key)
    desk.settle(notifier)
    assert boss.got == []
    assert sorted(reason for _, _, reason in desk.ends("boss")) == ["acknowledged", "already_resolved", "never_told"]


def test_a_silence_holds_at_once_even_for_what_waits(tmp_path: Path) -> None:
    phone = Phone("phone", LATER)
    desk = Desk(tmp_path, phone)
    notifier = desk.notifier()
    desk.ring()
    desk.step(notifier)
    silence = Silence(silence_id="s1", created_at=START, author="ann", rule="r", ends_at=START + timedelta(hours=2))
    desk.store.add_silence(silence)
    desk.settle(notifier)
    desk.ring(UPDATED)
    desk.settle(notifier)
    assert phone.got == []
    assert [reason for _, _, reason in desk.ends()] == ["silenced", "silenced"]
    desk.store.lift_silence("s1", at=desk.clock.now(), by="bob")
    desk.ring(ESCALATED)
    desk.settle(notifier)
    assert phone.told == [("escalated", 3)]


def test_an_open_alert_is_told_again_until_somebody_acknowledges_it(tmp_path: Path) -> None:
    phone = Phone()
    desk = Desk(tmp_path, phone)
    desk.routing = Routing((Route("1", "phone", repeat=60 * MINUTES),))
    notifier = desk.notifier()
    made = desk.ring()
    desk.step(notifier)
    desk.pass_time(minutes=59)
    desk.step(notifier)
    assert len(phone.got) == 1
    phone.answers = [LATER]
    for _ in range(3):
        desk.pass_time(minutes=2)
        desk.step(notifier, times=2)
    assert [m.subject.startswith("STILL OPEN") for m in phone.tried] == [False, True, True]
    assert len({m.message_id for m in phone.tried}) == 2, "a reminder tried again is the same message"
    assert phone.got[0].thread_id == phone.got[1].thread_id
    outcomes = [attempt.outcome for attempt in desk.store.attempts(1)]
    assert outcomes == ["delivered", "retry", "reminded"]
    desk.store.acknowledge(Acknowledgement(alert_id=made.alert_id, at=desk.clock.now(), author="ann"))
    desk.pass_time(hours=3)
    desk.step(notifier)
    assert len(phone.got) == 2


def test_what_is_over_or_silenced_is_not_told_again(tmp_path: Path) -> None:
    phone = Phone()
    desk = Desk(tmp_path, phone)
    desk.routing = Routing((Route("1", "phone", repeat=60 * MINUTES),))
    notifier = desk.notifier()
    desk.ring(key="AZE-RUS")
    quiet = desk.ring(key="GBR-UKR")
    desk.settle(notifier)
    desk.ring(RESOLVED, key="AZE-RUS")
    until = START + timedelta(hours=9)
    desk.store.add_silence(
        Silence(silence_id="s1", created_at=START, author="ann", alert_id=quiet.alert_id, ends_at=until)
    )
    desk.settle(notifier)
    desk.pass_time(hours=3)
    desk.step(notifier)
    assert len(phone.got) == 3, "two openings and an end"
    desk.pass_time(hours=7)
    desk.step(notifier)
    assert phone.got[-1].subject.startswith("STILL OPEN"), "the silence is over, the alert is not"


def test_who_keeps_incidents_is_told_once_that_somebody_cares(tmp_path: Path) -> None:
    pager, phone = Phone("pager", YES, LATER), Phone("phone")
    desk = Desk(tmp_path, pager, phone, receivers=[Receiver("pager", keeps_incidents=True), Receiver("phone")])
    notifier = desk.notifier()
    made = desk.ring()
    desk.step(notifier)
    desk.store.acknowledge(Acknowledgement(alert_id=made.alert_id, at=desk.clock.now(), author="ann", comment="on it"))
    for _ in range(4):
        desk.pass_time(minutes=1)
        desk.step(notifier)
    assert [message.kind for message in pager.got] == [MessageKind.ALERT, MessageKind.ACKNOWLEDGED]
    assert pager.got[1].thread_id == made.alert_id
    assert len(phone.got) == 1
    assert [attempt.outcome for attempt in desk.store.attempts(1)] == ["delivered", "retry", "acknowledged"]


@pytest.mark.parametrize("seed", range(6))
def test_laws_of_holding(tmp_path: Path, seed: int) -> None:
    """Whatever is held and whatever the weather: each delivery ends, nothing is told after something newer of its alert,
    and what is open at the end was told in some message."""
    r = random.Random(seed)
    phone = Phone()
    desk = desk_with(
        tmp_path,
        phone,
        quiet=r.choice((None, NAP)),
        at_most=r.choice((None, AtMost(2, "hour", NIGHT), AtMost(3, "day", NIGHT))),
    )
    desk.routing = Routing(
        (Route("1", "phone", grouping=r.choice((Grouping(), Grouping(("rule",), MINUTES, 3 * MINUTES)))),)
    )
    lives = {f"K{n}": [OPENED, *r.choices((ESCALATED, UPDATED), k=r.randrange(3))] for n in range(5)}
    for key in r.sample(sorted(lives), 2):
        lives[key].append(RESOLVED)
    last: dict[str, tuple[int, EventKind]] = {}
    while any(lives.values()):
        phone.answers = r.choices((YES, LATER, UNSURE), k=4)
        key = r.choice([key for key, left in lives.items() if left])
        severity = r.choice((Severity.HIGH, Severity.HIGH, Severity.CRITICAL))
        made = desk.ring(lives[key].pop(0), key=key, severity=severity)
        last[key] = (made.seq, made.event)
        desk.step(desk.notifier(r.choice(("one", "two"))), times=r.randrange(3))
        desk.pass_time(seconds=r.randrange(400))
    desk.settle(desk.notifier("last"), hours=60)
    assert not desk.open
    told: dict[str, list[int]] = {}
    for message in phone.got:
        for event in (message.event, *message.events):
            if event is not None:
                told.setdefault(event.key, []).append(event.seq)
    for key, (seq, kind) in last.items():
        seqs = told.get(key, [])
        assert seqs == sorted(seqs), "never something older after something newer"
        if kind is not RESOLVED:
            assert seqs[-1:] == [seq], "the newest state of what is open has been told"
