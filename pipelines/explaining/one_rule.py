"""The engine with one rule alone: rules do not influence each other, so of that rule it is as it was beside the others."""

from __future__ import annotations

from alerts.engine import Engine
from alerts.reading import Reader
from alerts.rules.model import RuleSet
from schemas.control import RulesActivated
from schemas.wire import SignalsRecord


def left_alone(engine: Engine, name: str) -> Engine:
    """Return ``engine`` without any rule but ``name``, as if the others had never been in force."""
    rules = engine.rules
    for other in rules.keys() - {name}:
        del rules[other]
    engine.reader = Reader(tuple(state.rule for state in rules.values()))
    return engine


def of_one_rule(record: SignalsRecord, name: str) -> SignalsRecord:
    """Return ``record``; an activation puts only the rule ``name`` into force, and is still called what it was."""
    if not isinstance(record, RulesActivated):
        return record
    rules = [rule for rule in RuleSet.from_compiled(record.compiled).rules if rule.name == name]
    return record.changed(compiled=RuleSet.of(*rules).compiled())
