"""Severities by level, in a rule file: ``{high: {stories: 12}, critical: {stories: 30, publishers: 10}}``."""

from __future__ import annotations

from itertools import combinations

from alerts.rules.detector_parts import PUBLISHERS, STORIES, TIMES
from alerts.rules.fields import Check, Fields, Key, Values
from alerts.rules.levels import Level
from alerts.rules.number_readers import Number, Whole
from schemas.reasons import Severity

_ARTICLES = Key("articles", Whole(least=1), "Articles, at least.")
_SCORE = Key("score", Number(least=0.1, most=1_000), "Score, at least.")


def _asked(values: Values) -> Level:
    return Level(
        severity=Severity.LOW,
        stories=values.get_or(STORIES, 0),
        publishers=values.get_or(PUBLISHERS, 0),
        articles=values.get_or(_ARTICLES, 0),
        times=values.get_or(TIMES, 0.0),
        score=values.get_or(_SCORE, 0.0),
    )


_NOTHING_ASKED = ("nothing says what is reached", "write stories, publishers, articles, times or score")

_KEYS: dict[Severity, Key[Level]] = {
    severity: Key(
        severity.value,
        Fields((STORIES, PUBLISHERS, _ARTICLES, TIMES, _SCORE), _asked, nothing=_NOTHING_ASKED),
        f"All of what makes an alert {severity.value}.",
    )
    for severity in Severity
    if severity is not Severity.LOW
}


def _levels(values: Values) -> tuple[Level, ...]:
    return tuple(
        level.model_copy(update={"severity": severity})
        for severity, key in _KEYS.items()
        if (level := values.get(key)) is not None
    )


def _asks_more(lower: Key[Level], higher: Key[Level]) -> Check:
    """Return the check that ``higher`` asks for something that ``lower`` does not."""

    def note(values: Values) -> None:
        less, more = values.get(lower), values.get(higher)
        if less is not None and more is not None and more.asks_no_more_than(less):
            message = f"{higher.name} asks for no more than {lower.name}, which is then never told"
            values.wrong(higher, message, f"ask for more of something than {lower.name} does, or remove {lower.name}")

    return Check((lower, higher), note)


LEVELS = Fields(
    tuple(_KEYS.values()),
    _levels,
    checks=[_asks_more(*two) for two in combinations(tuple(_KEYS.values()), 2)],
    part=_levels,
    nothing=("no severity is listed here", "write for example high: {stories: 12}"),
)
