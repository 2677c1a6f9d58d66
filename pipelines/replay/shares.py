"""Which process decides for which rules of a replay. Rules in, shares out."""

from __future__ import annotations

from alerts.rules.membership import ActorTest
from alerts.rules.model import ActorSet, Mode, Rule, RuleSet, Watch, WatchKind

#: Rules × days for each process, below which another costs more than it spares: it takes a second to start, and reads
#: everything as well. Two years with 100 rules are 75,000.
LEAST_RULE_DAYS = 15_000

#: A rule with so many keys or more, or with nobody knows how many, counts as so many rules.
_MANY_KEYS = 20


def shares_of(rules: RuleSet, days: int, workers: int) -> list[list[str]]:
    """Return the names of ``rules`` by process, for at most ``workers``; one share where more are not worth it.

    No share is empty, but for the one of rules that are all off.
    """
    loads = {rule.name: _load(rule) for rule in rules.rules if rule.mode is not Mode.OFF}
    number = max(1, min(workers, len(loads), sum(loads.values()) * days // LEAST_RULE_DAYS))
    shares: list[list[str]] = [[] for _ in range(number)]
    carried = [0] * number
    for name in sorted(loads, key=lambda name: (-loads[name], name)):  # The heaviest first, to whoever carries least.
        least = carried.index(min(carried))
        shares[least].append(name)
        carried[least] += loads[name]
    return shares


def _load(rule: Rule) -> int:
    """Return what ``rule`` costs, where one of a single key costs 1."""
    keys = _keys(rule.watch)
    return _MANY_KEYS if keys is None else max(1, min(keys, _MANY_KEYS))


def _keys(watch: Watch) -> int | None:
    """Return how many keys ``watch`` can have; None: that is not known beforehand."""
    if watch.kind is WatchKind.PAIR and watch.pair is not None:
        one, other = _actors(watch.pair.one), _actors(watch.pair.other)
        return None if one is None or other is None else one * other
    if watch.kind is WatchKind.ACTOR and watch.actor is not None:
        return _actors(watch.actor.any)
    return None if watch.each_topic else 1


def _actors(choices: ActorSet) -> int | None:
    ids = ActorTest(choices).ids
    return None if ids is None else len(ids)
