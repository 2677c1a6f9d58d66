"""Truth by hand: which alarms and near misses to ask about, and what the answers make. Pure.

report.json ──▶ questions, openings and near misses mixed ──one key each──▶ verdicts ──▶ events of the truth
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipelines.backtest.intervals import Share
from pipelines.backtest.truth import TrueEvent
from schemas.errors import UsageError
from schemas.ids import digest
from schemas.model import UtcDatetime

#: Alarms of the same watch that lie so near each other are about one event.
_SAME_EVENT = timedelta(hours=48)

_TITLE_CHARACTERS = 120


class Answer(StrEnum):
    """Did something happen that one would want to be told of?"""

    YES = "y"
    NO = "n"
    UNSURE = "?"


class Kind(StrEnum):
    """What is asked about."""

    OPENING = "opening"
    NEAR_MISS = "near miss"


@dataclass(frozen=True, slots=True)
class Question:
    """One window of news. ``id`` stays the same when the same rules are run again."""

    id: str
    kind: Kind
    rule: str
    key: str
    start: datetime
    end: datetime
    stories: int
    expected: float | None
    headlines: tuple[str, ...]

    @property
    def watch(self) -> str:
        """What an event made of it concerns."""
        return f"rule:{self.rule}" if ":" in self.key else self.key


class _Read(BaseModel):
    """A part of report.json; fields that are not needed here are left alone."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _Article(_Read):
    title: str = ""
    source: str = ""
    story: str = ""


class _Counts(_Read):
    stories: int = 0


class _Alarm(_Read):
    alert_id: str
    rule: str
    key: str
    opened: UtcDatetime
    ended: UtcDatetime | None = None
    window_h: Annotated[int, Field(ge=1, le=10_000)] | None = None
    counts: _Counts = _Counts()
    expected: float | None = None
    articles: tuple[_Article, ...] = ()


class _NearMiss(_Read):
    rule: str
    key: str
    end: UtcDatetime
    window_h: Annotated[int, Field(ge=1, le=10_000)]
    stories: int
    expected: float | None = None
    articles: tuple[_Article, ...] = ()


class _Report(_Read):
    alarms: tuple[_Alarm, ...]
    near_misses: tuple[_NearMiss, ...] = ()


def questions_in(text: str, name: str, openings: int, near_misses: int, seed: int) -> list[Question]:
    """Return the questions to ask about the report in ``text``: a seeded draw of each kind, mixed.

    Whether something rang is not shown while one is asked, so the order must not tell.

    :raises UsageError: it is no report.
    """
    try:
        report = _Report.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"{name} is no report of a backtest: {where}: {first['msg']}",
            remedy="make one: tocsin backtest --archive DIR --rules PATH --out REPORT",
        ) from error
    draw = random.Random(seed)
    rang = [_of_alarm(alarm) for alarm in report.alarms]
    nearly = [_of_near_miss(near) for near in report.near_misses]
    chosen = draw.sample(rang, min(openings, len(rang))) + draw.sample(nearly, min(near_misses, len(nearly)))
    draw.shuffle(chosen)
    return chosen


def _of_alarm(alarm: _Alarm) -> Question:
    return Question(
        id=alarm.alert_id,
        kind=Kind.OPENING,
        rule=alarm.rule,
        key=alarm.key,
        start=alarm.opened,
        end=alarm.ended or alarm.opened,
        stories=alarm.counts.stories,
        expected=alarm.expected,
        headlines=_headlines(alarm.articles),
    )


def _of_near_miss(near: _NearMiss) -> Question:
    return Question(
        id=digest("near miss", near.rule, near.key, near.end.isoformat(), length=24),
        kind=Kind.NEAR_MISS,
        rule=near.rule,
        key=near.key,
        start=near.end - timedelta(hours=near.window_h),
        end=near.end,
        stories=near.stories,
        expected=near.expected,
        headlines=_headlines(near.articles),
    )


def _headlines(articles: Sequence[_Article]) -> tuple[str, ...]:
    """Return one headline a story, with who brought it."""
    by_story = {article.story or article.title: article for article in reversed(articles)}
    ordered = [article for article in articles if by_story.get(article.story or article.title) is article]
    return tuple(f"{article.title} ({article.source})" for article in ordered)


def truth_of(questions: Sequence[Question], answers: Mapping[str, Answer]) -> list[TrueEvent]:
    """Return the events that were answered with yes; of one watch within two days they are one."""
    yes = sorted(
        (question for question in questions if answers.get(question.id) is Answer.YES),
        key=lambda question: (question.watch, question.start),
    )
    events: list[TrueEvent] = []
    for question in yes:
        before = events[-1] if events else None
        if before is not None and before.watch == question.watch and question.start - before.end <= _SAME_EVENT:
            events[-1] = TrueEvent(before.event, before.watch, before.start, max(before.end, question.end))
            continue
        title = question.headlines[0] if question.headlines else question.key
        events.append(TrueEvent(title[:_TITLE_CHARACTERS], question.watch, question.start, question.end))
    return sorted(events, key=lambda event: (event.start, event.watch))


def share_of_yes(questions: Sequence[Question], answers: Mapping[str, Answer], kind: Kind) -> Share:
    """Return how many of the questions of ``kind`` with an answer of yes or no were answered with yes."""
    given = [answers[question.id] for question in questions if question.kind is kind and question.id in answers]
    decided = [answer for answer in given if answer is not Answer.UNSURE]
    return Share(sum(answer is Answer.YES for answer in decided), len(decided))
