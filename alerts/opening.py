"""Which crossings of a quiet key may open an alert now, and which one must wait. Pure.

A rule may ask that a crossing lasts (``for``) and that it opens only at certain times (``active``). Both are judged on the
windows of the last day as they stand now, not on what was seen when: late and edited articles change them in any order to
the same end, and a restart has nothing to forget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from alerts.lifecycle import Verdict
from alerts.rules.model import Rule
from alerts.rules.schedule import active_since, is_active


@dataclass(frozen=True, slots=True)
class Stretch:
    """Windows of one detector that end with successive hours, all of which cross."""

    verdicts: tuple[Verdict, ...]

    @property
    def first_hour(self) -> int:
        """The hour it crossed in first."""
        return self.verdicts[0].hour

    @property
    def last_hour(self) -> int:
        """The last hour that crosses."""
        return self.verdicts[-1].hour

    def ripe_at(self, for_h: int, open_hour: int) -> Verdict | None:
        """Return the window with which it has lasted ``for_h`` whole hours, the newest that is over; None: not yet."""
        over = [verdict for verdict in self.verdicts if verdict.hour < open_hour]
        return over[-1] if len(over) >= for_h else None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A crossing that has not lasted long enough yet: since ``first_hour``, of which ``lacks_h`` whole hours are missing."""

    first_hour: int
    track: int
    verdict: Verdict
    lacks_h: int


@dataclass(frozen=True, slots=True)
class Choice:
    """``may_open``: windows by which an alert may open now, in order, with those of the cool-down (which are counted).

    ``first_hours`` names by (track, hour) the hour a lasting crossing began in. ``began``: the hour the schedule began in
    that holds now; None outside of it. ``waiting`` is the earliest crossing that lasts, but not long enough yet.
    """

    may_open: tuple[Verdict, ...]
    first_hours: dict[tuple[int, int], int] = field(default_factory=dict)
    began: int | None = None
    waiting: Waiting | None = None

    def at_begin(self, verdict: Verdict, first_hour: int) -> bool:
        """Tell whether ``verdict`` was over the threshold before the schedule began."""
        return self.began is not None and min(first_hour, verdict.hour) < self.began


def is_conditional(rule: Rule) -> bool:
    """Tell whether ``rule`` asks for more than a crossing."""
    return bool(rule.active) or any(detector.for_h for detector in rule.when)


def choose(rule: Rule, crossed: Sequence[Verdict], open_hour: int, opens_from: int) -> Choice:
    """Return what may open of ``crossed``, the windows of the last day that cross, in order of (hour, track).

    Those before ``opens_from`` belong to a cool-down.
    """
    began = active_since(rule.active, open_hour) if rule.active else None
    if rule.active and began is None:
        return Choice(tuple(verdict for verdict in crossed if verdict.hour < opens_from))
    first = rings_since(rule, open_hour)
    may_open = [verdict for verdict in crossed if verdict.hour < opens_from]
    awake = [verdict for verdict in crossed if verdict.hour >= opens_from]
    first_hours: dict[tuple[int, int], int] = {}
    waiting: list[Waiting] = []
    for track, detector in enumerate(rule.when):
        mine = [verdict for verdict in awake if verdict.track == track]
        if not detector.for_h:
            may_open.extend(verdict for verdict in mine if verdict.hour >= first)
            continue
        for stretch in stretches(mine):
            if stretch.last_hour < first:
                continue
            ripe = stretch.ripe_at(detector.for_h, open_hour)
            if ripe is not None:
                may_open.append(ripe)
                first_hours[track, ripe.hour] = stretch.first_hour
            elif stretch.last_hour >= open_hour - 1:
                lacks = detector.for_h - max(0, open_hour - stretch.first_hour)
                waiting.append(Waiting(stretch.first_hour, track, stretch.verdicts[-1], lacks))
    may_open.sort(key=lambda verdict: (first_hours.get((verdict.track, verdict.hour), verdict.hour), verdict.track))
    earliest = min(waiting, key=lambda one: (one.first_hour, one.track), default=None)
    return Choice(tuple(may_open), first_hours, began, earliest)


def may_ring(rule: Rule, open_hour: int) -> bool:
    """Tell whether ``rule`` may ring now, whatever its keys do."""
    return is_active(rule.active, open_hour)


def rings_since(rule: Rule, open_hour: int) -> int:
    """Return the first hour whose window may ring now. The one that ends when the schedule begins shows what is over the
    threshold then; older ones are past. Without a schedule every hour may."""
    if not rule.active:
        return 0
    began = active_since(rule.active, open_hour)
    return began - 1 if began is not None else 0


def stretches(crossed: Sequence[Verdict]) -> list[Stretch]:
    """Return the stretches in ``crossed``, windows of one detector that cross, in order of hours."""
    found: list[list[Verdict]] = []
    for verdict in crossed:
        if found and verdict.hour == found[-1][-1].hour + 1:
            found[-1].append(verdict)
        else:
            found.append([verdict])
    return [Stretch(tuple(verdicts)) for verdicts in found]
