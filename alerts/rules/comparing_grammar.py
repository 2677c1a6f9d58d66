"""The detectors of a rule file that compare with a normal of their own, beside spike: one reader each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from alerts.rules.detector_parts import (
    BUDGET,
    HALF_LIFE,
    MAX_WINDOW_H,
    MIN,
    NO_LONG_WINDOW,
    ONE_BAR,
    ONLY_TONE,
    ONLY_TOPICS,
    PUBLISHERS,
    SENSITIVITY,
    SHARED,
    STORIES,
    TIMES,
    WINDOWS,
    WrittenFloors,
    bar_written,
    shared,
    windows_written,
)
from alerts.rules.fields import Check, Fields, Key, Values
from alerts.rules.model import Cusum, Detector, Drop, PartOf, Ratio, Record, Shift, Zscore
from alerts.rules.number_readers import Number, Whole
from alerts.rules.readers import Hours
from alerts.rules.watch_grammar import SOURCES_PART

_TO_SOURCES = Key("sources", SOURCES_PART, "Publishers whose articles belong to the part.")


def _part(values: Values) -> PartOf:
    return PartOf(
        tones=tuple(sorted(set(values.get_or(ONLY_TONE, ())))),
        topics=tuple(sorted(set(values.get_or(ONLY_TOPICS, ())))),
        sources=values.get(_TO_SOURCES),
    )


_NO_PART = ("nothing says what the part is", "write tone, topics or sources: {to: {tone: conflict}}")


def _in_part(values: Values) -> tuple[WrittenFloors, int | None]:
    return WrittenFloors(values.get(STORIES), values.get(PUBLISHERS), values.get(TIMES)), values.get(_PART)


_TO = Key(
    "to",
    Fields((ONLY_TONE, ONLY_TOPICS, _TO_SOURCES), _part, nothing=_NO_PART),
    "The part whose share is looked at.",
    required=True,
    example="to: {tone: conflict}",
)
_WINDOW = Key("window", Hours(), "What is compared with normal; 3d for a shift, else 24h by default.")
_BASELINE = Key("baseline", Hours(least=48), "What normal is learnt from; 28d by default.")
_PART = Key("part", Whole(least=1), "Of the part itself, at least.")
_MIN_PART = Key(
    "min",
    Fields((STORIES, PUBLISHERS, TIMES, _PART), _in_part),
    "What must be reached besides the score; stories 8, part 5, publishers of the part 3 by default.",
)


#: Lengths where they are left out: the window of a shift, that of the others, and what normal is learnt from.
_SHIFT_WINDOW_H, _WINDOW_H, _BASELINE_H = 72, 24, 672


def _lengths(default_h: int) -> tuple[Check, Check]:
    """Return the checks of a window, ``default_h`` long where it is not written, and of what it is compared with."""

    def too_long(values: Values) -> None:
        if values.get_or(_WINDOW, default_h) > MAX_WINDOW_H:
            message = f"a window of {values.get_or(_WINDOW, default_h)}h is too long"
            values.wrong(_WINDOW, message, f"at most {MAX_WINDOW_H // 24}d")

    def too_few(values: Values) -> None:
        window, baseline = values.get_or(_WINDOW, default_h), values.get_or(_BASELINE, _BASELINE_H)
        if baseline < 2 * window <= 2 * MAX_WINDOW_H:
            message = f"{baseline}h of normal are too few for a window of {window}h"
            values.wrong(_BASELINE, message, f"at least {2 * window}h")

    return Check((_WINDOW,), too_long), Check((_WINDOW, _BASELINE), too_few)


class _Lengths(TypedDict):
    window_h: int
    baseline_h: int


def _lengths_written(values: Values, default_h: int) -> _Lengths:
    return {"window_h": values.get_or(_WINDOW, default_h), "baseline_h": values.get_or(_BASELINE, _BASELINE_H)}


def _shift(values: Values) -> Shift:
    to = values.get_or(_TO, PartOf())
    default = Shift(to=to)
    floors, part = values.get_or(_MIN_PART, (WrittenFloors(), None))
    return Shift(
        to=to,
        **_lengths_written(values, _SHIFT_WINDOW_H),
        part=default.part if part is None else part,
        floors=floors.over(default.floors),
        **bar_written(values),
        **shared(values),
    )


_EXPECTED = Key(
    "expected", Number(least=1, most=1_000_000), "So many must be normal in the window, else it is not looked at."
)


def _in_drop(values: Values) -> tuple[float | None, float | None]:
    return values.get(_EXPECTED), values.get(TIMES)


_MIN_DROP = Key(
    "min",
    Fields((_EXPECTED, TIMES), _in_drop),
    "Expected 12 by default; times 2: at most half of what is normal is left.",
)


def _drop(values: Values) -> Drop:
    expected, times = values.get_or(_MIN_DROP, (None, None))
    return Drop(
        windows_h=windows_written(values, Drop().windows_h),
        half_life_h=values.get_or(HALF_LIFE, Drop().half_life_h),
        expected=Drop().expected if expected is None else expected,
        floors=WrittenFloors(times=times).over(Drop().floors),
        **bar_written(values),
        **shared(values),
    )


_LOOKED_FOR = Key("ratio", Number(least=1.1, most=10), "How many times normal it is on the lookout for; 2 by default.")


def _cusum(values: Values) -> Cusum:
    return Cusum(
        ratio=values.get_or(_LOOKED_FOR, Cusum().ratio),
        half_life_h=values.get_or(HALF_LIFE, Cusum().half_life_h),
        floors=values.get_or(MIN, WrittenFloors()).over(Cusum().floors),
        **bar_written(values),
        **shared(values),
    )


_RATIO = Key("ratio", Number(least=1, most=10_000), "So many times the mean or more; 3 by default.")
_SD = Key("sd", Number(least=0.5, most=1_000), "So many standard deviations or more; 4 by default.")


def _ratio(values: Values) -> Ratio:
    return Ratio(
        ratio=values.get_or(_RATIO, Ratio().ratio),
        **_lengths_written(values, _WINDOW_H),
        floors=values.get_or(MIN, WrittenFloors()).over(Ratio().floors),
        **shared(values),
    )


def _zscore(values: Values) -> Zscore:
    return Zscore(
        sd=values.get_or(_SD, Zscore().sd),
        **_lengths_written(values, _WINDOW_H),
        floors=values.get_or(MIN, WrittenFloors()).over(Zscore().floors),
        **shared(values),
    )


def _record(values: Values) -> Record:
    return Record(
        **_lengths_written(values, _WINDOW_H),
        floors=values.get_or(MIN, WrittenFloors()).over(Record().floors),
        **shared(values),
    )


COMPARING: Mapping[str, Fields[Detector]] = {
    "shift": Fields(
        (_TO, _WINDOW, _BASELINE, SENSITIVITY, BUDGET, _MIN_PART, *SHARED),
        _shift,
        about="Among what is counted, a part has a far larger share than normal.",
        checks=(ONE_BAR, *_lengths(_SHIFT_WINDOW_H)),
    ),
    "drop": Fields(
        (SENSITIVITY, BUDGET, WINDOWS, HALF_LIFE, _MIN_DROP, *SHARED),
        _drop,
        about="Far fewer than normal, while the feeds could be seen.",
        may_be_empty=True,
        checks=(ONE_BAR, NO_LONG_WINDOW),
    ),
    "cusum": Fields(
        (_LOOKED_FOR, SENSITIVITY, BUDGET, HALF_LIFE, MIN, *SHARED),
        _cusum,
        about="For weeks somewhat more than normal.",
        may_be_empty=True,
        checks=(ONE_BAR,),
    ),
    "ratio": Fields(
        (_RATIO, _WINDOW, _BASELINE, MIN, *SHARED),
        _ratio,
        about="Times the mean; to compare with.",
        may_be_empty=True,
        checks=_lengths(_WINDOW_H),
    ),
    "zscore": Fields(
        (_SD, _WINDOW, _BASELINE, MIN, *SHARED),
        _zscore,
        about="Standard deviations above the mean; to compare with.",
        may_be_empty=True,
        checks=_lengths(_WINDOW_H),
    ),
    "record": Fields(
        (_WINDOW, _BASELINE, MIN, *SHARED),
        _record,
        about="The most there was; to compare with.",
        may_be_empty=True,
        checks=_lengths(_WINDOW_H),
    ),
}
