"""One rule at work: its tracks, the lives of its keys, and whether it can see. Cards and hours in, moves out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from alerts.cards import Card, KeyHit
from alerts.lifecycle import OPEN_TO_CHANGE_HOURS, Life, LifeSettings, Move, Verdict
from alerts.opening import Choice, choose, is_conditional, may_ring, rings_since
from alerts.rules.levels import graver, severity_of
from alerts.rules.model import Drop, Mode, Rule
from alerts.tracks.counting import mean_exposure
from alerts.tracks.expecting import ExpectingTrack
from alerts.tracks.make import exchange_settings
from alerts.tracks.port import Exposure, Track
from alerts.tracks.spike import SpikeTrack
from schemas.alert_event import Counts
from schemas.reasons import EventKind, EventReason, Severity

#: Covered history below which normal is not yet known.
LEARNING_HOURS = 168

#: Exposure below which a rule or an alert is blind.
BLIND_BELOW = 0.5


@dataclass(frozen=True, slots=True)
class KeyMove:
    """A move of a key (empty for the rule as a whole)."""

    key: str
    move: Move
    crossing: int | None = None
    blind_feeds: tuple[str, ...] = ()
    learning: bool = False
    severity: Severity | None = None  # where it is not that of the rule


@dataclass
class RuleState:
    """A rule between two records."""

    rule: Rule
    tracks: tuple[Track, ...]
    start_hour: int | None = None
    lives: dict[str, Life] = field(default_factory=dict)
    keys: dict[str, None] = field(default_factory=dict)
    blind_feeds: tuple[str, ...] = ()
    keys_overflowed: bool = False
    open_overflowed: bool = False
    keys_overflow_told: bool = False
    went_live: bool = False

    def __post_init__(self) -> None:
        self._conditional = is_conditional(self.rule)

    # -- counting ---------------------------------------------------------------------------------------------------

    def count(self, before: Card | None, after: Card | None) -> dict[str, bool]:
        """Replace what ``before`` counted by what ``after`` counts; return the keys touched, True where something went."""
        name = self.rule.name
        touched: dict[str, bool] = {}
        new = after.hits.get(name, ()) if after is not None and after.counted else ()
        if before is not None and before.counted and name in before.hits:
            touched = self._take_back(before, {hit.key: hit for hit in new})
        for hit in new:
            key = hit.key
            if key not in self.keys:
                if len(self.keys) >= self.rule.max_keys:
                    self.keys_overflowed = True
                    continue
                self.keys[key] = None
            assert after is not None
            for index in hit.detectors:
                self.tracks[index].insert(key, after, in_part=index in hit.parts)
            touched.setdefault(key, False)
        return touched

    def _take_back(self, before: Card, new: dict[str, KeyHit]) -> dict[str, bool]:
        """Count no more what ``before`` counted and ``new`` does not; return the keys where something went."""
        touched: dict[str, bool] = {}
        for hit in before.hits[self.rule.name]:
            key = hit.key
            gone = set(hit.detectors) - set(new[key].detectors) if key in new else set(hit.detectors)
            for index in gone:
                self.tracks[index].remove(key, before)
            if gone or (key in new and set(hit.parts) - set(new[key].parts)):
                touched[key] = True
        return touched

    # -- hours ------------------------------------------------------------------------------------------------------

    def start(self, first_hour: int, open_hour: int, exposure: Exposure) -> None:
        """Begin with the history inserted so far; hours before ``open_hour`` are closed."""
        self.start_hour = first_hour
        for track in self.tracks:
            track.start(first_hour, open_hour, exposure)

    def close_hour(self, hour: int, exposure: Exposure, *, muted: bool) -> list[KeyMove]:
        """Close ``hour``; return what happened at its end."""
        for track in self.tracks:
            track.close_hour(hour, exposure)
        if muted:
            return []
        self._weigh_again()
        moves = self._sight(hour, exposure)
        asked = {k for track in self.tracks for k in track.may_have_crossed() if self._is_alive(k, hour)}
        asked.update(key for key, life in self.lives.items() if not life.is_idle())
        for key in sorted(asked):
            moves.extend(self.evaluate(key, hour + 1, corrected=False, at_end=True))
            before = self._level_of(key)
            moves.extend(self._graded(key, before, self._end_of_hour(key, hour)))
        if not self.lives:
            return moves
        # A rest is remembered as long as its last hour may still be asked about: a crossing in it opens nothing later.
        rested = hour - OPEN_TO_CHANGE_HOURS
        for key in [k for k, life in self.lives.items() if life.is_idle() and life.cooling_until <= rested]:
            del self.lives[key]
        return moves

    def may_rest(self) -> bool:
        """Tell whether ends of hours may wait until it counts again: nothing is open, and no window can cross by itself.

        So they may where the same feeds as before fail, or none.
        """
        if self.lives or self.start_hour is None:
            return False
        return all(isinstance(track, SpikeTrack) and track.may_rest() for track in self.tracks)

    def catch_up(self, hours: range, ended: Exposure) -> None:
        """Close ``hours``, over whose ends it rested; ``ended`` is the world as it was at each of them."""
        for track in self.tracks:
            assert isinstance(track, SpikeTrack), "no other may rest"
            track.catch_up(hours, ended)

    def _is_alive(self, key: str, hour: int) -> bool:
        return any(track.is_alive(key, hour) for track in self.tracks)

    def shadows(self) -> dict[str, int]:
        """Return the feeds that do not count yet for some detector, each with the first hour in which it can; by feed."""
        found: dict[str, int] = {}
        for track in self.tracks if self.start_hour is not None else ():
            if isinstance(track, ExpectingTrack):
                for feed, hour in track.shadows().items():
                    found[feed] = max(hour, found.get(feed, hour))
        return dict(sorted(found.items()))

    def only_corroborates(self, feed_id: str, hour: int) -> bool:
        """Tell whether articles of ``feed_id`` in ``hour`` count for no detector: its feed has not joined, or had left."""
        tracks = [track for track in self.tracks if isinstance(track, ExpectingTrack)]
        return len(tracks) == len(self.tracks) and not any(t.joining.roll.counts(feed_id, hour) for t in tracks)

    def _weigh_again(self) -> None:
        """Where feeds joined or left, twice the count of an alert's last event is twice what it would be with them."""
        for key, life in self.lives.items():
            track = self.tracks[life.track]
            if life.firing and isinstance(track, ExpectingTrack):
                life.last_count = track.told_again(key, life.last_count)

    def _end_of_hour(self, key: str, hour: int) -> list[KeyMove]:
        life = self.lives.get(key)
        if life is None or not life.firing:
            return []
        verdict = self.tracks[life.track].verdict(key, hour)
        detector = self.rule.when[life.track]
        moves: list[KeyMove] = []
        crossing = life.crossing
        if (round(verdict.coverage, 3) < BLIND_BELOW) != life.blind:
            life.blind = not life.blind
            event = EventKind.BLIND if life.blind else EventKind.SIGHTED
            reason = EventReason.COVERAGE_LOST if life.blind else EventReason.COVERAGE_BACK
            moves.append(KeyMove(key, Move(event, reason, verdict), crossing, self.blind_feeds, self.learning(hour)))
        move = life.hour_closed(verdict, LifeSettings(detector.resolve_after_h, detector.cooldown_h))
        if move is not None:
            self.open_overflowed = False
            moves.append(KeyMove(key, move, crossing, (), self.learning(hour)))
        elif detector.renotify_h and may_ring(self.rule, hour + 1):
            reminder = life.remind(verdict, open_hour=hour + 1, every_h=detector.renotify_h)
            moves.extend([KeyMove(key, reminder, crossing, (), self.learning(hour))] if reminder is not None else [])
        return moves

    def _sight(self, hour: int, exposure: Exposure) -> list[KeyMove]:
        """One event per set of failing feeds when the rule goes blind, one when it sees again."""
        failing = failing_feeds(hour, exposure)
        if failing is None or failing == self.blind_feeds:
            return []
        self.blind_feeds = failing
        mean = round(mean_exposure(hour, exposure), 3)
        event, reason = (
            (EventKind.BLIND, EventReason.COVERAGE_LOST) if failing else (EventKind.SIGHTED, EventReason.COVERAGE_BACK)
        )
        return [KeyMove("", Move(event, reason, blank_verdict(hour, mean)), blind_feeds=failing)]

    # -- verdicts ---------------------------------------------------------------------------------------------------

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
        life = self.lives.get(key)
        before = life.level if life is not None else None
        moves = self._evaluate(key, life, open_hour, corrected=corrected, activation=activation, at_end=at_end)
        return self._graded(key, before, moves) if moves else moves

    def _evaluate(
        self, key: str, life: Life | None, open_hour: int, *, corrected: bool, activation: bool, at_end: bool
    ) -> list[KeyMove]:
        if self.start_hour is None:
            return []
        conditional = self._conditional
        # A crossing that must last a whole day is a day old when it has.
        first = max(open_hour - OPEN_TO_CHANGE_HOURS + (0 if conditional else 1), self.start_hour)
        verdicts: list[Verdict] = []
        for track in self.tracks:
            crossed = track.verdicts(key, first, open_hour)
            if crossed:
                verdicts += [v for v in crossed if self._corroborated(key, v)]
        if life is None:
            if not verdicts:
                return []
            life = Life()
        verdicts.sort(key=lambda verdict: (verdict.hour, verdict.track))
        learning = self.learning(open_hour)
        if life.firing:
            return self._evaluate_firing(
                key, life, verdicts, open_hour, corrected=corrected, learning=learning, at_end=at_end
            )
        if not verdicts and life.pending is None:
            return []
        if not conditional and life.pending is None:
            return self._open(key, life, Choice(tuple(verdicts)), open_hour, activation=activation)
        choice = choose(self.rule, verdicts, open_hour, life.cooling_until)
        moves = self._open(key, life, choice, open_hour, activation=activation)
        if life.crossing is not None:
            return moves
        return [*moves, *self._wait(key, life, choice, open_hour, at_end=at_end or activation)]

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
        reached = life.level or self.rule.severity
        if not self.rule.levels or not verdicts:
            return None
        highest = max(verdicts, key=lambda v: (list(Severity).index(self._severity(v)), -v.hour))
        severity = self._severity(highest)
        return life.rise(severity, highest) if graver(severity, reached) else None

    def _open(self, key: str, life: Life, choice: Choice, open_hour: int, *, activation: bool) -> list[KeyMove]:
        """Return what opens of ``choice`` for a quiet key, or that too many alerts are open."""
        verdicts, learning = choice.may_open, self.learning(open_hour)
        if not verdicts:
            return []
        if sum(1 for other in self.lives.values() if other.firing) >= self.rule.limit:
            if self.open_overflowed or verdicts[-1].hour < life.cooling_until:
                return []
            self.open_overflowed = True
            return [
                _overflow(
                    EventReason.TOO_MANY_OPEN, open_hour, f"{self.rule.limit} alerts are open; {key} was not opened"
                )
            ]

        def began_in(verdict: Verdict) -> int:
            return choice.first_hours.get((verdict.track, verdict.hour), verdict.hour)

        move = life.consider(
            verdicts,
            learning=learning,
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
        if open_hour - crossing < OPEN_TO_CHANGE_HOURS:
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
        since = rings_since(self.rule, open_hour)
        mine = [v for v in verdicts if v.track == track and v.hour >= since]
        escalated = self._graver(life, mine) or life.escalate(mine)
        if escalated is not None:
            life.told_hour = open_hour
        return [KeyMove(key, escalated, crossing, (), learning)] if escalated is not None else []

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

    def overflow_of_keys(self, open_hour: int) -> list[KeyMove]:
        """Return the one event that says keys were refused."""
        if not self.keys_overflowed or self.keys_overflow_told:
            return []
        self.keys_overflow_told = True
        detail = f"more than {self.rule.max_keys} keys; new ones are not counted"
        return [_overflow(EventReason.TOO_MANY_KEYS, open_hour, detail)]

    def end_all(self, open_hour: int, reason: EventReason) -> list[KeyMove]:
        """Close every open alert because the rule goes; return the moves, by key."""
        moves = []
        for key in sorted(self.lives):
            life = self.lives[key]
            if life.firing:
                verdict = self.tracks[life.track].verdict(key, open_hour)
                ended = KeyMove(key, Move(EventKind.RESOLVED, reason, verdict), life.crossing)
                moves.extend(self._graded(key, life.level, [ended]))
            elif life.pending is not None:
                verdict, since = self.tracks[life.pending_track].verdict(key, open_hour), life.pending
                moves.append(KeyMove(key, life.subside(reason, verdict), since))
        self.lives.clear()
        return moves

    def exchange(self, rule: Rule) -> None:
        """Go on as ``rule``, which remembers the same; :meth:`activate` says what that changes."""
        self.went_live = self.rule.mode is Mode.SHADOW and rule.mode is Mode.LIVE
        self.rule, self._conditional = rule, is_conditional(rule)
        for track, detector in zip(self.tracks, rule.when, strict=True):
            exchange_settings(track, detector)

    def activate(self, open_hour: int) -> list[KeyMove]:
        """Open what is over its threshold already when the rule takes over, and tell again what rang in the shadow."""
        if self.went_live:
            self.went_live = False
            return [*self._told_again(open_hour), *self._open_now(open_hour)]
        return self._open_now(open_hour)

    def _told_again(self, open_hour: int) -> list[KeyMove]:
        moves = []
        for key in sorted(key for key, life in self.lives.items() if life.firing):
            life = self.lives[key]
            life.told_hour = open_hour
            verdict = self.tracks[life.track].verdict(key, open_hour)
            move = Move(EventKind.OPENED, EventReason.AT_ACTIVATION, verdict, "rang in the shadow before")
            told = KeyMove(key, move, life.crossing, (), self.learning(open_hour))
            moves.extend(self._graded(key, life.level, [told]))
        return moves

    def _open_now(self, open_hour: int) -> list[KeyMove]:
        keys = {key for track in self.tracks for key in track.may_have_crossed()}
        keys.update(key for key, life in self.lives.items() if life.pending is not None)
        firing = (key for key, life in self.lives.items() if life.firing)
        last_day = range(open_hour - OPEN_TO_CHANGE_HOURS + 1, open_hour + 1)
        keys.update(key for key in firing if any(self._is_alive(key, hour) for hour in last_day))
        return [
            move for key in sorted(keys) for move in self.evaluate(key, open_hour, corrected=False, activation=True)
        ]


def _overflow(reason: EventReason, hour: int, detail: str) -> KeyMove:
    return KeyMove("", Move(EventKind.OVERFLOW, reason, blank_verdict(hour, 1.0), detail))


def failing_feeds(hour: int, exposure: Exposure) -> tuple[str, ...] | None:
    """Return the feeds for which rules are blind in ``hour``: of what they see too little is left; None: there is no feed."""
    if not exposure.counting():
        return None
    short = exposure.shortfalls(hour)
    if not short or round(mean_exposure(hour, exposure), 3) >= BLIND_BELOW:
        return ()
    return tuple(feed for feed, seen in short.items() if seen < BLIND_BELOW)


def blank_verdict(hour: int, coverage: float) -> Verdict:
    """Return the verdict of an event that is about a rule rather than a key."""
    return Verdict("", 0, hour, 0, False, False, 0, Counts(), None, None, coverage)
