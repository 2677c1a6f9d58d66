"""Never more requests than allowed, in all and for one host, everyone has a turn, and nobody waits for a slow host."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest

from pipelines.polling.agenda import Agenda
from pipelines.polling.line import Line, Place, Places
from pipelines.polling.parts import PARTS, wanted_parts
from tests.unit.feeds.made import NOW

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("seed", range(10))
def test_limits_hold_and_everyone_has_a_turn(seed: int) -> None:
    choose = random.Random(seed)
    line: Line[int] = Line(Places(5), 2)
    busy: list[str] = []
    served: list[int] = []
    for number in range(60):
        line.put(choose.choice("abcd"), number)
        if choose.random() < 0.1:
            line.drop(lambda item, number=number: item == number)  # type: ignore[misc]  # the default binds it
            served.append(number)
    most = 0
    while len(served) < 60:
        while (turn := line.take()) is not None:
            busy.append(turn[0])
            served.append(turn[1])
        assert max(Counter(busy).values()) <= 2
        most = max(most, len(busy))
        line.leave(busy.pop(choose.randrange(len(busy))), Place.PROMPT)
    assert most == 5
    assert sorted(served) == list(range(60))


def test_a_slow_host_takes_no_turn_from_others_and_the_first_that_waits_for_it_is_next() -> None:
    line: Line[str] = Line(Places(10), 2)
    for number in range(5):
        line.put("slow", f"slow{number}")
    for number in range(3):
        line.put("quick", f"quick{number}")
    assert [turn and turn[1] for turn in (line.take() for _ in range(5))] == [
        "slow0",
        "slow1",
        "quick0",
        "quick1",
        None,
    ]
    line.leave("slow", Place.PROMPT)
    assert line.take() == ("slow", "slow2", Place.PROMPT)


def test_a_redirect_needs_room_at_its_host() -> None:
    line: Line[str] = Line(Places(10), 1)
    assert line.enter("b")
    assert not line.enter("b")
    line.put("b", "x")
    assert line.take() is None
    line.exit("b")
    assert line.take() == ("b", "x", Place.PROMPT)


def test_a_turn_that_lasts_makes_room_as_far_as_there_are_places_for_those() -> None:
    line: Line[str] = Line(Places(1, long=1), 1)
    for host in "abc":
        line.put(host, host)
    assert (line.take(), line.take()) == (("a", "a", Place.PROMPT), None)
    assert line.lasts()
    assert line.take() == ("b", "b", Place.PROMPT)
    assert not line.lasts()
    line.leave("b", Place.PROMPT)
    assert line.take() == ("c", "c", Place.PROMPT)
    line.leave("a", Place.LONG)
    assert (line.lasts(), line.turns) == (True, 0)


def test_who_is_doubtful_takes_no_place_of_others_and_others_none_of_theirs() -> None:
    line: Line[str] = Line(Places(2, doubtful=1), 1)
    for host in "abc":
        line.put(host, host, doubtful=True)
    line.put("d", "d")
    line.put("b", "b again")
    assert line.turns == 3
    served = [line.take() for _ in range(4)]
    assert served == [("d", "d", Place.PROMPT), ("b", "b again", Place.PROMPT), ("a", "a", Place.DOUBTFUL), None]
    line.leave("a", Place.DOUBTFUL)
    assert line.take() == ("c", "c", Place.DOUBTFUL), "b is busy, and comes when it is free"
    line.leave("c", Place.DOUBTFUL)
    line.leave("b", Place.PROMPT)
    assert line.take() == ("b", "b", Place.DOUBTFUL)
    alike: Line[str] = Line(Places(1), 1)
    alike.put("a", "a", doubtful=True)
    assert alike.take() == ("a", "a", Place.PROMPT), "without places of their own they wait with the others"


def test_the_earliest_is_first_and_of_those_for_one_moment_the_one_that_waits_longest() -> None:
    agenda = Agenda()
    for name, at in (("late", 9), ("soon", 1), ("moved", 2), ("gone", 1)):
        agenda.put(name, NOW + at * SECOND)
    agenda.put("moved", NOW + 3 * SECOND)
    agenda.put("gone", None)
    assert agenda.first() == NOW + SECOND
    assert agenda.take(NOW + 2 * SECOND) == ["soon"]
    agenda.put("soon", NOW + 3 * SECOND, NOW + SECOND)
    assert agenda.take(NOW + 5 * SECOND) == ["soon", "moved"]
    assert (len(agenda), agenda.holds("late"), agenda.holds("soon")) == (1, True, False)
    for number in range(1000):
        agenda.put("late", NOW + number * SECOND)
    assert agenda.take(NOW + 1000 * SECOND) == ["late"]
    assert agenda.first() is None


def test_each_part_is_wanted_by_one_and_none_moves_between_two_that_stay() -> None:
    three, two = ("a", "b", "c"), ("a", "b")
    before = {name: wanted_parts(name, three) for name in three}
    after = {name: wanted_parts(name, two) for name in two}
    assert sorted(part for mine in before.values() for part in mine) == sorted(PARTS)
    assert all(10 < len(mine) < 34 for mine in before.values())
    assert all(before[name] < after[name] for name in two)
