"""Which rule and key a person means: by the rule's name, by its key, or by what it watches, in whatever spelling. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Protocol

from alerts.explanation.names import ActorNames
from alerts.rules.directory import ActorDirectory
from alerts.rules.mistakes import RulesError, did_you_mean
from alerts.rules.model import ActorSet, Mode, NamedActors, PairPart, Rule, RuleSet, WatchKind
from alerts.rules.short_watch import short_watch
from pipelines.backtest.concern import watches
from pipelines.backtest.truth import canonical
from pipelines.rule_history import Activation
from schemas.errors import UsageError
from schemas.plain_text import plain_line

#: What people write between the two ends of a pair, where a rule file has ``&`` or ``>``.
_EITHER_WAY = re.compile(r"\s*(?:<->|↔|[–—/])\s*|\s+(?:and|with|vs\.?|versus)\s+", re.IGNORECASE)
_ONE_WAY = re.compile(r"\s*(?:->|→)\s*")

#: So alike are two texts of which one is no doubt a slip of the other.
_SURE = 0.75

#: Rules named where several are meant.
_SHOWN = 8


class Names(ActorDirectory, ActorNames, Protocol):
    """Who is who, and what people call them."""


@dataclass(frozen=True)
class AskedWatch:
    """A rule by its name; ``key`` is None where none was named."""

    rule: str
    key: str | None = None


def rules_ever(past: Sequence[Activation]) -> list[Rule]:
    """Return every rule that ever was in force, each as it was last, by name; those never on are left out."""
    found: dict[str, Rule] = {}
    for activation in past:
        for rule in RuleSet.from_compiled(activation.rule_set.compiled).rules:
            if rule.mode is not Mode.OFF or rule.name not in found:
                found[rule.name] = rule
    return [found[name] for name in sorted(found)]


def versions_of(past: Sequence[Activation], name: str) -> list[Rule]:
    """Return the rule called ``name`` as it was in each set that had it, oldest first."""
    sets = (RuleSet.from_compiled(activation.rule_set.compiled) for activation in past)
    return [rule for rule_set in sets for rule in rule_set.rules if rule.name == name]


def asked_watch(rules: Sequence[Rule], asked: str, names: Names) -> AskedWatch:
    """Return what ``asked`` means among ``rules``.

    It may be the name of a rule, a rule and one of its keys as lists show them (``rule AZE-RUS``), a key (``AZE-RUS``,
    ``AZE>RUS``, ``AZE``), names in place of ids (``Azerbaijan & Russia``), or ``keyword:…``, ``topic:…``, ``rule:…`` as
    in a file of truth.

    :raises UsageError: none of the rules watches that, or several do; with the candidates.
    """
    text = " ".join(asked.split())
    by_name = {rule.name: rule for rule in rules}
    for name in (text, text.removeprefix("rule:"), text.casefold()):
        if name in by_name:
            return AskedWatch(name)
    first, _, rest = text.removeprefix("rule:").partition(" ")
    if first in by_name and rest:
        return AskedWatch(first, key_named(by_name[first], rest, names))
    found: dict[str, AskedWatch] = {}
    for watch in _watches_of(text, names):
        for rule in rules:
            if watches(rule, watch, names):
                found.setdefault(rule.name, AskedWatch(rule.name, _key(rule, watch, names)))
        if found:
            break
    if not found and (actor := names.resolve(text)) is not None:
        found = {rule.name: AskedWatch(rule.name) for rule in rules if actor in _named(rule.watch.pair)}
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        shown = "; ".join(f'"{one.rule}{f" {one.key}" if one.key else ""}"' for one in list(found.values())[:_SHOWN])
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise UsageError(f"{len(found)} rules watch {asked!r}", remedy=f"say which one: {shown}{more}")
    raise UsageError(f"no rule is called {asked!r} or watches it", remedy=_suggestion(rules, text, names))


def key_named(rule: Rule, rest: str, names: Names) -> str:
    """Return the key of ``rule`` that ``rest`` names; as it is where it is no actor and no pair."""
    for watch in _watches_of(rest, names):
        if ":" not in watch and (key := _key(rule, watch, names)) is not None:
            return key
    return rest


def _watches_of(text: str, names: Names) -> Iterator[str]:
    """Yield what ``text`` may name, the likeliest first, in the form :func:`watches` reads."""
    kind, colon, rest = text.partition(":")
    if colon and kind in ("keyword", "topic"):
        yield f"{kind}:{rest.strip()}"
        return
    for spelling in (text, _ONE_WAY.sub(" > ", text), _EITHER_WAY.sub(" & ", text)):
        try:
            yield canonical(short_watch(spelling, names))
        except (RulesError, ValueError):
            continue  # No actor and no pair: perhaps a topic, or words.
    yield f"topic:{text.replace(' ', '_').casefold()}"
    yield f"keyword:{text}"


def _key(rule: Rule, watch: str, names: Names) -> str | None:
    """Return the key of ``rule`` that ``watch`` names; None where it names the rule as a whole."""
    kind, _, rest = watch.partition(":")
    if kind == "topic" and rest:
        return watch if rule.watch.each_topic else None
    if rest:
        return None
    ends = watch.replace(">", "-").split("-")
    if len(ends) == 1 or rule.watch.pair is None:
        return watch
    if not rule.watch.pair.directed:
        return "-".join(sorted(ends))
    if ">" in watch:
        return watch
    forward, back = (">".join(ends), ">".join(reversed(ends)))
    fits = [key for key in (forward, back) if watches(rule, key, names)]
    return fits[0] if len(fits) == 1 else None


def _suggestion(rules: Sequence[Rule], text: str, names: Names) -> str:
    """Return the nearest among the names of rules and what fixed ones watch, as ids and as people say it."""
    choices: dict[str, str] = {rule.name.casefold(): rule.name for rule in rules}
    for rule in rules:
        for watch in _written(rule):
            said = (" > " if ">" in watch else " & ").join(names.display_name(end) for end in re.split("[->]", watch))
            choices[watch.casefold()], choices[said.casefold()] = watch, said
    sure = get_close_matches(text.casefold()[:80], choices, n=1, cutoff=_SURE)
    if not sure and (nobody := _nobody_in(text, names)):
        return nobody
    near = sure or get_close_matches(text.casefold()[:80], choices, n=1, cutoff=0.6)
    if near:
        return f"did you mean {choices[near[0]]}?"
    if _is_watch(text, names):
        added = f'`tocsin rules add "{plain_line(text, 80)}"` writes a rule that does'
        return f"{added}, `tocsin rules history` lists what was in force"
    return did_you_mean(text, (rule.name for rule in rules)) or "`tocsin rules history` lists what was in force"


def _nobody_in(text: str, names: Names) -> str:
    """Return who of the pair ``text`` is nobody, and who may be meant; "" where it is no pair, or both are known."""
    if "&" not in text and ">" not in text:
        return ""
    try:
        short_watch(text, names)
    except RulesError as error:
        unknown = [mistake for mistake in error.mistakes if mistake.message.startswith("unknown actor")]
        return "; ".join(f"{mistake.message}: {mistake.remedy}" for mistake in unknown)
    except ValueError:
        return ""
    return ""


def _is_watch(text: str, names: Names) -> bool:
    """Tell whether ``text`` is something a rule can watch, as it stands."""
    try:
        short_watch(text, names)
    except (RulesError, ValueError):
        return False
    return True


def _written(rule: Rule) -> Iterator[str]:
    """Yield the pairs and actors that ``rule`` names one by one."""
    if rule.watch.kind is WatchKind.ACTOR and rule.watch.actor is not None:
        yield from _ids(rule.watch.actor.any)
    pair = rule.watch.pair
    if rule.watch.kind is WatchKind.PAIR and pair is not None:
        joint = ">" if pair.directed else "-"
        yield from (joint.join((a, b)) for a in _ids(pair.one)[:20] for b in _ids(pair.other)[:20] if a != b)


def _named(pair: PairPart | None) -> list[str]:
    return [*_ids(pair.one), *_ids(pair.other)] if pair is not None else []


def _ids(choices: ActorSet) -> list[str]:
    return [actor for choice in choices if isinstance(choice, NamedActors) for actor in choice.ids]
