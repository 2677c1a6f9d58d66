"""The life of one alert, verdict by verdict."""

from __future__ import annotations

import pytest

from alerts.lifecycle import Life, LifeSettings, Verdict
from schemas.alert_event import Counts
from schemas.reasons import EventKind, EventReason


def verdict(
    hour: int, *, crossed: bool = False, calm: bool = False, count: int = 5, expected: float | None = 1.0
) -> Verdict:
    return Verdict("spike", 0, hour, 6, crossed, calm, count, Counts(stories=count), expected, 3.5, 1.0)


def open_life(hour: int = 100, count: int = 5) -> Life:
    life = Life()
    assert life.consider([verdict(hour, crossed=True, count=count)], learning=False) is not None
    return life


def resolve(life: Life, first: int, settings: LifeSettings) -> int:
    """Let calm hours pass from ``first`` on; return the hour at whose end the alert was over."""
    for hour in range(first, first + 50):
        if life.hour_closed(verdict(hour, calm=True), settings) is not None:
            return hour
    raise AssertionError("it does not end")


def test_it_opens_on_the_earliest_hour() -> None:
    life = Life()
    move = life.consider([verdict(99), verdict(100, crossed=True), verdict(101, crossed=True)], learning=False)
    assert move is not None
    assert (move.event, move.reason, life.crossing) == (EventKind.OPENED, EventReason.CROSSED, 100)


@pytest.mark.parametrize(
    ("learning", "activation", "expected", "reason"),
    [
        (False, False, 1.0, EventReason.CROSSED),
        (True, False, 1.0, EventReason.LEARNING),
        (True, False, None, EventReason.CROSSED),
        (False, True, 1.0, EventReason.AT_ACTIVATION),
        (True, True, 1.0, EventReason.AT_ACTIVATION),
    ],
)
def test_why_it_opens(learning: bool, activation: bool, expected: float | None, reason: EventReason) -> None:
    """A detector that expects nothing has nothing to learn; what was there before the rule is told as that."""
    found = verdict(100, crossed=True, expected=expected)
    move = Life().consider([found], learning=learning, activation=activation)
    assert move is not None
    assert move.reason is reason


@pytest.mark.parametrize("calm_hours", [1, 12])
def test_it_ends_after_so_many_calm_hours_on_end(calm_hours: int) -> None:
    life, settings = open_life(100), LifeSettings(resolve_after_h=calm_hours)
    for hour in range(101, 100 + calm_hours):
        assert life.hour_closed(verdict(hour, calm=True), settings) is None
    if calm_hours > 1:
        assert life.hour_closed(verdict(100 + calm_hours), settings) is None, "one that is not calm starts again"
    assert resolve(life, 200, settings) == 199 + calm_hours


def test_what_was_calm_before_it_crossed_is_no_end_of_it() -> None:
    """When an hour ends, a key may cross in the next one."""
    life, settings = open_life(101), LifeSettings(resolve_after_h=1)
    assert life.hour_closed(verdict(100, calm=True), settings) is None
    assert life.hour_closed(verdict(101, calm=True), settings) is not None


def test_a_blind_hour_neither_counts_nor_starts_again() -> None:
    life, settings = open_life(100), LifeSettings(resolve_after_h=3)
    assert life.hour_closed(verdict(101, calm=True), settings) is None
    assert life.hour_closed(verdict(102, calm=True), settings) is None
    life.blind = True
    for hour in range(103, 150):
        assert life.hour_closed(verdict(hour, calm=True), settings) is None
    life.blind = False
    move = life.hour_closed(verdict(150, calm=True), settings)
    assert move is not None
    assert move.event is EventKind.RESOLVED


def test_it_escalates_at_twice_the_count_of_its_last_event() -> None:
    life = open_life(100, count=5)
    assert life.escalate([verdict(101, crossed=True, count=9)]) is None
    first = life.escalate([verdict(101, crossed=True, count=10)])
    assert first is not None
    assert life.escalate([verdict(102, crossed=True, count=19)]) is None
    assert life.escalate([verdict(102, crossed=True, count=20)]) is not None
    assert life.escalate([verdict(103, crossed=False, count=90)]) is None, "what did not cross is no reason"


def test_an_update_is_an_event_whose_count_counts_until_the_alert_has_grown() -> None:
    def corrected(life: Life, count: int) -> None:
        at_crossing = verdict(100, crossed=True, count=count)
        move = life.recount(Counts(stories=count), at_crossing, corrected=True, at_end=False, open_hour=102)
        assert move is not None
        assert (move.event, move.reason) == (EventKind.UPDATED, EventReason.EVIDENCE_CHANGED)

    life = open_life(100, count=10)
    life.seen = (6, 10, 0)
    corrected(life, 6)
    assert life.escalate([verdict(102, crossed=True, count=12)]) is not None
    corrected(life, 5)
    assert life.escalate([verdict(102, crossed=True, count=23)]) is None
    assert life.escalate([verdict(102, crossed=True, count=24)]) is not None


def test_it_is_taken_back_only_while_its_hour_may_change() -> None:
    life = open_life(100)
    assert life.correct(verdict(100), open_hour=125) is None
    assert life.correct(verdict(100, crossed=True), open_hour=110) is None
    move = life.correct(verdict(100), open_hour=124)
    assert move is not None
    assert move.event is EventKind.RETRACTED
    again = life.consider([verdict(100, crossed=True)], learning=False)
    assert again is not None, "what comes back may ring again: a retraction is no rest"


@pytest.mark.parametrize("cooldown", [0, 1, 24])
def test_hours_before_its_end_and_in_its_rest_open_nothing(cooldown: int) -> None:
    settings = LifeSettings(resolve_after_h=2, cooldown_h=cooldown)
    life = open_life(100)
    ended = resolve(life, 101, settings)
    assert life.consider([verdict(h, crossed=True) for h in range(90, ended + 1 + cooldown)], learning=False) is None
    move = life.consider([verdict(h, crossed=True) for h in range(90, ended + 2 + cooldown)], learning=False)
    assert move is not None
    assert life.crossing == ended + 1 + cooldown


def test_crossings_of_the_rest_are_counted_once_each_and_those_before_it_are_not() -> None:
    settings = LifeSettings(resolve_after_h=2, cooldown_h=24)
    life = open_life(100)
    ended = resolve(life, 101, settings)
    rest = [verdict(ended + n, crossed=True) for n in (3, 5)]
    for _ in range(4):
        assert life.consider([verdict(100, crossed=True), verdict(ended, crossed=True), *rest], learning=False) is None
    move = life.consider([*rest, verdict(ended + 25, crossed=True)], learning=False)
    assert move is not None
    assert move.detail == "2 crossings during the cool-down before it"
