"""A detector in plain English: under what condition it opens an alert, and when that alert ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from alerts.rules.model import (
    Barred,
    Cusum,
    Detector,
    DetectorSettings,
    Drop,
    Floors,
    New,
    Only,
    Ratio,
    Record,
    Shift,
    SourcesPart,
    Spike,
    Threshold,
    Zscore,
)


def detector_in_words(detector: Detector) -> str:
    """Return the condition, to follow "when"."""
    return _condition(detector) + _only(detector.only) + _ending(detector)


def _condition(detector: Detector) -> str:
    match detector:
        case Spike():
            return _spike(detector)
        case Threshold():
            return _threshold(detector)
        case New():
            return _new(detector)
        case Shift():
            return _shift(detector)
        case Drop():
            return _drop(detector)
        case Cusum():
            return _cusum(detector)
        case Ratio() | Zscore() | Record():
            return _plain(detector)


def _threshold(threshold: Threshold) -> str:
    one, unit = _unit(threshold.of.value)
    floors = _floors(threshold.floors)
    text = f"at least {_many(threshold.count, one, unit)} came within {duration(threshold.within_h)}"
    return text + (f", and at least {floors}" if floors else "")


def _bar(settings: Barred) -> str:
    if settings.budget is not None:
        return f"with a budget of {settings.budget.false_alarms_per_month:g} false alarms a month for the whole rule"
    return f"sensitivity {settings.sensitivity.value}" if settings.sensitivity is not None else ""


def _spike(spike: Spike) -> str:
    windows = listed([duration(hours) for hours in spike.windows_h], "or")
    floors = _floors(spike.floors)
    text = f"there are far more {spike.of.value} than normal within {windows} ({_bar(spike)})"
    return text + (f", at least {floors}" if floors else "")


def _shift(shift: Shift) -> str:
    part = _narrowed(shift.to.tones, shift.to.topics)
    if shift.to.sources is not None:
        part = f"{part} {sources_in_words(shift.to.sources)}".strip()
    one = _many(shift.part, *_unit(shift.of.value))
    text = f"what is {part} makes up far more of the {shift.of.value} of {duration(shift.window_h)} than normal ({_bar(shift)})"
    floors = _floors(shift.floors.model_copy(update={"stories": 0}))
    least, stories = (
        listed([one, *([floors] if floors else [])], "and"),
        _many(shift.floors.stories, "story", "stories"),
    )
    return f"{text}, at least {least} of it among {stories}"


def _drop(drop: Drop) -> str:
    windows = listed([duration(hours) for hours in drop.windows_h], "or")
    text = f"there are far fewer {drop.of.value} than normal within {windows} ({_bar(drop)})"
    text = f"{text}, where {drop.expected:g} or more are expected"
    return f"{text} and at most {100 / drop.floors.times:.3g} % of them came" if drop.floors.times else text


def _cusum(cusum: Cusum) -> str:
    floors = _floors(cusum.floors)
    text = f"there are for long more {cusum.of.value} than normal, about {cusum.ratio:g} times as many ({_bar(cusum)})"
    return text + (f", in the last 7 days at least {floors}" if floors else "")


def _plain(detector: Ratio | Zscore | Record) -> str:
    unit, window, before = detector.of.value, duration(detector.window_h), duration(detector.baseline_h)
    text = f"the {unit} of {window} are more than in any {window} of the last {before}"
    if isinstance(detector, Ratio):
        text = f"the {unit} of {window} are at least {detector.ratio:g} times their mean over {before}"
    if isinstance(detector, Zscore):
        text = f"the {unit} of {window} are at least {detector.sd:g} standard deviations above their mean over {before}"
    floors = _floors(detector.floors)
    return text + (f", at least {floors}" if floors else "")


def _unit(unit: str) -> tuple[str, str]:
    return (unit.removesuffix("ies") + "y" if unit.endswith("ies") else unit.removesuffix("s")), unit


def _new(new: New) -> str:
    confirm = new.confirm
    stories = _many(confirm.stories, "story", "stories")
    publishers = _many(confirm.publishers, "publisher", "publishers")
    text = f"something appears that was not seen for {duration(new.quiet_for_h)}"
    text += f", confirmed by {stories} and {publishers} within {duration(confirm.within_h)}"
    return text + (f"; {listed(new.known, 'and')} would be no news" if new.known else "")


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"


def _floors(floors: Floors) -> str:
    parts = []
    if floors.stories:
        parts.append(_many(floors.stories, "story", "stories"))
    if floors.publishers:
        parts.append(_many(floors.publishers, "publisher", "publishers"))
    if floors.times:
        parts.append(f"{floors.times:g} times the expectation")
    return listed(parts, "and")


def _only(only: Only | None) -> str:
    if only is None:
        return ""
    return f", counting only what is {_narrowed(only.tones, only.topics)}"


def _narrowed(tones: Sequence[str], topics: Sequence[str]) -> str:
    parts = [f"of {listed(tones, 'or')} tone"] if tones else []
    return listed([*parts, *([f"on {listed(topics, 'or')}"] if topics else [])], "and")


def _ending(detector: DetectorSettings) -> str:
    text = f", for {duration(detector.for_h)} on end" if detector.for_h else ""
    text += f"; over after {duration(detector.resolve_after_h)} of calm"
    if detector.cooldown_h:
        text += f", then silent for {duration(detector.cooldown_h)}, at whose end it rings for what is not over"
    return text + (f"; told again every {duration(detector.renotify_h)} while open" if detector.renotify_h else "")


def duration(hours: int) -> str:
    """Return hours as people write them: 6 h, 14 days."""
    return f"{hours // 24} days" if hours % 24 == 0 and hours >= 48 else f"{hours} h"


def listed(words: Iterable[str], joint: str) -> str:
    """Return "a, b or c" with ``joint`` as the last word between."""
    items = [str(word) for word in words]
    return f" {joint} ".join(filter(None, [", ".join(items[:-1]), items[-1]])) if items else ""


def sources_in_words(part: SourcesPart, name_of: Callable[[str], str] = str) -> str:
    """Return by whom articles must be brought."""
    wanted = [
        *part.ids,
        *(f"the group {g}" for g in part.groups),
        *(f"publishers of {name_of(c)}" for c in part.countries),
    ]
    refused = [
        *part.except_ids,
        *(f"the group {g}" for g in part.except_groups),
        *(f"publishers of {name_of(c)}" for c in part.except_countries),
    ]
    text = f"brought by {listed(wanted, 'or')}" if wanted else "brought by anybody"
    return f"{text} except {listed(refused, 'and')}" if refused else text
