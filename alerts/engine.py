"""The engine: records of ``signals`` in, decisions out. A pure function of the log, record by record.

    Signal ──▶ card ──▶ hits per rule ──▶ counts ──▶ verdicts of the touched keys ──▶ events
    Coverage ──▶ exposure and engine time ──▶ hours closed: learnt, resolved, blind ──▶ events
    control records ──▶ rules warmed aside and exchanged

It reads no clock, no disk, no network, and it notifies nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.aside import Aside
from alerts.card_book import CardBook
from alerts.cards import Card, Publishers
from alerts.chain import Chains
from alerts.coverage import KEPT_HOURS, CoverageBook, count_deadline, open_hour
from alerts.inheritance import Inheritance
from alerts.key_moves import KeyMove, blank_verdict
from alerts.lifecycle import OPEN_TO_CHANGE_HOURS, Move
from alerts.reading import Reader
from alerts.resting import Resting
from alerts.rule_state import RuleState
from alerts.rules.model import Mode, Rule, RuleSet, same_memory
from alerts.telling import CHANGES_NAMED_HOURS, event_of, evidence_of
from alerts.tracks.make import make_tracks
from alerts.tracks.spike_banks import SharedBanks
from schemas.alert_event import Decision
from schemas.control import ExtractorChanged, RulesActivated, RulesReady, SkipRange
from schemas.coverage import Coverage
from schemas.ids import hour_of
from schemas.reasons import ArticleStatus, EventKind, EventReason, EventTimeReason
from schemas.signal import Signal
from schemas.wire import SignalsRecord

#: Part of every event: a change of it starts a new segment of the ledger.
ENGINE_VERSION = "6"

#: Hours an article is remembered after its own: story leaders reach 48 h, an hour stays open to change for 25.
CARD_HOURS = 73

#: Offsets of records passed over that are remembered; a month of history holds far fewer.
MOST_PASSED_OVER = 10_000

#: How long the engine waits for first polls before it takes the backlog as it is.
START_WAIT = timedelta(minutes=10)

#: Keys of rules that other articles count for than before; True where something went.
Touched = dict[str, dict[str, bool]]

History = Callable[[], Iterable[tuple[int, SignalsRecord]]]

#: Hears the engine and an hour of which nothing will change any more; called just before the engine learns it.
Settled = Callable[["Engine", int], None]


def no_history() -> Iterable[tuple[int, SignalsRecord]]:
    """Return the history of a log that has none."""
    return ()


@dataclass(frozen=True)
class Waiting:
    """A deferred activation, read at ``offset``, whose rules are not ready."""

    offset: int
    record: RulesActivated


class Engine:
    """The state of all rules between two records."""

    def __init__(self, *, muted: bool = False, settled: Settled | None = None) -> None:
        self.muted = muted
        self._settled = settled  # for whoever compares what crossed; it changes nothing
        self.coverage = CoverageBook()
        self.open: int | None = None  # the open hour; None until the first Coverage has started the engine
        self.cards = CardBook()
        self._publishers = Publishers()
        self._rules: dict[str, RuleState] = {}
        self._resting = Resting()
        self.reader = Reader(())
        self.rules_hash = ""
        self.chains = Chains()
        self.inherited: dict[tuple[str, str], int] | None = None  # alerts that another version's ledger holds open
        self.activated: RulesActivated | None = None  # by the last record, for whoever keeps rule sets
        self.took_force: tuple[Waiting, RulesReady] | None = None  # what was deferred and took force by the last record
        self.waiting: Waiting | None = None
        self.extractors: dict[str, int] = {}  # version -> hour first seen
        self.skips: list[tuple[int, int]] = []
        self.passed_over: list[int] = []  # offsets of records that no step could take in
        self.card_hours = CARD_HOURS
        self.banks = SharedBanks()

    @property
    def now(self) -> datetime | None:
        """Engine time; None before every partition has spoken."""
        return self.coverage.now

    @property
    def rules(self) -> dict[str, RuleState]:
        """Every rule by name, awake: whoever looks sees all hours closed that have ended."""
        self._resting.wake_all(self._rules, self.open)
        return self._rules

    def adopt(self, ledger: Inheritance) -> None:
        """Go on in a ledger that another engine version wrote: a new segment of it. The next record makes up for what differs."""
        self.chains = Chains(dict(ledger.heads))
        if ledger.open_alerts is not None:
            self.inherited = dict(ledger.open_alerts)

    def pass_over(self, offset: int) -> None:
        """Remember that the record at ``offset``, on which a step raised, counts for nothing: no rule is warmed on it."""
        self.passed_over.append(offset)
        del self.passed_over[:-MOST_PASSED_OVER]

    # -- records ----------------------------------------------------------------------------------------------------

    def step(
        self, offset: int, record: SignalsRecord, history: History = no_history, prepared: Aside | None = None
    ) -> list[Decision]:
        """Take in the record at ``offset`` and return what it decides. Where it raises, the engine is spoilt.

        ``history`` yields the records before ``offset`` that a new rule is warmed on, oldest first; it is called only
        when rules take force. ``prepared`` has taken in the same history before and spares that; it is spent by it. Where
        it differs in what it left out, or in its rules, it is not used: what is decided does not depend on it.
        """
        self.activated = self.took_force = None
        if self.skips and any(first <= offset <= last for first, last in self.skips):
            return []
        return [*self._inherit(), *self._take(offset, record, history, prepared)]

    def _take(self, offset: int, record: SignalsRecord, history: History, prepared: Aside | None) -> list[Decision]:
        if isinstance(record, Signal):
            return self._signal(record)
        if isinstance(record, Coverage):
            return self._coverage(record)
        if isinstance(record, RulesActivated):
            self.activated = record
            self.waiting = Waiting(offset, record) if record.deferred else None
            return [] if record.deferred else self._activate(record, history)
        if isinstance(record, RulesReady):
            return self._ready(offset, record, history, prepared)
        if isinstance(record, SkipRange):
            self.skips.append((record.first, record.last))
        elif isinstance(record, ExtractorChanged):
            self._note_extractor(record.extractor_version)
        return []

    def _inherit(self) -> list[Decision]:
        """Hold open what the ledger of another engine version holds open, once there is engine time; return what differs."""
        if self.inherited is None or self.open is None:
            return []
        inherited, self.inherited = self.inherited, None
        decisions: list[Decision] = []
        for name, state in sorted(self.rules.items()):
            told = {key: crossing for (rule, key), crossing in inherited.items() if rule == name}
            decisions.extend(self._decide(state, move) for move in state.inherit(told, self.open))
        return decisions

    def _signal(self, signal: Signal) -> list[Decision]:
        before = self.cards.get(signal.article_id)
        if before is not None and signal.revision <= before.revision:
            return []  # A duplicate, or an older revision that came later.
        after = Card(
            signal.article_id,
            signal.revision,
            before.event_time if before is not None else signal.event_time,
            signal.feed_id,
            self._publishers.shared(signal.source),
            signal.url,
            signal.title,
            signal.fingerprint,
        )
        if not self._can_count(signal, after.hour):
            return []
        if signal.extractor_version not in self.extractors:
            self._note_extractor(signal.extractor_version)
        if signal.status is ArticleStatus.LIVE:
            after.hits = self.reader.read(signal)
        after.counted = self._was_seen(after)
        self.cards.put(after)
        if not after.hits and (before is None or not before.hits):
            return []
        touched: Touched = {}
        self._exchange(before, after, touched)
        return self._tell(touched)

    def _can_count(self, signal: Signal, hour: int) -> bool:
        """Whether this revision counts: a property of the record once the engine has started.

        Before that, the backlog of the first polls counts as history, whatever its age, but for undated items.
        """
        if signal.event_time_reason is EventTimeReason.BACKFILL:
            return False
        if self.open is None:
            return True
        return signal.revised_at < count_deadline(hour) and hour > self.open - 25

    def _was_seen(self, card: Card) -> bool:
        """Whether the feed-hour of ``card`` has exposure; the open hour has until it is closed."""
        if self.open is None or card.hour >= self.open:
            return True
        return self.coverage.exposure(card.feed_id, card.hour) > 0.0

    def _note_extractor(self, version: str) -> None:
        self.extractors.setdefault(version, self.open if self.open is not None else 0)

    def _recount(self, changes: Iterable[tuple[Card | None, Card | None]]) -> list[Decision]:
        """Exchange cards in the counts and say what the touched keys do now."""
        touched: Touched = {}
        for before, after in changes:
            self._exchange(before, after, touched)
        return self._tell(touched)

    def _exchange(self, before: Card | None, after: Card | None, touched: Touched) -> None:
        """Exchange a card in the counts, and add to ``touched`` the keys that it counts for or did."""
        names: Collection[str] = after.hits if after is not None else ()
        if before is not None:
            names = {*before.hits, *names}
        for name in names:
            state = self._awake(name)
            if state is None:
                continue
            found = state.count(before, after)
            keys = touched.setdefault(name, found)
            if keys is found:
                continue
            for key, corrected in found.items():
                keys[key] = keys.get(key, False) or corrected

    def _tell(self, touched: Touched) -> list[Decision]:
        """Say what the touched keys do now."""
        if self.muted or self.open is None:
            return []
        decisions: list[Decision] = []
        for name in sorted(touched) if len(touched) > 1 else touched:
            state, keys = self._rules[name], touched[name]
            moves: list[KeyMove] = []
            for key in sorted(keys) if len(keys) > 1 else keys:
                moves += state.evaluate(key, self.open, corrected=keys[key])
            if state.keys_overflowed:
                moves += state.overflow_of_keys(self.open)
            if moves:
                decisions += [self._decide(state, move) for move in moves]
        return decisions

    def _awake(self, name: str) -> RuleState | None:
        """Return the rule of that name, if there is one; it is about to count."""
        state = self._rules.get(name)
        if state is not None and self.open is not None:
            self._resting.wake(name, state, self.open)
        return state

    # -- time -------------------------------------------------------------------------------------------------------

    def _coverage(self, record: Coverage) -> list[Decision]:
        change = self.coverage.apply(record)
        if change.now is None:
            return []
        if self.open is None:
            return self._start(change.now)
        decisions: list[Decision] = []
        closed = sorted(hour for hour in change.hours if self.open - 25 < hour < self.open)
        if closed:
            decisions.extend(self._exposures_changed(closed))
        while open_hour(change.now) > self.open:
            decisions.extend(self._close_hour(self.open))
        return decisions

    def _start(self, now: datetime) -> list[Decision]:
        """Begin once every feed was tried, an hour ended or ten minutes have passed; the backlog becomes history."""
        first = self.coverage.first_since or now
        if not (self.coverage.everyone_was_tried() or now - first >= START_WAIT or open_hour(now) > hour_of(first)):
            return []
        self.open = open_hour(now)
        self.extractors = dict.fromkeys(self.extractors, self.open)
        reach = self.coverage.earliest_reach() or first
        first_hour = max(min(hour_of(reach), hour_of(first)), self.open - KEPT_HOURS)
        decisions: list[Decision] = []
        blind = [card for card in self.cards if not self._was_seen(card) or card.hour < first_hour]
        for card in blind:
            self._hold(card)
        for name in sorted(self.rules):
            decisions.extend(self._take_over(self.rules[name], first_hour))
        self._forget()
        return decisions

    def _hold(self, card: Card) -> None:
        """Stop counting a card whose feed-hour nobody saw; a poll that reaches back brings it in again."""
        for name in card.hits:
            if (state := self._awake(name)) is not None:
                state.count(card, None)
        card.counted = False

    def _take_over(self, state: RuleState, first_hour: int) -> list[Decision]:
        """Start ``state`` and say that it is ready, then what is over its threshold already."""
        assert self.open is not None
        if state.start_hour is None:
            state.start(first_hour, self.open, self.coverage)
        if self.muted:
            return []
        assert state.start_hour is not None
        days = (self.open - state.start_hour) / 24
        detail = f"knows {days:.1f} days of history" + (
            "; normal is not yet known" if state.learning(self.open) else ""
        )
        ready = KeyMove("", Move(EventKind.RULE_READY, EventReason.WARMED, blank_verdict(self.open, 1.0), detail))
        return [self._decide(state, move) for move in [ready, *state.activate(self.open)]]

    def _exposures_changed(self, hours: list[int]) -> list[Decision]:
        for name in sorted(self.rules):
            for track in self.rules[name].tracks:
                track.exposures_changed(hours, self.coverage)
        cards = (card for hour in hours for card in self.cards.of_hour(hour))
        returned = [card for card in cards if not card.counted and self._was_seen(card)]
        for card in returned:
            card.counted = True
        decisions = self._recount([(None, card) for card in returned])
        if self.muted or self.open is None:
            return decisions
        for name in sorted(self.rules):
            state = self.rules[name]
            for key in sorted(k for k, life in state.lives.items() if not life.is_idle()):
                moves = state.evaluate(key, self.open, corrected=False)
                decisions.extend(self._decide(state, move) for move in moves)
        return decisions

    def _close_hour(self, hour: int) -> list[Decision]:
        if self._settled is not None:
            self._settled(self, hour - OPEN_TO_CHANGE_HOURS)
        cards = self.cards.of_hour(hour)
        unseen = {feed for feed in {card.feed_id for card in cards} if self.coverage.exposure(feed, hour) == 0.0}
        for card in cards if unseen else ():
            if card.counted and card.feed_id in unseen:
                self._hold(card)
        quiet = self._resting.is_quiet(hour, self.coverage)
        names = self._resting.awake(sorted(self._rules)) if quiet else sorted(self.rules)
        self._resting.take(hour, self.coverage)
        self.open = hour + 1
        decisions: list[Decision] = []
        for name in names:
            state = self._rules[name]
            moves = state.close_hour(hour, self.coverage, muted=self.muted)
            decisions += [self._decide(state, move) for move in moves]
            if quiet:
                self._resting.lie_down(name, state, hour)
        self._forget()
        return decisions

    def _forget(self) -> None:
        assert self.open is not None
        self.cards.forget_before(self.open - self.card_hours)
        self.coverage.forget_before(self.open - self.card_hours - 2)  # A long window learns its hours that much later.
        self.extractors = _recent(self.extractors, self.open - CHANGES_NAMED_HOURS)

    # -- rules ------------------------------------------------------------------------------------------------------

    def _ready(self, offset: int, record: RulesReady, history: History, prepared: Aside | None) -> list[Decision]:
        """Let the activation that waits take force, if it is the one that is meant."""
        waiting = self.waiting
        if waiting is None or (waiting.offset, waiting.record.rules_hash) != (
            record.activated_offset,
            record.rules_hash,
        ):
            return []
        self.waiting, self.took_force = None, (waiting, record)
        fresh = self.fresh_rules(waiting.record)
        same = prepared is not None and prepared.equals(fresh, self.passed_over, offset)
        return self._activate(waiting.record, history, prepared if same else None)

    def _activate(self, record: RulesActivated, history: History, prepared: Aside | None = None) -> list[Decision]:
        """Exchange the rule set: kept rules keep their state, new ones are warmed on ``history``, gone ones end."""
        wanted = {rule.name: rule for rule in _wanted(record)}
        self.rules_hash = record.rules_hash
        fresh = self.fresh_rules(record)
        fresh_names = {rule.name for rule in fresh}
        decisions: list[Decision] = []
        for name in sorted(self.rules.keys() - wanted.keys()):
            decisions.extend(self._remove(name, record.activated_at))
        kept: list[str] = []
        for name, rule in sorted(wanted.items()):
            old = self.rules.get(name)
            if old is None:
                continue
            if name in fresh_names:
                decisions.extend(self._end_alerts(old))
                self._forget_hits(name)
            elif old.rule != rule:
                if self.open is not None and not self.muted:
                    decisions.extend(self._decide(old, move) for move in old.fall_silent(rule, self.open))
                old.exchange(rule)
                kept.append(name)
        warmed = self._warm(fresh, history, prepared)
        self.rules.update(warmed)
        self.reader = Reader(tuple(state.rule for state in self.rules.values()))
        self.card_hours = max([CARD_HOURS, *(t.memory_hours for s in self.rules.values() for t in s.tracks)])
        if self.open is None:
            return decisions
        for name in sorted(warmed):
            decisions.extend(self._take_over(warmed[name], self.open))
        if not self.muted:
            for name in kept:
                moves = self.rules[name].activate(self.open)
                decisions.extend(self._decide(self.rules[name], move) for move in moves)
        return decisions

    def fresh_rules(self, record: RulesActivated) -> list[Rule]:
        """Return the rules of ``record`` that cannot go on with what a rule in force remembers, by name."""
        fresh = []
        for rule in sorted(_wanted(record), key=lambda rule: rule.name):
            old = self.rules.get(rule.name)
            if old is None or not same_memory(old.rule, rule):
                fresh.append(rule)
        return fresh

    def aside(self, rules: Iterable[Rule]) -> Aside:
        """Return ``rules`` before their history, in which what this engine passed over counts for nothing."""
        return Aside(_muted, rules, self.passed_over)

    def _warm(self, rules: list[Rule], history: History, prepared: Aside | None) -> dict[str, RuleState]:
        """Return the states of ``rules`` after ``history``, stepped aside; their cards join this engine's."""
        if not rules:
            return {}
        if prepared is None:
            prepared = self.aside(rules)
            prepared.take_all(history)
        for card in prepared.engine.cards:
            mine = self.cards.get(card.article_id)
            if mine is None:
                if card.hits:
                    self.cards.put(card)
            elif mine.revision == card.revision:
                mine.hits.update(card.hits)
        return prepared.engine.rules

    def _end_alerts(self, state: RuleState) -> list[Decision]:
        if self.open is None or self.muted:
            return []
        return [self._decide(state, move) for move in state.end_all(self.open, EventReason.RULE_REMOVED)]

    def _forget_hits(self, name: str) -> None:
        """What the rule of that name counted is no longer counted anywhere: nothing may be taken back from another."""
        for card in self.cards:
            card.hits.pop(name, None)

    def _remove(self, name: str, activated_at: datetime) -> list[Decision]:
        state = self.rules.pop(name)
        self._forget_hits(name)
        if self.muted:
            return []
        decisions = self._end_alerts(state)
        hour = self.open if self.open is not None else hour_of(activated_at)
        move = Move(EventKind.RULE_REMOVED, EventReason.RULE_REMOVED, blank_verdict(hour, 1.0))
        return [*decisions, self._decide(state, KeyMove("", move), at=self.now or activated_at)]

    # -- events -----------------------------------------------------------------------------------------------------

    def _decide(self, state: RuleState, key_move: KeyMove, at: datetime | None = None) -> Decision:
        """Return the event of a move, linked into the rule's chain, with its evidence."""
        evidence = evidence_of(self, state, key_move)
        event = event_of(self, state, key_move, evidence, at=at, engine_version=ENGINE_VERSION)
        if self.now is not None:
            state.told_of(key_move, open_hour(self.now))
        return Decision(event=self.chains.append(event), evidence=evidence)


def _wanted(record: RulesActivated) -> list[Rule]:
    return [rule for rule in RuleSet.from_compiled(record.compiled).rules if rule.mode is not Mode.OFF]


def _muted(rules: tuple[Rule, ...]) -> Engine:
    """Return an engine of ``rules`` before their history."""
    engine = Engine(muted=True)
    engine.rules.update({rule.name: RuleState(rule, make_tracks(rule, engine.banks)) for rule in rules})
    engine.reader = Reader(rules)
    engine.card_hours = max([CARD_HOURS, *(t.memory_hours for s in engine.rules.values() for t in s.tracks)])
    return engine


def _recent(versions: dict[str, int], since: int) -> dict[str, int]:
    """Drop versions that were replaced before ``since``; the newest always stays."""
    ordered = list(versions.items())
    return {v: hour for i, (v, hour) in enumerate(ordered) if i == len(ordered) - 1 or ordered[i + 1][1] >= since}
