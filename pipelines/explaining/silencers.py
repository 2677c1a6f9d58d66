"""What would have kept windows from ringing: each setting with the value that is just beyond what they had. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from alerts.rules.model import New, Rule, Sensitivity
from alerts.rules.never_rings import shortcoming
from alerts.standing import Condition, Need, Standing
from alerts.tracks.bars import k_of

_FLOORS = {
    Need.STORIES: "min: {{stories: {}}}",
    Need.PUBLISHERS: "min: {{publishers: {}}}",
    Need.COUNT: "count: {}",
    Need.PART: "min: {{part: {}}}",
    Need.EXPECTED: "min: {{expected: {}}}",
}

Had = Sequence[tuple[Standing, Condition]]


def detector_name(kinds: Sequence[str], number: int) -> str:
    """Return what a detector of a rule is called: its kind, and which it is where the rule has several of that kind."""
    kind = kinds[number]
    return kind if kinds.count(kind) == 1 else f"{kind} no. {kinds[: number + 1].count(kind)}"


def silencers(crossing: Sequence[Standing], kinds: Sequence[str] = (), *, may_be_known: bool = True) -> tuple[str, ...]:
    """Return the settings that would each alone have silenced ``crossing``, the windows of one key that crossed.

    Where the rule has several detectors, ``kinds``, a setting names its own. Where several of them crossed, no setting of one is
    enough: then the first of each are named together, if each has one. Of a rule with one key that key ``may_be_known`` not.
    """
    by_track: dict[int, list[Standing]] = {}
    for standing in crossing:
        by_track.setdefault(standing.verdict.track, []).append(standing)
    found: list[str] = []
    of_each = [_of_detector(of_track, may_be_known=may_be_known) for _, of_track in sorted(by_track.items())]
    if len(by_track) == 1:
        found = [_written(setting, crossing[0], kinds) for setting in of_each[0]]
    elif all(of_each):
        firsts = zip((of_track[0] for _, of_track in sorted(by_track.items())), of_each, strict=True)
        found = [" and ".join(_written(settings[0], standing, kinds) for standing, settings in firsts)]
    countries = _had(crossing, Need.COUNTRIES)
    if countries and len(countries) == len(crossing):
        most = max(condition.has for _, condition in countries)
        found.append(f"corroborated_by: {{source_countries: {int(most) + 1}}}")
    return tuple(found)


def _written(setting: str, standing: Standing, kinds: Sequence[str]) -> str:
    if len(kinds) <= 1:
        return setting
    written, of, why = setting.partition(" (")
    return f"{detector_name(kinds, standing.verdict.track)}: {{{written}}}{of}{why}"


def _had(crossing: Sequence[Standing], need: Need) -> list[tuple[Standing, Condition]]:
    return [(s, c) for s in crossing for c in s.conditions if c.need is need]


def may_know(rule: Rule, key: str) -> bool:
    """Tell whether ``rule`` could list ``key`` as known and still ring on others."""
    every = (d.model_copy(update={"known": (*d.known, key)}) for d in rule.when if isinstance(d, New))
    return all(shortcoming(rule.watch, detector) is None for detector in every)


def _of_detector(crossing: Sequence[Standing], *, may_be_known: bool) -> list[str]:
    """Return the settings of a detector that would each have silenced ``crossing``, all windows of it."""
    found: list[str] = []
    for need in dict.fromkeys(c.need for standing in crossing for c in standing.conditions):
        had = _had(crossing, need)
        if len(had) == len(crossing):
            found.extend(_silencing(need, had))
    if any(standing.verdict.detector == "new" for standing in crossing):
        # What it asks for before it believes a first.
        found = [setting.replace("min:", "confirm:") for setting in found]
        found = [*found, *_quiet_for(crossing), *([f"known: [{crossing[0].key}]"] if may_be_known else [])]
    return found


def _silencing(need: Need, had: Had) -> list[str]:
    most = max(condition.has for _, condition in had)
    if need is Need.SCORE:
        kind = had[0][0].verdict.detector
        quieter = [(s, k_of(kind, s)) for s in Sensitivity if k_of(kind, s) > most]
        return [f"sensitivity: {s.value} (asks for {k:g}; its highest score was {most:g})" for s, k in quieter[:1]]
    if need is Need.TIMES:
        ratios = [c.has / s.verdict.expected for s, c in had if s.verdict.expected]
        return [f"min: {{times: {math.floor(max(ratios)) + 1}}}"] if len(ratios) == len(had) else []
    if need in (Need.MEAN_TIMES, Need.DEVIATIONS):
        name = "ratio" if need is Need.MEAN_TIMES else "sd"
        return [f"{name}: {math.floor(round(10 * most, 6) + 1) / 10:g}"]
    if need is Need.FEWER:
        ratios = [s.verdict.expected / s.verdict.count for s, c in had if s.verdict.expected and s.verdict.count]
        return [f"min: {{times: {math.floor(max(ratios)) + 1}}}"] if len(ratios) == len(had) else []
    if need not in _FLOORS:
        return []
    value = int(most) + 1
    if any(c.has >= min(value, c.most) for _, c in had if c.most is not None):
        return []  # No more is asked for than there are to be had.
    return [_FLOORS[need].format(value)]


def _quiet_for(crossing: Sequence[Standing]) -> list[str]:
    """Return for how long a key must not have been seen to have kept quiet: longer than it was not, or than was known."""
    hours = [
        min(c.has for c in standing.conditions if c.need in (Need.QUIET_HOURS, Need.HISTORY_HOURS))
        for standing in crossing
    ]
    longer = int(max(hours)) + 1
    return [f"quiet_for: {longer // 24}d" if longer % 24 == 0 else f"quiet_for: {longer}h"]
