"""How good extraction is on hand-made gold: actors and explicit pairs by sentence, tones, directions and topics beside them.

`./run evaluate extraction`; gold lies outside the project, as gold/seed_003_sentences.jsonl in the folder of evaluation data.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

from pydantic import BaseModel

from benchmarks import evaluate_pairs, evaluate_sentences, judged_texts, main_pairs
from benchmarks.scores import Score, print_score
from pipelines.extraction.extractor import ExplainedSentence, Extractor, extractor_for
from schemas.article import Article, Source
from schemas.ids import article_id, content_hash, milliseconds
from schemas.reasons import EventTimeReason

ACTORS_AT_LEAST = 0.96
PAIRS_AT_LEAST = 0.88
TOPICS_AT_LEAST = 0.92

_GOLD = Path("gold") / "seed_003_sentences.jsonl"
_PAIR = re.compile(r"(\w+)([->])(\w+) ([+-]\d) (explicit|optional|anaphoric)")
#: The annotator looked for these and no others.
_ANNOTATED_TOPICS = frozenset(
    {
        "cyberattack", "diplomacy_visit", "energy", "humanitarian_aid", "karabakh", "media_softpower", "military_action",
        "military_aid", "peace_talks", "peacekeepers", "plane_crash", "territorial_integrity", "trade_economy", "trial_espionage",
    }
)  # fmt: skip
_TONES = {"+1": "cooperation", "+0": "neutral", "-1": "conflict"}


class GoldSentence(BaseModel):
    """One annotated sentence; pairs as "AZE>UKR +1 explicit"."""

    file: str
    date: datetime
    i: int
    sentence: str
    actors: list[str]
    optional_actors: list[str]
    pairs: list[str]
    topics: list[str]
    optional_topics: list[str]


@dataclass
class Scores:
    """All tasks. ``co_occurrence`` takes each two actors found in a sentence for a pair; ``tone`` and ``direction`` count the
    explicit pairs that were found and have the gold's."""

    actors: Score = field(default_factory=Score)
    pairs: Score = field(default_factory=Score)
    co_occurrence: Score = field(default_factory=Score)
    topics: Score = field(default_factory=Score)
    tone: Score = field(default_factory=Score)
    direction: Score = field(default_factory=Score)

    def add(self, gold: GoldSentence, seen: Sequence[ExplainedSentence]) -> None:
        """Count what was found in one sentence (in the parts that the splitter made of it)."""
        self.actors.add(gold.i, gold.actors, gold.optional_actors, (a for s in seen for a in s["actors"]))
        annotated = (t for s in seen for t in s["topics"] if t in _ANNOTATED_TOPICS)
        self.topics.add(gold.i, gold.topics, gold.optional_topics, annotated)
        explicit: dict[str, tuple[str, str]] = {}
        optional = set()
        for text in gold.pairs:
            match = _PAIR.fullmatch(text)
            if match is None:
                raise ValueError(f"sentence {gold.i}: {text!r} is no pair")
            key = "-".join(sorted((match[1], match[3])))
            if match[5] == "explicit":
                explicit[key] = (_TONES[match[4]], f"{match[1]}>{match[3]}" if match[2] == ">" else key)
            else:
                optional.add(key)
        pairs = {"-".join(sorted((p["source"], p["target"]))): p for s in seen for p in s["pairs"]}
        self.pairs.add(gold.i, explicit, optional, pairs)
        together = {"-".join(two) for s in seen for two in combinations(sorted(set(s["actors"])), 2)}
        self.co_occurrence.add(gold.i, explicit, optional, together)
        for key, (tone, direction) in explicit.items():
            if key in pairs:
                pair = pairs[key]
                as_found = f"{pair['source']}>{pair['target']}" if pair["directed"] else key
                self.tone.add(gold.i, [f"{key} {tone}"], [], [f"{key} {pair['tone']}"])
                self.direction.add(gold.i, [direction], [], [as_found])


def read_gold(folder: Path) -> list[GoldSentence]:
    """Return the annotated sentences under ``folder``."""
    lines = (folder / _GOLD).read_text(encoding="utf-8").splitlines()
    return [
        GoldSentence.model_validate_json(json.dumps({**json.loads(line), "date": _noon(line)}))
        for line in lines
        if line
    ]


def _noon(line: str) -> str:
    return f"{json.loads(line)['date']}T12:00:00Z"


def evaluate(extractor: Extractor, gold: Sequence[GoldSentence]) -> Scores:
    """Score each sentence by itself, without what stands around it."""
    scores = Scores()
    for sentence in gold:
        scores.add(sentence, extractor.explain(_article(sentence)))
    return scores


def _article(gold: GoldSentence) -> Article:
    at = gold.date.astimezone(UTC)
    return Article(
        article_id=article_id("gold", f"{gold.file}#{gold.i}"),
        revision=milliseconds(at),
        revised_at=at,
        source=Source(id="gold"),
        feed_id="gold",
        text=gold.sentence,
        language="en",
        observed_at=at,
        event_time=at,
        event_time_reason=EventTimeReason.ARCHIVE,
        content_hash=content_hash("", "", gold.sentence),
    )


def main(data: Path | None) -> int:
    """Print all scores; return 0 where all that must be is reached, 1 where something is not, 2 without some of the data."""
    if data is None:
        print("NOT RUN: evaluate extraction — there is no folder of evaluation data", file=sys.stderr)
        return 2
    parts = (judge_sentences, main_pairs.main, judged_texts.main, evaluate_sentences.main, evaluate_pairs.main)
    codes = [part(data) for part in parts]
    return 1 if 1 in codes else max(codes)


def judge_sentences(data: Path) -> int:
    """Print the scores on the annotated sentences; return 1 where one falls short, 2 without them."""
    if not (data / _GOLD).is_file():
        print(f"NOT RUN: annotated sentences — there is no {_GOLD} in the folder of evaluation data", file=sys.stderr)
        return 2
    scores = evaluate(extractor_for(), read_gold(data))
    for name in ("actors", "pairs", "co_occurrence", "topics", "tone", "direction"):
        score: Score = getattr(scores, name)
        print_score(f"sentences {name}", score)
    reached = (
        scores.actors.f1 >= ACTORS_AT_LEAST
        and scores.pairs.f1 >= PAIRS_AT_LEAST
        and scores.topics.f1 >= TOPICS_AT_LEAST
    )
    return 0 if reached else 1
