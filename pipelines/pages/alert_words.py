"""What is new in the words of an alert against its key's 28 days before, as its message says it, for alerts of any age.

    a page asks ──▶ queue ──one thread──▶ the log, from 28 days before the alert ──▶ words, kept

The log is read beside the pages: the first visitor of an alert sees the page without the words, and live updates bring them.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from alerts.explanation.background import background_of, compared_with, conflict_share, terms_of
from alerts.explanation.key_history import KEPT, KeyHistory
from alerts.explanation.names import ActorNames
from alerts.rules.words import words_watched
from pipelines.explaining.alert_then import began_at, is_trimmed, offset_of, rule_then, signals_between
from pipelines.pages.ledger_view import AlertLife
from schemas.alert_event import AlertEvent
from schemas.errors import TocsinError
from schemas.ports.log import Log
from schemas.ports.store import Store
from schemas.reasons import EventKind

logger = logging.getLogger(__name__)

#: Alerts of which the words are kept.
MOST_KEPT = 2_000

#: Alerts that wait at most: who clicks through hundreds reads none of them.
_MOST_WAITING = 50

_TELLING = frozenset({EventKind.OPENED, EventKind.ESCALATED, EventKind.UPDATED})


@dataclass(frozen=True)
class AlertWords:
    """``new``: words that stand out, most telling first; none where there are none, or the log does not reach back so far.
    ``against``: what they are new against. ``conflict``: the share in conflict, in words; empty where too little is known."""

    new: tuple[str, ...] = ()
    against: str = ""
    conflict: str = ""


class WordsOfAlerts:
    """Works out and keeps the words of the alerts that are asked for. ``names`` are read when first needed."""

    def __init__(self, open_log: Callable[[], Log], store: Store, names: ActorNames) -> None:
        self._open_log = open_log
        self._store = store
        self._names = names
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, int], AlertWords] = OrderedDict()
        self._waiting: OrderedDict[tuple[str, int], AlertEvent] = OrderedDict()
        self._thread: threading.Thread | None = None

    @property
    def count(self) -> int:
        """Return how many are known: another number means that a page may look different."""
        with self._lock:
            return len(self._known)

    def of(self, life: AlertLife) -> AlertWords | None:
        """Return the words of the newest event of ``life`` that told something new; None while they are worked out."""
        event = next((one for one in reversed(life.events) if one.event in _TELLING), None)
        if event is None or event.window is None or not event.key:
            return AlertWords()
        place = (event.alert_id, event.seq)
        with self._lock:
            found = self._known.get(place)
            if found is None:
                self._waiting[place] = event
                while len(self._waiting) > _MOST_WAITING:
                    self._waiting.popitem(last=False)
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, name="alert-words", daemon=True)
                    self._thread.start()
            return found

    def wait(self, timeout_s: float) -> bool:
        """Wait until nothing is to be worked out any more; return whether that came about."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
        return thread is None or not thread.is_alive()

    def _work(self) -> None:
        """Work off what waits, the newest question first, then end."""
        while True:
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return
                place, event = self._waiting.popitem()
            words = self._worked_out(event)
            with self._lock:
                self._known[place] = words
                self._waiting.pop(place, None)
                while len(self._known) > MOST_KEPT:
                    self._known.popitem(last=False)

    def _worked_out(self, event: AlertEvent) -> AlertWords:
        try:
            return self._read(event)
        except TocsinError as error:
            logger.info("what is new in the words of %s cannot be told: %s", event.alert_id[:12], error)
            return AlertWords()

    def _read(self, event: AlertEvent) -> AlertWords:
        rule, before = rule_then(self._store, event), offset_of(self._store, event) + 1
        if rule is None:
            return AlertWords()
        history = KeyHistory([rule])
        with self._open_log() as log:
            if is_trimmed(log, event.at - KEPT):
                return AlertWords()  # What the key was about before is trimmed away: every word would seem new.
            if (began := began_at(log, event.at - KEPT)) is not None:
                history.begin(began)
            for signal in signals_between(log, event.at - KEPT, before, event.key):
                history.take(signal)
        background = background_of(event, history, words=words_watched(rule.watch))
        evidence = list(self._store.evidence(list(event.evidence)).values())
        return AlertWords(
            terms_of(event, evidence, background, self._names),
            compared_with(background.reach),
            conflict_share(evidence, background),
        )
