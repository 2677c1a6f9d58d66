"""A rule with many keys as if it counted one of them alone, to say of an article what it lacks of just that key. Pure."""

from __future__ import annotations

import re

from alerts.rules.model import NamedActors, PairPart, Rule, TopicsPart, Watch, WatchKind

_PAIR = re.compile(r"([A-Z][A-Z0-9_]*)([->])([A-Z][A-Z0-9_]*)")
_ACTOR = re.compile(r"[A-Z][A-Z0-9_]*")


def with_one_key(rule: Rule, key: str) -> Rule:
    """Return ``rule`` counting ``key`` and nothing else; as it is where ``key`` does not look like one of its keys."""
    watch = _narrowed(rule.watch, key)
    return rule if watch is None else rule.model_copy(update={"watch": watch})


def _narrowed(watch: Watch, key: str) -> Watch | None:
    pair, actor = _PAIR.fullmatch(key), _ACTOR.fullmatch(key)
    if watch.kind is WatchKind.PAIR and watch.pair is not None and pair is not None:
        directed = pair[2] == ">"
        if directed is not watch.pair.directed:
            return None
        one, other = ((NamedActors(ids=(end,)),) for end in (pair[1], pair[3]))
        return watch.model_copy(update={"pair": PairPart(one=one, other=other, directed=directed)})
    if watch.kind is WatchKind.ACTOR and watch.actor is not None and actor is not None:
        alone = watch.actor.model_copy(update={"any": (NamedActors(ids=(key,)),)})
        return watch.model_copy(update={"actor": alone})
    if watch.each_topic and key.startswith("topic:"):
        others = watch.topics or TopicsPart()
        return watch.model_copy(update={"topics": others.model_copy(update={"any": (key.removeprefix("topic:"),)})})
    return None
