"""What one rule finds in a signal: one hit a key. A pure function of (rule, signal)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from alerts.rules.finders import ActorFinder, Found, KeywordFinder, PairFinder, TopicFinder, merged
from alerts.rules.model import Rule, WatchKind
from alerts.rules.narrowing import admits, units_of_tone
from alerts.rules.view import SignalView
from schemas.reasons import ArticleStatus, Prominence
from schemas.signal import Signal


class Hit(NamedTuple):
    """A key found in an article: where (indices into ``Signal.sentences``, sorted) and the words or ids that matched.

    ``matched`` begins with the ids of the key's actors or topic; keywords are spelt as in the article.
    """

    key: str
    sentences: tuple[int, ...]
    matched: tuple[str, ...]


class CompiledWatch:
    """The watch of one rule, ready to be asked. Parts hold together when some unit of the scope has something of each."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self._watch = watch = rule.watch
        prominence = frozenset(watch.prominence or Prominence)
        self._pair = PairFinder(watch.pair, watch.scope, prominence) if watch.pair else None
        self._actor = ActorFinder(watch.actor, prominence) if watch.actor else None
        self._topics = TopicFinder(watch.topics) if watch.topics or watch.each_topic else None
        self._keywords = KeywordFinder(watch.keywords) if watch.keywords else None
        #: Whether a pair is all that is asked for: what most rules are, and what is decided without weighing places.
        self._pair_alone = self._pair is not None and not (
            watch.actor or watch.topics or watch.each_topic or watch.keywords or watch.tone
        )
        self._filters = bool(watch.languages or watch.sources or watch.tone)

    def hits(self, signal: Signal) -> tuple[Hit, ...]:
        """Return one hit a key, sorted by key; a withdrawn signal has none."""
        return self.hits_in(SignalView(signal))

    def hits_in(self, view: SignalView) -> tuple[Hit, ...]:
        """Return the same as :meth:`hits` for the signal of ``view``, sharing what other rules made it compute."""
        signal = view.signal
        if signal.status is not ArticleStatus.LIVE or (self._filters and not self._admits(signal)):
            return ()
        if self._pair_alone:
            return self._hits_of_pairs(view)
        conditions: list[Found] = []
        subjects = self._subjects(view, conditions)
        return self._placed(view, subjects, conditions) if subjects else ()

    def _admits(self, signal: Signal) -> bool:
        watch = self._watch
        return (
            (not watch.languages or signal.language in watch.languages)
            and (watch.sources is None or admits(watch.sources, signal.source))
            and (watch.tone is None or signal.tone not in watch.tone.none)
        )

    def _hits_of_pairs(self, view: SignalView) -> tuple[Hit, ...]:
        """Return the hits where nothing has to hold beside the pair: wherever it stands."""
        assert self._pair is not None
        met = self._pair.met(view)
        if not met:
            return ()
        placed = bool(view.signal.sentences)
        hits = []
        for key, (one, other, sentences) in sorted(met.items()) if len(met) > 1 else met.items():
            where = sentences if len(sentences) < 2 else tuple(sorted(set(sentences)))
            if where:
                hits.append(Hit(key, where if placed else (), (one, other)))
        return tuple(hits)

    def _subjects(self, view: SignalView, conditions: list[Found]) -> Mapping[str, Found] | None:
        """Return what makes the keys, by key, and add what else must hold; None where a part is not in the article."""
        subjects: Mapping[str, Found] = {}
        kind, name = self._watch.kind, self.rule.name
        if self._pair is not None:
            if not (pairs := self._pair.found(view)):
                return None
            if kind is WatchKind.PAIR:
                subjects = pairs
            else:
                conditions.append(merged(pairs.values()))
        if self._actor is not None:
            if (actors := self._actor.found(view)) is None:
                return None
            conditions.extend(actors[1])
            if kind is WatchKind.ACTOR:
                subjects = actors[0]
            elif actors[0]:
                conditions.append(merged(actors[0].values()))
        if self._topics is not None:
            if (topics := self._topics.found(view)) is None:
                return None
            conditions.extend(topics[1])
            if self._watch.each_topic:
                subjects = {f"topic:{topic}": found for topic, found in topics[0].items()}
            elif kind is WatchKind.TOPIC:
                subjects = {f"topic:{name}": merged((*self._wanted(topics[0]), *topics[1]))}
            if not self._watch.each_topic and (any_of := self._wanted(topics[0])):
                conditions.append(merged(any_of))
        if self._keywords is not None:
            if (words := self._keywords.found(view)) is None:
                return None
            conditions.extend(words)
            if kind is WatchKind.KEYWORDS:
                subjects = {f"keyword:{name}": merged(words)}
        return subjects

    def _wanted(self, topics: Mapping[str, Found]) -> Sequence[Found]:
        """Return those of ``topics`` that the rule asks for by ``any``."""
        part = self._watch.topics
        return tuple(topics.values()) if part is not None and part.any else ()

    def _placed(self, view: SignalView, subjects: Mapping[str, Found], conditions: Sequence[Found]) -> tuple[Hit, ...]:
        """Return the subjects that lie in a unit with something of every condition and of the right tone."""
        scope = self._watch.scope
        tone = self._watch.tone
        allowed = units_of_tone(view, tone, scope) if tone is not None else None
        for condition in conditions:
            units = view.units(condition.sentences, scope)
            allowed = units if allowed is None else allowed & units
        if allowed is None:
            everywhere = [_everywhere(view, key, subjects[key]) for key in sorted(subjects)]
            return tuple([hit for hit in everywhere if hit is not None])
        hits = []
        for key, found in sorted(subjects.items()):
            units = view.units(found.sentences, scope) & allowed
            if units:
                hits.append(self._hit(view, key, (found, *conditions), units))
        return tuple(hits)

    def _hit(self, view: SignalView, key: str, parts: Sequence[Found], units: set[int]) -> Hit:
        scope = self._watch.scope
        matched = dict.fromkeys(
            name
            for part in parts
            for name, sentences in part.names.items()
            if not units.isdisjoint(view.units(sentences, scope))
        )
        where = view.sentences_in(parts[0].sentences, units, scope) if view.signal.sentences else ()
        return Hit(key, tuple(sorted(where)), tuple(matched))


def _everywhere(view: SignalView, key: str, found: Found) -> Hit | None:
    """Return the hit of a subject beside which nothing else has to hold, wherever it stands; None where it stands nowhere."""
    where = found.sentences
    if not where:
        return None
    matched = tuple([name for name, sentences in found.names.items() if sentences])
    return Hit(key, tuple(sorted(where)) if view.signal.sentences else (), matched)


def compile_watch(rule: Rule) -> CompiledWatch:
    """Return the watch of ``rule``, ready to be asked for hits."""
    return CompiledWatch(rule)
