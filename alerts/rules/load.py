"""A rule file → compiled rules, or all of its mistakes at once, each with its line and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from alerts.rules.detector_grammar import DETECTORS, SHORTER_FOR, too_long_to_be_new
from alerts.rules.detector_parts import FOR
from alerts.rules.directory import ActorDirectory
from alerts.rules.fields import Check, Fields, Key, Values
from alerts.rules.inclusion import DEFAULTS, INCLUDE, SETS, defaults_in, read_first
from alerts.rules.levels import graver
from alerts.rules.mistakes import Mistake, RulesError, clipped
from alerts.rules.model import (
    Detector,
    Level,
    New,
    Rule,
    RuleSet,
    Watch,
)
from alerts.rules.never_rings import never_reached, shortcoming, uncorroborated
from alerts.rules.readers import JsonSchema, Name, Reader, described
from alerts.rules.reading import Reading, no_text
from alerts.rules.shared_grammar import CORROBORATED, SEVERITIES, SEVERITY, SHARED, Standing, standing_of
from alerts.rules.sources_left import publishers_left
from alerts.rules.watch_grammar import WATCH
from alerts.rules.yaml_tree import Mapping_, Node, Scalar, Sequence_, readable
from schemas.plain_text import plural
from schemas.reasons import Severity

__all__ = ["FILE", "Mistake", "RulesError", "load_rules", "load_watch"]

_MAX_RULES = 10_000


_NAME = Key("name", Name(), "What the rule is called.", required=True, example="name: baku-moscow")
_WATCH = Key("watch", WATCH, "What to count.", required=True, example="watch: {pair: [Azerbaijan, Russia]}")
_WHEN = Key("when", DETECTORS, "When to ring: any of these detectors.", required=True, example="when: spike")


@dataclass(frozen=True)
class _Draft:
    """A rule before the defaults are known; ``rule`` is None where something in it is wrong."""

    rule: Rule | None
    own: Standing
    values: Values

    def finished(self, defaults: Standing) -> Rule | None:
        """Return the rule with the defaults where it says nothing; levels of theirs that are no graver than it are none."""
        if self.rule is None:
            return None
        here, own = self.own.over(defaults), self.own.severity
        if own is not None and self.own.levels is None and here.levels:
            here = replace(here, levels=tuple(level for level in here.levels if graver(level.severity, own)))
        return here.applied_to(self.rule)

    def note_against(self, defaults: Standing, standing: Values) -> None:
        """Note what makes no sense together with ``defaults``; what does not by itself is noted already.

        What the defaults alone make no sense of is noted there, in ``standing``, and so once for all rules.
        """
        here = self.own.over(defaults)
        if self.own.for_h is None and here.for_h is not None:
            _note_too_long(self.values, _WHEN, self.values.get_or(_WHEN, ()), here.for_h)
        if self.own.corroborated_by is None and here.corroborated_by is not None:
            _note_uncorroborated(self.values, here.corroborated_by.source_countries)
        if {"severity", "levels"} & here.unsure:
            return
        severity, levels = here.severity or Severity.NORMAL, here.levels or ()
        if self.own.severity is None and self.own.levels is None:
            key = DEFAULTS if DEFAULTS.name in standing.written else INCLUDE
            _note_no_graver(standing, severity, levels, key)
        elif self.own.severity is None:
            _note_no_graver(self.values, severity, levels)


def _note_too_long(values: Values, key: Key[Any], when: Iterable[Detector], lasting_h: int) -> None:  # Any: two types
    """Note at ``key`` where a crossing is asked to last longer than it can, by detectors that do not say it themselves."""
    for detector in when:
        if not isinstance(detector, New) or "for_h" in detector.model_fields_set:
            continue
        if message := too_long_to_be_new(lasting_h, detector.confirm):
            values.wrong(key, message, SHORTER_FOR)


def _note_uncorroborated(values: Values, needed: int) -> None:
    watch = values.get(_WATCH)
    found = uncorroborated(watch, values.get_or(_WHEN, ()), needed) if watch is not None else None
    if found is not None:
        message = f"the defaults ask that publishers of {needed} countries corroborate it, and {found[0]}"
        values.wrong(
            _WATCH, message, "let publishers of more count, or write corroborated_by: {source_countries: 1} here"
        )


def _note_no_graver(
    values: Values,
    severity: Severity,
    levels: Iterable[Level],
    key: Key[Any] = SEVERITIES,  # Any: a key of any type
) -> None:
    for level in levels:
        if not graver(level.severity, severity):
            message = f"{level.severity.value} is no graver than the rule itself ({severity.value})"
            values.wrong(key, message, "remove it, or lower severity")


def _own_for_fits(values: Values) -> None:
    _note_too_long(values, FOR, values.get_or(_WHEN, ()), values.get_or(FOR, 0))


def _own_levels_are_graver(values: Values) -> None:
    severity, levels = values.get(SEVERITY), values.get(SEVERITIES)
    if severity is not None and levels is not None:
        _note_no_graver(values, severity, levels)


def _leaves_something(values: Values) -> None:
    watch = values.get(_WATCH)
    for detector in values.get_or(_WHEN, ()):
        if watch is not None and (found := shortcoming(watch, detector, values.reading.understands)) is not None:
            values.wrong(_WHEN, *found)


def _can_be_corroborated(values: Values) -> None:
    watch, needed = values.get(_WATCH), values.get(CORROBORATED)
    if watch is not None and needed is not None:
        found = uncorroborated(watch, values.get_or(_WHEN, ()), needed.source_countries)
        if found is not None:
            values.wrong(CORROBORATED, *found)


def _levels_can_be_reached(values: Values) -> None:
    watch = values.get(_WATCH)
    left = publishers_left(watch.sources) if watch is not None else None
    for level in values.get_or(SEVERITIES, ()):
        if left is not None and level.publishers > left:
            message = (
                f"only {plural(left, 'publisher', 'publishers')} can have it: {level.severity.value} is never reached"
            )
            values.wrong(SEVERITIES, message, "ask for fewer publishers, or let more of them count: sources")


def _levels_fit(values: Values) -> None:
    for level in values.get_or(SEVERITIES, ()):
        if (found := never_reached(level, values.get_or(_WHEN, ()))) is not None:
            values.wrong(SEVERITIES, *found)


def _draft(values: Values) -> _Draft | None:
    name, watch, when = values.get(_NAME), values.get(_WATCH), values.get(_WHEN)
    if name is None or watch is None or when is None:
        return None
    return _Draft(Rule(name=name, watch=watch, when=when), standing_of(values), values)


def _draft_in_part(values: Values) -> _Draft:
    return _Draft(None, standing_of(values), values)


_RULE = Fields(
    (_NAME, _WATCH, _WHEN, *SHARED),
    _draft,
    about="A rule.",
    checks=(
        Check((_WHEN, FOR), _own_for_fits, of_parts=True),
        Check((_WATCH, _WHEN), _leaves_something, of_parts=True),
        Check((_WATCH, CORROBORATED), _can_be_corroborated, of_parts=True),
        Check((_WATCH, SEVERITIES), _levels_can_be_reached, of_parts=True),
        Check((_WHEN, SEVERITIES), _levels_fit),
        Check((SEVERITY, SEVERITIES), _own_levels_are_graver, of_parts=True),
    ),
    part=_draft_in_part,
)


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
        found, whole = [], True
        for i, item in enumerate(node.items):
            self._note_name(item, f"{path}[{i}]", lines, reading)
            draft = _RULE.read(item, f"{path}[{i}]", reading)
            whole = whole and draft is not None
            part = draft if draft is not None else reading.part(item, _RULE)
            if isinstance(part, _Draft):
                found.append(part)
        reading.keep_part(node, self, tuple(found))
        return tuple(found) if whole else None

    def _note_name(self, item: Node, path: str, lines: dict[str, int], reading: Reading) -> None:
        name = name_in(item)
        if name is None:
            return
        text = name.text.strip()  # As it is read: "a " and a are one name.
        if text in lines:
            message = f"a rule of the name {clipped(text)!r} is already on line {lines[text]}"
            reading.wrong(name, f"{path}.name", message, "give each rule a name of its own")
        lines.setdefault(text, name.line)

    def schema(self) -> JsonSchema:
        return {"type": "array", "items": _RULE.schema(), "maxItems": _MAX_RULES}


def name_in(rule: Node) -> Scalar | None:
    """Return what is written as the name of ``rule``."""
    name = rule.entries.get("name", (None, None))[1] if isinstance(rule, Mapping_) else None
    return name if isinstance(name, Scalar) and not name.refused else None


def parts_of_watch(text: str) -> frozenset[str]:
    """Return the keys of the watch ``text`` (YAML); of one that cannot be read none."""
    try:
        root, _ = readable(text, "")
    except RulesError:
        return frozenset()
    return frozenset(root.entries) if isinstance(root, Mapping_) else frozenset()


def lines_of_names(text: str) -> Mapping[str, int]:
    """Return the names rules have in the file ``text`` and their lines; of a file in which much is wrong, what can be read."""
    try:
        root, _ = readable(text, "")
    except RulesError:
        return {}
    rules = root.entries.get("rules", (None, None))[1] if isinstance(root, Mapping_) else None
    names = [name_in(rule) for rule in rules.items] if isinstance(rules, Sequence_) else []
    return {name.text.strip(): name.line for name in reversed(names) if name is not None}


def _defaults_of(values: Values) -> Standing:
    return defaults_in(values, DEFAULTS).over(defaults_in(values, INCLUDE))


def _defaults_fit(values: Values) -> None:
    for draft in values.get_or(_RULES, ()):
        draft.note_against(_defaults_of(values), values)


def _file(values: Values) -> tuple[Rule, ...]:
    rules = (draft.finished(_defaults_of(values)) for draft in values.get_or(_RULES, ()))
    return tuple(rule for rule in rules if rule is not None)


_RULES = Key(
    "rules", _Rules(), "The rules.", required=True, example="rules: and below it each rule behind a dash: - name: …"
)

#: A whole file.
FILE = Fields(
    (INCLUDE, SETS, DEFAULTS, _RULES),
    _file,
    about="Rules of Tocsin.",
    checks=(Check((), _defaults_fit, of_parts=True),),
)


def load_rules(
    text: str,
    name: str,
    directory: ActorDirectory,
    *,
    topics: Collection[str] | None = None,
    understands: Callable[[str], bool] | None = None,
    included: Callable[[str], str] = no_text,
) -> RuleSet:
    """Return the rules in ``text`` (YAML 1.2) of the file called ``name``, every name resolved by ``directory``.

    ``topics`` are the topic ids there are; None leaves them unchecked. ``understands`` tells whether tone, topics and who acts
    on whom are read in a language (two letters); None: in all. ``included`` returns the text of a file by the name
    under which it is included, or raises :class:`UsageError`.

    :raises RulesError: with every mistake there is.
    """
    root, mistakes = readable(text, name)
    reading = Reading(name, directory, topics, understands, included=included, mistakes=[*mistakes])
    # Sets are read before the rules that use them, wherever they stand.
    rules = FILE.read(read_first(root), "", reading)
    if rules is None or reading.mistakes:
        raise RulesError(reading.mistakes)
    return RuleSet.of(*rules)


def load_watch(text: str, name: str, directory: ActorDirectory, *, topics: Collection[str] | None = None) -> Watch:
    """Return the one watch in ``text`` (YAML 1.2: ``{pair: [Azerbaijan, Russia]}``); see :func:`load_rules`."""
    root, mistakes = readable(text, name)
    reading = Reading(name, directory, topics, mistakes=[*mistakes])
    watch = WATCH.read(root, "", reading)
    if watch is None or reading.mistakes:
        raise RulesError(reading.mistakes)
    return watch
