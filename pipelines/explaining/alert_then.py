"""What an alert opened on, computed again: hours, windows, what would have silenced it, what would have rung sooner, words.

The log is stepped again up to the record that opened it, from the newest snapshot that lies early enough or from its start;
everything is read off the engine just after that record. What the key was about before is read without stepping.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from alerts.engine import Engine
from alerts.explanation.background import background_of, compared_with, conflict_share, terms_of
from alerts.explanation.key_history import KEPT, KeyHistory
from alerts.explanation.names import ActorNames
from alerts.rules.match import compile_watch
from alerts.rules.model import Rule, Sensitivity
from alerts.rules.model import RuleSet as RuleSetModel
from alerts.rules.words import words_watched
from alerts.standing import HourCount, Standing, hour_counts, more_sensitive, standings
from pipelines.explaining.crossings_of_life import CrossingsOfLife
from pipelines.explaining.engine_then import Progress, engine_then, no_progress
from pipelines.explaining.silencers import may_know, silencers
from pipelines.pages.hour_series import Hour, hours_of
from pipelines.signal_history import read_range
from schemas.alert_event import AlertEvent, Evidence
from schemas.coverage import Coverage
from schemas.errors import BrokenRecordError, FatalError
from schemas.ids import hour_of, milliseconds
from schemas.ports.log import Log, LogRecord
from schemas.ports.store import RuleSet, Store
from schemas.reasons import EventKind
from schemas.signal import Signal
from schemas.topics import SIGNALS
from schemas.wire import SignalsRecord, decode_signals

#: How long after its opening windows are looked at that a quieter rule would ring on.
_LIFE = timedelta(days=3)

#: How long before its opening it is looked whether a more sensitive rule would have rung.
_SOONER = timedelta(hours=26)

_ENDS = (EventKind.RESOLVED, EventKind.RETRACTED)

#: Keys that are made of the ids of actors; and where a record says which article it is of.
_OF_ACTORS = re.compile(r"[A-Z][A-Z0-9_]*(?:[->][A-Z][A-Z0-9_]*)?")
_ARTICLE_ID = re.compile(rb'"article_id":"[^"]*"')

#: Hours shown of the key.
_HOURS_SHOWN = 36


@dataclass(frozen=True)
class Sooner:
    """When a more sensitive rule would have rung, everything else alike."""

    sensitivity: Sensitivity
    at: datetime
    score: float


@dataclass(frozen=True)
class RungBy:
    """The record that opened the alert. ``at``: when it was taken in; engine time itself moves on with coverage, mostly
    once an hour, so ``at`` of an event may lie up to an hour before. ``title`` and ``source`` are empty where an hour ended."""

    at: datetime
    title: str = ""
    source: str = ""


@dataclass
class AlertThen:
    """What the engine knew when it opened the alert. ``windows``: those that end with its crossing."""

    rule: Rule | None = None
    rung_by: RungBy | None = None
    windows: tuple[Standing, ...] = ()
    hours: tuple[HourCount, ...] = ()
    drawn: tuple[Hour, ...] = ()  # the same with how widely normal news scatters, for a chart
    silenced_by: tuple[str, ...] = ()
    silenced_until: datetime | None = None  # up to where its life was gone through for that
    sooner: dict[Sensitivity, Sooner] = field(default_factory=dict)
    new_words: tuple[str, ...] = ()
    words_against: str = ""  # what they are new against
    conflict: str = ""


def alert_then(
    log: Log,
    store: Store,
    snapshots: Path | None,
    opened: AlertEvent,
    evidence: Sequence[Evidence],
    names: ActorNames,
    progress: Progress = no_progress,
) -> AlertThen:
    """Return what is known of the alert that ``opened`` began; ``evidence`` is that of its opening.

    :raises FatalError: the log does not reach back so far, nor does a snapshot; or it does not give this alert again.
    """
    offset, ended = offset_of(store, opened), _ended(store, opened)
    looking = _Looking(opened, offset, rule_then(store, opened), ended)
    since = opened.at - KEPT
    until = opened.at + _LIFE if ended is None else min(ended.at, opened.at + _LIFE)
    stepped = engine_then(
        log,
        store,
        snapshots,
        until,
        since,
        progress,
        looking.take,
        keep_signals=False,
        shorten=True,
        heard_from=opened.at - _SOONER,
        only=_forms_of(store, opened.rule),
    )
    if not looking.reached:
        raise FatalError(
            f"the record at offset {offset} that opened the alert is not in the log any more",
            remedy="the ledger still holds its numbers and its evidence",
        )
    then = looking.then
    if then.rule is not None:
        kinds = [detector.kind for detector in then.rule.when]
        may_be_known = may_know(then.rule, opened.key)
        then.silenced_by = silencers(looking.life.crossings, kinds, may_be_known=may_be_known)
        then.silenced_until = until if stepped.engine.now is None else min(until, stepped.engine.now)
        if is_trimmed(log, since):
            return then  # What the key was about before is not known: every word would seem new.
        history = KeyHistory([then.rule])
        if (began := began_at(log, since)) is not None:
            history.begin(began)
        for signal in (*signals_between(log, since, stepped.began, opened.key), *looking.signals):
            history.take(signal)
        background = background_of(opened, history, words=words_watched(then.rule.watch))
        then.new_words = terms_of(opened, evidence, background, names)
        then.words_against = compared_with(background.reach)
        then.conflict = conflict_share(evidence, background)
    return then


def is_trimmed(log: Log, since: datetime) -> bool:
    """Tell whether records appended at ``since`` or later may be gone from the log."""
    start = log.start_offset(SIGNALS, 0)
    return 0 < start >= log.offset_at(SIGNALS, 0, milliseconds(since))


def began_at(log: Log, since: datetime) -> datetime | None:
    """Return when the first article was seen that was appended at ``since`` or later; None where none was."""
    first = max(log.offset_at(SIGNALS, 0, milliseconds(since)), log.start_offset(SIGNALS, 0))
    for record in read_range(log, first, log.end_offset(SIGNALS, 0)):
        try:
            decoded = decode_signals(record.value)
        except BrokenRecordError:
            continue
        if isinstance(decoded, Signal):
            return decoded.observed_at
    return None


def signals_between(log: Log, since: datetime, before: int, key: str) -> Iterator[Signal]:
    """Yield the signals that were appended from ``since`` on, up to the offset ``before``, that may be about ``key``.

    What does not even name the actors of a key is not decoded, unless it is a later revision of what did.
    """
    needed = [f'"{actor}"'.encode() for actor in re.split("[->]", key)] if _OF_ACTORS.fullmatch(key) else []
    known: set[bytes] = set()
    first = max(log.offset_at(SIGNALS, 0, milliseconds(since)), log.start_offset(SIGNALS, 0))
    for record in read_range(log, first, before):
        named = _ARTICLE_ID.search(record.value)
        article = named.group() if named is not None else b""
        if article not in known and not all(actor in record.value for actor in needed):
            continue
        known.add(article)
        try:
            decoded = decode_signals(record.value)
        except BrokenRecordError:
            continue
        if isinstance(decoded, Signal):
            yield decoded


def rule_set_of(store: Store, event: AlertEvent) -> RuleSet | None:
    """Return the rule set that was in force when ``event`` was written."""
    return next((one for one in reversed(store.rule_sets()) if one.rules_hash == event.rules_hash), None)


def rule_then(store: Store, event: AlertEvent) -> Rule | None:
    """Return the rule as it was when ``event`` was written; None where the store does not know it."""
    found = rule_set_of(store, event)
    rules = RuleSetModel.from_compiled(found.compiled).rules if found is not None else ()
    return next((rule for rule in rules if rule.name == event.rule), None)


def offset_of(store: Store, opened: AlertEvent) -> int:
    """Return the offset of the record that wrote ``opened``; :raises FatalError: the ledger does not hold that event."""
    for event, provenance in store.events_with_provenance(alert_id=opened.alert_id):
        if event.rule == opened.rule and event.seq == opened.seq:
            return provenance.log_offset
    raise FatalError(f"{opened.rule} #{opened.seq} is not in the ledger", remedy="`tocsin verify` shows the extent")


@dataclass(frozen=True)
class _End:
    """Where an alert ended."""

    at: datetime
    offset: int


def _ended(store: Store, opened: AlertEvent) -> _End | None:
    """Return where the alert ended; None while it is open."""
    last = list(store.events_with_provenance(alert_id=opened.alert_id))[-1:]
    return next((_End(event.at, by.log_offset) for event, by in last if event.event in _ENDS), None)


def _forms_of(store: Store, name: str) -> list[Rule]:
    """Return every form that the rule has had; none where the store knows none."""
    found: list[Rule] = []
    for one in store.rule_sets():
        found += [r for r in RuleSetModel.from_compiled(one.compiled).rules if r.name == name and r not in found]
    return found


class _Looking:
    """Hears every record on the way to the opening and until the end, and reads the engine where it matters."""

    def __init__(self, opened: AlertEvent, offset: int, rule: Rule | None, ended: _End | None) -> None:
        self._opened, self._offset, self._ended = opened, offset, ended
        self.life = CrossingsOfLife(opened)
        self._since = opened.at - KEPT
        self._watch = compile_watch(rule) if rule is not None else None
        self._known: set[str] = set()
        self.then = AlertThen(rule)
        self.signals: list[Signal] = []  # that the rule finds, and every later revision of them
        self.reached = False

    def take(self, record: LogRecord, decoded: SignalsRecord, engine: Engine) -> None:
        if self.reached:
            if self._ended is None or record.offset < self._ended.offset:
                self.life.take(engine, touched=isinstance(decoded, Signal) and self._touches(decoded, engine))
            return
        if isinstance(decoded, Signal) and decoded.revised_at >= self._since and self._is_about(decoded):
            self.signals.append(decoded)
        if self._opened.rule not in engine.rules:
            return
        if record.offset == self._offset:
            self._read(engine)
            self.life.take(engine, touched=True)
            self.then.rung_by = _rung_by(decoded, engine)
            self.reached = True
        elif engine.now is not None and engine.now >= self._opened.at - _SOONER and self._touches(decoded, engine):
            self._look_for_sooner(decoded, engine)

    def _is_about(self, signal: Signal) -> bool:
        if self._watch is None or (signal.article_id not in self._known and not self._watch.hits(signal)):
            return False
        self._known.add(signal.article_id)
        return True

    def _touches(self, decoded: SignalsRecord, engine: Engine) -> bool:
        if isinstance(decoded, Coverage):
            return True
        card = engine.cards.get(decoded.article_id) if isinstance(decoded, Signal) else None
        return card is not None and any(h.key == self._opened.key for h in card.hits.get(self._opened.rule, ()))

    def _read(self, engine: Engine) -> None:
        opened, state = self._opened, engine.rules[self._opened.rule]
        if opened.crossing is None or engine.open is None:
            return
        crossing = hour_of(opened.crossing)
        every = standings(state, opened.key, crossing)
        self.then.windows = tuple(s for s in every if s.verdict.detector == opened.detector)
        track = next((t for t, d in zip(state.tracks, state.rule.when, strict=True) if d.kind == opened.detector), None)
        if track is not None:
            self.then.hours = tuple(hour_counts(track, opened.key, crossing - _HOURS_SHOWN + 1, engine.open))
            self.then.drawn = tuple(hours_of(track, opened.key, crossing - _HOURS_SHOWN + 1, engine.open))

    def _look_for_sooner(self, decoded: SignalsRecord, engine: Engine) -> None:
        if engine.open is None or engine.now is None:
            return
        state = engine.rules[self._opened.rule]
        if state.start_hour is None:
            return
        at = _taken_in(decoded, engine.now)
        for standing in standings(state, self._opened.key, engine.open):
            for sensitivity, score in more_sensitive(standing):
                self.then.sooner.setdefault(sensitivity, Sooner(sensitivity, at, score))


def _taken_in(decoded: SignalsRecord, now: datetime) -> datetime:
    return max(now, decoded.revised_at) if isinstance(decoded, Signal) else now


def _rung_by(decoded: SignalsRecord, engine: Engine) -> RungBy | None:
    if engine.now is None:
        return None
    at = _taken_in(decoded, engine.now)
    if not isinstance(decoded, Signal):
        return RungBy(at)
    return RungBy(at, title=decoded.title, source=decoded.source.name or decoded.source.id)
