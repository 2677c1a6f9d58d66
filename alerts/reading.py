"""What rules keep of a signal: the keys it counts for, each with the sentence to show and the detectors that count it.

What follows from the rules alone is found once, when they take force: an article is asked only what some rule wants to know.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from alerts.cards import KeyHit
from alerts.rules.match import Hit, RuleIndex
from alerts.rules.model import Rule, Shift
from alerts.rules.narrowing import Narrowing
from alerts.rules.view import SignalView
from schemas.signal import Signal

#: Characters of the matching sentence kept as evidence.
EXCERPT_CHARACTERS = 300


class KeptHits:
    """What one rule keeps of its hits: those that at least one of its detectors counts."""

    def __init__(self, rule: Rule) -> None:
        scope = rule.watch.scope
        self._every = tuple(range(len(rule.when)))
        self._only = {i: Narrowing(d.only, scope) for i, d in enumerate(rule.when) if d.only is not None}
        self._parts = {i: Narrowing(d.to, scope) for i, d in enumerate(rule.when) if isinstance(d, Shift)}
        self._plain = not self._only and not self._parts

    def of(self, hits: Iterable[Hit], view: SignalView) -> tuple[KeyHit, ...]:
        """Return what is kept of ``hits``, which the rule has in the signal of ``view``; in their order."""
        signal = view.signal
        if self._plain:
            every = self._every
            return tuple([KeyHit(key, _excerpt(signal, where), every) for key, where, _ in hits])
        kept = []
        for key, where, _ in hits:
            detectors = self._detectors(where, view)
            if detectors:
                parts = tuple([i for i, part in self._parts.items() if i in detectors and part.holds(where, view)])
                kept.append(KeyHit(key, _excerpt(signal, where), detectors, parts))
        return tuple(kept)

    def _detectors(self, where: Sequence[int], view: SignalView) -> tuple[int, ...]:
        only = self._only
        return tuple([i for i in self._every if i not in only or only[i].holds(where, view)]) if only else self._every


class Reader:
    """Rules ready to read signals."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._index = RuleIndex(rules)
        self._kept = [(rule.name, KeptHits(rule)) for rule in rules]

    def read(self, signal: Signal) -> dict[str, tuple[KeyHit, ...]]:
        """Return what is kept of ``signal`` by rule name; rules that keep nothing of it are not in it."""
        view = SignalView(signal)
        found = {}
        for number, hits in self._index.numbered_hits(view):
            name, keeping = self._kept[number]
            kept = keeping.of(hits, view)
            if kept:
                found[name] = kept
        return found


def _excerpt(signal: Signal, where: Sequence[int]) -> str:
    if not where:
        return ""
    sentence = signal.sentences[where[0]]
    return signal.text[sentence.start : sentence.end][:EXCERPT_CHARACTERS]
