"""A detector in plain English: under what condition it opens an alert, and when that alert ends."""

from __future__ import annotations

from collections.abc import Iterable

from alerts.rules.model import Detector, DetectorSettings, Floors, New, Only, Spike, Threshold


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


def _threshold(threshold: Threshold) -> str:
    unit = threshold.of.value
    one = unit.removesuffix("ies") + "y" if unit.endswith("ies") else unit.removesuffix("s")
    floors = _floors(threshold.floors)
    text = f"at least {_many(threshold.count, one, unit)} came within {duration(threshold.within_h)}"
    return text + (f", and at least {floors}" if floors else "")


def _spike(spike: Spike) -> str:
    windows = listed([duration(hours) for hours in spike.windows_h], "or")
    bar = f"sensitivity {spike.sensitivity.value}" if spike.sensitivity is not None else ""
    if spike.budget is not None:
        bar = f"with a budget of {spike.budget.false_alarms_per_month:g} false alarms a month for the whole rule"
    floors = _floors(spike.floors)
    text = f"there are far more {spike.of.value} than normal within {windows} ({bar})"
    return text + (f", at least {floors}" if floors else "")


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
    parts = [f"of {listed(only.tones, 'or')} tone"] if only.tones else []
    parts += [f"on {listed(only.topics, 'or')}"] if only.topics else []
    return f", counting only what is {listed(parts, 'and')}"


def _ending(detector: DetectorSettings) -> str:
    text = f"; over after {duration(detector.resolve_after_h)} of calm"
    return text + (f", then silent for {duration(detector.cooldown_h)}" if detector.cooldown_h else "")


def duration(hours: int) -> str:
    """Return hours as people write them: 6 h, 14 days."""
    return f"{hours // 24} days" if hours % 24 == 0 and hours >= 48 else f"{hours} h"


def listed(words: Iterable[str], joint: str) -> str:
    """Return "a, b or c" with ``joint`` as the last word between."""
    items = [str(word) for word in words]
    return f" {joint} ".join(filter(None, [", ".join(items[:-1]), items[-1]])) if items else ""
