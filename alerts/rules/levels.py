"""Severities by level: what a window must show for an alert to be graver than its rule. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.chain import quantised_expected
from schemas.alert_event import Counts
from schemas.model import Part
from schemas.reasons import Severity

_RANK = {severity: rank for rank, severity in enumerate(Severity)}


class Level(Part):
    """A severity and all of what it asks for; 0 = nothing of that kind. ``times`` is the ratio of count to expectation."""

    severity: Severity
    stories: int = 0
    publishers: int = 0
    articles: int = 0
    times: float = 0.0
    score: float = 0.0

    def reached(self, counts: Counts, count: int, expected: float | None, score: float | None) -> bool:
        """Tell whether a window shows all of it. Where nothing is expected, or there is no score, no more of it is reached."""
        if self.times and (expected is None or count < self.times * quantised_expected(expected)):
            return False
        if self.score and (score is None or round(score, 3) < self.score):
            return False
        return (
            counts.stories >= self.stories and counts.publishers >= self.publishers and counts.articles >= self.articles
        )

    def asks_no_more_than(self, other: Level) -> bool:
        """Tell whether whatever reaches ``other`` reaches this one."""
        return all(
            getattr(self, name) <= getattr(other, name)
            for name in ("stories", "publishers", "articles", "times", "score")
        )


def graver(one: Severity, other: Severity) -> bool:
    """Tell whether ``one`` is graver than ``other``."""
    return _RANK[one] > _RANK[other]


def severity_of(
    levels: Sequence[Level], least: Severity, counts: Counts, count: int, expected: float | None, score: float | None
) -> Severity:
    """Return the gravest of ``levels`` that a window reaches, at least ``least``."""
    reached = [level.severity for level in levels if level.reached(counts, count, expected, score)]
    return max([least, *reached], key=_RANK.__getitem__)
