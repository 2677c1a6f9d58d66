"""An engine on its way through the log. A record it cannot take counts for nothing, and leaves the engine as it was before.

    log ──record──▶ engine.step ──▶ decisions
                        │ raises
                        ▼
                    the way again from where it began, without this record

A step depends on the engine's state, the record and the log before it, and on nothing else. So it raises on the same
records whenever the log is gone through: live, in recovery, by `verify`, in a replay.
"""

from __future__ import annotations

from collections.abc import Callable

from alerts.aside import Aside
from alerts.engine import Engine, History, no_history
from alerts.inheritance import Inheritance
from pipelines.signal_history import ReadableLog, history_before, read_range
from pipelines.warming import Warming
from schemas.alert_event import Decision
from schemas.control import RulesActivated, RulesReady
from schemas.errors import BrokenRecordError, FatalError, TocsinError, UndecidableRecordError
from schemas.ports.log import LogRecord
from schemas.topics import SIGNALS
from schemas.wire import ReadCount, SignalsRecord, decode_signals

#: What tells of the machine or the log, not of the record: the same step may go well next time.
_NOT_OF_THE_RECORD = (TocsinError, OSError, MemoryError, RecursionError)


Begin = Callable[[], Engine]


def begun_with(engine: Engine, again: Begin) -> Begin:
    """Return what hands out ``engine`` first, which was made already, and then what ``again`` makes."""
    made = [engine]
    return lambda: made.pop() if made else again()


def decide_record(
    log: ReadableLog, engine: Engine, record: LogRecord, decoded: SignalsRecord, prepared: Aside | None = None
) -> list[Decision]:
    """Return what ``engine`` decides on ``record``, which says ``decoded``; ``prepared`` as in :meth:`Engine.step`.

    :raises UndecidableRecordError: the step raised; the engine may be spoilt and must not be used again.
    """
    return step_or_fail(engine, record.offset, decoded, history_before(log, record, decoded), prepared)


def step_or_fail(
    engine: Engine,
    offset: int,
    decoded: SignalsRecord,
    history: History = no_history,
    prepared: Aside | None = None,
) -> list[Decision]:
    """Return what ``engine`` decides on ``decoded``; :raises UndecidableRecordError: the step raised."""
    try:
        return engine.step(offset, decoded, history, prepared)
    except _NOT_OF_THE_RECORD:
        raise
    except Exception as error:  # Whatever a record breaks, it must cost that record alone.
        raise UndecidableRecordError(
            f"deciding the record at offset {offset} fails: {type(error).__name__}: {error}"
        ) from error


class Stepping:
    """``engine`` after the records it was given. ``begin`` makes the engine that has taken in everything before ``first``,
    equal each time it is called. Without ``with_rules``, activations are passed over.

    ``warming``: what the owner has warmed of the rules that wait; it spares time, and changes nothing.
    """

    def __init__(self, log: ReadableLog, begin: Begin, first: int, *, with_rules: bool = True) -> None:
        self.engine = begin()
        self.warming: Warming | None = None
        self._log = log
        self._with_rules = with_rules
        self._adopted: list[tuple[int, Inheritance]] = []
        self._passed_over: list[int] = []
        self.begin_at(begin, first)

    def begin_at(self, begin: Begin, first: int) -> None:
        """Let the way back begin at ``first``, where ``begin`` makes an engine equal to what this one was there."""
        self._begin, self._first = begin, first
        self._passed_over = [offset for offset in self._passed_over if offset >= first]
        self._adopted = [(before, ledger) for before, ledger in self._adopted if before > first]

    def adopt(self, ledger: Inheritance, before: int) -> None:
        """Go on in ``ledger`` with the record at offset ``before``, which is the next one."""
        self.engine.adopt(ledger)
        self._adopted.append((before, ledger))

    def step(self, record: LogRecord, read: ReadCount | None = None) -> list[Decision]:
        """Return what the engine decides on ``record``.

        :raises BrokenRecordError: the bytes are no record.
        :raises UndecidableRecordError: the engine cannot take it. In both cases the record counts for nothing.
        :raises FatalError: the engine cannot be brought back to before the record.
        """
        return self._take(record, decode_signals(record.value, read))

    def _take(self, record: LogRecord, decoded: SignalsRecord) -> list[Decision]:
        if not self._with_rules and isinstance(decoded, RulesActivated | RulesReady):
            return []
        try:
            return decide_record(self._log, self.engine, record, decoded, self._prepared(record, decoded))
        except UndecidableRecordError:
            self._go_back_to(record.offset)
            self._pass_over(record.offset)
            raise

    def _prepared(self, record: LogRecord, decoded: SignalsRecord) -> Aside | None:
        """Return the rules that ``record`` lets take force, warmed to it; None: they are warmed when it is stepped."""
        warming, waiting = self.warming, self.engine.waiting
        if not isinstance(decoded, RulesReady) or warming is None or waiting is None:
            return None
        if (warming.offset, waiting.record.rules_hash) != (decoded.activated_offset, decoded.rules_hash):
            return None
        self.warming = None  # Its states are the engine's from now on.
        return warming.complete(record.offset, self.engine.passed_over)

    def step_again(self, record: LogRecord, decoded: SignalsRecord | None = None) -> list[Decision]:
        """Return what the engine decides on ``record`` (``decoded``, where it is known what it says); one that cannot be
        decided decided nothing the first time either."""
        try:
            return self._take(record, decoded or decode_signals(record.value))
        except (BrokenRecordError, UndecidableRecordError):
            return []

    def _pass_over(self, offset: int) -> None:
        self._passed_over.append(offset)
        self.engine.pass_over(offset)

    def _go_back_to(self, offset: int) -> None:
        """Make ``engine`` what it was before the record at ``offset``."""
        if self._log.start_offset(SIGNALS, 0) > self._first:
            raise FatalError(
                f"the record at offset {offset} of signals cannot be decided, and the log was trimmed above offset"
                f" {self._first}, from where the engine would have to be made again",
                remedy="start again: the newest snapshot is younger",
            )
        known = set(self._passed_over)
        self.engine = self._begin()
        adopted = list(self._adopted)
        for old in read_range(self._log, self._first, offset):
            while adopted and adopted[0][0] <= old.offset:
                self.engine.adopt(adopted.pop(0)[1])
            if old.offset in known:
                self.engine.pass_over(old.offset)
                continue
            try:
                decoded = decode_signals(old.value)
                if self._with_rules or not isinstance(decoded, RulesActivated | RulesReady):
                    decide_record(self._log, self.engine, old, decoded)
            except BrokenRecordError:
                continue
            except UndecidableRecordError as error:
                raise FatalError(
                    f"the record at offset {old.offset} of signals was decided before and cannot be decided again",
                    remedy="run `tocsin verify`; nothing was written",
                ) from error
        for _, ledger in adopted:
            self.engine.adopt(ledger)
