"""The decider once more, from what its pages promise: the windows of the last day are asked anew after each record.

With feeds that are there from the start. Slow and plain on purpose; see slow_counts for
what it shares with the program. What a page leaves open is decided here as the engine decides it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from alerts.rules.detector_model import Drop
from alerts.rules.levels import graver, severity_of
from alerts.rules.model import Mode, Rule, RuleSet, same_memory
from alerts.rules.schedule import active_since
from schemas.alert_event import Counts
from schemas.control import RulesActivated
from schemas.coverage import Coverage
from schemas.ids import hour_of, hour_start
from schemas.reasons import EventKind, EventReason, Severity
from schemas.signal import Signal
from schemas.wire import SignalsRecord
from tests.property.slow_counts import SlowCounts
from tests.property.slow_windows import Asked, SlowWindows

#: What opens, or is taken back, lies at most so many hours before the open one.
DAY = 24
#: Hours of history below which normal is not yet known.
LEARNING = 168


class Told(NamedTuple):
    """What of an event is compared; ``crossing`` is an hour, counted from 1970."""

    event: EventKind
    reason: EventReason
    rule: str
    key: str
    at: datetime | None
    mode: str = "live"
    crossing: int | None = None
    severity: Severity | None = None
    detector: str = ""
    hours: int = 0
    counts: Counts = Counts()
    expected: float | None = None
    score: float | None = None


@dataclass
class Life:
    """What is remembered of a key. ``count`` is that of its last event, ``told`` what is known of the window it opened on."""

    opened: Asked | None = None
    crossing: int = 0
    severity: Severity = Severity.NORMAL
    count: int = 0
    grown: bool = False
    told: tuple[int, int] = (0, 0)
    settled: bool = False  # what comes for that window now is late
    told_hour: int = 0
    calm: int = 0
    blind: bool = False
    ended: int | None = None  # the hour at whose end the alert before was over
    rests_until: int = -1  # the last hour of the cool-down after it
    taken: tuple[int, int] | None = None  # in this hour: detector and count
    pending: int | None = None


@dataclass
class InForce:
    """A rule in force."""

    rule: Rule
    windows: SlowWindows
    keys: list[str] = field(default_factory=list)
    lives: dict[str, Life] = field(default_factory=dict)
    blind: tuple[str, ...] = ()
    crowded: bool = False


class SlowDecider:
    """Takes records one by one; :meth:`step` returns what it tells."""

    def __init__(self) -> None:
        self.log = SlowCounts()
        self.rules: dict[str, InForce] = {}
        self._events: list[Told] = []
        self._first_rules: RulesActivated | None = None
        self._asked: dict[tuple[str, str, int, int], Asked] = {}

    def step(self, record: SignalsRecord) -> list[Told]:
        """Take ``record``; return what it decides."""
        self._events = []
        if isinstance(record, Signal):
            self._signal(record)
        elif isinstance(record, Coverage):
            self._coverage(record)
        elif isinstance(record, RulesActivated):
            self._activate(record)
        return self._events

    # ---- records -----------------------------------------------------------------------------------------------

    def _signal(self, record: Signal) -> None:
        opened = [(s, k, life.opened.number) for s in self.rules.values() for k, life in s.lives.items() if life.opened]
        counted = {
            (state.rule.name, key)
            for state, key, number in opened
            if any(one.article_id == record.article_id for one in self.log.news(state.rule, key, number))
        }
        taken = self.log.take_signal(record)
        self._asked.clear()
        if taken is None or self.log.now is None:
            return
        for name, state in sorted(self.rules.items()):
            touched = {hit.key for one in taken if one for hit in self.log.hits(state.rule, one)}
            for key in sorted(touched):
                life = self._life(state, key)
                here = life.opened and self.log.news(state.rule, key, life.opened.number)
                gone = (name, key) in counted and not any(n.article_id == record.article_id for n in here or ())
                self._consider(state, key, taken_away=gone)

    def _coverage(self, record: Coverage) -> None:
        now = self.log.take_coverage(record)
        self._asked.clear()
        if now is None:
            return
        if self.log.now is None:
            self.log.now, self.log.open, self.log.first = now, hour_of(now), hour_of(record.since)
            if self._first_rules is not None:
                self._activate(self._first_rules)
        while self.log.open < hour_of(now):
            self.log.open += 1
            self.log.now = hour_start(self.log.open)
            self.log.forget()
            self._asked.clear()
            for _, state in sorted(self.rules.items()):
                self._hour_ended(state, self.log.open - 1)
        self.log.now = max(now, self.log.now)

    def _activate(self, record: RulesActivated) -> None:
        if self.log.now is None:
            self._first_rules = record
            return
        # One that rests is not there.
        wanted = {r.name: r for r in RuleSet.from_compiled(record.compiled).rules if r.mode is not Mode.OFF}
        self.log.forget()
        self._asked.clear()
        before = self.rules
        kept = {n: s for n, s in before.items() if n in wanted and same_memory(s.rule, wanted[n])}
        for name, state in sorted(before.items()):
            if name not in kept:
                self._end_all(state)
            if name not in wanted:
                self._tell(state, "", EventKind.RULE_REMOVED, EventReason.RULE_REMOVED)
        self.rules = kept
        for name, rule in sorted(wanted.items()):
            if name not in kept:
                state = self.rules[name] = InForce(rule, SlowWindows(self.log, self.log.first))
                state.keys = self.log.keys(rule)
                self._tell(state, "", EventKind.RULE_READY, EventReason.WARMED)
            elif kept[name].rule == rule:
                continue
            else:
                self._exchange(kept[name], rule)
            for key in sorted(self.rules[name].keys):
                self._consider(self.rules[name], key, activation=True)

    def _exchange(self, state: InForce, rule: Rule) -> None:
        silent = state.rule.mode is Mode.LIVE and rule.mode is Mode.SHADOW
        for key, life in sorted(state.lives.items()):
            if silent and life.opened:
                self._tell(state, key, EventKind.RESOLVED, EventReason.INTO_THE_SHADOW)
        other_mode, state.rule = state.rule.mode is not rule.mode, rule
        for key, life in sorted(state.lives.items()):
            if not rule.levels or graver(rule.severity, life.severity):
                life.severity = rule.severity
            if other_mode and life.opened:
                life.told_hour = self.log.open
                now = self._ask(state, key, life.opened.number, self.log.open)
                self._tell(state, key, EventKind.OPENED, EventReason.AT_ACTIVATION, now)

    def _end_all(self, state: InForce) -> None:
        for key, life in sorted(state.lives.items()):
            if life.opened:
                self._tell(state, key, EventKind.RESOLVED, EventReason.RULE_REMOVED)
            elif life.pending is not None:
                self._tell(state, key, EventKind.SUBSIDED, EventReason.RULE_REMOVED)

    # ---- the end of an hour ------------------------------------------------------------------------------------

    def _hour_ended(self, state: InForce, ended: int) -> None:
        failing = tuple(sorted(f for f in self.log.feeds if self.log.exposure(f, ended) < 0.5))
        blind = failing if self.log.coverage(ended, ended) < 0.5 else ()
        if blind != state.blind:
            state.blind = blind
            self._tell(state, "", *_sight(blind=bool(blind)))
        for key in sorted(state.keys):
            self._life(state, key).taken = None
            if not self._rest_ended(state, key, ended):
                self._consider(state, key, at_end=True)
            if self._life(state, key).opened:
                self._alert_at_end(state, key, ended)
            self._subside(state, key)

    def _alert_at_end(self, state: InForce, key: str, ended: int) -> None:
        life = self._life(state, key)
        assert life.opened
        detector = state.rule.when[life.opened.number]
        blind = self.log.coverage(ended - life.opened.hours + 1, ended) < 0.5
        if blind != life.blind:
            life.blind = blind
            self._tell(state, key, *_sight(blind=blind))
        if not blind and ended >= life.crossing:
            life.calm = life.calm + 1 if self._ask(state, key, life.opened.number, ended).calm else 0
            if life.calm >= detector.resolve_after_h:
                self._tell(state, key, EventKind.RESOLVED, EventReason.BACK_TO_NORMAL)
                state.crowded = False
                state.lives[key] = Life(ended=ended, rests_until=ended + detector.cooldown_h)
                return
        due = detector.renotify_h and self.log.open - life.told_hour >= detector.renotify_h
        if due and self._may_ring(state) is not None:
            life.told_hour = self.log.open
            self._tell(state, key, EventKind.REMINDED, EventReason.STILL_OPEN)

    def _rest_ended(self, state: InForce, key: str, ended: int) -> bool:
        """Open what crossed late in the cool-down that ends now, and is not over."""
        life = self._life(state, key)
        since = self._may_ring(state)
        if life.rests_until != ended or life.ended is None or life.opened or since is None:
            return False
        kept = min(0 if d.for_h else min(d.resolve_after_h, d.cooldown_h) for d in state.rule.when)
        found = self._crossed(state, key, max(life.ended, ended - kept) + 1, ended)
        if not any(not self._ask(state, key, one.number, ended).calm for one in found):
            return False
        found = [asked for asked in found if asked.hour >= since]  # What is over as the schedule begins rings never.
        if not found:
            return False
        began = active_since(state.rule.active, self.log.open) if state.rule.active else None
        at_begin = began is not None and found[0].hour < began
        reason = EventReason.SCHEDULE_BEGAN if at_begin else EventReason.COOLDOWN_ENDED
        self._open(state, key, found[0], found[0].hour, reason)
        return True

    def _subside(self, state: InForce, key: str) -> None:
        life = self._life(state, key)
        if life.pending is None or life.opened:
            return
        since = range(life.pending, self.log.open)
        lasting = [number for number, detector in enumerate(state.rule.when) if detector.for_h]
        reason = EventReason.OUTSIDE_SCHEDULE if self._may_ring(state) is None else EventReason.NOT_LONG_ENOUGH
        goes_on = any(all(self._ask(state, key, n, hour).crossed for hour in since) for n in lasting)
        if reason is EventReason.NOT_LONG_ENOUGH and goes_on:
            return
        life.pending = None
        self._tell(state, key, EventKind.SUBSIDED, reason)
        self._may_open(state, key, activation=False)

    # ---- the life of an alert ----------------------------------------------------------------------------------

    def _consider(
        self, state: InForce, key: str, *, at_end: bool = False, taken_away: bool = False, activation: bool = False
    ) -> None:
        life = self._life(state, key)
        if life.opened is None:
            self._may_open(state, key, activation=activation)
            return
        if self.log.open - life.crossing <= DAY:
            at_crossing = self._ask(state, key, life.opened.number, life.crossing)
            if not at_crossing.crossed:
                self._tell(state, key, EventKind.RETRACTED, EventReason.EVIDENCE_GONE)
                taken, state.crowded = (life.opened.number, life.count), False
                state.lives[key] = Life(ended=life.ended, rests_until=life.rests_until, taken=taken)
                return
            if self._update(state, key, at_crossing, at_end=at_end, taken_away=taken_away):
                return
        self._escalate(state, key)

    def _update(self, state: InForce, key: str, at_crossing: Asked, *, at_end: bool, taken_away: bool) -> bool:
        life = self._life(state, key)
        counts, before = self._known(state, key), life.told
        if at_end and not life.settled and self.log.open - life.crossing > 1:
            life.settled, life.told = True, counts
            return False
        if not taken_away and not life.settled:
            life.told = counts
        if counts == before or not (taken_away or (at_end and life.settled)):
            return False
        life.told = counts
        if not life.grown:
            life.count = at_crossing.compared
        reason = EventReason.EVIDENCE_CHANGED if taken_away else EventReason.LATE_EVIDENCE
        self._tell(state, key, EventKind.UPDATED, reason, at_crossing)
        return True

    def _known(self, state: InForce, key: str) -> tuple[int, int]:
        life = self._life(state, key)
        assert life.opened
        first = life.crossing - life.opened.hours + 1
        counts = self.log.counts(state.rule, key, life.opened.number, first, life.crossing)
        return counts.stories, counts.publishers

    def _escalate(self, state: InForce, key: str) -> None:
        life, since = self._life(state, key), self._may_ring(state)
        assert life.opened
        if since is None or isinstance(state.rule.when[life.opened.number], Drop):
            return
        first = max(since, self.log.open - DAY, min(life.crossing, life.rests_until + 1))
        mine = [a for a in self._crossed(state, key, first, self.log.open) if a.number == life.opened.number]
        graver_ones = [a for a in mine if state.rule.levels and graver(self._severity(state, a), life.severity)]
        if graver_ones:
            best = max(graver_ones, key=lambda a: (list(Severity).index(self._severity(state, a)), -a.hour))
            life.severity, reason = self._severity(state, best), EventReason.GRAVER
        else:
            best = max(mine, key=lambda a: (a.compared, -a.hour), default=life.opened)
            reason = EventReason.TWICE_AS_MANY
            if not mine or best.compared < 2 * life.count:
                return
        life.count, life.grown, life.calm, life.told_hour = max(life.count, best.compared), True, 0, self.log.open
        self._tell(state, key, EventKind.ESCALATED, reason, best)

    def _may_open(self, state: InForce, key: str, *, activation: bool) -> None:
        life, since = self._life(state, key), self._may_ring(state)
        if since is None:
            return
        may_open: list[tuple[int, int, Asked]] = []  # the hour it crossed in, its detector, the window that is told
        waiting: list[tuple[int, int, Asked]] = []
        crossed = self._crossed(state, key, max(self.log.open - DAY, life.rests_until + 1), self.log.open)
        if activation:
            lasting = [asked for asked in crossed if not self._is_over(state, key, asked)]
            if len(lasting) < len(crossed):
                life.rests_until = max(life.rests_until, min((a.hour for a in lasting), default=self.log.open) - 1)
            crossed = lasting
        for number, detector in enumerate(state.rule.when):
            for stretch in _stretches([asked for asked in crossed if asked.number == number]):
                over = [asked for asked in stretch if asked.hour < self.log.open]
                if not detector.for_h:
                    may_open += [(asked.hour, number, asked) for asked in stretch if asked.hour >= since]
                elif stretch[-1].hour >= since and len(over) >= detector.for_h:
                    may_open.append((stretch[0].hour, number, over[-1]))
                elif stretch[-1].hour >= max(since, self.log.open - 1):
                    waiting.append((stretch[0].hour, number, stretch[-1]))
        if life.taken and not activation:
            may_open = [one for one in may_open if one[1] != life.taken[0] or one[2].compared > life.taken[1]]
        if may_open:
            crossing, _, asked = min(may_open)
            self._open(state, key, asked, crossing, self._reason(state, crossing, asked, activation=activation))
        elif waiting and life.pending is None:
            crossing, _, asked = min(waiting)
            life.pending = crossing
            self._tell(state, key, EventKind.PENDING, EventReason.CROSSED, asked, crossing=crossing)

    def _is_over(self, state: InForce, key: str, crossed: Asked) -> bool:
        """Tell whether all is calm now, or an alert on it would have ended, when a rule takes force."""
        since = range(crossed.hour, self.log.open)
        calm = "".join("c" if self._ask(state, key, crossed.number, hour).calm else "-" for hour in since)
        return calm.endswith("c") or "c" * state.rule.when[crossed.number].resolve_after_h in calm

    def _reason(self, state: InForce, crossing: int, asked: Asked, *, activation: bool) -> EventReason:
        if activation:
            return EventReason.AT_ACTIVATION
        if state.rule.active and crossing < (active_since(state.rule.active, self.log.open) or 0):
            return EventReason.SCHEDULE_BEGAN
        learning = self.log.open - self.log.first < LEARNING
        return EventReason.LEARNING if learning and asked.expected is not None else EventReason.CROSSED

    def _open(self, state: InForce, key: str, asked: Asked, crossing: int, reason: EventReason) -> None:
        if sum(life.opened is not None for life in state.lives.values()) >= state.rule.limit:
            if not state.crowded:
                state.crowded = True
                self._tell(state, "", EventKind.OVERFLOW, EventReason.TOO_MANY_OPEN)
            return
        before, severity = self._life(state, key), self._severity(state, asked)
        life = state.lives[key] = Life(asked, crossing, severity, asked.compared, told_hour=self.log.open)
        life.ended, life.rests_until = before.ended, before.rests_until
        life.told = self._known(state, key)
        self._tell(state, key, EventKind.OPENED, reason, asked)

    # ---- what is asked -----------------------------------------------------------------------------------------

    def _life(self, state: InForce, key: str) -> Life:
        if key not in state.keys:
            state.keys.append(key)
        return state.lives.setdefault(key, Life())

    def _ask(self, state: InForce, key: str, number: int, hour: int) -> Asked:
        place = state.rule.name, key, number, hour
        if place not in self._asked:
            self._asked[place] = state.windows.ask(state.rule, key, number, hour)
        return self._asked[place]

    def _crossed(self, state: InForce, key: str, first: int, last: int) -> Sequence[Asked]:
        hours = range(max(first, self.log.first), last + 1)
        every = [self._ask(state, key, number, hour) for hour in hours for number in range(len(state.rule.when))]
        return [asked for asked in every if asked.crossed]

    def _may_ring(self, state: InForce) -> int | None:
        """Return the first hour whose window may ring now: that which ended when the schedule began. None outside of it."""
        if not state.rule.active:
            return -1
        began = active_since(state.rule.active, self.log.open)
        return began - 1 if began is not None else None

    def _severity(self, state: InForce, asked: Asked) -> Severity:
        rule = state.rule
        return severity_of(rule.levels, rule.severity, asked.counts, asked.compared, asked.expected, asked.score)

    def _tell(
        self,
        state: InForce,
        key: str,
        event: EventKind,
        reason: EventReason,
        asked: Asked | None = None,
        *,
        crossing: int | None = None,
    ) -> None:
        life, rule = state.lives.get(key), state.rule
        mode = "shadow" if rule.mode is Mode.SHADOW else "live"
        told = Told(event, reason, rule.name, key, self.log.now, mode, crossing)
        if key:
            told = told._replace(severity=rule.severity)
        if life and life.opened:
            told = told._replace(severity=life.severity, crossing=life.crossing)
        if asked:
            told = told._replace(detector=rule.when[asked.number].kind, hours=asked.hours, counts=asked.counts)
            told = told._replace(expected=asked.expected and float(f"{asked.expected:.3e}"), score=asked.score)
        self._events.append(told)


def _sight(*, blind: bool) -> tuple[EventKind, EventReason]:
    if blind:
        return EventKind.BLIND, EventReason.COVERAGE_LOST
    return EventKind.SIGHTED, EventReason.COVERAGE_BACK


def _stretches(crossed: Iterable[Asked]) -> list[list[Asked]]:
    """Return the runs of successive hours."""
    found: list[list[Asked]] = []
    for asked in crossed:
        if found and found[-1][-1].hour == asked.hour - 1:
            found[-1].append(asked)
        else:
            found.append([asked])
    return found
