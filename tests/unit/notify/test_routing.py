"""Which receivers an event is led to: the tree of routes, what is silenced, inhibited, spoken for by a stronger one."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import timedelta
from typing import get_args

import pytest

from pipelines.notifying.overlap import led_by_stronger
from pipelines.notifying.planning import NOTHING_SPECIAL, Receiver, Situation, plan
from pipelines.notifying.routing import Inhibition, Matcher, Operator, Route, lead
from pipelines.notifying.silencing import silence_over
from schemas.alert_event import AlertEvent, Counts
from schemas.ports.response import Silence
from schemas.ports.store import Delivery
from schemas.reasons import DeliveryStatus, EventKind, Severity
from tests.contract.channels.messages import event
from tests.unit.notify.world import START, entries_of

EVERYBODY = ("phone", "mail", "chat")
HIGH = (Matcher("severity", "=~", "high|critical"),)


def where(made: AlertEvent, *routes: Route) -> list[str]:
    return sorted(lead(made, routes, EVERYBODY).ways)


@pytest.mark.parametrize(
    ("matcher", "matches"),
    [
        (Matcher("severity", "=", "high"), True),
        (Matcher("severity", "!=", "high"), False),
        (Matcher("rule", "=~", "azer.*"), True),
        (Matcher("rule", "=~", "azer"), False),
        (Matcher("key", "!~", "GBR-.*"), True),
        (Matcher("desk", "=", "caucasus"), True),
        (Matcher("no-such-label", "=", ""), True),
        (Matcher("event", "=", "opened"), True),
        (Matcher("detector", "=", ""), True),
    ],
    ids=str,
)
def test_matchers(matcher: Matcher, matches: bool) -> None:
    assert matcher.matches(event(labels={"desk": "caucasus"})) is matches


def test_an_operator_and_its_opposite_never_agree() -> None:
    opposites: dict[Operator, Operator] = {"=": "!=", "=~": "!~"}
    assert sorted(get_args(Operator)) == sorted([*opposites, *opposites.values()])
    for one, other in opposites.items():
        for name, value in itertools.product(("severity", "desk"), ("high", "", "h.*")):
            assert Matcher(name, one, value).matches(event()) != Matcher(name, other, value).matches(event())


def test_without_routes_and_where_none_matches_everybody_is_told() -> None:
    assert where(event()) == sorted(EVERYBODY)
    assert where(event(severity=Severity.LOW), Route("1", "phone", HIGH)) == sorted(EVERYBODY)


def test_the_first_route_that_matches_takes_it_and_those_after_it_only_on_continue() -> None:
    high, rest = Route("1", "phone", HIGH), Route("2", "mail")
    assert where(event(), high, rest) == ["phone"]
    assert where(event(severity=Severity.LOW), high, rest) == ["mail"]
    assert where(event(), Route("1", "phone", HIGH, continues=True), rest) == ["mail", "phone"]


def test_the_deepest_route_takes_it() -> None:
    desk = Route(
        "1", "mail", (), routes=(Route("1.1", "phone", HIGH), Route("1.2", None, (Matcher("rule", "=", "x"),)))
    )
    assert where(event(), desk) == ["phone"]
    assert where(event(severity=Severity.LOW), desk) == ["mail"]
    led = lead(event(severity=Severity.LOW, rule="x"), [desk], EVERYBODY)
    assert (dict(led.ways), led.muted_by) == ({}, ("1.2",))


def test_an_escalation_never_takes_the_place_of_being_told_at_once() -> None:
    first = Route("1", "phone", continues=True, escalate_to="mail")
    ways = lead(event(), [first, Route("2", "mail")], EVERYBODY).ways
    assert not ways["mail"].escalation
    assert lead(event(), [first], EVERYBODY).ways["mail"].escalation


def planned(events: Sequence[AlertEvent], situation: Situation = NOTHING_SPECIAL) -> list[Delivery]:
    receivers = [Receiver(name) for name in EVERYBODY]
    return [d for d in plan(entries_of(events), receivers, START, situation) if d.receiver == "phone"]


def reasons(events: Sequence[AlertEvent], situation: Situation) -> list[str]:
    return [delivery.reason for delivery in planned(events, situation)]


def test_every_receiver_not_led_to_has_a_reason() -> None:
    made = event(at=START)
    to_mail = Situation(routes=[Route("1", "mail")])
    assert reasons([made], to_mail) == ["not_routed"]
    assert reasons([made], Situation(routes=[Route("drafts", None)])) == ["muted: by drafts"]
    assert reasons([made], NOTHING_SPECIAL) == [""]


def silence(**changes: object) -> Silence:
    values: dict[str, object] = {"silence_id": "s1", "created_at": START, "author": "ann"}
    if not {"until_stories", "articles"} & changes.keys():
        values["ends_at"] = START + timedelta(hours=2)
    return Silence.model_validate({**values, **changes})


@pytest.mark.parametrize(
    ("made", "about", "covered"),
    [
        (event(), silence(alert_id="a" * 24), True),
        (event(), silence(alert_id="b" * 24), False),
        (event(), silence(rule="azerbaijan-russia"), True),
        (event(), silence(rule="azerbaijan-russia", key="AZE-RUS"), True),
        (event(), silence(rule="azerbaijan-russia", key="AZE-TUR"), False),
        (event(), silence(alert_id="a" * 24, until_stories=18), True),
        (event(counts=Counts(stories=18)), silence(alert_id="a" * 24, until_stories=18), False),
        (event(event=EventKind.RESOLVED), silence(alert_id="a" * 24), False),
        (event(event=EventKind.UPDATED), silence(alert_id="a" * 24), True),
        (event(), silence(rule="azerbaijan-russia", articles=("x", "y", "z")), True),
        (event(), silence(rule="azerbaijan-russia", articles=("x",)), True),
        (event(), silence(rule="azerbaijan-russia", articles=("q",)), False),
    ],
)
def test_what_a_silence_covers(made: AlertEvent, about: Silence, covered: bool) -> None:
    found = silence_over(made, [about], {"x", "y"}, START)
    assert (found is about) is covered
    assert silence_over(made, [about.model_copy(update={"lifted_at": START})], {"x", "y"}, START) is None


def test_a_silence_ends() -> None:
    assert silence_over(event(), [silence(rule="azerbaijan-russia")], (), START + timedelta(hours=2)) is None


def test_what_is_silenced_says_by_whom() -> None:
    assert reasons([event(at=START)], Situation(silences=[silence(alert_id="a" * 24)])) == ["silenced: s1 by ann"]


def test_a_correction_of_what_somebody_cares_for_is_not_told_its_growth_is() -> None:
    seen = Situation(acknowledged={"a" * 24})
    assert reasons([event(event=EventKind.UPDATED, at=START)], seen) == ["acknowledged"]
    assert reasons([event(event=EventKind.ESCALATED, at=START)], seen) == [""]


def test_an_open_alert_inhibits_what_it_explains() -> None:
    war = event(alert_id="b" * 24, rule="war", labels={"desk": "x"}, severity=Severity.CRITICAL)
    rule = Inhibition((Matcher("rule", "=", "war"),), (Matcher("severity", "=", "high"),), ("desk",))
    open_war = Situation(inhibitions=[rule], open_alerts=[war])
    assert reasons([event(at=START, labels={"desk": "x"})], open_war) == ["inhibited: by war AZE-RUS"]
    assert reasons([event(at=START, labels={"desk": "y"})], open_war) == [""]
    assert reasons([event(at=START, labels={"desk": "x"}, event=EventKind.RESOLVED)], open_war) == [""]
    assert not Inhibition((), ()).explains(war, war), "nothing explains itself"


def opening(n: int, **more: object) -> AlertEvent:
    return event(alert_id=f"{n:024}", seq=n, key=f"K{n}", at=START, **more)


def test_the_strongest_speaks_for_those_on_the_same_articles() -> None:
    events = [opening(1, score=3.0), opening(2, score=9.0), opening(3, score=5.0), opening(4, score=1.0)]
    articles = dict(enumerate(map(frozenset, ("abc", "abcd", "xyz", "ab"))))
    assert led_by_stronger(dict(enumerate(events)), articles) == {0: 1, 3: 1}
    severe = [opening(1, severity=Severity.CRITICAL), *events[1:]]
    assert led_by_stronger(dict(enumerate(severe)), articles)[1] == 0, "severity comes before the score"


def test_who_is_spoken_for_is_told_in_the_message_of_the_other() -> None:
    events = [opening(1, score=3.0), opening(2, score=9.0)]
    known = {made.chain_hash(): frozenset("abcd") for made in events}
    weaker, stronger = planned(events, Situation(articles=known))
    assert weaker.reason == f"same_stories: in the message of alert {stronger.alert_id}"
    assert weaker.status is DeliveryStatus.SUPERSEDED
    assert (stronger.reason, stronger.status) == ("", DeliveryStatus.PENDING)
    assert weaker.message_id == stronger.message_id
    assert [d.reason for d in planned(events)] == ["", ""], "nothing is known of their articles"


def test_who_speaks_for_others_is_spoken_for_by_nobody() -> None:
    events = {n: opening(n, score=float(10 - n)) for n in range(4)}
    chain = dict(enumerate(map(frozenset, ("ab", "bc", "cd", "de"))))
    led = led_by_stronger(events, chain)
    assert not set(led) & set(led.values())
    assert led == {1: 0, 3: 2}
