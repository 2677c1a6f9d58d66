"""Whether a rule can have a key, so that nobody asks about, or silences, one that never comes. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from alerts.rules.directory import ActorDirectory
from alerts.rules.model import Rule, WatchKind
from alerts.rules.words import keys_of
from pipelines.backtest.concern import watches
from schemas.errors import UsageError
from schemas.plain_text import plain_line

_SIGNS = re.compile("[->]")


def must_be_key(versions: Sequence[Rule], key: str, names: ActorDirectory) -> None:
    """Check that one of ``versions`` of a rule (the newest last) can have ``key``.

    :raises UsageError: none can; the keys of the newest are named.
    """
    if versions and not any(can_have(rule, key, names) for rule in versions):
        newest = versions[-1]
        shown = plain_line(keys_of(newest), 80)
        raise UsageError(
            f"the rule {newest.name} has no key {plain_line(key, 80)!r}", remedy=f"what it counts is {shown}"
        )


def can_have(rule: Rule, key: str, names: ActorDirectory) -> bool:
    """Tell whether ``rule`` can count something as ``key``; an actor nobody knows any more may have been of any type."""
    watch = rule.watch
    if watch.kind is WatchKind.KEYWORDS:
        return key == f"keyword:{rule.name}"
    if watch.kind is WatchKind.TOPIC:
        named = watches(rule, key, names) if watch.each_topic else key == f"topic:{rule.name}"
        return key.startswith("topic:") and named
    ends = _SIGNS.split(key)
    if watch.kind is WatchKind.PAIR:
        signed = watch.pair is not None and (">" in key) is watch.pair.directed
        if len(ends) != 2 or not signed:
            return False
    elif len(ends) != 1:
        return False
    elif watch.actor is None or not watch.actor.any:
        return True
    return any(names.type_of(end) is None for end in ends) or watches(rule, key, names)
