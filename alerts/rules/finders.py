"""One finder per part of a watch: a signal's view in; what was found and in which sentences out, or nothing at all.

A finder knows nothing of scope between parts: whether things stand together is decided in :mod:`alerts.rules.watching`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from alerts.rules.membership import ActorTest
from alerts.rules.model import ActorPart, KeywordsPart, PairPart, Scope, TopicsPart
from alerts.rules.terms import CompiledTerm, compile_term
from alerts.rules.view import SignalView
from schemas.reasons import Prominence
from schemas.signal import ActorFound


@dataclass(slots=True)
class Found:
    """Something that must hold: every name of it (an id, or a word as the article spells it) with its sentences."""

    names: dict[str, set[int]] = field(default_factory=dict)

    @property
    def sentences(self) -> set[int]:
        """Every sentence with one of the names."""
        return set().union(*self.names.values())

    def add(self, name: str, sentences: Iterable[int]) -> None:
        """Note that ``name`` is in ``sentences``."""
        self.names.setdefault(name, set()).update(sentences)


def merged(parts: Iterable[Found]) -> Found:
    """Return one that holds where any of ``parts`` does."""
    result = Found()
    for part in parts:
        for name, sentences in part.names.items():
            result.add(name, sentences)
    return result


#: Two actors in the order of their key, and the sentences they meet in, as they come.
Meeting = tuple[str, str, tuple[int, ...]]


class PairFinder:
    """Two actors that meet: in a sentence as extraction found them, or in a wider scope by standing in it together."""

    def __init__(self, part: PairPart, scope: Scope, prominence: frozenset[Prominence]) -> None:
        self._one, self._other = ActorTest(part.one), ActorTest(part.other)
        self._directed = part.directed
        self._scope = scope
        self._prominence = prominence
        self._any_two = self._one.holds_all and self._other.holds_all

    def found(self, view: SignalView) -> dict[str, Found]:
        """Return the pairs by key; empty where there is none."""
        return {
            key: Found({one: set(sentences), other: set(sentences)})
            for key, (one, other, sentences) in self.met(view).items()
        }

    def met(self, view: SignalView) -> dict[str, Meeting]:
        """Return who meets, by key; empty where nobody does."""
        met: dict[str, Meeting] = {}
        directed, prominence, any_two = self._directed, self._prominence, self._any_two
        for pair in view.signal.pairs:
            if pair.prominence not in prominence or (directed and not pair.directed):
                continue
            source, target = pair.source, pair.target
            if source != target and (any_two or self._fits(view, source, target)):
                self._add(met, source, target, pair.sentences)
        if self._scope is not Scope.SENTENCE and not directed:
            self._add_those_that_stand_together(view, met)
        return met

    def _fits(self, view: SignalView, source: str, target: str) -> bool:
        types = view.actor_types
        source_type, target_type = types.get(source, ""), types.get(target, "")
        if self._one(source, source_type) and self._other(target, target_type):
            return True
        return not self._directed and self._one(target, target_type) and self._other(source, source_type)

    def _add(self, met: dict[str, Meeting], source: str, target: str, sentences: tuple[int, ...]) -> None:
        if self._directed:
            key = f"{source}>{target}"
        else:
            if target < source:
                source, target = target, source
            key = f"{source}-{target}"
        before = met.get(key)
        met[key] = (source, target, sentences if before is None else (*before[2], *sentences))

    def _add_those_that_stand_together(self, view: SignalView, met: dict[str, Meeting]) -> None:
        actors = [a for a in view.signal.actors if a.prominence in self._prominence]
        others = [a for a in actors if self._other(a.id, a.type)]
        for one in actors:
            if not self._one(one.id, one.type):
                continue
            for other in others:
                together = view.units(one.sentences, self._scope) & view.units(other.sentences, self._scope)
                if one.id != other.id and together:
                    both = view.sentences_in({*one.sentences, *other.sentences}, together, self._scope)
                    self._add(met, one.id, other.id, tuple(both))


class ActorFinder:
    """Single actors, prominent enough (a ``none`` ignores prominence)."""

    def __init__(self, part: ActorPart, prominence: frozenset[Prominence]) -> None:
        self._any = ActorTest(part.any) if part.any else None
        self._all = tuple(ActorTest(choices) for choices in part.all)
        self._none = ActorTest(part.none) if part.none else None
        self._prominence = prominence

    def found(self, view: SignalView) -> tuple[dict[str, Found], list[Found]] | None:
        """Return the actors of ``any`` by id, and what must hold for ``all``; None where the article falls short."""
        none = self._none
        if none is not None and any(none(a.id, a.type) for a in view.signal.actors):
            return None
        actors = [a for a in view.signal.actors if a.prominence in self._prominence]
        conditions = []
        for test in self._all:
            one = _actors_in(actors, test)
            if not one:
                return None
            conditions.append(merged(one.values()))
        if self._any is None:
            return {}, conditions
        found = _actors_in(actors, self._any)
        return (found, conditions) if found else None


def _actors_in(actors: Iterable[ActorFound], test: ActorTest) -> dict[str, Found]:
    return {a.id: Found({a.id: set(a.sentences)}) for a in actors if test(a.id, a.type)}


class TopicFinder:
    """Topics of the article."""

    def __init__(self, part: TopicsPart | None) -> None:
        self._part = part or TopicsPart()

    def found(self, view: SignalView) -> tuple[dict[str, Found], list[Found]] | None:
        """Return the topics of ``any`` (every topic where that is empty) by id, and what must hold for ``all``."""
        part = self._part
        topics = {t.id: Found({t.id: set(t.sentences)}) for t in view.signal.topics}
        if any(t in topics for t in part.none) or any(t not in topics for t in part.all):
            return None
        found = {t: topics[t] for t in part.any if t in topics} if part.any else topics
        if part.any and not found:
            return None
        return found, [topics[t] for t in part.all]


class KeywordFinder:
    """Terms in the text."""

    def __init__(self, part: KeywordsPart) -> None:
        self._any = [compile_term(term) for term in part.any]
        self._all = [compile_term(term) for term in part.all]
        self._none = [compile_term(term) for term in part.none]

    def found(self, view: SignalView) -> list[Found] | None:
        """Return what must hold together; None where a term of ``none`` occurs or a wanted one does not."""
        conditions = []
        for group in [*([term] for term in self._all), *([self._any] if self._any else [])]:
            occurrences = _occurrences(view, group)
            if not occurrences.names:
                return None
            conditions.append(occurrences)
        if any(term.spans(view) for term in self._none):
            return None
        return conditions


def _occurrences(view: SignalView, terms: Iterable[CompiledTerm]) -> Found:
    found = Found()
    for term in terms:
        for start, end in term.spans(view):
            found.add(" ".join(view.signal.text[start:end].split()), (view.sentence_at(start),))
    return found
