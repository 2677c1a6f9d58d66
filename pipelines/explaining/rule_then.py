"""What the engine would know of one rule at a moment: stepped with that rule alone, on the articles it may hit alone.

Rules do not influence each other, and an article that a rule cannot hit changes nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from alerts.engine import Engine
from alerts.rules.model import Mode, Rule, RuleSet, rules_hash
from pipelines.explaining.engine_then import EngineThen, Progress, no_progress, passes
from pipelines.possible_signals import PossibleSignals
from pipelines.signal_history import read_range
from pipelines.stepping import Stepping
from schemas.control import RulesActivated
from schemas.coverage import Coverage
from schemas.errors import BrokenRecordError
from schemas.ids import EPOCH, milliseconds
from schemas.ports.log import Log, LogRecord
from schemas.topics import SIGNALS
from schemas.wire import SignalsRecord, decode_signals


def rule_then(
    log: Log,
    rule: Rule,
    moment: datetime,
    since: datetime,
    each: Callable[[LogRecord, SignalsRecord], None],
    progress: Progress = no_progress,
) -> EngineThen:
    """Return the engine after the last record with which engine time had not passed ``moment``, as if ``rule`` had been in
    force (in shadow, where it is off) since ``since`` or the beginning of the log; ``each`` hears of every record stepped."""
    compiled = RuleSet.of(
        rule.model_copy(update={"mode": Mode.SHADOW if rule.mode is Mode.OFF else rule.mode})
    ).compiled()
    activation = RulesActivated(rules_hash=rules_hash(compiled), text="", compiled=compiled, activated_at=EPOCH)

    def begin() -> Engine:
        engine = Engine()
        engine.step(-1, activation)
        return engine

    first = max(log.start_offset(SIGNALS, 0), log.offset_at(SIGNALS, 0, milliseconds(since)))
    end = log.end_offset(SIGNALS, 0)
    stepping = Stepping(log, begin, first, with_rules=False)
    then = EngineThen(stepping.engine, moment, since, first, began=first)
    possible = PossibleSignals([rule.model_copy(update={"mode": Mode.LIVE})])
    for record in read_range(log, first, end):
        if (record.offset - first) % 1000 == 0:
            progress(record.offset - first, end - first)
        if record.value not in possible:
            continue
        try:
            decoded = decode_signals(record.value)
        except BrokenRecordError:
            continue
        if isinstance(decoded, Coverage) and passes(then.engine, decoded, moment):
            break
        then.events.extend(decision.event for decision in stepping.step_again(record, decoded))
        then.engine, then.offset = stepping.engine, record.offset + 1
        each(record, decoded)
    progress(end - first, end - first)
    return then
