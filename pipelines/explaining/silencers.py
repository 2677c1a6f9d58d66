"""What would have kept a window from ringing: each setting with the value that is just beyond what it had. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from alerts.rules.model import Sensitivity
from alerts.standing import Condition, Need, Standing
from alerts.tracks.bars import K_OF

_FLOORS = {
    Need.STORIES: "min: {{stories: {}}}",
    Need.PUBLISHERS: "min: {{publishers: {}}}",
    Need.COUNT: "count: {}",
    Need.PART: "min: {{part: {}}}",
    Need.EXPECTED: "min: {{expected: {}}}",
    Need.COUNTRIES: "corroborated_by: {{source_countries: {}}}",
}


def silencers(crossing: Sequence[Standing]) -> tuple[str, ...]:
    """Return the settings that would each alone have silenced ``crossing``, all windows of one detector that crossed."""
    if not crossing:
        return ()
    found: list[str] = []
    for need in dict.fromkeys(c.need for standing in crossing for c in standing.conditions):
        had = [(s, c) for s in crossing for c in s.conditions if c.need is need]
        if len(had) == len(crossing):
            found.extend(_silencing(need, had))
    if any(standing.verdict.detector == "new" for standing in crossing):
        found = [
            setting.replace("min:", "confirm:") for setting in found
        ]  # What it asks for before it believes a first.
        found.append(f"known: [{crossing[0].key}]")
    return tuple(found)


def _silencing(need: Need, had: Sequence[tuple[Standing, Condition]]) -> list[str]:
    most = max(condition.has for _, condition in had)
    if need is Need.SCORE:
        quieter = [f"sensitivity: {s.value} (asks for {K_OF[s]:g})" for s in Sensitivity if K_OF[s] > most]
        return [f"{text}; its score was {most:.3g}" for text in quieter[-1:]]
    if need is Need.TIMES:
        ratios = [c.has / s.verdict.expected for s, c in had if s.verdict.expected]
        return [f"min: {{times: {math.floor(max(ratios)) + 1}}}"] if ratios else []
    if need in (Need.MEAN_TIMES, Need.DEVIATIONS):
        name = "ratio" if need is Need.MEAN_TIMES else "sd"
        return [f"{name}: {math.floor(10 * most + 1) / 10:g}"]
    if need is Need.FEWER:
        ratios = [s.verdict.expected / s.verdict.count for s, c in had if s.verdict.expected and s.verdict.count]
        return [f"min: {{times: {math.floor(max(ratios)) + 1}}}"] if len(ratios) == len(had) else []
    if need is Need.QUIET_HOURS or (need is Need.HISTORY_HOURS and had[0][0].verdict.detector == "new"):
        return [f"quiet_for: {int(most) + 1}h"]
    if any(condition.most is not None and int(most) + 1 > condition.most for _, condition in had):
        return []  # No more is asked for than there are to be had.
    return [_FLOORS[need].format(int(most) + 1)] if need in _FLOORS else []
