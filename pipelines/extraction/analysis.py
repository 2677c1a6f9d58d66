"""What each sentence of an article says: actors, pairs, topics, tone. Pure: text, day and finders in, sentences out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, TypeVar

from pipelines.extraction.actors.finder import ActorFinder, ActorHit
from pipelines.extraction.actors.folding import fold
from pipelines.extraction.ground import with_ground
from pipelines.extraction.pairs import PairSeen, pairs_in
from pipelines.extraction.phrases import PhraseFinder, PhraseHit
from pipelines.extraction.sentences import sentence_spans
from pipelines.extraction.tone import Cue, cues_in, tone_of, tone_phrases, tone_words
from pipelines.extraction.topics import topic_phrases, topics
from schemas.reasons import LanguageSupport, Tone

#: Where a sentence speaks of nothing else, "attack" and "beat" are no conflict. One word of it is not enough: states boycott
#: each other's games and mean it.
_NOBODY_MEANS_IT = "sport"

#: Python looks a member of an enumeration up anew each time it is named.
_NEUTRAL = Tone.NEUTRAL

S = TypeVar("S", ActorHit, Cue, PhraseHit)


class SentenceRead(NamedTuple):
    """A sentence at ``text[start:end]``. ``topics`` are ids with the number of phrases that speak of them."""

    start: int
    end: int
    tone: Tone
    hits: Sequence[ActorHit]
    pairs: Sequence[PairSeen]
    topics: dict[str, int]


@dataclass(frozen=True)
class Readers:
    """The automata, made once per process."""

    actors: ActorFinder
    phrases: PhraseFinder
    topic_ids: tuple[str, ...]

    @classmethod
    def made(cls, actors: ActorFinder) -> Readers:
        """Return readers with the topics and tone words of the data files."""
        known = topics()
        phrases = PhraseFinder([*topic_phrases(known), *tone_phrases(tone_words(), len(known))])
        return cls(actors, phrases, tuple(topic.id for topic in known))

    def read(
        self, text: str, on: date, language: str | None, support: LanguageSupport, folded: str | None = None
    ) -> list[SentenceRead]:
        """Return the sentences of ``text`` in order. Topics and tone are read only where their language is known.

        ``folded`` is the folded text where the caller has it.
        """
        if folded is None:
            folded = fold(text)
        spans = sentence_spans(text)
        hits = self.actors.find(text, on, language, folded)
        phrases = self.phrases.find(text, folded) if support is LanguageSupport.FULL else []
        count = len(self.topic_ids)
        cues = cues_in(phrases, count, text)
        said = [hit for hit in phrases if hit.family < count]
        starts = [start for start, _ in spans]
        hits_in, cues_of, said_in = _by_sentence(hits, starts), _by_sentence(cues, starts), _by_sentence(said, starts)
        read = []
        for number, (start, end) in enumerate(spans):
            own_hits = hits_in.get(number, ())
            own_cues: Sequence[Cue] = cues_of.get(number, ())
            counted = self._counted(said_in[number]) if number in said_in else {}
            if len(counted) == 1 and counted.get(_NOBODY_MEANS_IT, 0) > 1:
                own_cues = ()
            elif len(own_hits) > 1 and support is LanguageSupport.FULL:
                own_cues = with_ground(folded, own_hits, own_cues, start, end)
            pairs = pairs_in(text, own_hits, own_cues, start, end) if len(own_hits) > 1 else ()
            tone = tone_of(own_cues) if own_cues else _NEUTRAL
            read.append(SentenceRead(start, end, tone, own_hits, pairs, counted))
        return read

    def _counted(self, phrases: Sequence[PhraseHit]) -> dict[str, int]:
        counts: dict[str, int] = {}
        for hit in phrases:
            topic = self.topic_ids[hit.family]
            counts[topic] = counts.get(topic, 0) + 1
        return counts


def _by_sentence(found: Sequence[S], starts: Sequence[int]) -> dict[int, list[S]]:
    """Return what begins in each sentence, or behind it and before the next one: nothing is lost."""
    parted: dict[int, list[S]] = {}
    for one in found:
        number = bisect_right(starts, one.start) - 1
        parted.setdefault(number if number > 0 else 0, []).append(one)
    return parted
