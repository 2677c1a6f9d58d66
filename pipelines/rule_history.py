"""Which rule sets were put into force: those the store keeps, then those on ``signals`` that deciding has not reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.signal_history import read_range
from schemas.control import RulesActivated
from schemas.ports.log import Log
from schemas.ports.store import RuleSet, Store
from schemas.topics import SIGNALS
from schemas.wire import decode_signals

#: Stands near the beginning of every record that activates rules, so that the others need not be decoded.
_MARK = b'"kind":"rules_activated"'
_MARK_WITHIN_BYTES = 200


@dataclass(frozen=True)
class Activation:
    """An activation; ``number`` counts from 1, the oldest. ``taken``: deciding has read it.

    ``warming``: its new rules are being warmed, and the rule set before decides until they are.
    """

    number: int
    rule_set: RuleSet
    taken: bool
    warming: bool = False


def rule_history(log: Log, store: Store) -> Sequence[Activation]:
    """Return every activation, oldest first."""
    kept = list(store.rule_sets())
    head = store.decider_head()
    # A rule set is kept just before the commit that moves the head: after a crash between the two it is in both.
    known = {rule_set.log_offset for rule_set in kept}
    first = log.start_offset(SIGNALS, 0)
    if head is not None and head.log_id == log.log_id:
        first = max(first, head.next_offset)
    elif head is not None:
        known.clear()  # Offsets of another log say nothing of this one.
    waiting = []
    for record in read_range(log, first, log.end_offset(SIGNALS, 0)):
        if _MARK not in record.value[:_MARK_WITHIN_BYTES] or record.offset in known:
            continue
        decoded = decode_signals(record.value)
        if isinstance(decoded, RulesActivated):
            waiting.append(
                RuleSet(
                    rules_hash=decoded.rules_hash,
                    text=decoded.text,
                    compiled=decoded.compiled,
                    activated_at=decoded.activated_at,
                    author=decoded.author,
                    comment=decoded.comment,
                    log_offset=record.offset,
                    deferred=decoded.deferred,
                )
            )
    sets = [(rule_set, True) for rule_set in kept] + [(rule_set, False) for rule_set in waiting]
    last = kept[-1] if kept else None
    return [
        Activation(number, rule_set, taken, warming=rule_set is last and not rule_set.in_force)
        for number, (rule_set, taken) in enumerate(sets, start=1)
    ]


def newest_in_force(past: Sequence[Activation]) -> RuleSet | None:
    """Return the newest rule set of ``past`` that does not wait to be warmed, nor was replaced before it was."""
    return next((a.rule_set for a in reversed(past) if a.rule_set.in_force), None)
