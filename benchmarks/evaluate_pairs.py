"""Country pairs beside plain co-occurrence on sentences that others coded: PLOVER's news and PETRARCH's tests.

The coders named who acts in the event, not who else the sentence names: precision is a floor, and the comparison counts.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from benchmarks.event_gold import (
    NOVEL,
    PETRARCH_FILE,
    PLOVER_FILE,
    EventSentence,
    petrarch_sentences,
    plover_sentences,
)
from benchmarks.scores import Score
from pipelines.extraction.actors.catalogue import load_catalogue
from pipelines.extraction.extractor import Extractor, extractor_for
from schemas.article import Article, Source
from schemas.ids import article_id, content_hash, milliseconds
from schemas.reasons import EventTimeReason

ACTORS_AT_LEAST = 0.87


@dataclass
class PairScores:
    """``directed`` counts the pairs found that were coded one way only: the way they were found in, where in any."""

    actors: Score = field(default_factory=Score)
    pairs: Score = field(default_factory=Score)
    co_occurrence: Score = field(default_factory=Score)
    directed: Score = field(default_factory=Score)

    def add(self, number: int, gold: EventSentence, extractor: Extractor, countries: frozenset[str]) -> None:
        """Count one sentence, read by itself."""
        seen = extractor.explain(_article(gold))
        actors = {actor for sentence in seen for actor in sentence["actors"] if actor in countries}
        pairs = {_key(p["source"], p["target"]): p for sentence in seen for p in sentence["pairs"]
                 if {p["source"], p["target"]} <= countries}  # fmt: skip
        wanted = {_key(*pair) for pair in gold.pairs}
        self.actors.add(number, gold.actors, [], actors)
        self.pairs.add(number, wanted, [], pairs)
        self.co_occurrence.add(number, wanted, [], {_key(*two) for two in combinations(actors, 2)})
        for source, target in gold.pairs:
            found = pairs.get(_key(source, target))
            if found is not None and (target, source) not in gold.pairs and found["directed"]:
                self.directed.add(number, [f"{source}>{target}"], [], [f"{found['source']}>{found['target']}"])


def evaluate(gold: Sequence[EventSentence], extractor: Extractor, countries: frozenset[str]) -> PairScores:
    """Score each sentence by itself."""
    scores = PairScores()
    for number, sentence in enumerate(gold):
        scores.add(number, sentence, extractor, countries)
    return scores


def main(data: Path | None) -> int:
    """Print the scores; return 1 where PLOVER's actors or the comparison fall short, 2 without the sentences."""
    if data is None or not all((data / file).is_file() for file in (PLOVER_FILE, PETRARCH_FILE)):
        print(f"NOT RUN: evaluate pairs — needs {PLOVER_FILE} and {PETRARCH_FILE}", file=sys.stderr)
        return 2
    countries = _countries(())
    plover = evaluate(plover_sentences(data, countries), extractor_for(), countries)
    with tempfile.TemporaryDirectory(prefix="tocsin-novel-") as folder:
        own = Path(folder) / "novel.yaml"
        own.write_text(NOVEL, encoding="utf-8")
        both = _countries((own,))
        petrarch = evaluate(petrarch_sentences(data, countries), extractor_for([own]), both)
    for name, scores in (("plover", plover), ("petrarch", petrarch)):
        for task in ("actors", "pairs", "co_occurrence", "directed"):
            score: Score = getattr(scores, task)
            of = f"precision {score.precision:.3f}  recall {score.recall:.3f}"
            print(f"{name:9} {task:14} F1 {score.f1:.3f}  {of}  found {score.found}")
            if task != "co_occurrence":
                print(f"{'':24} missed {' '.join(score.missed) or '-'}")
                print(f"{'':24} wrong  {' '.join(score.wrong) or '-'}")
    better = all(scores.pairs.f1 >= scores.co_occurrence.f1 for scores in (plover, petrarch))
    return 0 if better and plover.actors.f1 >= ACTORS_AT_LEAST else 1


def _countries(own: tuple[Path, ...]) -> frozenset[str]:
    return frozenset(a.id for a in load_catalogue(own).actors.values() if a.type in {"country", "territory"})


def _key(one: str, other: str) -> str:
    return f"{min(one, other)}-{max(one, other)}"


def _article(gold: EventSentence) -> Article:
    return Article(
        article_id=article_id("gold", gold.name),
        revision=milliseconds(gold.on),
        revised_at=gold.on,
        source=Source(id="gold"),
        feed_id="gold",
        text=gold.text,
        language="en",
        observed_at=gold.on,
        event_time=gold.on,
        event_time_reason=EventTimeReason.ARCHIVE,
        content_hash=content_hash("", "", gold.text),
    )
