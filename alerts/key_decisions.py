"""What the keys of a rule do, given what their detectors found: open, wait, escalate, are counted again, or nothing.

Verdicts of the tracks and the life of each key in, moves out. When hours end and what is counted is none of its business
(:mod:`alerts.rule_state`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from alerts.key_moves import KeyMove, overflow
from alerts.lifecycle import OPEN_TO_CHANGE_HOURS, Life, Move, Verdict
from alerts.opening import Choice, choose, is_conditional, may_ring, rings_since
from alerts.rules.levels import graver, severity_of
from alerts.rules.model import Drop, Rule
from alerts.tracks.port import Track
from schemas.alert_event import Counts
from schemas.reasons import EventKind, EventReason, Severity

#: Covered history below which normal is not yet known.
LEARNING_HOURS = 168

#: What a reminder waits after.
_TELLING = (EventKind.OPENED, EventKind.ESCALATED, EventKind.REMINDED)


@dataclass
class KeyDecisions:
    """The lives of a rule's keys. ``open_overflowed``: it was told that too many alerts are open to open another."""

    rule: Rule
    tracks: tuple[Track, ...]
    start_hour: int | None = None
    lives: dict[str, Life] = field(default_factory=dict)
    open_overflowed: bool = False

    def __post_init__(self) -> None:
        self._conditional = is_conditional(self.rule)
        # What must last counts from the end of the cool-down.
        self._kept_h = min((0 if d.for_h else min(d.resolve_after_h, d.cooldown_h) for d in self.rule.when), default=0)

    def learning(self, open_hour: int) -> bool:
        """Tell whether the rule has seen too little to know what is normal."""
        return self.start_hour is None or open_hour - self.start_hour < LEARNING_HOURS

    def crossed(self, hour: int) -> dict[str, list[Verdict]]:
        """Return by key the verdicts over windows that end with ``hour`` (the open one, or one of the 24 before) whose
        opening condition holds, whether or not an alert opened on it."""
        if self.start_hour is None or hour < self.start_hour:
            return {}
        found: dict[str, list[Verdict]] = {}
        for key in sorted({key for track in self.tracks for key in track.may_have_crossed()}):
            verdicts = [v for t in self.tracks for v in t.verdicts(key, hour, hour) if self._corroborated(key, v)]
            if verdicts:
                found[key] = verdicts
        return found

    def evaluate(
        self, key: str, open_hour: int, *, corrected: bool, activation: bool = False, at_end: bool = False
    ) -> list[KeyMove]:
        """Return what a touched key does now; ``at_end``: an hour just ended."""
        if self.start_hour is None:
            return []
        first = max(open_hour - OPEN_TO_CHANGE_HOURS, self.start_hour)
        verdicts: list[Verdict] = []
        for track in self.tracks:
            crossed = track.verdicts(key, first, open_hour)
            if crossed:
                verdicts += [v for v in crossed if self._corroborated(key, v)]
        life = self.lives.get(key)
        if life is None and not verdicts:
            return []  # What nearly always is so.
        before = life.level if life is not None else None
        moves = self._evaluate(
            key, life or Life(), verdicts, open_hour, corrected=corrected, activation=activation, at_end=at_end
        )
        return self._graded(key, before, moves) if moves else moves

    def _evaluate(
        self,
        key: str,
        life: Life,
        verdicts: list[Verdict],
        open_hour: int,
        *,
        corrected: bool,
        activation: bool,
        at_end: bool,
    ) -> list[KeyMove]:
        conditional = self._conditional
        verdicts.sort(key=lambda verdict: (verdict.hour, verdict.track))
        learning = self.learning(open_hour)
        if life.firing:
            return self._evaluate_firing(
                key, life, verdicts, open_hour, corrected=corrected, learning=learning, at_end=at_end
            )
        if not verdicts and life.pending is None:
            return []
        if activation:
            verdicts = self._lasting(key, life, verdicts, open_hour)
        opens_from = life.cooling_until
        if at_end and open_hour == life.cooling_until:
            opens_from -= self._kept(key, verdicts, open_hour)
        if not conditional and life.pending is None:
            return self._open(key, life, Choice(tuple(verdicts)), open_hour, opens_from, activation=activation)
        choice = choose(self.rule, verdicts, open_hour, opens_from)
        moves = self._open(key, life, choice, open_hour, opens_from, activation=activation)
        if life.crossing is not None:
            return moves
        return [*moves, *self._wait(key, life, choice, open_hour, at_end=at_end or activation)]

    def _lasting(self, key: str, life: Life, crossed: list[Verdict], open_hour: int) -> list[Verdict]:
        """Return ``crossed`` less what is over: calm now, or so long that an alert had ended. It opens nothing later either."""
        awake = [verdict for verdict in crossed if verdict.hour >= life.cooling_until]
        since = {track: self._lasts_since(key, track, open_hour) for track in {verdict.track for verdict in awake}}
        lasting = [verdict for verdict in awake if verdict.hour >= since[verdict.track]]
        if len(lasting) == len(awake):
            return crossed
        life.let_go(min((verdict.hour for verdict in lasting), default=open_hour))
        self.lives[key] = life
        return lasting

    def _lasts_since(self, key: str, track: int, open_hour: int) -> int:
        """Return the hour after so many calm ones as end an alert; the open one where the window that ended last is calm."""
        since, calm = open_hour, 0
        for hour in range(open_hour - 1, max(open_hour - OPEN_TO_CHANGE_HOURS, self.start_hour or 0) - 1, -1):
            calm = calm + 1 if self.tracks[track].verdict(key, hour).calm else 0
            if (calm and since == open_hour) or calm >= self.rule.when[track].resolve_after_h:
                break
            since = since if calm else hour
        return since

    def _kept(self, key: str, crossed: Sequence[Verdict], open_hour: int) -> int:
        """Return how many hours of the cool-down that ends now may open: those in which an alert would still be open now,
        had one opened on them. None where all is calm again."""
        recent = {v.track for v in crossed if v.hour >= open_hour - self._kept_h}
        goes_on = any(not self.tracks[track].verdict(key, open_hour - 1).calm for track in sorted(recent))
        return self._kept_h if goes_on else 0

    def _open(
        self, key: str, life: Life, choice: Choice, open_hour: int, opens_from: int, *, activation: bool
    ) -> list[KeyMove]:
        """Return what opens of ``choice`` for a quiet key, or that too many alerts are open."""
        verdicts, learning = choice.may_open, self.learning(open_hour)
        if life.taken_back is not None and not activation:
            verdicts = tuple(verdict for verdict in verdicts if not life.holds_back(verdict, open_hour))
        if not verdicts:
            return []
        if sum(1 for other in self.lives.values() if other.firing) >= self.rule.limit:
            if self.open_overflowed or verdicts[-1].hour < opens_from:
                return []
            self.open_overflowed = True
            return [
                overflow(
                    EventReason.TOO_MANY_OPEN, open_hour, f"{self.rule.limit} alerts are open; {key} was not opened"
                )
            ]

        def began_in(verdict: Verdict) -> int:
            return choice.first_hours.get((verdict.track, verdict.hour), verdict.hour)

        move = life.consider(
            verdicts,
            learning=learning,
            opens_from=opens_from,
            activation=activation,
            began_in=began_in,
            at_begin=lambda verdict: choice.at_begin(verdict, began_in(verdict)),
        )
        if not life.is_blank():
            self.lives[key] = life
        if move is None:
            return []
        assert life.crossing is not None
        life.told_hour = open_hour
        life.level = self._severity(move.verdict) if self.rule.levels else None
        now = self._at_crossing(key, life, life.crossing, move.verdict.window_h)
        life.seen = (move.verdict.window_h, now.stories, now.publishers)
        return [KeyMove(key, move, life.crossing, (), learning)]

    def _wait(self, key: str, life: Life, choice: Choice, open_hour: int, *, at_end: bool) -> list[KeyMove]:
        """Return that a crossing must last, or that one did not. Whether it did is asked when an hour ends, so that counts on
        the boundary are not told again and again."""
        moves: list[KeyMove] = []
        waiting, learning, since = choice.waiting, self.learning(open_hour), life.pending
        if since is not None and not at_end:
            return moves
        if since is not None and (waiting is None or waiting.first_hour > since):
            over = self.tracks[life.pending_track].verdict(key, max(open_hour - 1, self.start_hour or 0))
            reason = EventReason.NOT_LONG_ENOUGH
            if not may_ring(self.rule, open_hour):
                reason = EventReason.OUTSIDE_SCHEDULE
            elif any(verdict.hour >= life.cooling_until for verdict in choice.may_open):
                reason = EventReason.TOO_MANY_OPEN
            moves.append(KeyMove(key, life.subside(reason, over), since, (), learning))
        if waiting is not None:
            move = life.wait(waiting.first_hour, waiting.verdict, waiting.lacks_h)
            moves.extend([KeyMove(key, move, waiting.first_hour, (), learning)] if move is not None else [])
        if life.is_blank():
            self.lives.pop(key, None)
        else:
            self.lives[key] = life
        return moves

    def _evaluate_firing(
        self,
        key: str,
        life: Life,
        verdicts: Sequence[Verdict],
        open_hour: int,
        *,
        corrected: bool,
        learning: bool,
        at_end: bool,
    ) -> list[KeyMove]:
        crossing = life.crossing
        assert crossing is not None
        track = life.track
        if open_hour - crossing <= OPEN_TO_CHANGE_HOURS:
            at_crossing = self.tracks[track].verdict(key, crossing)
            still = at_crossing.crossed and self._corroborated(key, at_crossing)
            retracted = None if still else life.correct(replace(at_crossing, crossed=False), open_hour=open_hour)
            if retracted is not None:
                self.open_overflowed = False
                if life.is_blank():
                    self.lives.pop(key, None)
                return [KeyMove(key, retracted, crossing, (), learning)]
            now = self._at_crossing(key, life, crossing, at_crossing.window_h)
            move = life.recount(now, at_crossing, corrected=corrected, at_end=at_end, open_hour=open_hour)
            if move is not None:
                return [KeyMove(key, move, crossing, (), learning)]
        if self._is_drop(track) or not may_ring(self.rule, open_hour):
            return []  # More than when it opened is no worse.
        # What crossed in the cool-down before it, or for the alert before that, is no growth of this one.
        since = max(rings_since(self.rule, open_hour), min(crossing, life.cooling_until))
        mine = [v for v in verdicts if v.track == track and v.hour >= since]
        escalated = self._graver(life, mine) or life.escalate(mine)
        if escalated is not None:
            life.told_hour = open_hour
        return [KeyMove(key, escalated, crossing, (), learning)] if escalated is not None else []

    def told_of(self, told: KeyMove, hour: int) -> None:
        """Take note that people hear of ``told`` in ``hour``, which engine time lies in: one record may restore hours as it
        ends others, or end several, and what is told meanwhile is not an hour old."""
        life = self.lives.get(told.key)
        if life is not None and life.firing and told.move.event in _TELLING:
            life.told_hour = hour

    # -- severity --------------------------------------------------------------------------------------------------

    def _level_of(self, key: str) -> Severity | None:
        life = self.lives.get(key)
        return life.level if life is not None else None

    def _graded(self, key: str, before: Severity | None, moves: list[KeyMove]) -> list[KeyMove]:
        """Return ``moves`` with the severity the alert has, or had: ``before`` they happened."""
        level = self._level_of(key) or before
        if not moves or level is None or not self.rule.levels or not graver(level, self.rule.severity):
            return moves
        return [replace(move, severity=level) if move.key else move for move in moves]

    def _severity(self, verdict: Verdict) -> Severity:
        counts, expected = verdict.counts, verdict.expected
        return severity_of(self.rule.levels, self.rule.severity, counts, verdict.count, expected, verdict.score)

    def _graver(self, life: Life, verdicts: Sequence[Verdict]) -> Move | None:
        """Return that a graver level was reached than any before it, by the first window that did."""
        reached = self.rule.severity  # At least: the rule may have been made graver since.
        if life.level is not None and graver(life.level, reached):
            reached = life.level
        if not self.rule.levels or not verdicts:
            return None
        highest = max(verdicts, key=lambda v: (list(Severity).index(self._severity(v)), -v.hour))
        severity = self._severity(highest)
        return life.rise(severity, highest) if graver(severity, reached) else None

    # -- counts ----------------------------------------------------------------------------------------------------

    def _at_crossing(self, key: str, life: Life, crossing: int, window_h: int) -> Counts:
        """Return what the window holds now that the alert opened on."""
        window_h = life.seen[0] if life.seen is not None else window_h
        return self.tracks[life.track].counts(key, crossing - window_h + 1, crossing)

    def _corroborated(self, key: str, verdict: Verdict) -> bool:
        if self.rule.corroborated_by is None or not verdict.crossed or self._is_drop(verdict.track):
            return True  # What is missing has no publishers who could corroborate it.
        first = verdict.hour - verdict.window_h + 1
        countries = self.tracks[verdict.track].countries(key, first, verdict.hour)
        return len(countries) >= self.rule.corroborated_by.source_countries

    def _is_drop(self, track: int) -> bool:
        return isinstance(self.rule.when[track], Drop)
