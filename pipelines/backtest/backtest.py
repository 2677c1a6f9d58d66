"""A backtest from cached signals to a report: one pass for the rules and every setting of them, then judgement.

signals and coverage by day ──▶ as they would have arrived ──▶ one pass ──▶ alarms ──against the truth──▶ report
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from alerts.rules.directory import ActorDirectory
from alerts.rules.model import RuleSet
from pipelines.archive_summary import summary_of
from pipelines.backtest.alarms import AlarmBook
from pipelines.backtest.arrival import ArrivalDelay, delayed
from pipelines.backtest.choosing import Judge, choose, points
from pipelines.backtest.day_book import DayBook
from pipelines.backtest.judging import Matching, Stretch, judge_rule
from pipelines.backtest.passing import Passed, one_pass
from pipelines.backtest.report import Report, RuleReport, Sweep
from pipelines.backtest.scores import Score, score_all, score_rule, together
from pipelines.backtest.truth import TrueEvent
from pipelines.backtest.variants import FLOORS, WINDOWS, Setting, Variant, as_written, grid, rules_to_run, varied
from pipelines.replay.past import Past, records_in
from pipelines.replay.replay import Told, activation
from schemas.errors import UsageError

#: Share of the days that settings are chosen on where nobody says from which day to judge.
_CHOSEN_ON = 0.6


@dataclass(frozen=True)
class Wanted:
    """What is asked: how to match, when news arrive, what else to try, and what it may ring a week."""

    matching: Matching = field(default_factory=Matching)
    delay: ArrivalDelay = field(default_factory=ArrivalDelay)
    sweep: bool = False
    detectors: tuple[str, ...] = ()
    budget_a_week: float = 3.0
    judge_from: date | None = None

    def settings(self) -> list[Setting]:
        """Return every setting to try beside the rules as they are written."""
        if self.sweep:
            return [*grid(), *grid(self.detectors)]
        return [_usual(detector) for detector in self.detectors]


def _usual(detector: str) -> Setting:
    return Setting(detector, "normal", WINDOWS[0], FLOORS[1])


def backtest(
    past: Past,
    version: str,
    rules: RuleSet,
    truth: Sequence[TrueEvent] | None,
    names: ActorDirectory,
    wanted: Wanted,
    told: Told,
) -> Report:
    """Return what ``rules`` would have done in ``past``, whose signals of extractor ``version`` are cached.

    :raises UsageError: the day to judge from lies outside.
    """
    written = as_written(rules.rules)
    tried = varied(rules.rules, wanted.settings())
    passed = pass_over(past, version, [*written, *tried], written, told, wanted.delay)
    judge = Judge(
        truth=truth,
        matching=wanted.matching,
        names=names,
        stretch=Stretch(passed.first, passed.last),
        split=_split(passed, wanted.judge_from),
        learnt=passed.learnt,
    )
    own = _judged(written, passed.books, judge)
    judgements = [rule.judgement for rule in own]
    books = {variant.base: passed.books[variant.rule.name] for variant in written}
    return Report(
        archive=summary_of(past.archive),
        articles=past.articles,
        stretch=judge.stretch,
        matching=wanted.matching,
        arrival_delay=str(wanted.delay),
        order=past.chosen,
        extractor_version=version,
        truth=truth,
        rules=own,
        total=score_all(judgements, books, truth, judge.stretch),
        events=together(judgements, truth or ()),
        days=passed.days.without_gaps(),
        near_misses=passed.days.near_misses(),
        sweep=_sweep(tried, passed, judge, wanted) if wanted.sweep else None,
        compared=_compared(tried, passed, judge, wanted) if wanted.detectors else None,
    )


def pass_over(
    past: Past,
    version: str,
    variants: Sequence[Variant],
    looked_at: Sequence[Variant],
    told: Told,
    delay: ArrivalDelay | None = None,
) -> Passed:
    """Run ``variants`` over ``past``; days and near misses are kept of those ``looked_at``.

    :raises UsageError: there is too little history for one decision.
    """
    every = RuleSet.of(*(variant.rule for variant in rules_to_run(variants).values()))
    records = records_in(past, version, activation(every, "", past.days[0]), (), told)
    book = DayBook.of(variant.rule for variant in looked_at)
    return one_pass(delayed(records, delay or ArrivalDelay()), variants, book)


def _split(passed: Passed, judge_from: date | None) -> datetime:
    if judge_from is None:
        split = passed.first + (passed.last - passed.first) * _CHOSEN_ON
        return (
            split.replace(hour=0, minute=0, second=0, microsecond=0)
            if split - passed.first > timedelta(days=2)
            else split
        )
    split = datetime.combine(judge_from, time(), tzinfo=UTC)
    if not passed.first < split < passed.last:
        raise UsageError(
            f"--judge-from {judge_from} lies outside the days {passed.first:%Y-%m-%d} to {passed.last:%Y-%m-%d}",
            remedy="choose a day between them",
        )
    return split


def _judged(written: Sequence[Variant], books: Mapping[str, AlarmBook], judge: Judge) -> list[RuleReport]:
    found = []
    for variant in written:
        book = books[variant.rule.name]
        judgement = judge_rule(
            variant.rule, book, judge.truth, judge.matching, judge.stretch, judge.names, learnt=judge.learnt
        )
        score = score_rule(judgement, book, judge.stretch, judged=judge.truth is not None)
        found.append(RuleReport(judgement, score, book))
    return found


def _sweep(tried: Sequence[Variant], passed: Passed, judge: Judge, wanted: Wanted) -> Sweep:
    curves = {
        detector: points([v for v in tried if v.setting.detector == detector], passed.books, judge)
        for detector in ("", *wanted.detectors)
    }
    every = [point for of_detector in curves.values() for point in of_detector]
    return Sweep(curves, choose(every, wanted.budget_a_week, judge.split))


def _compared(tried: Sequence[Variant], passed: Passed, judge: Judge, wanted: Wanted) -> dict[str, Score]:
    found = {}
    for detector in wanted.detectors:
        usual = [variant for variant in tried if variant.setting == _usual(detector)]
        found[detector] = points(usual, passed.books, judge)[0].whole
    return found
