"""Whether an event of the truth is the business of a rule, and whether an alert of it is about that event. Pure."""

from __future__ import annotations

from alerts.rules.directory import ActorDirectory
from alerts.rules.membership import ActorTest
from alerts.rules.model import ActorSet, KeywordsPart, Near, Pattern, PlainTerm, Rule, WatchKind


def watches(rule: Rule, watch: str, names: ActorDirectory) -> bool:
    """Tell whether ``rule`` counts what ``watch`` names (see :class:`pipelines.backtest.truth.TrueEvent`).

    What else the rule asks for, a topic or a tone, is not looked at.
    """
    kind, _, rest = watch.partition(":")
    if kind == "rule" and rest:
        return rule.name == rest
    if kind == "keyword" and rest:
        return rule.watch.kind is WatchKind.KEYWORDS and (rest == rule.name or _has_word(rule.watch.keywords, rest))
    if kind == "topic" and rest:
        named = rule.watch.topics.any if rule.watch.topics is not None else ()
        return rule.watch.kind is WatchKind.TOPIC and (rest in (rule.name, *named) or not named)
    ends, directed = _ends(watch)
    if len(ends) == 1:
        return (
            rule.watch.kind is WatchKind.ACTOR
            and rule.watch.actor is not None
            and _in(rule.watch.actor.any, ends[0], names)
        )
    pair = rule.watch.pair
    if rule.watch.kind is not WatchKind.PAIR or pair is None:
        return False
    as_written = _in(pair.one, ends[0], names) and _in(pair.other, ends[1], names)
    the_other_way = _in(pair.one, ends[1], names) and _in(pair.other, ends[0], names)
    return as_written or (the_other_way and not (pair.directed and directed))


def is_about(rule: Rule, key: str, watch: str) -> bool:
    """Tell whether what rang for ``key`` of ``rule``, which :func:`watches` it, is about ``watch``."""
    kind, _, rest = watch.partition(":")
    if kind in ("rule", "keyword") and rest:
        return True
    if kind == "topic" and rest:
        return key in (watch, f"topic:{rule.name}")
    ends, directed = _ends(watch)
    if len(ends) == 1:
        return key == watch
    if ">" in key:
        return key == ">".join(ends) or (not directed and key == ">".join(reversed(ends)))
    return key == "-".join(sorted(ends))


def _ends(watch: str) -> tuple[list[str], bool]:
    directed = ">" in watch
    return watch.split(">" if directed else "-"), directed


def _in(choices: ActorSet, actor: str, names: ActorDirectory) -> bool:
    return ActorTest(choices)(actor, names.type_of(actor) or "")


def _has_word(part: KeywordsPart | None, word: str) -> bool:
    terms = (*part.any, *part.all) if part is not None else ()
    plain: list[PlainTerm] = []
    for term in terms:
        plain.extend([one for group in term.groups for one in group] if isinstance(term, Near) else [term])
    return any((one.pattern if isinstance(one, Pattern) else one.text).casefold() == word.casefold() for one in plain)
