"""Puts a checked rule set into force: a RulesActivated record on ``signals``, in the same order as the news.

It checks nothing: callers load the rules first, so what reaches the log is whole.
"""

from __future__ import annotations

from alerts.rules.model import RuleSet, rules_hash
from schemas.clock import Clock
from schemas.control import RulesActivated
from schemas.ports.log import Entry, Log
from schemas.topics import SIGNALS
from schemas.wire import encode

#: A log of more signals than this takes longer to warm new rules on than the next record should wait.
MOST_SIGNALS_AT_ONCE = 5_000


def activate_rules(
    log: Log,
    clock: Clock,
    rules: RuleSet,
    text: str,
    *,
    author: str = "",
    comment: str = "",
    deferred: bool = False,
) -> RulesActivated:
    """Append the activation of ``rules`` (written as ``text``) and return its record.

    ``deferred``: the rules in force go on deciding until the new ones are warmed.
    """
    compiled = rules.compiled()
    record = RulesActivated(
        rules_hash=rules_hash(compiled),
        text=text,
        compiled=compiled,
        activated_at=clock.now(),
        author=author,
        comment=comment,
        deferred=deferred,
    )
    log.append(SIGNALS, [Entry(0, encode(record))])
    return record


def warms_for_long(log: Log) -> bool:
    """Tell whether new rules should be warmed while those in force go on deciding: whether the log is long."""
    return log.end_offset(SIGNALS, 0) - log.start_offset(SIGNALS, 0) > MOST_SIGNALS_AT_ONCE
