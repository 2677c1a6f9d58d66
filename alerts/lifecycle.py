"""The life of one alert: quiet → (pending) → firing → resolved (or retracted) → cooling → quiet. Verdicts in, moves out.

A verdict says what a detector found for a key over the window that ends with an hour; a move says what happened and why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from schemas.alert_event import Counts
from schemas.reasons import EventKind, EventReason, Severity

#: Hours after its end within which late, edited and withdrawn articles still change an hour.
OPEN_TO_CHANGE_HOURS = 24

#: Hours after the end of an hour in which its articles still come on time: feeds are polled, and stamp, that late.
ON_TIME_HOURS = 1


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
    """Where one key of one rule stands. ``crossing`` is the hour the open alert crossed in; None while quiet.

    ``pending`` is the hour a crossing began in that must last before it opens. ``told_hour`` is the hour that was open when
    people were last told of the alert. ``seen`` are the hours of the window it opened on, its stories and publishers as last
    looked at or told; ``settled`` once what comes for that window is late; ``grown`` once it escalated. ``taken_back`` is the
    hour that was open when an alert was retracted, its detector, and the count people had last been told.
    """

    crossing: int | None = None
    track: int = 0
    last_count: int = 0
    calm_hours: int = 0
    blind: bool = False
    cooling_until: int = -1  # first hour that may open again
    crossed_while_cooling: int = 0
    last_cooling_crossing: int = -1
    pending: int | None = None
    pending_track: int = 0
    told_hour: int | None = None
    seen: tuple[int, int, int] | None = None
    settled: bool = False
    grown: bool = False
    level: Severity | None = None  # the gravest that was reached, where the rule has levels
    taken_back: tuple[int, int, int] | None = None

    @property
    def firing(self) -> bool:
        """Whether an alert is open."""
        return self.crossing is not None

    def is_idle(self) -> bool:
        """Whether there is neither an alert nor a crossing that may become one."""
        return self.crossing is None and self.pending is None

    def may_move_by_itself(self, open_hour: int) -> bool:
        """Whether the key is asked when the hour before ``open_hour`` ends, though none of its news may be in a window now."""
        return not self.is_idle() or self.cooling_until == open_hour or self.taken_back is not None

    def has_let_go(self) -> bool:
        """Whether what crossed before the end of the cool-down was over by then, rather than a matter of the rest."""
        return self.last_cooling_crossing == self.cooling_until - 1 and not self.crossed_while_cooling

    def is_over(self, rested: int, open_hour: int) -> bool:
        """Whether it may be forgotten: no alert, a cool-down that ended by ``rested``, and nothing taken back in this hour."""
        held_back = self.taken_back is not None and self.taken_back[0] == open_hour
        return self.is_idle() and self.cooling_until <= rested and not held_back

    def is_blank(self) -> bool:
        """Whether forgetting this life would change nothing."""
        return self.is_idle() and self.cooling_until < 0 and self.taken_back is None

    def holds_back(self, verdict: Verdict, open_hour: int) -> bool:
        """While quiet: tell whether ``verdict`` is no more than what was taken back in this hour.

        An article that is edited to and fro on the boundary would open and retract the same alert each time. The same
        opens again when the hour ends, if it still crosses; more than that opens at once.
        """
        if self.taken_back is None:
            return False
        hour, track, count = self.taken_back
        return (hour, track) == (open_hour, verdict.track) and verdict.count <= count

    def let_go(self, opens_from: int) -> None:
        """While quiet: what crossed before ``opens_from`` was over when the rule took force, and opens nothing any more."""
        if opens_from > self.cooling_until:
            self.cooling_until, self.last_cooling_crossing = opens_from, opens_from - 1

    def consider(
        self,
        verdicts: Iterable[Verdict],
        *,
        learning: bool,
        opens_from: int | None = None,
        activation: bool = False,
        began_in: Callable[[Verdict], int] = lambda verdict: verdict.hour,
        at_begin: Callable[[Verdict], bool] = lambda _: False,
    ) -> Move | None:
        """While quiet: open on the earliest hour that crossed, from ``opens_from`` on: by default the end of the cool-down.

        ``began_in`` is the hour a crossing began in that lasted; ``at_begin`` tells what was over the threshold before the
        rule might ring.
        """
        opens_from = self.cooling_until if opens_from is None else opens_from
        for verdict in verdicts:
            if not verdict.crossed:
                continue
            if verdict.hour < opens_from:
                if verdict.hour > self.last_cooling_crossing:
                    self.last_cooling_crossing = verdict.hour
                    self.crossed_while_cooling += 1
                continue
            self.crossing, self.track = began_in(verdict), verdict.track
            self.last_count, self.calm_hours, self.blind = verdict.count, 0, False
            self.pending, self.pending_track, self.taken_back = None, 0, None
            reason = EventReason.CROSSED
            if activation:
                reason = EventReason.AT_ACTIVATION
            elif at_begin(verdict):
                reason = EventReason.SCHEDULE_BEGAN
            elif verdict.hour < self.cooling_until:
                reason = EventReason.COOLDOWN_ENDED
            elif learning and verdict.expected is not None:  # What expects nothing has nothing to learn.
                reason = EventReason.LEARNING
            details = []
            if self.crossing < verdict.hour:
                details.append(f"has lasted {verdict.hour - self.crossing + 1} h")
            if self.crossed_while_cooling:
                details.append(f"{self.crossed_while_cooling} crossings during the cool-down before it")
            self.crossed_while_cooling = 0
            return Move(EventKind.OPENED, reason, verdict, "; ".join(details))
        return None

    def wait(self, since: int, verdict: Verdict, lacks_h: int) -> Move | None:
        """While quiet: a crossing that began in ``since`` must last ``lacks_h`` hours more. One event for each beginning."""
        known = self.pending is not None and since <= self.pending
        self.pending, self.pending_track = since, verdict.track
        if known:
            return None
        return Move(EventKind.PENDING, EventReason.CROSSED, verdict, f"must last {lacks_h} h more")

    def subside(self, reason: EventReason, verdict: Verdict) -> Move:
        """While pending: what crossed did not last."""
        self.pending, self.pending_track = None, 0
        return Move(EventKind.SUBSIDED, reason, verdict)

    def remind(self, verdict: Verdict, *, open_hour: int, every_h: int) -> Move | None:
        """While firing, at an hour's end: tell again what was last told ``every_h`` hours ago."""
        if self.crossing is None or not every_h:
            return None
        if open_hour - (self.crossing if self.told_hour is None else self.told_hour) < every_h:
            return None
        self.told_hour = open_hour
        return Move(EventKind.REMINDED, EventReason.STILL_OPEN, verdict, f"open for {open_hour - self.crossing} h")

    def escalate(self, verdicts: Sequence[Verdict]) -> Move | None:
        """While firing: a crossed window with at least twice the count of the alert's last event."""
        strongest = max((v for v in verdicts if v.crossed), key=lambda v: (v.count, -v.hour), default=None)
        if not self.firing or strongest is None or strongest.count < 2 * max(1, self.last_count):
            return None
        self.last_count = strongest.count
        self.calm_hours = 0
        self.grown = True
        return Move(EventKind.ESCALATED, EventReason.TWICE_AS_MANY, strongest)

    def rise(self, severity: Severity, verdict: Verdict) -> Move:
        """While firing: a window that reaches a graver level than any before it."""
        self.level, self.grown, self.calm_hours = severity, True, 0
        self.last_count = max(self.last_count, verdict.count)
        return Move(EventKind.ESCALATED, EventReason.GRAVER, verdict, f"{severity.value} is reached")

    def correct(self, at_crossing: Verdict, *, open_hour: int) -> Move | None:
        """While firing, after a correction: retract when the hour it opened on no longer crosses and may still change."""
        if self.crossing is None or at_crossing.crossed or open_hour - self.crossing > OPEN_TO_CHANGE_HOURS:
            return None
        self.taken_back = (open_hour, self.track, self.last_count)
        self._end()
        return Move(EventKind.RETRACTED, EventReason.EVIDENCE_GONE, at_crossing)

    def hour_closed(self, verdict: Verdict, settings: LifeSettings) -> Move | None:
        """While firing, at an hour's end: resolve after enough calm hours; a blind hour neither counts nor resets."""
        if self.crossing is None or self.blind or verdict.hour < self.crossing:
            return None  # What was calm before it crossed is no end of it.
        self.calm_hours = self.calm_hours + 1 if verdict.calm else 0
        if self.calm_hours < settings.resolve_after_h:
            return None
        self._end()
        self.rest(verdict.hour + 1, settings.cooldown_h)
        return Move(EventKind.RESOLVED, EventReason.BACK_TO_NORMAL, verdict)

    def rest(self, open_hour: int, cooldown_h: int) -> None:
        """While quiet: hours before ``open_hour`` belong to an alert that ended. They open nothing, and are no crossings of the
        rest that begins."""
        self.cooling_until = open_hour + cooldown_h
        self.last_cooling_crossing = open_hour - 1

    def end_untold(self, open_hour: int) -> None:
        """While firing: end what nobody was told of; nothing before ``open_hour`` opens any more."""
        self._end()
        self.let_go(open_hour)

    def recount(
        self, now: Counts, at_crossing: Verdict, *, corrected: bool, at_end: bool, open_hour: int
    ) -> Move | None:
        """While firing and the window it opened on may change, which holds ``now``: tell what changed it.

        Articles that were edited or withdrawn (``corrected``) are told at once. What comes for that window until the hour
        after it has ended is no news but on time; what comes later is late, and told once when an hour ends.
        """
        if self.crossing is None:
            return None
        window_h = self.seen[0] if self.seen is not None else at_crossing.window_h
        found, before = (window_h, now.stories, now.publishers), self.seen
        if at_end and not self.settled and open_hour - self.crossing > ON_TIME_HOURS:
            self.settled, self.seen = True, found
            return None
        if before is None or (not corrected and not self.settled):
            self.seen = found
            return None
        if found == before or not (corrected or at_end):
            return None
        self.seen = found
        if not self.grown:  # What it grew to is what it must double from.
            self.last_count = at_crossing.count
        reason = EventReason.EVIDENCE_CHANGED if corrected else EventReason.LATE_EVIDENCE
        return Move(EventKind.UPDATED, reason, at_crossing, f"{before[1]} stories, {before[2]} publishers before")

    def _end(self) -> None:
        self.crossing, self.track, self.last_count, self.calm_hours, self.blind = None, 0, 0, 0, False
        self.told_hour, self.seen, self.settled, self.grown, self.level = None, None, False, False, None
        self.crossed_while_cooling = 0
