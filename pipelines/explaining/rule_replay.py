"""What rules would have rung on the history in the log: a fresh engine, the same code, rules beside each other.

Rules do not influence each other, so any number of variants of one go through the log together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from alerts.engine import Engine
from alerts.rules.model import Mode, Rule, RuleSet, rules_hash
from pipelines.explaining.engine_then import Progress, no_progress
from pipelines.possible_signals import PossibleSignals
from pipelines.signal_history import read_range
from pipelines.stepping import Stepping
from schemas.alert_event import AlertEvent
from schemas.control import RulesActivated
from schemas.ids import EPOCH
from schemas.ports.log import Log
from schemas.reasons import EventKind
from schemas.topics import SIGNALS

_ENDS = (EventKind.RESOLVED, EventKind.RETRACTED)


@dataclass(frozen=True)
class Rung:
    """An alert of the history: on which key, from when to when (None = still open at the end)."""

    key: str
    opened: AlertEvent
    until: datetime | None


@dataclass
class Replayed:
    """What came of it, by the label of each rule; the stretch of engine time that was gone through."""

    alerts: dict[str, list[Rung]] = field(default_factory=dict)
    first: datetime | None = None
    last: datetime | None = None


def replay_rules(log: Log, rules: Mapping[str, Rule], progress: Progress = no_progress) -> Replayed:
    """Return what ``rules`` (by a label of the caller's) ring on the whole log, as if they had always been in force.

    Only signals that some of them may hit are decoded and stepped.

    A rule that is off is tried as if in shadow. Activations in the log are passed over.
    """
    labels = {f"rule{number:04d}": label for number, label in enumerate(rules)}
    renamed = [
        rules[label].model_copy(update={"name": name, "mode": _tried(rules[label])}) for name, label in labels.items()
    ]
    compiled = RuleSet.of(*renamed).compiled()
    activation = RulesActivated(rules_hash=rules_hash(compiled), text="", compiled=compiled, activated_at=EPOCH)

    def begin() -> Engine:
        engine = Engine()
        engine.step(-1, activation)
        return engine

    result = Replayed({label: [] for label in rules})
    possible = PossibleSignals(renamed)
    start, end = log.start_offset(SIGNALS, 0), log.end_offset(SIGNALS, 0)
    stepping = Stepping(log, begin, start, with_rules=False)
    for record in read_range(log, start, end):
        if (record.offset - start) % 1000 == 0:
            progress(record.offset - start, end - start)
        if record.value not in possible:
            continue
        _take(result, labels, rules, (decision.event for decision in stepping.step_again(record)))
        result.first = result.first or stepping.engine.now
    result.last = stepping.engine.now
    progress(end - start, end - start)
    return result


def _tried(rule: Rule) -> Mode:
    return Mode.SHADOW if rule.mode is Mode.OFF else rule.mode


def _take(result: Replayed, labels: Mapping[str, str], rules: Mapping[str, Rule], events: Iterable[AlertEvent]) -> None:
    for event in events:
        label = labels.get(event.rule)
        if label is None or not event.alert_id:
            continue
        rung = result.alerts[label]
        if event.event is EventKind.OPENED:
            # Keys of words and topics carry the name of their rule.
            key = event.key.replace(event.rule, rules[label].name)
            rung.append(Rung(key, event, None))
        elif event.event in _ENDS:
            for i, one in enumerate(rung):
                if one.opened.alert_id == event.alert_id:
                    rung[i] = Rung(one.key, one.opened, event.at)
