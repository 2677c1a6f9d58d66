"""History decided by this process for all rules, record by record, from the beginning or from where it was stopped.

records by number ──▶ engine.step ──▶ decisions
                          │ raises
                          ▼
                      the way again from the last place, without this record
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date

from alerts.engine import Engine
from pipelines.replay.numbered import NumberedRecords
from pipelines.replay.replay import Told, nobody
from pipelines.replay.unfinished_share import Place, UnfinishedShare
from pipelines.stepping import step_or_fail
from schemas.alert_event import AlertEvent, Decision
from schemas.errors import UndecidableRecordError

logger = logging.getLogger(__name__)


def decide_alone(records: NumberedRecords, share: UnfinishedShare | None, told: Told = nobody) -> Iterator[Decision]:
    """Yield what one engine decides on ``records``; what an earlier run decided comes first, without texts of evidence.

    A record on which the engine fails counts for nothing, as in :mod:`pipelines.stepping`.
    """
    return _Alone(records, share).decisions(told)


class _Alone:
    def __init__(self, records: NumberedRecords, share: UnfinishedShare | None) -> None:
        self._records = records
        self._share = share
        self._place: Place | None = share.go_on() if share is not None else None
        self._engine = Engine() if self._place is None else self._place.begin()
        self._left_out: set[int] = set()  # since the place

    def decisions(self, told: Told) -> Iterator[Decision]:
        if self._place is not None:
            for message in self._place.events:
                yield Decision(event=AlertEvent.model_validate_json(str(message["event"])))
        for number, record in self._records.since(self._place, told, self._day_ended):
            try:
                decisions = step_or_fail(self._engine, number, record)
            except UndecidableRecordError as error:
                logger.error("record %d of the history counts for nothing: %s", number, error.message)
                self._left_out.add(number)
                self._go_back_to(number)
                continue
            for decision in decisions:
                if self._share is not None:
                    self._share.note({"event": decision.event.model_dump_json()})
                yield decision

    def _day_ended(self, following: date, number: int) -> None:
        if self._share is None:
            return
        place = self._share.day_ended(self._engine, following, number)
        if place is not None:
            self._place = place
            self._left_out.clear()

    def _go_back_to(self, before: int) -> None:
        """Make the engine what it was before record ``before``, which it passes over."""
        self._engine = Engine() if self._place is None else self._place.begin()
        for number, record in self._records.since(self._place):
            if number in self._left_out:
                self._engine.pass_over(number)
            else:
                self._engine.step(number, record)
            if number == before:
                return
