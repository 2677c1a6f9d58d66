"""A rule file → compiled rules, or all of its mistakes at once, each with its line and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from alerts.rules.detector_grammar import DETECTORS
from alerts.rules.detector_parts import FOR
from alerts.rules.directory import ActorDirectory
from alerts.rules.fields import Fields, Key, Values
from alerts.rules.inclusion import DEFAULTS, INCLUDE, SETS, read_first
from alerts.rules.levels import graver
from alerts.rules.mistakes import Mistake, RulesError, clipped
from alerts.rules.model import (
    NamedActors,
    New,
    Rule,
    RuleSet,
    Watch,
    WatchKind,
)
from alerts.rules.readers import JsonSchema, Name, Reader, Reading, described, no_text
from alerts.rules.shared_grammar import SHARED, Standing, standing_of
from alerts.rules.watch_grammar import WATCH
from alerts.rules.yaml_tree import Mapping_, Node, Scalar, Sequence_, parse

__all__ = ["FILE", "Mistake", "RulesError", "load_rules", "load_watch"]

_MAX_RULES = 10_000


_NAME = Key("name", Name(), "What the rule is called.", required=True)
_WATCH = Key("watch", WATCH, "What to count.", required=True)
_WHEN = Key("when", DETECTORS, "When to ring: any of these detectors.", required=True)


@dataclass(frozen=True)
class _Draft:
    """A rule before the defaults are known."""

    rule: Rule
    own: Standing
    values: Values

    def finished(self, defaults: Standing) -> Rule:
        """Return the rule with the defaults where it says nothing; what then makes no sense is a mistake."""
        rule = self.own.over(defaults).applied_to(self.rule)
        if self.own.for_h is None and defaults.for_h is not None:
            _refuse_too_long(rule, self.values)
        for level in rule.levels:
            if not graver(level.severity, rule.severity):
                message = (
                    f"severities: {level.severity.value} is no graver than the rule itself ({rule.severity.value})"
                )
                self.values.wrong(_NAME, message, "remove it, or lower severity")
        return rule


def _refuse_too_long(rule: Rule, values: Values) -> None:
    """Note where a crossing is asked to last longer than it can."""
    key = FOR if FOR.name in values.written else _WHEN
    for detector in rule.when:
        if isinstance(detector, New) and detector.for_h > detector.confirm.within_h:
            within = detector.confirm.within_h
            message = f"for: {detector.for_h}h is longer than what is new stays new ({within}h): it can never ring"
            values.wrong(key, message, "shorten for, or widen confirm: {within: …}")


def _draft(values: Values) -> _Draft | None:
    name, watch, when = values.get(_NAME), values.get(_WATCH), values.get(_WHEN)
    if name is None or watch is None or when is None:
        return None
    for detector in when:
        if isinstance(detector, New) and (always := _always_known(watch, detector)):
            values.wrong(_WHEN, f"every key holds {always}, which is known: it can never ring", "take it out of known")
            return None
    draft = _Draft(Rule(name=name, watch=watch, when=when), standing_of(values), values)
    _refuse_too_long(draft.own.applied_to(draft.rule), values)
    return draft


def _always_known(watch: Watch, new: New) -> str:
    """Return the actors of one side of the pair, if the rule says of all of them that they are no news."""
    sides = (watch.pair.one, watch.pair.other) if watch.kind is WatchKind.PAIR and watch.pair else ()
    for side in sides:
        if all(isinstance(choice, NamedActors) and set(new.known).issuperset(choice.ids) for choice in side):
            return " or ".join(actor for choice in side if isinstance(choice, NamedActors) for actor in choice.ids)
    return ""


_RULE = Fields((_NAME, _WATCH, _WHEN, *SHARED), _draft, about="A rule.")


class _Rules(Reader[tuple[_Draft, ...]]):
    """The rules of a file; a name that is there twice is a mistake whatever else is wrong with its rules."""

    def read(self, node: Node, path: str, reading: Reading) -> tuple[_Draft, ...] | None:
        if not isinstance(node, Sequence_):
            remedy = "begin each rule with a dash: - name: …"
            reading.wrong(node, path, f"a list of rules is needed, this is {described(node)}", remedy)
            return None
        if len(node.items) > _MAX_RULES:
            reading.wrong(
                node, path, f"{len(node.items):,} rules, the limit is {_MAX_RULES:,}", "use wildcards and sets"
            )
            return None
        lines: dict[str, int] = {}
        found = []
        for i, item in enumerate(node.items):
            self._note_name(item, f"{path}[{i}]", lines, reading)
            found.append(_RULE.read(item, f"{path}[{i}]", reading))
        return tuple(draft for draft in found if draft is not None)

    def _note_name(self, item: Node, path: str, lines: dict[str, int], reading: Reading) -> None:
        name = item.entries.get("name", (None, None))[1] if isinstance(item, Mapping_) else None
        if not isinstance(name, Scalar):
            return
        if name.text in lines:
            message = f"a rule of the name {clipped(name.text)!r} is already on line {lines[name.text]}"
            reading.wrong(name, f"{path}.name", message, "give each rule a name of its own")
        lines.setdefault(name.text, name.line)

    def schema(self) -> JsonSchema:
        return {"type": "array", "items": _RULE.schema(), "maxItems": _MAX_RULES}


def _file(values: Values) -> tuple[Rule, ...]:
    defaults = values.get_or(DEFAULTS, Standing()).over(values.get_or(INCLUDE, Standing()))
    return tuple(draft.finished(defaults) for draft in values.get_or(_RULES, ()))


_RULES = Key("rules", _Rules(), "The rules.", required=True)

#: A whole file.
FILE = Fields((INCLUDE, SETS, DEFAULTS, _RULES), _file, about="Rules of Tocsin.")


def load_rules(
    text: str,
    name: str,
    directory: ActorDirectory,
    *,
    topics: Collection[str] | None = None,
    included: Callable[[str], str] = no_text,
) -> RuleSet:
    """Return the rules in ``text`` (YAML 1.2) of the file called ``name``, every name resolved by ``directory``.

    ``topics`` are the topic ids there are; None leaves them unchecked. ``included`` returns the text of a file by the name
    under which it is included, or raises :class:`UsageError`.

    :raises RulesError: with every mistake there is.
    """
    reading = Reading(name, directory, topics, included=included)
    # Sets are read before the rules that use them, wherever they stand.
    rules = FILE.read(read_first(parse(text, name)), "", reading)
    if rules is None or reading.mistakes:
        raise RulesError(reading.mistakes)
    return RuleSet.of(*rules)


def load_watch(text: str, name: str, directory: ActorDirectory, *, topics: Collection[str] | None = None) -> Watch:
    """Return the one watch in ``text`` (YAML 1.2: ``{pair: [Azerbaijan, Russia]}``); see :func:`load_rules`."""
    reading = Reading(name, directory, topics)
    watch = WATCH.read(parse(text, name), "", reading)
    if watch is None or reading.mistakes:
        raise RulesError(reading.mistakes)
    return watch
