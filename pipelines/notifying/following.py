"""Follows the topic ``signals`` beside the notifier, so that a message can say what is new about its key.

    signals ──read──▶ KeyHistory ◀──asked── notifier

Why here: the decider would pay for every article what only alerts need, and a reading at ringing time would be slow. A
thread of its own reads a month once and then what comes. An alert never waits for it: without it, it says less.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from alerts.explanation.background import Background, background_of
from alerts.explanation.key_history import KEPT, KeyHistory
from alerts.rules.model import RuleSet as Rules
from alerts.rules.model import Template
from alerts.rules.words import words_watched
from schemas.alert_event import AlertEvent
from schemas.clock import Clock
from schemas.control import RulesActivated, RulesReady
from schemas.errors import BrokenRecordError, OffsetOutOfRangeError, RetriableError, TocsinError
from schemas.ids import milliseconds
from schemas.ports.channel import HourBar
from schemas.ports.log import Log
from schemas.ports.store import RuleSet
from schemas.signal import Signal
from schemas.topics import SIGNALS
from schemas.wire import decode_signals

logger = logging.getLogger(__name__)

_BATCH = 500
_RETRY_S = 5.0


class KeyFollower:
    """Knows the headlines of every key once it has read the last month. ``rule_sets``: those of the store, oldest first."""

    def __init__(self, open_log: Callable[[], Log], rule_sets: Callable[[], Sequence[RuleSet]], clock: Clock) -> None:
        self._open_log = open_log
        self._rule_sets = rule_sets
        self._clock = clock
        self._lock = threading.Lock()
        self._history: KeyHistory | None = None
        self._compiled, self._rules_offset = "", -1
        self._words: Mapping[str, tuple[str, ...]] = {}
        self._templates: Mapping[str, Template | None] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tocsin-follow", daemon=True)

    def start(self) -> None:
        """Begin to read, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop reading; idempotent."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)

    @property
    def caught_up(self) -> bool:
        """Whether the last month has been read."""
        return self._history is not None

    def background(self, event: AlertEvent, hours: Sequence[HourBar]) -> Background:
        """Return what is known beside ``event``; never waits for the reading."""
        with self._lock:
            words, template = self._words.get(event.rule, ()), self._templates.get(event.rule)
            return background_of(event, self._history, hours, words, template)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._take_newest_rules()
                with self._open_log() as log:
                    self._follow(log)
            except (RetriableError, OffsetOutOfRangeError) as error:
                logger.warning("messages say less for a while: %s", error)
                self._stop.wait(_RETRY_S)
            except TocsinError as error:
                logger.error("messages go out without what is new: %s", error)
                return

    def _take_newest_rules(self) -> None:
        sets = [rule_set for rule_set in self._rule_sets() if rule_set.in_force]
        if sets and sets[-1].since_offset > self._rules_offset:
            self._compiled, self._rules_offset = sets[-1].compiled, sets[-1].since_offset

    def _follow(self, log: Log) -> None:
        """Read the last month, publish it, go on; return to begin anew when other rules take force."""
        rules = Rules.from_compiled(self._compiled).rules if self._compiled else ()
        history = KeyHistory(rules)
        self._words = {rule.name: words_watched(rule.watch) for rule in rules}
        self._templates = {rule.name: rule.template for rule in rules}
        since = milliseconds(self._clock.now() - KEPT - timedelta(days=1))
        offset = max(log.offset_at(SIGNALS, 0, since), log.start_offset(SIGNALS, 0))
        end = log.end_offset(SIGNALS, 0)
        while not self._stop.is_set():
            if offset >= end and self._history is not history:
                with self._lock:
                    self._history = history
            for record in log.read(SIGNALS, 0, offset, max_records=_BATCH, wait_s=0.5):
                offset = record.offset + 1
                try:
                    found = decode_signals(record.value)
                except BrokenRecordError:
                    continue  # The decider has put it aside as a dead letter.
                if isinstance(found, Signal):
                    with self._lock:
                        history.take(found)
                elif isinstance(found, RulesActivated | RulesReady) and record.offset > self._rules_offset:
                    compiled = self._taking_force(found)
                    if compiled is not None:
                        self._compiled, self._rules_offset = compiled, record.offset
                        return

    def _taking_force(self, record: RulesActivated | RulesReady) -> str | None:
        """Return the rules that take force by ``record``; None: none do, or the store does not know them yet."""
        if isinstance(record, RulesActivated):
            return None if record.deferred else record.compiled
        sets = self._rule_sets()
        meant = (record.rules_hash, record.activated_offset)
        newest = sets[-1] if sets else None
        return newest.compiled if newest is not None and (newest.rules_hash, newest.log_offset) == meant else None
