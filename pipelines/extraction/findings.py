"""From sentences to the findings of an article: actors, pairs, topics with how central they are. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from pipelines.extraction.analysis import SentenceRead
from schemas.reasons import Prominence, Tone
from schemas.signal import ActorFound, EntityFound, PairFound, ToneCounts, TopicFound

#: What stands in one of the first sentences of the body is what the article is about, and so is what comes up at least so often …
LEAD_SENTENCES = 3
MAIN_MENTIONS = 3

#: … if it comes up at least such a part as often as the most frequent one: a long analysis begins with what it then leaves.
MAIN_PART = 0.125

#: Python looks a member of an enumeration up anew each time it is named, which these functions do often.
_COOPERATION, _CONFLICT, _NEUTRAL = Tone.COOPERATION, Tone.CONFLICT, Tone.NEUTRAL
_TITLE, _MAIN, _MENTION = Prominence.TITLE, Prominence.MAIN, Prominence.MENTION

#: A title weighs as much as two sentences of the body.
_TITLE_WEIGHT = 2


@dataclass(slots=True)
class _Gathered:
    mentions: int = 0
    sentences: list[int] = field(default_factory=list)
    tones: list[Tone] = field(default_factory=list)
    topics: set[str] = field(default_factory=set)

    def add(self, sentence: int) -> None:
        self.mentions += 1
        if not self.sentences or self.sentences[-1] != sentence:
            self.sentences.append(sentence)


K = TypeVar("K")


def _in(gathered: dict[K, _Gathered], key: K) -> _Gathered:
    found = gathered.get(key)
    if found is None:
        found = gathered[key] = _Gathered()
    return found


def actors_of(read: Sequence[SentenceRead], titled: bool) -> tuple[ActorFound, ...]:
    """Return the actors in the order of their first mention."""
    gathered: dict[str, _Gathered] = {}
    types: dict[str, str] = {}
    for number, sentence in enumerate(read):
        for hit in sentence.hits:
            _in(gathered, hit.actor).add(number)
            types[hit.actor] = hit.type
    most = max((found.mentions for found in gathered.values()), default=0)
    return tuple(
        ActorFound(
            id=actor,
            type=types[actor],
            mentions=found.mentions,
            prominence=_prominence(found.sentences, found.mentions, most, titled),
            sentences=tuple(found.sentences),
        )
        for actor, found in gathered.items()
    )


def pairs_of(read: Sequence[SentenceRead], titled: bool, actors: Sequence[ActorFound]) -> tuple[PairFound, ...]:
    """Return the pairs in the order of their first sentence. How central a pair is does not depend on who acts; a pair of
    somebody whom the article only mentions is only mentioned."""
    passing = {actor.id for actor in actors if actor.prominence is _MENTION}
    gathered: dict[tuple[str, str, bool], _Gathered] = {}
    meetings: dict[frozenset[str], _Gathered] = {}
    for number, sentence in enumerate(read):
        for pair in sentence.pairs:
            found = _in(gathered, (pair.source, pair.target, pair.directed))
            found.add(number)
            found.tones.append(pair.tone)
            found.topics.update(sentence.topics)
            _in(meetings, frozenset((pair.source, pair.target))).add(number)
    most = max((meeting.mentions for meeting in meetings.values()), default=0)
    result = []
    for (source, target, directed), found in gathered.items():
        meeting = meetings[frozenset((source, target))]
        prominence = _prominence(meeting.sentences, meeting.mentions, most, titled)
        if source in passing or target in passing:
            prominence = _MENTION
        result.append(
            PairFound(
                source=source,
                target=target,
                directed=directed,
                prominence=prominence,
                tones=ToneCounts(
                    cooperation=found.tones.count(_COOPERATION),
                    conflict=found.tones.count(_CONFLICT),
                    neutral=found.tones.count(_NEUTRAL),
                ),
                topics=tuple(sorted(found.topics)),
                mentions=found.mentions,
                sentences=tuple(found.sentences),
            )
        )
    return tuple(result)


def topics_of(read: Sequence[SentenceRead]) -> tuple[TopicFound, ...]:
    """Return the topics by id."""
    hits: dict[str, int] = {}
    sentences: dict[str, list[int]] = {}
    for number, sentence in enumerate(read):
        for topic, count in sentence.topics.items():
            hits[topic] = hits.get(topic, 0) + count
            sentences.setdefault(topic, []).append(number)
    return tuple(TopicFound(id=topic, hits=hits[topic], sentences=tuple(sentences[topic])) for topic in sorted(hits))


def persons_of(read: Sequence[SentenceRead]) -> tuple[EntityFound, ...]:
    """Return the persons the catalogue knows, in the order of their first mention."""
    gathered: dict[tuple[str, str, str | None], _Gathered] = {}
    for number, sentence in enumerate(read):
        for hit in sentence.hits:
            if hit.person is not None:
                _in(gathered, (hit.person, hit.actor, hit.role)).add(number)
    return tuple(
        EntityFound(text=person, label="PERSON", actor=actor, role=role, sentences=tuple(found.sentences))
        for (person, actor, role), found in gathered.items()
    )


def tone_of_article(read: Sequence[SentenceRead], titled: bool) -> Tone:
    """Return the tone of most sentences in which actors meet, of all sentences where none do; neutral at a tie."""
    tones = [sentence.tone for sentence in read if sentence.pairs]
    first = bool(read) and (bool(read[0].pairs) or not tones)
    if not tones:
        tones = [sentence.tone for sentence in read]
    if titled and first:
        tones += [read[0].tone] * (_TITLE_WEIGHT - 1)
    cooperation, conflict = tones.count(_COOPERATION), tones.count(_CONFLICT)
    if cooperation == conflict:
        return _NEUTRAL
    return _COOPERATION if cooperation > conflict else _CONFLICT


def _prominence(sentences: Sequence[int], mentions: int, most: int, titled: bool) -> Prominence:
    first = sentences[0]
    if titled and first == 0:
        return _TITLE
    if (first < LEAD_SENTENCES + titled or mentions >= MAIN_MENTIONS) and mentions >= MAIN_PART * most:
        return _MAIN
    return _MENTION
