"""`tocsin replay --verify`: the same crossings whatever order news came in, and each difference with the cause that was made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from alerts.rules.model import RuleSet, Threshold
from pipelines.replay.parity.causes import Because, Cause
from pipelines.replay.parity.history_run import OtherRules
from pipelines.replay.parity.lives import NotOpened, NotSettled
from pipelines.replay.parity.parity import Parity
from schemas.control import RulesReady, SkipRange
from schemas.ids import hour_of
from schemas.reasons import ArticleStatus, EventTimeReason
from schemas.signal import Signal
from schemas.wire import SignalsRecord
from tests.pipeline.parity_desk import ParityDesk
from tests.streams.records import FEED_IDS, HOUR, activated, coverage, pair_rule, signal
from tests.streams.world import START, invented_stream

#: Three stories in six hours cross.
RULE = pair_rule("three", Threshold(count=3, within_h=6))
_HOURS = 60


def stream_of(*signals: Signal, failing: Sequence[int] = ()) -> list[SignalsRecord]:
    """Two and a half days under RULE, each signal where it was revised; no feed answers in the hours of ``failing``."""
    timed: list[tuple[object, int, SignalsRecord]] = [
        (START + (n + 1) * HOUR, 0, coverage(START + n * HOUR, failing=FEED_IDS if n in failing else ()))
        for n in range(_HOURS)
    ]
    timed += [(one.revised_at, 1, one) for one in signals]
    return [activated(START, RULE), *(record for *_, record in sorted(timed, key=lambda entry: entry[:2]))]


def burst(hour: int, count: int, name: str = "b") -> list[Signal]:
    return [
        signal(f"{name}{n}", START + hour * HOUR + timedelta(minutes=5 + n), feed=FEED_IDS[n]) for n in range(count)
    ]


def only_cause(parity: Parity) -> Because:
    assert parity.differences
    assert parity.unexplained == 0
    (because,) = {one for difference in parity.differences for one in difference.because}
    return because


def test_order_of_arrival_changes_no_crossing(tmp_path: Path) -> None:
    """Weeks with late, edited, withdrawn and doubled news and failing feeds: what was counted live crosses the same in any
    order; all that differs are articles that were never counted, and each difference names them."""
    (tmp_path / "all").mkdir()
    (tmp_path / "counted").mkdir()
    stream = invented_stream(3, days=9)
    desk = ParityDesk(tmp_path / "all", stream)
    whole = desk.check()
    assert whole.unexplained == 0
    named = {because.cause for difference in whole.differences for because in difference.because}
    assert named == {Cause.LATE, Cause.BACKFILL}
    late = {
        one.article_id
        for one in desk.signals
        if one.event_time_reason is EventTimeReason.BACKFILL or one.observed_at >= one.event_time + 24 * HOUR
    }
    counted = ParityDesk(tmp_path / "counted", stream, unlogged=late - _ever_counted(desk)).check()
    assert counted.differences == []
    assert counted.same == counted.live > 50


def _ever_counted(desk: ParityDesk) -> set[str]:
    """Return the articles that were observed before their deadline."""
    return {
        one.article_id
        for one in desk.signals
        if one.event_time_reason is not EventTimeReason.BACKFILL
        and one.revised_at < START + (hour_of(one.event_time) - hour_of(START) + 25) * HOUR
    }


def test_equal_runs_differ_in_nothing_and_every_crossing_is_an_alert_or_says_why(tmp_path: Path) -> None:
    parity = ParityDesk(tmp_path, stream_of(*burst(5, 4))).check()
    assert parity.differences == []
    assert (parity.same, parity.opened) == (6, 1)
    assert set(parity.not_opened.values()) == {NotOpened.FIRING}
    assert parity.not_settled == {}


def test_a_late_article(tmp_path: Path) -> None:
    late = signal("late", START + 5 * HOUR, observed_at=START + 31 * HOUR)
    parity = ParityDesk(tmp_path, stream_of(*burst(5, 2), late)).check()
    assert only_cause(parity) == Because(Cause.LATE, "late", 1)
    assert parity.live == 0
    assert not any(difference.live for difference in parity.differences)


def test_an_undated_article(tmp_path: Path) -> None:
    undated = signal("undated", START + 5 * HOUR, reason=EventTimeReason.BACKFILL)
    assert only_cause(ParityDesk(tmp_path, stream_of(*burst(5, 2), undated)).check()).cause is Cause.BACKFILL


def test_an_article_that_came_when_the_hour_was_learnt(tmp_path: Path) -> None:
    stream = stream_of(*burst(5, 2))
    behind = signal("behind", START + 5 * HOUR)  # in time, says the record, but extraction has slept
    assert only_cause(ParityDesk(tmp_path, [*stream[:50], behind, *stream[50:]]).check()).cause is Cause.BEHIND


def test_an_article_the_operator_had_skipped(tmp_path: Path) -> None:
    stream = stream_of(*burst(5, 3))
    at = next(n for n, record in enumerate(stream) if isinstance(record, Signal)) + 1
    skip = SkipRange(first=at, last=at, author="me", comment="broken", ordered_at=START)
    parity = ParityDesk(tmp_path, [stream[0], skip, *stream[1:]]).check()
    assert only_cause(parity) == Because(Cause.PUT_ASIDE, "b0", 1)


def test_an_article_no_signal_was_made_of(tmp_path: Path) -> None:
    dead = signal("dead", START + 5 * HOUR)
    desk = ParityDesk(tmp_path, stream_of(*burst(5, 2)), extra=[dead])
    assert only_cause(desk.check(dead=["dead"])).cause is Cause.DEAD_LETTER
    lost = desk.check()
    assert lost.gathered.lost == {"dead"}
    assert lost.unexplained == len(lost.differences) > 0


def test_an_article_no_signal_can_be_made_of_now(tmp_path: Path) -> None:
    parity = ParityDesk(tmp_path, stream_of(*burst(5, 3))).check(failing=["b1"])
    assert only_cause(parity) == Because(Cause.NOT_EXTRACTED, "b1", 1)
    assert [one.article_id for one in parity.not_extracted] == ["b1"]
    assert all(difference.live for difference in parity.differences)


def test_an_article_the_log_has_lost(tmp_path: Path) -> None:
    assert only_cause(ParityDesk(tmp_path, stream_of(*burst(5, 3)), unlogged=["b2"]).check()).cause is Cause.GONE


def _without_pairs(one: Signal) -> Signal:
    return one.changed(pairs=()) if one.article_id == "b1" else one


def test_another_extractor(tmp_path: Path) -> None:
    desk = ParityDesk(tmp_path, stream_of(*burst(5, 3)))
    assert only_cause(desk.check(version="newer", change=_without_pairs)) == Because(Cause.EXTRACTOR, "b1", 1)
    same_version = desk.check(change=_without_pairs)
    assert same_version.unexplained == len(same_version.differences) > 0, "what no record tells is no explanation"


def test_other_rules(tmp_path: Path) -> None:
    four = pair_rule("three", Threshold(count=4, within_h=6))
    other = OtherRules(RuleSet.of(four), "# four")
    parity = ParityDesk(tmp_path, stream_of(*burst(5, 3))).check(other=other)
    assert only_cause(parity) == Because(Cause.RULE)


def test_rules_that_took_force_later_than_they_were_asked_for(tmp_path: Path) -> None:
    """Rules are warmed beside the stream and take force at a record of their own: history lets them take force there, too."""
    stream = stream_of(*burst(5, 4), *burst(30, 4, "c"))
    more = activated(START, RULE, pair_rule("two", Threshold(count=2, within_h=6))).changed(deferred=True)
    asked, taken = 20, 24
    ready = RulesReady(rules_hash=more.rules_hash, activated_offset=asked, ready_at=START)
    desk = ParityDesk(tmp_path, [*stream[:asked], more, *stream[asked : taken - 1], ready, *stream[taken - 1 :]])
    parity = desk.check()
    assert parity.differences == []
    assert parity.same == parity.live > 12
    assert {crossing.rule for crossing in parity.not_opened} == {"three", "two"}


def test_a_withdrawn_article_and_a_rest(tmp_path: Path) -> None:
    gone = signal(
        "b2", START + 5 * HOUR + timedelta(minutes=7), feed=FEED_IDS[2],
        revised_at=START + 9 * HOUR, status=ArticleStatus.WITHDRAWN,
    )  # fmt: skip
    parity = ParityDesk(tmp_path, stream_of(*burst(5, 3), gone)).check()
    assert parity.differences == []
    assert list(parity.not_settled.values()) == [NotSettled.RETRACTED]


def test_an_alert_whose_hour_is_young_is_no_difference(tmp_path: Path) -> None:
    parity = ParityDesk(tmp_path, stream_of(*burst(_HOURS - 4, 3))).check()
    assert (parity.live, parity.replayed, parity.unexplained) == (0, 0, 0)
    assert list(parity.not_settled.values()) == [NotSettled.TOO_YOUNG]
