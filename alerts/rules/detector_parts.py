"""What several detectors have in common in a rule file: what is counted, floors, the bar of a score, windows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NotRequired, TypedDict

from alerts.rules.detector_model import MAX_FOR_H
from alerts.rules.fields import Check, Fields, Key, Values
from alerts.rules.model import Budget, Floors, Only, Sensitivity, Unit
from alerts.rules.number_readers import Number, Whole
from alerts.rules.readers import Hours, Items, Word
from alerts.rules.reading import Reading
from alerts.rules.watch_grammar import TONES, TOPICS
from alerts.rules.yaml_tree import Node

MAX_WINDOW_H = 168


class _Per(StrEnum):
    MONTH = "month"


def _only(values: Values) -> Only:
    return Only(
        tones=tuple(sorted(set(values.get_or(ONLY_TONE, ())))),
        topics=tuple(sorted(set(values.get_or(ONLY_TOPICS, ())))),
    )


ONLY_TONE = Key("tone", TONES, "Tones that count.")
ONLY_TOPICS = Key("topics", TOPICS, "Topics that count.")
_OF = Key("of", Word(Unit), "What is counted; stories by default: one wire copy on thirty sites is one story.")
_ONLY = Key(
    "only",
    Fields((ONLY_TONE, ONLY_TOPICS), _only, nothing=("nothing is listed here", "write tone or topics, or remove only")),
    "Counts hits of such a tone or topic alone.",
)
_RESOLVE = Key("resolve_after", Hours(), "Calm for so long ends an alert; 12h by default.")
_COOLDOWN = Key("cooldown", Hours(least=0), "No new alert on that key for so long after its end; 24h by default.")


class _Lasting(Hours):
    """How long a crossing must last: at most as long as an hour may still change."""

    def read(self, node: Node, path: str, reading: Reading) -> int | None:
        hours = super().read(node, path, reading)
        if hours is None or hours <= MAX_FOR_H:
            return hours
        message = f"{hours}h is more than a day, after which an hour does not change any more"
        reading.wrong(node, path, message, f"at most {MAX_FOR_H}h; ask for more in a wider window instead")
        return None


FOR = Key("for", _Lasting(least=0), "A crossing must last so long before it opens an alert; at once by default.")
RENOTIFY = Key("renotify", Hours(least=0), "An open alert is told again so often; never by default.")
SHARED = (_OF, _ONLY, _RESOLVE, _COOLDOWN, FOR, RENOTIFY)

STORIES = Key("stories", Whole(least=1), "Stories, at least.")
PUBLISHERS = Key("publishers", Whole(least=1), "Publishers, at least.")
TIMES = Key("times", Number(least=0, most=10_000), "Times the expectation, at least.")


@dataclass(frozen=True)
class WrittenFloors:
    """Floors as far as they are written."""

    stories: int | None = None
    publishers: int | None = None
    times: float | None = None

    def over(self, default: Floors) -> Floors:
        """Return ``default`` with what is written in its place."""
        return Floors(
            stories=default.stories if self.stories is None else self.stories,
            publishers=default.publishers if self.publishers is None else self.publishers,
            times=default.times if self.times is None else self.times,
        )


def _floors(values: Values) -> WrittenFloors | None:
    return WrittenFloors(values.get(STORIES), values.get(PUBLISHERS), values.get(TIMES))


MIN = Key(
    "min",
    Fields((STORIES, PUBLISHERS, TIMES), _floors),
    "What must be reached besides the score; stories 4, publishers 3, times 2 by default.",
)
MIN_COUNTS = Key("min", Fields((STORIES, PUBLISHERS), _floors), "What must be reached besides the count.")


class _Shared(TypedDict):
    of: Unit
    only: Only | None
    resolve_after_h: int
    cooldown_h: int
    for_h: NotRequired[int]
    renotify_h: NotRequired[int]


def shared(values: Values) -> _Shared:
    """Return what every detector has; what is not written here of the last two is left to the rule."""
    found: _Shared = {
        "of": values.get_or(_OF, Unit.STORIES),
        "only": values.get(_ONLY),
        "resolve_after_h": values.get_or(_RESOLVE, 12),
        "cooldown_h": values.get_or(_COOLDOWN, 24),
    }
    lasting, renotify = values.get(FOR), values.get(RENOTIFY)
    if lasting is not None:
        found["for_h"] = lasting
    if renotify is not None:
        found["renotify_h"] = renotify
    return found


_FALSE_ALARMS = Key(
    "false_alarms",
    Number(least=0.001, most=10_000),
    "False alarms the whole rule may ring.",
    required=True,
    example="false_alarms: 4",
)
_PER = Key("per", Word(_Per), "In what time.", required=True, example="per: month")


def _budget(values: Values) -> Budget | None:
    return Budget(false_alarms_per_month=values.get_or(_FALSE_ALARMS, 1.0))


SENSITIVITY = Key("sensitivity", Word(Sensitivity), "How far from normal; normal by default.")
BUDGET = Key("budget", Fields((_FALSE_ALARMS, _PER), _budget), "Instead of a sensitivity: how many false alarms.")
WINDOWS = Key("windows", Items(Hours(), or_one=True, most=4), "Windows that are looked at; 6h and 24h by default.")
HALF_LIFE = Key("half_life", Hours(least=24), "Normal forgets half of what it learnt in so long; 14d by default.")


class _Bar(TypedDict):
    sensitivity: Sensitivity | None
    budget: Budget | None


def bar_written(values: Values) -> _Bar:
    """Return the sensitivity or the budget."""
    sensitivity, budget = values.get(SENSITIVITY), values.get(BUDGET)
    return {"sensitivity": None if budget is not None else sensitivity or Sensitivity.NORMAL, "budget": budget}


def windows_written(values: Values, default: tuple[int, ...]) -> tuple[int, ...]:
    """Return the windows, sorted."""
    return tuple(sorted(set(values.get_or(WINDOWS, default))))


def _one_bar(values: Values) -> None:
    if {SENSITIVITY.name, BUDGET.name} <= values.written.keys():
        values.wrong(BUDGET, "sensitivity and budget exclude each other", "keep one of them")


def _no_long_window(values: Values) -> None:
    longest = max(values.get_or(WINDOWS, (1,)))
    if longest > MAX_WINDOW_H:
        values.wrong(WINDOWS, f"a window of {longest}h is too long", f"at most {MAX_WINDOW_H // 24}d")


#: A sensitivity or a budget, not both.
ONE_BAR = Check((), _one_bar)

#: Windows no longer than what is kept to look at.
NO_LONG_WINDOW = Check((WINDOWS,), _no_long_window, of_parts=True)
