"""The life of one alert: quiet → firing → resolved (or retracted) → cooling → quiet. Verdicts in, moves out; nothing else.

A verdict says what a detector found for a key over the window that ends with an hour; a move says what happened and why.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from schemas.alert_event import Counts
from schemas.reasons import EventKind, EventReason

#: Hours after its end within which late, edited and withdrawn articles still change an hour.
OPEN_TO_CHANGE_HOURS = 24


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one detector found for a key over the ``window_h`` hours that end with ``hour``.

    ``count`` is what the detector compares (stories unless the rule says otherwise); ``crossed`` means score and every
    floor were reached; ``calm`` means back to normal in that window; ``coverage`` is the mean exposure of the window.
    """

    detector: str
    track: int  # index of the detector in its rule
    hour: int
    window_h: int
    crossed: bool
    calm: bool
    count: int
    counts: Counts
    expected: float | None
    score: float | None
    coverage: float
    told: str = ""  # what the numbers do not say, in words

    def with_calm(self, *, calm: bool) -> Verdict:
        """Return the same with another ``calm``."""
        return replace(self, calm=calm)


@dataclass(frozen=True, slots=True)
class Move:
    """An event to write: what happened, why, and the verdict it rests on."""

    event: EventKind
    reason: EventReason
    verdict: Verdict
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LifeSettings:
    """When an alert ends and how long its key then rests, in hours."""

    resolve_after_h: int = 12
    cooldown_h: int = 24


@dataclass(slots=True)
class Life:
    """Where one key of one rule stands. ``crossing`` is the hour the open alert crossed in; None while quiet."""

    crossing: int | None = None
    track: int = 0
    last_count: int = 0
    calm_hours: int = 0
    blind: bool = False
    cooling_until: int = -1  # first hour that may open again
    crossed_while_cooling: int = 0
    last_cooling_crossing: int = -1

    @property
    def firing(self) -> bool:
        """Whether an alert is open."""
        return self.crossing is not None

    def is_blank(self) -> bool:
        """Whether forgetting this life would change nothing."""
        return self.crossing is None and self.cooling_until < 0

    def consider(self, verdicts: Iterable[Verdict], *, learning: bool, activation: bool = False) -> Move | None:
        """While quiet: open on the earliest hour that crossed, unless it lies in the cool-down."""
        for verdict in verdicts:
            if not verdict.crossed:
                continue
            if verdict.hour < self.cooling_until:
                if verdict.hour > self.last_cooling_crossing:
                    self.last_cooling_crossing = verdict.hour
                    self.crossed_while_cooling += 1
                continue
            self.crossing, self.track = verdict.hour, verdict.track
            self.last_count, self.calm_hours, self.blind = verdict.count, 0, False
            reason = EventReason.CROSSED
            if activation:
                reason = EventReason.AT_ACTIVATION
            elif learning and verdict.expected is not None:  # What expects nothing has nothing to learn.
                reason = EventReason.LEARNING
            detail = ""
            if self.crossed_while_cooling:
                detail = f"{self.crossed_while_cooling} crossings during the cool-down before it"
            self.crossed_while_cooling = 0
            return Move(EventKind.OPENED, reason, verdict, detail)
        return None

    def escalate(self, verdicts: Sequence[Verdict]) -> Move | None:
        """While firing: a crossed window with at least twice the count of the alert's last event."""
        strongest = max((v for v in verdicts if v.crossed), key=lambda v: (v.count, -v.hour), default=None)
        if not self.firing or strongest is None or strongest.count < 2 * max(1, self.last_count):
            return None
        self.last_count = strongest.count
        self.calm_hours = 0
        return Move(EventKind.ESCALATED, EventReason.TWICE_AS_MANY, strongest)

    def correct(self, at_crossing: Verdict, *, open_hour: int) -> Move | None:
        """While firing, after a correction: retract when the hour it opened on no longer crosses and may still change."""
        if self.crossing is None or at_crossing.crossed or open_hour - self.crossing >= OPEN_TO_CHANGE_HOURS:
            return None
        self._end()
        return Move(EventKind.RETRACTED, EventReason.EVIDENCE_GONE, at_crossing)

    def hour_closed(self, verdict: Verdict, settings: LifeSettings) -> Move | None:
        """While firing, at an hour's end: resolve after enough calm hours; a blind hour neither counts nor resets."""
        if self.crossing is None or self.blind:
            return None
        self.calm_hours = self.calm_hours + 1 if verdict.calm else 0
        if self.calm_hours < settings.resolve_after_h:
            return None
        self._end()
        # Hours before the end belong to the alert that ended: they open nothing, and they are no crossings of the rest.
        self.cooling_until = verdict.hour + 1 + settings.cooldown_h
        self.last_cooling_crossing = verdict.hour
        return Move(EventKind.RESOLVED, EventReason.BACK_TO_NORMAL, verdict)

    def update(self, at_crossing: Verdict) -> Move:
        """While firing, after a correction that leaves the crossing: tell the count as it is now."""
        self.last_count = at_crossing.count
        return Move(EventKind.UPDATED, EventReason.EVIDENCE_CHANGED, at_crossing)

    def _end(self) -> None:
        self.crossing, self.track, self.last_count, self.calm_hours, self.blind = None, 0, 0, 0, False
        self.crossed_while_cooling = 0
