"""Where a key stands, in words: what a window has, what it lacks, and what would have to be otherwise."""

from __future__ import annotations

from alerts.explanation.phrases import counted, quantity
from alerts.standing import Condition, Need, Standing
from schemas.ids import hour_start
from schemas.plain_text import plural


def standing_line(standing: Standing) -> str:
    """Return ``spike, 6 h to 01-22 12:00: 3 stories, 3 publishers, expected 1.1, score 1.9; lacks score 3 (has 1.9)``."""
    verdict = standing.verdict
    end = hour_start(verdict.hour + 1)
    numbers = [counted(verdict.counts)]
    if verdict.expected is not None:
        numbers.append(f"expected {quantity(verdict.expected)}")
    if verdict.score is not None:
        numbers.append(f"score {verdict.score:.3g}")
    text = f"{verdict.detector}, {verdict.window_h} h to {end:%m-%d %H:%M}: {', '.join(numbers)}"
    missing = [condition_words(condition) for condition in standing.missing]
    return f"{text}; lacks {' and '.join(missing)}" if missing else f"{text}; lacks nothing"


def condition_words(condition: Condition) -> str:
    """Return ``score 3 (has 1.9)`` or ``4 stories (has 2)``."""
    needs, has = _number(condition.needs), _number(condition.has)
    match condition.need:
        case Need.ARTICLES:
            return "any article"
        case Need.SCORE:
            return f"a score of {needs} (has {has})"
        case Need.STORIES:
            return f"{plural(int(condition.needs), 'story', 'stories')} (has {has})"
        case Need.PUBLISHERS:
            return f"{plural(int(condition.needs), 'publisher', 'publishers')} (has {has})"
        case Need.TIMES:
            return f"a count of {needs}, so many times what is expected (has {has})"
        case Need.COUNT:
            return f"a count of {needs} (has {has})"
        case Need.QUIET_HOURS:
            return f"{needs} h without it before (was {has} h)"
        case Need.HISTORY_HOURS:
            return f"{needs} h of history (has {has} h)"
        case Need.NOT_KNOWN:
            return "to be news: the rule lists it as known"
        case Need.COUNTRIES:
            return f"publishers of {plural(int(condition.needs), 'country', 'countries')} (has {has})"
        case Need.PART:
            return f"{needs} of the part it looks for (has {has})"
        case Need.EXPECTED:
            return f"{needs} expected, so that their absence means something (has {has})"
        case Need.FEWER:
            return f"fewer: what came, times what the rule asks for, is {needs}, above the {has} expected"
        case Need.COVERAGE:
            return f"{100 * condition.needs:.0f} % coverage (has {100 * condition.has:.0f} %)"
        case Need.MEAN_TIMES:
            return f"{needs} times the mean before (has {has})"
        case Need.DEVIATIONS:
            return f"{needs} standard deviations above the mean before (has {has})"
        case Need.RECORD:
            return f"a record, {needs} (has {has})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
