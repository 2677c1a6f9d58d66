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


def activate_rules(
    log: Log, clock: Clock, rules: RuleSet, text: str, *, author: str = "", comment: str = ""
) -> RulesActivated:
    """Append the activation of ``rules`` (written as ``text``) and return its record."""
    compiled = rules.compiled()
    record = RulesActivated(
        rules_hash=rules_hash(compiled),
        text=text,
        compiled=compiled,
        activated_at=clock.now(),
        author=author,
        comment=comment,
    )
    log.append(SIGNALS, [Entry(0, encode(record))])
    return record
