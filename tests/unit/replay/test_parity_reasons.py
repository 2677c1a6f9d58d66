"""Causes and reasons that seldom come about by themselves: exposure, full rules, budgets, limits, what lasted too short."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.rules.model import ActiveTime, Budget, Rule, Spike, Threshold
from pipelines.replay.parity.causes import Because, Cause, Records, causes
from pipelines.replay.parity.fates import Fate, Known
from pipelines.replay.parity.lives import Lives, NotOpened, NotSettled, Span
from pipelines.replay.parity.settled import Counted, Crossing, Settled
from schemas.ids import hour_of, hour_start, milliseconds
from tests.streams.records import pair_rule
from tests.streams.world import START

HOUR = hour_of(START) + 30
CROSSING = Crossing("r", "AZE-RUS", HOUR)
RULE = pair_rule("r", Threshold(count=1, within_h=6))
BUDGET = pair_rule("r", Spike(sensitivity=None, budget=Budget(false_alarms_per_month=4.0)))


def counted(hour: int = HOUR, *, seen: bool = True, late_h: int = 0) -> Counted:
    return Counted(hour, seen, (0,), (), "f", milliseconds(hour_start(hour) + timedelta(hours=late_h)))


def settled(articles: dict[str, Counted], *, crossed: bool, rule: Rule = RULE, key: str = "AZE-RUS") -> Settled:
    return Settled(
        crossed={CROSSING: 6} if crossed else {}, counted={("r", key): articles}, in_force={"r": [(HOUR - 30, rule)]}
    )


def records(*articles: str) -> Records:
    fates = {one: Known(Fate.ACCEPTED, 1, START, "v") for one in articles}
    return Records(fates, set(), set(), set(articles), "v")


def test_a_feed_that_was_not_seen_in_one_run() -> None:
    live = settled({"a": counted(), "b": counted(seen=False)}, crossed=False)
    again = settled({"a": counted(), "b": counted()}, crossed=True)
    assert causes(CROSSING, live, again, records("a", "b")) == [Because(Cause.COVERAGE, "b", 1)]


def test_a_full_rule() -> None:
    live, again = settled({}, crossed=False), settled({"a": counted()}, crossed=True)
    assert causes(CROSSING, live, again, records("a")) == []
    assert causes(CROSSING, replace(live, full={"r"}), again, records("a")) == [Because(Cause.KEYS, "a", 1)]


@pytest.mark.parametrize(("late_h", "found"), [(0, []), (20, [Because(Cause.BUDGET, "x")])])
def test_a_bar_that_was_fixed_before_all_had_come(late_h: int, found: list[Because]) -> None:
    before_midnight = HOUR - HOUR % 24 - 5
    x = {"x": counted(before_midnight, late_h=late_h)}
    live = settled(x, crossed=True, rule=BUDGET, key="GBR-UKR")
    again = settled(x, crossed=False, rule=BUDGET, key="GBR-UKR")
    assert causes(CROSSING, live, again, records("x")) == found


@pytest.mark.parametrize(("ended_h", "found"), [(0, [Because(Cause.BUDGET, "x")]), (1, [])])
def test_a_bar_of_a_young_history_was_fixed_when_its_hour_began(ended_h: int, found: list[Because]) -> None:
    """Until two days are learnt, which takes a day longer; ``ended_h``: how much sooner it began."""
    noon = HOUR - HOUR % 24 + 12
    live = settled({"x": counted(noon - 1, late_h=2)}, crossed=False, rule=BUDGET, key="GBR-UKR")
    live.crossed[crossing := Crossing("r", "AZE-RUS", noon)] = 6
    live.first = noon - 24 - 71 - ended_h
    again = settled({"x": counted(noon - 1, late_h=2)}, crossed=False, rule=BUDGET, key="GBR-UKR")
    for run in (live, again):
        run.in_force["r"] = [(0, BUDGET)]
    assert causes(crossing, live, again, records("x")) == found


def test_articles_of_the_window_come_first() -> None:
    live = settled({}, crossed=False)
    again = settled({"old": counted(HOUR - 20), "new": counted(HOUR - 2)}, crossed=True)
    fates = {"old": Known(Fate.LATE, 1, START, "v"), "new": Known(Fate.BACKFILL, 1, START, "v")}
    found = causes(CROSSING, live, again, Records(fates, set(), set(), {"old", "new"}, "v"))
    assert [because.cause for because in found] == [Cause.BACKFILL, Cause.LATE]


def test_what_happened_after_the_hour_explains_nothing() -> None:
    live, again = settled({}, crossed=False), settled({"a": counted(HOUR + 1)}, crossed=True)
    assert (
        causes(CROSSING, live, again, Records({"a": Known(Fate.LATE, 1, START, "v")}, set(), set(), {"a"}, "v")) == []
    )


def lives(*spans: Span, key: str = "AZE-RUS") -> Lives:
    made = Lives()
    made.spans["r", key].extend(spans)
    return made


def test_why_a_crossing_opened_nothing() -> None:
    def reason(made: Lives, rule: Rule | None = RULE, *, lasted: int = 1) -> NotOpened | None:
        return made.not_opened(CROSSING, rule, lasted)

    assert reason(lives()) is None
    assert reason(lives(Span(HOUR - 3, HOUR - 3))) is NotOpened.FIRING
    assert reason(lives(Span(HOUR - 9, HOUR - 9, ended=HOUR - 1))) is None
    assert reason(lives(Span(HOUR - 9, HOUR - 9, ended=HOUR - 1, cooling_until=HOUR + 23))) is NotOpened.COOLING
    exchanged = lives()
    exchanged.exchanged["r"].append(HOUR + 2)
    assert reason(exchanged) is NotOpened.NOT_IN_FORCE
    assert reason(lives(), None) is NotOpened.NOT_IN_FORCE
    other = lives(Span(HOUR - 3, HOUR - 3), key="GBR-UKR")
    assert reason(other) is None
    assert reason(other, RULE.model_copy(update={"limit": 1})) is NotOpened.LIMIT
    by_day = RULE.model_copy(update={"active": (ActiveTime(begin_h=6, end_h=23, zone="Europe/Berlin"),)})
    assert reason(lives(), by_day) is NotOpened.SCHEDULE
    lasting = pair_rule("r", Threshold(count=1, within_h=6, for_h=3))
    assert reason(lives(), lasting, lasted=2) is NotOpened.NOT_LONG_ENOUGH
    assert reason(lives(), lasting, lasted=3) is None


def test_why_an_opening_is_no_crossing() -> None:
    def reason(span: Span, until: int | None = HOUR) -> NotSettled | None:
        return Lives().not_settled(span, until)

    assert reason(Span(HOUR, HOUR)) is None
    assert reason(Span(HOUR, HOUR), None) is NotSettled.TOO_YOUNG
    assert reason(Span(HOUR + 1, HOUR + 1)) is NotSettled.TOO_YOUNG
    assert reason(Span(HOUR, HOUR, ended=HOUR + 2, retracted=True)) is NotSettled.RETRACTED
    assert reason(Span(HOUR, HOUR, ended=HOUR + 13)) is NotSettled.ENDED
