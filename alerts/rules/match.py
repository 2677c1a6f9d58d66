"""What rules find in a signal: one rule (:func:`compile_watch`), or all at the price of the few that can hit it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

from ahocorasick_rs import AhoCorasick

from alerts.rules.membership import ActorTest
from alerts.rules.model import ActorSet, KeywordsPart, PairPart, Rule, Scope
from alerts.rules.terms import compile_term
from alerts.rules.view import SignalView
from alerts.rules.watching import CompiledWatch, Hit, compile_watch
from schemas.signal import Signal

__all__ = ["CompiledWatch", "Hit", "RuleIndex", "compile_watch", "literals_of"]

#: Two sets of named actors make at most so many entries of the pair index; larger ones are found by the smaller set.
_MAX_PAIR_ENTRIES = 1_000


class RuleIndex:
    """Rules by what must be in a signal before they can hit; each rule is filed under one such thing, the rarest it has."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._watches: list[CompiledWatch] = []
        self._names: list[str] = []
        self._by_pair: dict[tuple[str, str], list[int]] = {}
        self._by_actor: dict[str, list[int]] = {}
        self._by_topic: dict[str, list[int]] = {}
        self._by_literal: dict[str, list[int]] = {}
        self._any_pair: list[int] = []
        self._any_actor: list[int] = []
        self._always: list[int] = []
        for rule in rules:
            self._file(len(self._watches), rule)
            self._watches.append(compile_watch(rule))
            self._names.append(rule.name)
        literals = sorted(self._by_literal)
        self._rules_of_literal = [self._by_literal[text] for text in literals]
        self._automaton = AhoCorasick(literals) if literals else None

    def hits(self, signal: Signal) -> Mapping[str, tuple[Hit, ...]]:
        """Return the hits by rule name, in the order of the rules; rules without a hit are not in it."""
        return self.hits_in(SignalView(signal))

    def hits_in(self, view: SignalView) -> Mapping[str, tuple[Hit, ...]]:
        """Return the same as :meth:`hits` for the signal of ``view``."""
        names = self._names
        return {names[number]: hits for number, hits in self.numbered_hits(view)}

    def numbered_hits(self, view: SignalView) -> list[tuple[int, tuple[Hit, ...]]]:
        """Return the same with the number of each rule, as they were given, instead of its name."""
        watches = self._watches
        return [(number, hits) for number in self._candidates(view) if (hits := watches[number].hits_in(view))]

    def _candidates(self, view: SignalView) -> Sequence[int]:
        signal = view.signal
        pairs, numbers = signal.pairs, [*self._always]
        if pairs:
            numbers += self._any_pair
            if by_pair := self._by_pair:
                for pair in pairs:
                    numbers += by_pair.get((pair.source, pair.target), ())
        if self._any_actor or self._by_actor:
            numbers += self._with_actors(signal)
        if self._by_topic:
            for topic in signal.topics:
                numbers += self._by_topic.get(topic.id, ())
        if self._automaton is not None:
            matches = self._automaton.find_matches_as_indexes(view.folded.text, overlapping=True)
            for literal in {match[0] for match in matches}:
                numbers += self._rules_of_literal[literal]
        return sorted(set(numbers)) if len(numbers) > 1 else numbers

    def _with_actors(self, signal: Signal) -> Iterator[int]:
        actors = {actor.id for actor in signal.actors}
        for pair in signal.pairs:
            actors.update((pair.source, pair.target))
        if actors:
            yield from self._any_actor
        for actor in actors & self._by_actor.keys():
            yield from self._by_actor[actor]

    def _file(self, number: int, rule: Rule) -> None:
        watch = rule.watch
        if watch.pair is not None:
            self._file_pair(number, watch.pair, watch.scope)
        elif watch.actor is not None and (watch.actor.any or watch.actor.all):
            self._file_actors(number, watch.actor.any or watch.actor.all[0], self._any_actor)
        elif watch.keywords is not None and (literals := literals_of(watch.keywords)):
            for text in set(literals):
                self._by_literal.setdefault(text, []).append(number)
        elif watch.topics is not None and (topics := watch.topics.any or watch.topics.all[:1]):
            for topic in topics:
                self._by_topic.setdefault(topic, []).append(number)
        else:
            self._always.append(number)

    def _file_pair(self, number: int, pair: PairPart, scope: Scope) -> None:
        one, other = ActorTest(pair.one).ids, ActorTest(pair.other).ids
        only_as_extracted = pair.directed or scope is Scope.SENTENCE
        if only_as_extracted and one is not None and other is not None and len(one) * len(other) <= _MAX_PAIR_ENTRIES:
            for source, target in product(sorted(one), sorted(other)):
                for ends in {(source, target), (target, source)}:  # as extraction may name them
                    self._by_pair.setdefault(ends, []).append(number)
            return
        ends_by_size = sorted((ids for ids in (one, other) if ids is not None), key=len)
        if not ends_by_size:
            (self._any_pair if only_as_extracted else self._any_actor).append(number)
            return
        for actor in ends_by_size[0]:
            self._by_actor.setdefault(actor, []).append(number)

    def _file_actors(self, number: int, choices: ActorSet, otherwise: list[int]) -> None:
        ids = ActorTest(choices).ids
        if ids is None:
            otherwise.append(number)
            return
        for actor in ids:
            self._by_actor.setdefault(actor, []).append(number)


def literals_of(part: KeywordsPart) -> Sequence[str]:
    """Return folded texts of which one must be in the text for ``part`` to hold; empty = cannot be told."""
    groups = [[term] for term in part.all] + ([list(part.any)] if part.any else [])
    known = []
    for group in groups:
        literals = [compile_term(term).literals for term in group]
        if all(literals):
            known.append([text for of_term in literals for text in of_term])
    return max(known, key=lambda group: min(map(len, group)), default=())
