"""Which feeds count in which hours: those that were there from the start, and those whose shadow is over. Hours only.

A feed that joins is in shadow until enough of its hours are learnt; one that left is remembered for four weeks, so that
it counts again at once when it comes back, or under another id of the same source.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

#: Hours that are learnt in shadow before a feed counts. A baseline younger than four weeks is no better known than that
#: of a day: there one day is enough (docs/adr/0006). At least half of them must have been seen.
SHADOW_HOURS, YOUNG_SHADOW_HOURS = 7 * 24, 24
YOUNG_BELOW_HOURS = 28 * 24
_SEEN_PART = 0.5

#: Hours for which a feed that left is remembered.
REMEMBERED_HOURS = 28 * 24

#: Hours for which it matters when a feed began or ceased to count: none is asked about later.
_KEPT_HOURS = 14 * 24


@dataclass
class Shadow:
    """A feed that does not count yet. ``hours`` were learnt since ``since``, ``seen`` is its exposure over them."""

    since: int
    needed: int
    hours: int = 0
    seen: float = 0.0

    @property
    def over(self) -> bool:
        """Whether enough is known of it."""
        return self.hours >= self.needed and self.seen >= _SEEN_PART * self.needed


@dataclass
class FeedRoll:
    """``periods``: by feed the stretches of hours (first, last; None: still) its articles count in, oldest first."""

    started: bool = False
    periods: dict[str, list[tuple[int, int | None]]] = field(default_factory=dict)
    shadows: dict[str, Shadow] = field(default_factory=dict)
    changed_at: int | None = None  # newest hour in which a period begins or after which one ends
    # Asked at every hour's end, and found once until a feed comes or goes.
    _newest: list[str] | None = field(default=None, init=False, compare=False, repr=False)
    _gone: list[str] | None = field(default=None, init=False, compare=False, repr=False)

    def start(self, feeds: Iterable[str]) -> None:
        """Begin with ``feeds``, which count in every hour."""
        self.started = True
        self.periods = {feed: [(0, None)] for feed in feeds}
        self._newest = self._gone = None

    # -- asking -----------------------------------------------------------------------------------------------------

    def counts(self, feed: str, hour: int) -> bool:
        """Tell whether articles of ``feed`` in ``hour`` count; before the start all do."""
        if not self.started:
            return True
        periods = self.periods.get(feed)
        if periods is None:
            return False
        first, last = periods[-1]
        if first <= hour and (
            last is None or hour <= last
        ):  # Asked of every article and key, and what nearly always is so.
            return True
        return any(first <= hour and (last is None or hour <= last) for first, last in periods)

    def at(self, hour: int) -> list[str]:
        """Return the feeds that count in ``hour``, sorted."""
        if self.changed_at is not None and hour <= self.changed_at:
            return sorted(feed for feed in self.periods if self.counts(feed, hour))
        if self._newest is None:  # Whoever is there now.
            self._newest = sorted(self.present())
        return self._newest

    def present(self) -> list[str]:
        """Return the feeds that count and have not left, in the order they came."""
        return [feed for feed, periods in self.periods.items() if periods[-1][1] is None]

    def gone(self) -> list[str]:
        """Return the feeds that left and are remembered."""
        if self._gone is None:
            self._gone = [feed for feed, periods in self.periods.items() if periods[-1][1] is not None]
        return self._gone

    def is_plain(self, hour: int) -> bool:
        """Tell whether every feed known counts in ``hour`` and those around it: whoever counts now, counts then."""
        settled = self.changed_at is None or hour > self.changed_at + _KEPT_HOURS
        return settled and not self.shadows and not self.gone()

    def is_steady(self, first: int, last: int) -> bool:
        """Tell whether from ``first`` on those who count now did, and that nobody joins or is forgotten until ``last``."""
        if self.shadows or (self.changed_at is not None and self.changed_at >= first):
            return False
        ends = [periods[-1][1] for periods in self.periods.values()]
        return all(end is None or end >= last - REMEMBERED_HOURS for end in ends)

    # -- changes ----------------------------------------------------------------------------------------------------

    def appear(self, feed: str, hour: int, age_h: int) -> None:
        """Take note of a feed whose articles are in shadow from ``hour`` on, beside a baseline of ``age_h`` hours."""
        self.shadows[feed] = Shadow(hour, SHADOW_HOURS if age_h >= YOUNG_BELOW_HOURS else YOUNG_SHADOW_HOURS)

    def join(self, feed: str, first: int) -> None:
        """Let a feed count from ``first`` on."""
        self.shadows.pop(feed, None)
        self._newest = self._gone = None
        self.periods.setdefault(feed, []).append((first, None))
        self.changed_at = max(first, self.changed_at or first)

    def leave(self, feed: str, last: int) -> None:
        """Let a feed cease to count after ``last``."""
        self.shadows.pop(feed, None)
        self._newest = self._gone = None
        if feed in self.periods:
            first, _ = self.periods[feed][-1]
            self.periods[feed][-1] = (first, last)
            self.changed_at = max(last, self.changed_at or last)

    def forget(self, open_hour: int) -> list[str]:
        """Drop feeds that left long ago, and stretches nobody asks about; return the feeds."""
        oldest = open_hour - _KEPT_HOURS
        forgotten = []
        for feed, periods in list(self.periods.items()):
            newest = periods[-1]
            if newest[1] is not None and newest[1] < open_hour - REMEMBERED_HOURS:
                forgotten.append(feed)
                del self.periods[feed]
                self._gone = None
            elif len(periods) > 1:
                self.periods[feed] = [p for p in periods[:-1] if p[1] is not None and p[1] >= oldest] + [newest]
        return forgotten

    def learnt(self, hour: int, seen: dict[str, float]) -> Collection[str]:
        """Take note that ``hour`` was learnt, with the exposure of each shadow; return the feeds it belonged to."""
        told = [feed for feed, shadow in self.shadows.items() if hour >= shadow.since]
        for feed in told:
            self.shadows[feed].hours += 1
            self.shadows[feed].seen += seen.get(feed, 0.0)
        return told

    # -- state ------------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, object]:
        """Return what :meth:`load` goes on from exactly."""
        return {
            "started": self.started,
            "periods": [[feed, [list(period) for period in periods]] for feed, periods in self.periods.items()],
            "shadows": [[f, s.since, s.needed, s.hours, s.seen] for f, s in self.shadows.items()],
            "changed_at": self.changed_at,
        }

    def load(self, document: dict[str, object]) -> None:
        """Become what :meth:`state` described."""
        periods, shadows, changed = document["periods"], document["shadows"], document["changed_at"]
        assert isinstance(periods, list)
        assert isinstance(shadows, list)
        assert changed is None or isinstance(changed, int)
        self.started, self.changed_at = bool(document["started"]), changed
        self._newest = self._gone = None
        self.periods = {str(feed): [(first, last) for first, last in stretches] for feed, stretches in periods}
        self.shadows = {str(f): Shadow(since, needed, hours, float(seen)) for f, since, needed, hours, seen in shadows}
