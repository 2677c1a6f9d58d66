"""Alarms against events: windows, repeats, what goes on, blindness; shares, quartiles and the choice for a budget."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from scipy.stats import binomtest

from alerts.rules.directory import FixedDirectory
from alerts.rules.load import load_rules
from alerts.rules.model import Rule
from pipelines.backtest.alarms import Alarm, AlarmBook, overlap, union
from pipelines.backtest.choosing import Judge, Point, choose, points
from pipelines.backtest.concern import is_about, watches
from pipelines.backtest.day_book import upper_edge
from pipelines.backtest.intervals import Share, quartiles
from pipelines.backtest.judging import AlarmVerdict, EventFate, Matching, Stretch, judge_rule
from pipelines.backtest.scores import score_all, score_rule, together
from pipelines.backtest.truth import TrueEvent
from pipelines.backtest.variants import grid, varied
from schemas.alert_event import AlertEvent
from schemas.errors import UsageError
from schemas.reasons import EventKind, EventReason

NAMES = FixedDirectory(
    {
        "AZE": ("country", "Azerbaijan"),
        "RUS": ("country", "Russia"),
        "ARM": ("country", "Armenia"),
        "SOCAR": ("company", "Socar"),
    }
)
START = datetime(2025, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STRETCH = Stretch(START, START + 70 * DAY)


def rule_of(watch: str, when: str = "spike") -> Rule:
    text = f"rules:\n  - name: r\n    watch: {watch}\n    when: {when}\n"
    return load_rules(text, "rules.yaml", NAMES, topics=("trade", "war")).rules[0]


PAIR = rule_of("{pair: [Azerbaijan, Russia]}")
ANY = rule_of("{pair: [Azerbaijan, {type: country}]}")


def alarm(
    at: datetime, key: str = "AZE-RUS", *, learning: bool = False, grew: tuple[datetime, ...] = (), hours: int = 12
) -> Alarm:
    event = AlertEvent(
        seq=1, event=EventKind.OPENED, reason=EventReason.CROSSED, rule="r", key=key, at=at, learning=learning
    )
    return Alarm("r", key, event, (), list(grew), at + hours * HOUR)


def book(*alarms: Alarm, blind: tuple[datetime, datetime | None] | None = None) -> AlarmBook:
    made = AlarmBook()
    made.alarms = list(alarms)
    made.blind = [blind] if blind else []
    return made


def event(start: datetime, watch: str = "AZE-RUS", days: float = 0) -> TrueEvent:
    return TrueEvent(f"event of {start:%d}", watch, start, start + days * DAY)


def verdicts(rule: Rule, alarms: AlarmBook, *truth: TrueEvent) -> tuple[list[AlarmVerdict], list[EventFate]]:
    found = judge_rule(rule, alarms, truth, Matching(), STRETCH, NAMES, learnt=START + 7 * DAY)
    return [one.verdict for one in found.alarms], [one.fate for one in found.events]


@pytest.mark.parametrize(
    ("after_h", "verdict", "fate"),
    [
        (-24, AlarmVerdict.HIT, EventFate.FOUND),
        (-24.1, AlarmVerdict.FALSE, EventFate.MISSED),
        (48, AlarmVerdict.HIT, EventFate.FOUND),
        (48.1, AlarmVerdict.FALSE, EventFate.MISSED),
    ],
)
def test_the_window_of_a_match(after_h: float, verdict: AlarmVerdict, fate: EventFate) -> None:
    at = START + 20 * DAY
    assert verdicts(PAIR, book(alarm(at + after_h * HOUR)), event(at)) == ([verdict], [fate])


def test_the_first_finds_the_next_repeat_and_later_ones_go_on_with_it() -> None:
    at = START + 20 * DAY
    alarms = book(alarm(at + HOUR), alarm(at + 40 * HOUR), alarm(at + 5 * DAY), alarm(at + 12 * DAY))
    found = verdicts(PAIR, alarms, event(at, days=10))
    assert found == (
        [AlarmVerdict.HIT, AlarmVerdict.REPEAT, AlarmVerdict.DURING, AlarmVerdict.FALSE],
        [EventFate.FOUND],
    )


def test_an_alarm_that_grows_in_time_finds_the_event() -> None:
    at = START + 20 * DAY
    grown = alarm(at - 3 * DAY, grew=(at + 2 * HOUR,), hours=200)
    judged = judge_rule(PAIR, book(grown), [event(at)], Matching(), STRETCH, NAMES)
    assert judged.alarms[0].verdict is AlarmVerdict.HIT
    assert judged.events[0].delay_h == 2


def test_an_alarm_of_another_key_finds_nothing() -> None:
    at = START + 20 * DAY
    found = verdicts(ANY, book(alarm(at, "ARM-AZE")), event(at))
    assert found == ([AlarmVerdict.FALSE], [EventFate.MISSED])


def test_blind_outside_and_early_events_are_not_missed() -> None:
    late, silent, early, gone = START + 20 * DAY, START + 30 * DAY, START + 2 * DAY, START + 90 * DAY
    blind = (silent - HOUR, silent + 30 * HOUR)
    fates = verdicts(PAIR, book(blind=blind), event(early), event(late), event(silent), event(gone))[1]
    assert fates == [EventFate.LEARNING, EventFate.MISSED, EventFate.BLIND, EventFate.OUTSIDE]
    # A little blindness is no excuse, and what was found in spite of it is found.
    short = (silent, silent + 10 * HOUR)
    assert verdicts(PAIR, book(blind=short), event(silent))[1] == [EventFate.MISSED]
    assert verdicts(PAIR, book(alarm(silent + HOUR), blind=blind), event(silent))[1] == [EventFate.FOUND]


def test_an_event_is_not_missed_while_it_may_still_be_found() -> None:
    end = STRETCH.last
    judged = verdicts(PAIR, book(), event(end - 49 * HOUR), event(end - 47 * HOUR))[1]
    assert judged == [EventFate.MISSED, EventFate.OUTSIDE]
    assert verdicts(PAIR, book(alarm(end - 2 * HOUR)), event(end - 3 * HOUR))[1] == [EventFate.FOUND]


def test_the_part_to_choose_on_knows_nothing_of_the_other() -> None:
    """What rings after the split finds nothing before it: the choice would have been made with what it is judged on."""
    split = START + 35 * DAY
    before = event(split - 5 * HOUR)
    ringing = book(alarm(split + 5 * HOUR))
    part = Stretch(START, split)
    judged = judge_rule(PAIR, ringing, [before], Matching(), part, NAMES)
    assert [one.fate for one in judged.events] == [EventFate.OUTSIDE]
    other = judge_rule(PAIR, ringing, [before], Matching(), Stretch(split, STRETCH.last), NAMES)
    assert [one.verdict for one in other.alarms] == [AlarmVerdict.HIT], "and nothing is called false for it there"


def test_alarms_of_the_first_week_are_not_judged_unless_they_are_right() -> None:
    at = START + 3 * DAY
    alarms = book(alarm(at, learning=True), alarm(at + 3 * DAY, learning=True))
    assert verdicts(PAIR, alarms, event(at))[0] == [AlarmVerdict.HIT, AlarmVerdict.LEARNING]


def test_without_truth_nothing_is_judged() -> None:
    judged = judge_rule(PAIR, book(alarm(START + 20 * DAY)), None, Matching(), STRETCH, NAMES)
    assert [one.verdict for one in judged.alarms] == [AlarmVerdict.UNJUDGED]
    assert judged.events == ()


@pytest.mark.parametrize(
    ("watch", "truth", "expected"),
    [
        ("{pair: [Azerbaijan, Russia]}", "AZE-RUS", True),
        ("{pair: [Azerbaijan, Russia]}", "RUS>AZE", True),
        ("{pair: [Azerbaijan, Russia]}", "ARM-AZE", False),
        ("{pair: Azerbaijan > Russia}", "AZE>RUS", True),
        ("{pair: Azerbaijan > Russia}", "RUS>AZE", False),
        ("{pair: Azerbaijan > Russia}", "AZE-RUS", True),
        ("{pair: [Azerbaijan, {type: country}]}", "ARM-AZE", True),
        ("{pair: [Azerbaijan, {type: country}]}", "AZE-SOCAR", False),
        ("{each: pair}", "ARM-RUS", True),
        ("{actor: Azerbaijan}", "AZE", True),
        ("{actor: Azerbaijan}", "AZE-RUS", False),
        ("{keywords: {any: [Zangezur corridor]}}", "keyword:zangezur corridor", True),
        ("{keywords: {any: [Zangezur corridor]}}", "keyword:r", True),
        ("{keywords: {any: [Zangezur corridor]}}", "keyword:other", False),
        ("{topics: trade}", "topic:trade", True),
        ("{topics: trade}", "topic:war", False),
        ("{each: topic}", "topic:war", True),
        ("{actor: Azerbaijan}", "rule:r", True),
        ("{actor: Azerbaijan}", "rule:s", False),
    ],
)
def test_which_rule_watches_what(watch: str, truth: str, expected: bool) -> None:
    assert watches(rule_of(watch), truth, NAMES) is expected


def test_a_key_with_a_direction() -> None:
    directed = rule_of('{pair: "Azerbaijan > *"}')
    assert is_about(directed, "AZE>RUS", "AZE-RUS")
    assert is_about(directed, "AZE>RUS", "AZE>RUS")
    assert not is_about(directed, "AZE>RUS", "RUS>AZE")
    assert not is_about(directed, "AZE>ARM", "AZE-RUS")


# -- numbers -----------------------------------------------------------------------------------------------------------


def test_wilson_intervals() -> None:
    for part, whole in ((5, 6), (1, 2), (0, 7), (30, 31), (400, 900)):
        wanted = binomtest(part, whole).proportion_ci(0.95, method="wilson")
        assert Share(part, whole).interval == pytest.approx((wanted.low, wanted.high), abs=1e-6)
    assert Share(0, 0).interval == (0.0, 1.0)
    assert Share(0, 0).value is None
    assert Share(3, 3).interval[1] == 1.0
    assert Share(0, 10).interval[0] == 0.0


def test_quartiles() -> None:
    assert quartiles([]) is None
    assert quartiles([3.0]) == (3.0, 3.0, 3.0)
    assert quartiles([4.0, 1.0, 3.0, 2.0]) == (1.75, 2.5, 3.25)


def test_time_is_counted_once() -> None:
    stretches = [(START, START + 3 * HOUR), (START + 2 * HOUR, START + 4 * HOUR), (START + 9 * HOUR, None)]
    joined = union(stretches)
    assert joined == [(START, START + 4 * HOUR), (START + 9 * HOUR, None)]
    assert overlap(joined, START + HOUR, START + 10 * HOUR) == 4 * HOUR


@pytest.mark.parametrize(("expected", "variance"), [(0.0, 0.0), (0.5, 0.8), (3.0, 4.0), (40.0, 90.0), (900.0, 5_000.0)])
def test_the_upper_edge_of_normal(expected: float, variance: float) -> None:
    from alerts.detectors.negative_binomial import minus_log10_tail

    edge = upper_edge(expected, variance)
    if expected:
        assert minus_log10_tail(edge + 1, expected, variance) >= 1.30103
        assert edge == 0 or minus_log10_tail(edge, expected, variance) < 1.30104
    else:
        assert edge == 0


def test_scores_of_a_rule() -> None:
    at = START + 21 * DAY
    alarms = book(alarm(at + 6 * HOUR, grew=(at + 9 * HOUR,)), alarm(at + 30 * DAY), blind=(START, START + 7 * DAY))
    judged = judge_rule(PAIR, alarms, [event(at), event(at + 10 * DAY)], Matching(), STRETCH, NAMES)
    score = score_rule(judged, alarms, STRETCH, judged=True)
    assert (score.openings, score.a_week) == (2, 0.2)
    assert (score.precision, score.recall) == (Share(1, 2), Share(1, 2))
    assert score.delays_h == (6.0,)
    assert (score.firing_h, score.blind_h, score.hours) == (24, 168, 70 * 24)
    assert score.rings_a_seen_week == pytest.approx(3 / 9)


def test_in_all_an_event_is_found_when_one_rule_found_it() -> None:
    at = START + 21 * DAY
    truth = [event(at), event(at, "ARM-AZE"), event(at, "SOCAR")]
    one = judge_rule(PAIR, book(), truth, Matching(), STRETCH, NAMES)
    other = judge_rule(ANY, book(alarm(at + 2 * HOUR)), truth, Matching(), STRETCH, NAMES)
    fates = [judged.fate for judged in together([one, other], truth)]
    assert fates == [EventFate.FOUND, EventFate.MISSED, EventFate.UNWATCHED]
    score = score_all([other], {"r": book(alarm(at + 2 * HOUR))}, truth, STRETCH)
    assert score.recall == Share(1, 2)


# -- the choice --------------------------------------------------------------------------------------------------------


def test_the_choice_keeps_to_the_budget_and_is_made_on_the_first_part_alone() -> None:
    settings = [
        setting
        for setting in grid()
        if setting.windows == "windows as written" and setting.floors == "floors as written"
    ]
    variants = varied([PAIR], settings)
    at, later = START + 10 * DAY, START + 50 * DAY
    truth = [event(at), event(later)]
    noise = [alarm(START + (12 + n) * DAY) for n in range(12)]
    by_bar = {
        "high": book(alarm(at), alarm(later), *noise),  # finds everything, too often
        "normal": book(alarm(at)),  # the best on the first part
        "low": book(alarm(later)),  # the best on the second
        "strict": book(),
    }
    books = {variant.rule.name: by_bar[variant.setting.bar] for variant in variants}
    judge = Judge(truth, Matching(), NAMES, STRETCH, START + 35 * DAY, START)
    found = points(variants, books, judge)
    choice = choose(found, 1.0, judge.split)
    assert choice.point is not None
    assert choice.point.setting.bar == "normal"
    assert choice.point.chosen_on.recall == Share(1, 1)
    assert choice.point.judged_on.recall == Share(0, 1)
    assert choose(found, 100.0, judge.split).point == _of_bar(found, "high")  # As many found: the keenest one can bear.
    nothing_known = points(variants, books, Judge(None, Matching(), NAMES, STRETCH, judge.split, START))
    keenest = choose(nothing_known, 100.0, judge.split).point
    assert keenest is not None
    assert keenest.setting.bar == "high"
    assert choose([_of_bar(found, "high")], 0.1, judge.split).point is None


def _of_bar(found: list[Point], bar: str) -> Point:
    return next(point for point in found if point.setting.bar == bar)


def test_what_matching_means() -> None:
    assert Matching.parse("before=6h, after=3d") == Matching(6 * HOUR, 3 * DAY)
    assert str(Matching.parse("after=36h")) == "before=24h,after=36h"
    with pytest.raises(UsageError):
        Matching.parse("before=1h,before=2h")
