"""One rule at work: its tracks, the lives of its keys, and whether it can see. Cards and hours in, moves out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from alerts.cards import Card, KeyHit
from alerts.key_decisions import KeyDecisions
from alerts.key_moves import KeyMove, blank_verdict, overflow
from alerts.lifecycle import OPEN_TO_CHANGE_HOURS, Life, LifeSettings, Move
from alerts.opening import is_conditional, may_ring
from alerts.rules.model import Mode, Rule
from alerts.tracks.counting import mean_exposure
from alerts.tracks.expecting import ExpectingTrack
from alerts.tracks.make import exchange_settings
from alerts.tracks.port import Exposure
from alerts.tracks.spike import SpikeTrack
from schemas.reasons import EventKind, EventReason

#: Exposure below which a rule or an alert is blind.
BLIND_BELOW = 0.5

#: What is said of an alert that a rule goes on with in another mode, by the mode it goes on in.
_RANG_BEFORE = {Mode.LIVE: "rang in the shadow before", Mode.SHADOW: "rang before the rule went into the shadow"}


@dataclass
class RuleState(KeyDecisions):
    """A rule between two records."""

    keys: dict[str, None] = field(default_factory=dict)
    blind_feeds: tuple[str, ...] = ()
    keys_overflowed: bool = False
    keys_overflow_told: bool = False
    changed_mode: bool = False

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
        asked.update(key for key, life in self.lives.items() if life.may_move_by_itself(hour + 1))
        for key in sorted(asked):
            moves.extend(self.evaluate(key, hour + 1, corrected=False, at_end=True))
            before = self._level_of(key)
            moves.extend(self._graded(key, before, self._end_of_hour(key, hour)))
        if not self.lives:
            return moves
        # A rest is remembered as long as its last hour may still be asked about: a crossing in it opens nothing later.
        rested = hour - OPEN_TO_CHANGE_HOURS
        for key in [k for k, life in self.lives.items() if life.is_over(rested, hour + 1)]:
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

    # -- feeds ------------------------------------------------------------------------------------------------------

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

    # -- the rule itself -------------------------------------------------------------------------------------------

    def overflow_of_keys(self, open_hour: int) -> list[KeyMove]:
        """Return the one event that says keys were refused."""
        if not self.keys_overflowed or self.keys_overflow_told:
            return []
        self.keys_overflow_told = True
        detail = f"more than {self.rule.max_keys} keys; new ones are not counted"
        return [overflow(EventReason.TOO_MANY_KEYS, open_hour, detail)]

    def end_all(self, open_hour: int, reason: EventReason) -> list[KeyMove]:
        """Close every open alert because the rule goes; return the moves, by key."""
        moves = []
        for key in sorted(self.lives):
            life = self.lives[key]
            if life.firing:
                moves.extend(self._ended(key, open_hour, reason))
            elif life.pending is not None:
                verdict, since = self.tracks[life.pending_track].verdict(key, open_hour), life.pending
                moves.append(KeyMove(key, life.subside(reason, verdict), since))
        self.lives.clear()
        return moves

    def _firing(self) -> list[str]:
        return sorted(key for key, life in self.lives.items() if life.firing)

    def _ended(self, key: str, open_hour: int, reason: EventReason) -> list[KeyMove]:
        life = self.lives[key]
        verdict = self.tracks[life.track].verdict(key, open_hour)
        return self._graded(key, life.level, [KeyMove(key, Move(EventKind.RESOLVED, reason, verdict), life.crossing)])

    def inherit(self, told: Mapping[str, int], open_hour: int) -> list[KeyMove]:
        """Hold open what people were ``told`` is open, each key with the hour it crossed in, by another version of the engine.

        What it would have ended ends now, and its key rests; what it had open besides was never told, and is let go: only what
        crosses from now on opens.
        """
        mine = {key: life.crossing for key, life in self.lives.items() if life.crossing is not None}
        if mine == told:
            return []
        moves = [KeyMove("", Move(EventKind.ENGINE_CHANGED, EventReason.ENGINE_CHANGED, blank_verdict(open_hour, 1.0)))]
        rest_h = max(detector.cooldown_h for detector in self.rule.when)
        for key in sorted({*mine, *told}):
            life = self.lives.setdefault(key, Life())
            if key not in told:
                life.end_untold(open_hour)
            elif life.firing:
                life.crossing = told[key]
            else:
                life.rest(open_hour, rest_h)
                verdict = self.tracks[0].verdict(key, open_hour)
                moves.append(KeyMove(key, Move(EventKind.RESOLVED, EventReason.ENGINE_CHANGED, verdict), told[key]))
        return moves

    def fall_silent(self, rule: Rule, open_hour: int) -> list[KeyMove]:
        """End what people were told of where ``rule``, which follows, only records: nobody would hear of its end."""
        if (self.rule.mode, rule.mode) != (Mode.LIVE, Mode.SHADOW):
            return []
        return [move for key in self._firing() for move in self._ended(key, open_hour, EventReason.INTO_THE_SHADOW)]

    def exchange(self, rule: Rule) -> None:
        """Go on as ``rule``, which remembers the same; :meth:`activate` says what that changes."""
        self.changed_mode = rule.mode is not self.rule.mode
        self.rule, self._conditional = rule, is_conditional(rule)
        for track, detector in zip(self.tracks, rule.when, strict=True):
            exchange_settings(track, detector)

    def activate(self, open_hour: int) -> list[KeyMove]:
        """Open what is over its threshold already when the rule takes over, and tell again what rang in the shadow."""
        if self.changed_mode:
            self.changed_mode = False
            return [*self._told_again(open_hour), *self._open_now(open_hour)]
        return self._open_now(open_hour)

    def _told_again(self, open_hour: int) -> list[KeyMove]:
        moves = []
        for key in self._firing():
            life = self.lives[key]
            life.told_hour = open_hour
            verdict = self.tracks[life.track].verdict(key, open_hour)
            move = Move(EventKind.OPENED, EventReason.AT_ACTIVATION, verdict, _RANG_BEFORE[self.rule.mode])
            told = KeyMove(key, move, life.crossing, (), self.learning(open_hour))
            moves.extend(self._graded(key, life.level, [told]))
        return moves

    def _open_now(self, open_hour: int) -> list[KeyMove]:
        keys = {key for track in self.tracks for key in track.may_have_crossed()}
        keys.update(key for key, life in self.lives.items() if life.pending is not None)
        firing = (key for key, life in self.lives.items() if life.firing)
        last_day = range(open_hour - OPEN_TO_CHANGE_HOURS, open_hour + 1)
        keys.update(key for key in firing if any(self._is_alive(key, hour) for hour in last_day))
        return [
            move for key in sorted(keys) for move in self.evaluate(key, open_hour, corrected=False, activation=True)
        ]


def failing_feeds(hour: int, exposure: Exposure) -> tuple[str, ...] | None:
    """Return the feeds for which rules are blind in ``hour``: of what they see too little is left; None: there is no feed."""
    if not exposure.counting():
        return None
    short = exposure.shortfalls(hour)
    if not short or round(mean_exposure(hour, exposure), 3) >= BLIND_BELOW:
        return ()
    return tuple(feed for feed, seen in short.items() if seen < BLIND_BELOW)
