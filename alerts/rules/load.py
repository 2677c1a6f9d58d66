"""A rule file → compiled rules, or all of its mistakes at once, each with its line and what to do about it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from alerts.rules.actor_grammar import Sets
from alerts.rules.detector_grammar import DETECTORS
from alerts.rules.directory import ActorDirectory
from alerts.rules.fields import Fields, Key, Values
from alerts.rules.mistakes import Mistake, RulesError, clipped
from alerts.rules.model import (
    DEFAULT_LIMIT,
    DEFAULT_MAX_KEYS,
    Corroboration,
    Mode,
    NamedActors,
    New,
    Rule,
    RuleSet,
    Watch,
    WatchKind,
)
from alerts.rules.readers import JsonSchema, Name, Reader, Reading, TextMap, Whole, Word, described
from alerts.rules.watch_grammar import WATCH
from alerts.rules.yaml_tree import Mapping_, Node, Scalar, Sequence_, parse
from schemas.reasons import Severity

__all__ = ["FILE", "Mistake", "RulesError", "load_rules", "load_watch"]

_MAX_RULES = 10_000


def _corroboration(values: Values) -> Corroboration | None:
    return Corroboration(source_countries=values.get_or(_SOURCE_COUNTRIES, 1))


_SOURCE_COUNTRIES = Key(
    "source_countries",
    Whole(least=1, most=250),
    "Countries the publishers of the evidence sit in, at least.",
    required=True,
)
_NAME = Key("name", Name(), "What the rule is called.", required=True)
_WATCH = Key("watch", WATCH, "What to count.", required=True)
_WHEN = Key("when", DETECTORS, "When to ring: any of these detectors.", required=True)
_SEVERITY = Key("severity", Word(Severity), "How loudly; normal by default.")
_LABELS = Key("labels", TextMap(), "For routing and for people; added to those of the defaults.")
_MODE = Key("mode", Word(Mode), "live rings, shadow only records, off rests; live by default.")
_CORROBORATED = Key("corroborated_by", Fields((_SOURCE_COUNTRIES,), _corroboration), "Who else must have it.")
_MAX_KEYS = Key("max_keys", Whole(least=1), f"Keys the rule may count, {DEFAULT_MAX_KEYS:,} by default.")
_LIMIT = Key("limit", Whole(least=1), f"Alerts that may be open at once, {DEFAULT_LIMIT} by default.")

#: What a rule may leave to ``defaults``.
_SHARED = (_SEVERITY, _LABELS, _MODE, _CORROBORATED, _MAX_KEYS, _LIMIT)

_NO_EFFECT = "remove it: it would have no effect"
_LATER = dict.fromkeys(("for", "renotify", "severities", "template", "schedule"), _NO_EFFECT)


@dataclass(frozen=True)
class _Standing:
    """What a rule has besides its watch and its detectors; None = not written."""

    severity: Severity | None = None
    labels: dict[str, str] | None = None
    mode: Mode | None = None
    corroborated_by: Corroboration | None = None
    max_keys: int | None = None
    limit: int | None = None

    def over(self, other: _Standing) -> _Standing:
        """Return this one with what is not written taken from ``other``; labels of both."""
        return _Standing(
            severity=self.severity or other.severity,
            labels={**(other.labels or {}), **(self.labels or {})},
            mode=self.mode or other.mode,
            corroborated_by=self.corroborated_by or other.corroborated_by,
            max_keys=self.max_keys or other.max_keys,
            limit=self.limit or other.limit,
        )


def _standing(values: Values) -> _Standing:
    return _Standing(
        severity=values.get(_SEVERITY),
        labels=values.get(_LABELS),
        mode=values.get(_MODE),
        corroborated_by=values.get(_CORROBORATED),
        max_keys=values.get(_MAX_KEYS),
        limit=values.get(_LIMIT),
    )


@dataclass(frozen=True)
class _Draft:
    """A rule before the defaults are known."""

    rule: Rule
    own: _Standing

    def finished(self, defaults: _Standing) -> Rule:
        """Return the rule with the defaults where it says nothing."""
        standing = self.own.over(defaults)
        return Rule(
            name=self.rule.name,
            watch=self.rule.watch,
            when=self.rule.when,
            severity=standing.severity or Severity.NORMAL,
            labels=dict(sorted((standing.labels or {}).items())),
            mode=standing.mode or Mode.LIVE,
            corroborated_by=standing.corroborated_by,
            max_keys=standing.max_keys or DEFAULT_MAX_KEYS,
            limit=standing.limit or DEFAULT_LIMIT,
        )


def _draft(values: Values) -> _Draft | None:
    name, watch, when = values.get(_NAME), values.get(_WATCH), values.get(_WHEN)
    if name is None or watch is None or when is None:
        return None
    for detector in when:
        if isinstance(detector, New) and (always := _always_known(watch, detector)):
            values.wrong(_WHEN, f"every key holds {always}, which is known: it can never ring", "take it out of known")
            return None
    return _Draft(Rule(name=name, watch=watch, when=when), _standing(values))


def _always_known(watch: Watch, new: New) -> str:
    """Return the actors of one side of the pair, if the rule says of all of them that they are no news."""
    sides = (watch.pair.one, watch.pair.other) if watch.kind is WatchKind.PAIR and watch.pair else ()
    for side in sides:
        if all(isinstance(choice, NamedActors) and set(new.known).issuperset(choice.ids) for choice in side):
            return " or ".join(actor for choice in side if isinstance(choice, NamedActors) for actor in choice.ids)
    return ""


_RULE = Fields((_NAME, _WATCH, _WHEN, *_SHARED), _draft, about="A rule.", later=_LATER)


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
    defaults = values.get_or(_DEFAULTS, _Standing())
    return tuple(draft.finished(defaults) for draft in values.get_or(_RULES, ()))


_SETS = Key("sets", Sets(), "Actors under one name; stands wherever an actor may.")
_DEFAULTS = Key("defaults", Fields(_SHARED, _standing), "What the rules of this file have unless they say otherwise.")
_RULES = Key("rules", _Rules(), "The rules.", required=True)

#: A whole file.
FILE = Fields((_SETS, _DEFAULTS, _RULES), _file, about="Rules of Tocsin.", later={"include": _NO_EFFECT})


def load_rules(text: str, name: str, directory: ActorDirectory, *, topics: Collection[str] | None = None) -> RuleSet:
    """Return the rules in ``text`` (YAML 1.2) of the file called ``name``, every name resolved by ``directory``.

    ``topics`` are the topic ids there are; None leaves them unchecked.

    :raises RulesError: with every mistake there is.
    """
    reading = Reading(name, directory, topics)
    root = parse(text, name)
    if isinstance(root, Mapping_):
        # Sets are read before the rules that use them, wherever they stand.
        root = replace(root, entries=dict(sorted(root.entries.items(), key=lambda entry: entry[0] == _RULES.name)))
    rules = FILE.read(root, "", reading)
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
