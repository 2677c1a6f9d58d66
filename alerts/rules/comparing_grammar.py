"""The detectors of a rule file that compare with a normal of their own, beside spike: one reader each."""

from __future__ import annotations

from collections.abc import Mapping

from alerts.rules.detector_parts import (
    BUDGET,
    HALF_LIFE,
    MAX_WINDOW_H,
    MIN,
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
from alerts.rules.fields import Fields, Key, Values
from alerts.rules.model import Cusum, Detector, Drop, PartOf, Ratio, Record, Shift, Zscore
from alerts.rules.readers import Hours, Number, Whole
from alerts.rules.watch_grammar import SOURCES_PART

_TO_SOURCES = Key("sources", SOURCES_PART, "Publishers whose articles belong to the part.")


def _part(values: Values) -> PartOf | None:
    part = PartOf(
        tones=tuple(sorted(set(values.get_or(ONLY_TONE, ())))),
        topics=tuple(sorted(set(values.get_or(ONLY_TOPICS, ())))),
        sources=values.get(_TO_SOURCES),
    )
    if part == PartOf():
        values.wrong(None, "nothing says what the part is", "write tone, topics or sources: {to: {tone: conflict}}")
        return None
    return part


def _in_part(values: Values) -> tuple[WrittenFloors, int | None]:
    return WrittenFloors(values.get(STORIES), values.get(PUBLISHERS), values.get(TIMES)), values.get(_PART)


_TO = Key(
    "to", Fields((ONLY_TONE, ONLY_TOPICS, _TO_SOURCES), _part), "The part whose share is looked at.", required=True
)
_WINDOW = Key("window", Hours(), "What is compared with normal; 3d for a shift, else 24h by default.")
_BASELINE = Key("baseline", Hours(least=48), "What normal is learnt from; 28d by default.")
_PART = Key("part", Whole(least=1), "Of the part itself, at least.")
_MIN_PART = Key(
    "min",
    Fields((STORIES, PUBLISHERS, TIMES, _PART), _in_part),
    "What must be reached besides the score; stories 8, part 5, publishers of the part 3 by default.",
)


def _window(values: Values, default_h: int) -> tuple[int, int] | None:
    window, baseline = values.get_or(_WINDOW, default_h), values.get_or(_BASELINE, 672)
    if window > MAX_WINDOW_H:
        values.wrong(_WINDOW, f"a window of {window}h is too long", f"at most {MAX_WINDOW_H // 24}d")
        return None
    if baseline < 2 * window:
        values.wrong(
            _BASELINE, f"{baseline}h of normal are too few for a window of {window}h", f"at least {2 * window}h"
        )
        return None
    return window, baseline


def _shift(values: Values) -> Shift | None:
    bar, lengths, to = bar_written(values), _window(values, 72), values.get(_TO)
    if bar is None or lengths is None or to is None:
        return None
    default = Shift(to=to)
    floors, part = values.get_or(_MIN_PART, (WrittenFloors(), None))
    return Shift(
        to=to,
        window_h=lengths[0],
        baseline_h=lengths[1],
        part=default.part if part is None else part,
        floors=floors.over(default.floors),
        **bar,
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


def _drop(values: Values) -> Drop | None:
    bar, windows = bar_written(values), windows_written(values, Drop().windows_h)
    if bar is None or windows is None:
        return None
    expected, times = values.get_or(_MIN_DROP, (None, None))
    return Drop(
        windows_h=windows,
        half_life_h=values.get_or(HALF_LIFE, Drop().half_life_h),
        expected=Drop().expected if expected is None else expected,
        floors=WrittenFloors(times=times).over(Drop().floors),
        **bar,
        **shared(values),
    )


_LOOKED_FOR = Key("ratio", Number(least=1.1, most=10), "How many times normal it is on the lookout for; 2 by default.")


def _cusum(values: Values) -> Cusum | None:
    bar = bar_written(values)
    if bar is None:
        return None
    return Cusum(
        ratio=values.get_or(_LOOKED_FOR, Cusum().ratio),
        half_life_h=values.get_or(HALF_LIFE, Cusum().half_life_h),
        floors=values.get_or(MIN, WrittenFloors()).over(Cusum().floors),
        **bar,
        **shared(values),
    )


_RATIO = Key("ratio", Number(least=1, most=10_000), "So many times the mean or more; 3 by default.")
_SD = Key("sd", Number(least=0.5, most=1_000), "So many standard deviations or more; 4 by default.")


def _ratio(values: Values) -> Ratio | None:
    if (lengths := _window(values, 24)) is None:
        return None
    return Ratio(
        ratio=values.get_or(_RATIO, Ratio().ratio),
        window_h=lengths[0],
        baseline_h=lengths[1],
        floors=values.get_or(MIN, WrittenFloors()).over(Ratio().floors),
        **shared(values),
    )


def _zscore(values: Values) -> Zscore | None:
    if (lengths := _window(values, 24)) is None:
        return None
    return Zscore(
        sd=values.get_or(_SD, Zscore().sd),
        window_h=lengths[0],
        baseline_h=lengths[1],
        floors=values.get_or(MIN, WrittenFloors()).over(Zscore().floors),
        **shared(values),
    )


def _record(values: Values) -> Record | None:
    if (lengths := _window(values, 24)) is None:
        return None
    return Record(
        window_h=lengths[0],
        baseline_h=lengths[1],
        floors=values.get_or(MIN, WrittenFloors()).over(Record().floors),
        **shared(values),
    )


COMPARING: Mapping[str, Fields[Detector]] = {
    "shift": Fields(
        (_TO, _WINDOW, _BASELINE, SENSITIVITY, BUDGET, _MIN_PART, *SHARED),
        _shift,
        about="Among what is counted, a part has a far larger share than normal.",
    ),
    "drop": Fields(
        (SENSITIVITY, BUDGET, WINDOWS, HALF_LIFE, _MIN_DROP, *SHARED),
        _drop,
        about="Far fewer than normal, while the feeds could be seen.",
        may_be_empty=True,
    ),
    "cusum": Fields(
        (_LOOKED_FOR, SENSITIVITY, BUDGET, HALF_LIFE, MIN, *SHARED),
        _cusum,
        about="For weeks somewhat more than normal.",
        may_be_empty=True,
    ),
    "ratio": Fields(
        (_RATIO, _WINDOW, _BASELINE, MIN, *SHARED),
        _ratio,
        about="Times the mean; to compare with.",
        may_be_empty=True,
    ),
    "zscore": Fields(
        (_SD, _WINDOW, _BASELINE, MIN, *SHARED),
        _zscore,
        about="Standard deviations above the mean; to compare with.",
        may_be_empty=True,
    ),
    "record": Fields(
        (_WINDOW, _BASELINE, MIN, *SHARED), _record, about="The most there was; to compare with.", may_be_empty=True
    ),
}
