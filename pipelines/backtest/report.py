"""Everything a backtest found, as plain values for ``report.json``; the page is made of the same records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from alerts.rules.model import Rule
from pipelines.archive_summary import ArchiveSummary
from pipelines.backtest.alarms import AlarmBook
from pipelines.backtest.choosing import Choice, Point
from pipelines.backtest.day_book import Day, NearMiss
from pipelines.backtest.judging import JudgedAlarm, JudgedEvent, Matching, RuleJudgement, Stretch
from pipelines.backtest.scores import Score
from pipelines.backtest.truth import TrueEvent
from pipelines.backtest.variants import in_words
from pipelines.replay.order import ChosenOrder
from schemas.alert_event import Evidence

#: The form of ``report.json``; it grows when a field changes its meaning.
REPORT_VERSION = 1

#: Articles of one alert that are written out; the others are counted.
EVIDENCE_SHOWN = 30


@dataclass(frozen=True)
class RuleReport:
    """One rule as it is written: its alarms and events judged, and its numbers."""

    judgement: RuleJudgement
    score: Score
    book: AlarmBook

    @property
    def rule(self) -> Rule:
        """The rule."""
        return self.judgement.rule


@dataclass(frozen=True)
class Sweep:
    """Settings tried: one curve a detector ("" = each rule's own), and what was chosen for the budget."""

    curves: Mapping[str, Sequence[Point]]
    choice: Choice


@dataclass(frozen=True)
class Report:
    """A backtest of ``articles``, a part of the archive or all of it. ``truth`` is None where there was nothing to judge by."""

    archive: ArchiveSummary
    articles: int
    stretch: Stretch
    matching: Matching
    arrival_delay: str
    order: ChosenOrder
    extractor_version: str
    truth: Sequence[TrueEvent] | None
    rules: Sequence[RuleReport]
    total: Score
    events: Sequence[JudgedEvent]
    days: Mapping[tuple[str, str], Sequence[Day]]
    near_misses: Sequence[NearMiss]
    sweep: Sweep | None = None
    compared: Mapping[str, Score] | None = None

    @property
    def alarms(self) -> list[JudgedAlarm]:
        """Every alarm of every rule, oldest first."""
        found = [alarm for rule in self.rules for alarm in rule.judgement.alarms]
        return sorted(found, key=lambda judged: (judged.alarm.opened, judged.alarm.rule, judged.alarm.key))

    def as_json(self) -> dict[str, object]:
        """Return everything but what the page alone shows."""
        return {
            "kind": "backtest",
            "report_version": REPORT_VERSION,
            "first": self.stretch.first.isoformat(),
            "last": self.stretch.last.isoformat(),
            "match": str(self.matching),
            "arrival_delay": self.arrival_delay,
            "order": self.order.as_json(),
            "extractor_version": self.extractor_version,
            "judged_by_truth": self.truth is not None,
            "articles": self.articles,
            "archive": self.archive.as_json(),
            "total": self.total.as_json(),
            "rules": [_rule(rule) for rule in self.rules],
            "events": [_event(event) for event in self.events],
            "alarms": [_alarm(alarm) for alarm in self.alarms],
            "near_misses": [_near_miss(near) for near in self.near_misses],
            "days": [
                {"rule": rule, "key": key, "days": [_day(day) for day in days]}
                for (rule, key), days in sorted(self.days.items())
            ],
            "sweep": None if self.sweep is None else _sweep(self.sweep),
            "compared": None if self.compared is None else {n: score.as_json() for n, score in self.compared.items()},
        }


def _rule(rule: RuleReport) -> dict[str, object]:
    return {
        "rule": rule.rule.name,
        "setting": in_words(rule.rule),
        "score": rule.score.as_json(),
        "blind": [[begun.isoformat(), ended.isoformat() if ended else None] for begun, ended in rule.book.blind],
        "too_many_open": rule.book.refused,
    }


def _event(judged: JudgedEvent) -> dict[str, object]:
    event = judged.event
    return {
        "event": event.event,
        "watch": event.watch,
        "start": event.start.isoformat(),
        "end": event.end.isoformat(),
        "fate": judged.fate.value,
        "found": judged.found.isoformat() if judged.found else None,
        "delay_h": None if judged.delay_h is None else round(judged.delay_h, 2),
    }


def _alarm(judged: JudgedAlarm) -> dict[str, object]:
    alarm, opening = judged.alarm, judged.alarm.opening
    return {
        "alert_id": opening.alert_id,
        "rule": alarm.rule,
        "key": alarm.key,
        "verdict": judged.verdict.value,
        "event": judged.event.event if judged.event else None,
        "opened": alarm.opened.isoformat(),
        "escalated": [moment.isoformat() for moment in alarm.escalated],
        "ended": alarm.ended.isoformat() if alarm.ended else None,
        "retracted": alarm.retracted,
        "learning": opening.learning,
        "detector": opening.detector,
        "window_h": opening.window.hours if opening.window else None,
        "counts": opening.counts.model_dump(),
        "expected": opening.expected,
        "score": opening.score,
        "coverage": opening.coverage,
        "articles": [_article(item) for item in alarm.evidence[:EVIDENCE_SHOWN]],
    }


def _article(item: Evidence) -> dict[str, object]:
    return {
        "article_id": item.article_id,
        "time": item.event_time.isoformat(),
        "source": item.source.name or item.source.id,
        "title": item.title,
        "url": item.url,
        "excerpt": item.excerpt,
        "story": item.story,
    }


def _near_miss(near: NearMiss) -> dict[str, object]:
    return {
        "rule": near.rule,
        "key": near.key,
        "end": near.end.isoformat(),
        "window_h": near.window_h,
        "stories": near.stories,
        "expected": None if near.expected is None else round(near.expected, 2),
        "lacking": near.lacking,
        "articles": [_article(item) for item in near.evidence],
    }


def _day(day: Day) -> list[object]:
    expected = None if day.expected is None else round(day.expected, 2)
    return [day.end.date().isoformat(), day.count, expected, day.upper]


def _sweep(sweep: Sweep) -> dict[str, object]:
    choice = sweep.choice
    return {
        "split": choice.split.isoformat(),
        "budget_a_week": choice.budget_a_week,
        "chosen": None if choice.point is None else _point(choice.point),
        "curves": {name: [_point(point) for point in points] for name, points in sweep.curves.items()},
    }


def _point(point: Point) -> dict[str, object]:
    return {
        "setting": asdict(point.setting),
        "whole": point.whole.as_json(),
        "chosen_on": point.chosen_on.as_json(),
        "judged_on": point.judged_on.as_json(),
    }
