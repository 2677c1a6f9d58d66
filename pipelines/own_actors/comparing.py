"""What other actor files change in the findings of the same articles: two extractors in, differences out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from pipelines.extraction.extractor import Extractor
from schemas.article import Article
from schemas.model import Part
from schemas.signal import Signal

_BATCH = 250
EXAMPLES = 3


class Difference(Part):
    """An actor or a pair that is found in other articles than before; ``examples`` are headlines, marked + or −."""

    what: str
    gained: int
    lost: int
    examples: tuple[str, ...]


class Compared(Part):
    """All differences, the largest first; ``changed`` of ``articles`` have at least one."""

    articles: int
    changed: int
    actors: tuple[Difference, ...]
    pairs: tuple[Difference, ...]


@dataclass
class _Tally:
    gained: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, before: set[str], after: set[str], headline: str) -> bool:
        """Count one article; return whether it differs."""
        for kept, counts, mark in ((after - before, self.gained, "+"), (before - after, self.lost, "−")):
            for what in kept:
                counts[what] += 1
                shown = self.examples.setdefault(what, [])
                if len(shown) < EXAMPLES:
                    shown.append(f"{mark} {headline}")
        return before != after

    def differences(self) -> tuple[Difference, ...]:
        """Return what was counted."""
        found = [
            Difference(what=what, gained=self.gained[what], lost=self.lost[what], examples=tuple(self.examples[what]))
            for what in self.gained.keys() | self.lost.keys()
        ]
        return tuple(sorted(found, key=lambda one: (-(one.gained + one.lost), one.what)))


def compared(before: Extractor, after: Extractor, articles: Iterable[Article]) -> Compared:
    """Return what ``after`` finds otherwise than ``before``."""
    actors, pairs = _Tally(), _Tally()
    total = changed = 0
    remaining = iter(articles)
    while batch := list(islice(remaining, _BATCH)):
        total += len(batch)
        for old, new in zip(before.extract_many(batch), after.extract_many(batch), strict=True):
            headline = old.title or " ".join(old.text.split())[:100]
            differs = actors.add(_actors(old), _actors(new), headline)
            changed += pairs.add(_pairs(old), _pairs(new), headline) or differs
    return Compared(articles=total, changed=changed, actors=actors.differences(), pairs=pairs.differences())


def _actors(signal: Signal) -> set[str]:
    return {actor.id for actor in signal.actors}


def _pairs(signal: Signal) -> set[str]:
    return {"-".join(sorted((pair.source, pair.target))) for pair in signal.pairs}
