"""What the events of a ledger leave standing, taken in one after the other."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from schemas.alert_event import AlertEvent
from schemas.reasons import EventKind
from schemas.standing import StandingKind, Standings
from tests.contract.channels.messages import event


def standing(kind: StandingKind, events: Sequence[AlertEvent]) -> list[int]:
    """Return the numbers of the events that say how each thing of ``kind`` stands."""
    folded = Standings()
    for position, one in enumerate(events, start=1):
        folded.add(position, one)
    return [events[row.latest - 1].seq for row in folded.standing(kind)]


LIFE = [
    event(seq=1, alert_id="a", key="A"),
    event(seq=2, alert_id="b", key="B"),
    event(seq=3, alert_id="a", event=EventKind.ESCALATED, key="A"),
    event(seq=4, alert_id="", key="", event=EventKind.BLIND, blind_feeds=("x",)),
    event(seq=5, alert_id="b", key="B", event=EventKind.BLIND),
    event(seq=6, alert_id="", key="", event=EventKind.BLIND, blind_feeds=("x", "y")),
    event(seq=7, alert_id="b", key="B", event=EventKind.RESOLVED),
]


def test_which_alerts_stand_and_which_are_blind() -> None:
    assert standing(StandingKind.ALERT, LIFE) == [3]
    assert standing(StandingKind.BLIND, LIFE) == [6]
    sighted = [*LIFE, event(seq=8, alert_id="", key="", event=EventKind.SIGHTED)]
    assert standing(StandingKind.BLIND, sighted) == []
    removed = [*LIFE, event(seq=8, alert_id="", key="", event=EventKind.RULE_REMOVED)]
    assert standing(StandingKind.ALERT, removed) == standing(StandingKind.BLIND, removed) == []


def test_blindness_of_an_alert_says_nothing_about_whether_it_is_open() -> None:
    blind = [*LIFE[:2], event(seq=3, alert_id="a", key="A", event=EventKind.BLIND)]
    assert standing(StandingKind.ALERT, blind) == [1, 2]
    assert standing(StandingKind.BLIND, blind) == [3]


def test_an_alert_that_opens_again_comes_last() -> None:
    events = [*LIFE[:2], event(seq=3, alert_id="a", key="A", event=EventKind.RETRACTED)]
    again = [*events, event(seq=4, alert_id="a", key="A")]
    assert standing(StandingKind.ALERT, events) == [2]
    assert standing(StandingKind.ALERT, again) == [2, 4]


@pytest.mark.parametrize("end", [EventKind.SUBSIDED, EventKind.OPENED, EventKind.RULE_REMOVED])
def test_a_crossing_waits_until_it_subsides_or_opens(end: EventKind) -> None:
    waits = [event(seq=n, alert_id="", key=key, event=EventKind.PENDING) for n, key in ((1, "A"), (2, "B"))]
    assert standing(StandingKind.PENDING, waits) == [1, 2]
    about = {"alert_id": "", "key": ""} if end is EventKind.RULE_REMOVED else {"key": "A"}
    left = [] if end is EventKind.RULE_REMOVED else [2]
    assert standing(StandingKind.PENDING, [*waits, event(seq=3, event=end, **about)]) == left


def test_ended_alerts_stay_known_with_their_first_and_newest_event() -> None:
    folded = Standings()
    for position, one in enumerate(LIFE, start=1):
        folded.add(position, one)
    alerts = {row.subject: row for row in folded.rows if row.kind is StandingKind.ALERT}
    assert (alerts["a"].first, alerts["a"].latest, alerts["a"].newest, alerts["a"].open) == (1, 3, 3, True)
    assert (alerts["b"].first, alerts["b"].latest, alerts["b"].newest, alerts["b"].open) == (2, 2, 7, False)


def test_what_one_rule_leaves_standing_another_does_not_touch() -> None:
    other = event(seq=1, rule="other", alert_id="", key="", event=EventKind.RULE_REMOVED)
    assert standing(StandingKind.ALERT, [*LIFE, other]) == [3]
