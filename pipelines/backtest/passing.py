"""One pass over history with many rules: each record is read and decoded once, and every rule decides for itself.

records ──▶ engine ──▶ decisions ──▶ one book of alarms a rule;  each midnight ──▶ the book of days
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.engine import Engine
from alerts.key_decisions import LEARNING_HOURS
from pipelines.backtest.alarms import AlarmBook
from pipelines.backtest.day_book import DayBook
from pipelines.backtest.variants import Variant, rules_to_run
from schemas.errors import UsageError
from schemas.reasons import EventKind
from schemas.wire import SignalsRecord

_RINGING = (EventKind.OPENED, EventKind.ESCALATED, EventKind.RESOLVED)


@dataclass(frozen=True)
class Passed:
    """What a pass found: alarms by name of a variant's rule, the days of the watched keys, and when it began and ended."""

    books: dict[str, AlarmBook]
    days: DayBook
    first: datetime
    last: datetime

    @property
    def learnt(self) -> datetime:
        """When rules know what is normal."""
        return self.first + timedelta(hours=LEARNING_HOURS)


def one_pass(records: Iterable[SignalsRecord], variants: Sequence[Variant], days: DayBook) -> Passed:
    """Step a fresh engine through ``records``, whose first activates the rules of ``variants``.

    :raises UsageError: nothing could be decided on them.
    """
    engine = Engine()
    by_rule = rules_to_run(variants)
    books = {name: AlarmBook() for name in by_rule}
    first: datetime | None = None
    day = -1
    for offset, record in enumerate(records):
        for decision in engine.step(offset, record):
            event = decision.event
            variant = by_rule[event.rule]
            key = variant.key(event.key)
            books[event.rule].take(decision, key)
            if event.rule in days.rules and event.event in _RINGING and engine.open is not None:
                days.rang(event.rule, key, engine.open)
        if engine.open is not None and engine.open // 24 != day:
            if day >= 0:
                days.take(engine)
            day = engine.open // 24
            first = first or engine.now
    if first is None or engine.now is None:
        raise UsageError(
            "these days hold too little to decide anything", remedy="take more days, or import more articles"
        )
    return Passed(books, days, first, engine.now)
