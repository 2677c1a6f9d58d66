"""When a rule may ring: how it is written, what local time makes of it, on days the clock changes too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts.rules.load import RulesError, load_rules
from alerts.rules.model import ActiveTime, Rule
from alerts.rules.schedule import active_since, is_active, schedule_in_words
from alerts.rules.words import describe
from alerts.rules.zone_table import local_time, offsets_of
from schemas.ids import hour_of, hour_start
from tests.unit.rules.world import DIRECTORY, TOPICS

RULE = "rules:\n  - name: one\n    watch: {{pair: [AZE, RUS]}}\n    when: spike\n    active: {}\n"


def load(active: str) -> Rule:
    return load_rules(RULE.format(active), "rules.yaml", DIRECTORY, topics=TOPICS).rules[0]


def at(text: str) -> int:
    return hour_of(datetime.fromisoformat(text).replace(tzinfo=UTC))


def test_a_working_week_in_local_time() -> None:
    rule = load('{days: [mon-fri], hours: "07:00-22:00", timezone: Europe/London}')
    assert rule.active == (ActiveTime(days=(0, 1, 2, 3, 4), begin_h=7, end_h=22, zone="Europe/London"),)
    assert schedule_in_words(rule.active) == "mon–fri 07:00–22:00 (Europe/London)"
    assert "It rings only mon–fri 07:00–22:00 (Europe/London); it counts and learns all the time." in describe(rule)


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("{days: Monday}", "{days: [mon]}"),
        ("{days: [fri - mon]}", "{days: [mon, fri, sat, sun]}"),
        ("{hours: 07:00-22:00}", '{hours: ["7:00 - 22:00"], timezone: UTC}'),
        ("{days: [sat, sun]}", '[{days: [sat, sun], hours: "00:00-24:00"}]'),
    ],
)
def test_two_spellings_are_one(written: str, same: str) -> None:
    assert load(written).active == load(same).active


@pytest.mark.parametrize(
    ("moment", "active"),
    [
        ("2025-01-06T06:00", False),  # a Monday in winter: UTC is local time
        ("2025-01-06T07:00", True),
        ("2025-01-06T21:00", True),
        ("2025-01-06T22:00", False),
        ("2025-01-05T12:00", False),  # a Sunday
        ("2025-07-07T06:00", True),  # a Monday in summer: local time is an hour ahead
        ("2025-07-07T05:00", False),
        ("2025-07-07T21:00", False),
    ],
)
def test_summer_time_moves_it(moment: str, active: bool) -> None:
    times = load('{days: [mon-fri], hours: "07:00-22:00", timezone: Europe/London}').active
    assert is_active(times, at(moment)) is active


def test_the_days_the_clock_changes_have_23_and_25_hours() -> None:
    """Berlin, 2025: on 30 March 02:00 does not exist, on 26 October it is there twice."""
    times = load("{days: sun, timezone: Europe/Berlin}").active
    for begin, hours in (("2025-03-29T23:00", 23), ("2025-10-25T22:00", 25)):
        first = at(begin)
        assert [is_active(times, first + n) for n in (-1, 0, hours - 1, hours)] == [False, True, True, False]
    two = load('{hours: "02:00-03:00", timezone: Europe/Berlin}').active
    assert not any(is_active(two, at("2025-03-29T23:00") + n) for n in range(23)), "that hour is not there"
    twice = [n for n in range(25) if is_active(two, at("2025-10-25T22:00") + n)]
    assert twice == [2, 3]


def test_a_span_over_midnight_belongs_to_the_day_it_begins_on() -> None:
    times = load('{days: fri, hours: "22:00-06:00"}').active
    friday = at("2025-01-10T00:00")
    assert [n for n in range(-24, 72) if is_active(times, friday + n)] == list(range(22, 30))
    assert active_since(times, friday + 25) == friday + 22
    assert active_since(times, friday + 30) is None


def test_half_hour_zones_go_by_the_local_hour_an_hour_begins_in() -> None:
    times = load('{hours: "07:00-09:00", timezone: Asia/Kolkata}').active  # 01:30 to 03:30 UTC
    assert [n for n in range(24) if is_active(times, at("2025-01-06T00:00") + n)] == [2, 3]


@pytest.mark.parametrize(
    ("active", "message", "remedy"),
    [
        ("{}", "nothing says when", "write days or hours"),
        ("{timezone: UTC}", "nothing says when", "write days or hours"),
        ("{days: [mun]}", "'mun' is no day of the week", "mon"),
        ("{days: [mon-wed-fri]}", "no day of the week", "mon-fri"),
        ("{days: [mon-fri, wed]}", "wed is here twice", "once"),
        ("{days: []}", "0 items", ""),
        ('{hours: "22:00"}', "no span of hours", "07:00-22:00"),
        ('{hours: "07:00-07:00"}', "is empty", "leave hours out"),
        ('{hours: "00:00-00:00"}', "is empty", "leave hours out"),
        ('{hours: "07:30-22:15"}', "whole hours", '"07:00-23:00"'),
        ('{hours: "07:00-25:00"}', "no span of a day", "00:00 to 24:00"),
        ('{hours: ["07:00-12:00", "11:00-13:00"]}', "spans overlap", "once"),
        ('{hours: ["22:00-06:00", "05:00-07:00"]}', "spans overlap", "once"),
        ("{days: mon, timezone: Europe/Lodnon}", "no time zone is called", "Europe/London"),
        ('{days: mon, timezone: "../../etc/passwd"}', "no time zone is called", "Europe/London"),
        ("{days: mon, tz: UTC}", "unknown key 'tz'", ""),
        ("always", "a mapping is needed", ""),
    ],
)
def test_what_makes_no_sense(active: str, message: str, remedy: str) -> None:
    with pytest.raises(RulesError) as caught:
        load(active)
    (mistake,) = caught.value.mistakes
    assert mistake.line == 5
    assert message in mistake.message
    assert remedy in mistake.remedy


def test_compiled_rules_without_one_are_written_as_before_and_those_with_one_come_back() -> None:
    plain = load_rules(RULE.format("x").replace("    active: x\n", ""), "r", DIRECTORY, topics=TOPICS)
    assert "active" not in plain.compiled()
    timed = load_rules(RULE.format("{days: mon}"), "r", DIRECTORY, topics=TOPICS)
    assert type(timed).from_compiled(timed.compiled()) == timed


@pytest.mark.parametrize(
    "zone",
    ["Europe/London", "Europe/Istanbul", "Europe/Moscow", "Asia/Tbilisi", "Asia/Kolkata", "Asia/Tehran", "America/New_York",
     "Africa/Casablanca", "Australia/Lord_Howe", "Pacific/Apia", "Etc/UTC"],
)  # fmt: skip
def test_the_table_of_a_zone_says_what_the_zone_says(zone: str) -> None:
    """At the beginning of hours from 2000 on, every 37th of them, and all of those of some weeks in which clocks change."""
    offsets, there = offsets_of(zone), ZoneInfo(zone)
    weeks = [
        at(f"{year}-{month}-22T00:00") + n for year in (2011, 2016, 2025) for month in ("03", "10") for n in range(240)
    ]
    for hour in (*range(at("2000-01-01T00:00"), at("2045-12-31T00:00"), 37), *weeks):
        assert local_time(hour, offsets) == hour_start(hour).astimezone(there).replace(tzinfo=UTC), hour_start(hour)


def test_the_table_goes_on_where_it_ends() -> None:
    offsets, there = offsets_of("Europe/London"), ZoneInfo("Europe/London")
    for hour in range(at("2046-01-01T00:00"), at("2099-12-31T00:00"), 101):
        assert local_time(hour, offsets) == hour_start(hour).astimezone(there).replace(tzinfo=UTC), hour_start(hour)


def test_compiled_rules_are_decided_by_the_table_in_them_whatever_this_machine_knows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rules = load_rules(RULE.format("{days: sun, timezone: Europe/Berlin}"), "r", DIRECTORY, topics=TOPICS)
    compiled = rules.compiled()

    def nothing(name: str) -> None:
        raise AssertionError(f"{name} was looked up")

    monkeypatch.setattr("alerts.rules.zone_table.ZoneInfo", nothing)
    offsets_of.cache_clear()
    back = type(rules).from_compiled(compiled)
    assert is_active(back.rules[0].active, at("2025-03-29T23:00"))
    assert back.compiled() == compiled
    elsewhere = compiled.replace("Europe/Berlin", "Europe/Atlantis")
    assert type(rules).from_compiled(elsewhere).rules[0].active[0].holds(at("2025-03-29T23:00"))


def test_other_zone_data_make_other_rules() -> None:
    time = ActiveTime(zone="Europe/Berlin", begin_h=7, end_h=8)
    moved = time.model_copy(update={"offsets": tuple((hour, minutes + 60) for hour, minutes in time.offsets)})
    assert time != moved
    noon = at("2025-01-06T06:00")
    assert time.holds(noon)
    assert moved.holds(noon - 1)
    assert timedelta(minutes=time.offsets[0][1]) == timedelta(hours=1)


def test_a_machine_without_zone_data_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alerts.rules.schedule_grammar.zone_exists", lambda name: name == "UTC")
    assert load("{days: mon, timezone: UTC}").active
    with pytest.raises(RulesError, match="this machine has no zone data"):
        load("{days: mon, timezone: Europe/London}")
