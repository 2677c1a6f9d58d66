"""Where in a text the findings come from: actors, words of topics and of tone, for a person to look at. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pipelines.extraction.actors.folding import fold
from pipelines.extraction.analysis import Readers, SentenceRead
from pipelines.extraction.ground import with_ground
from pipelines.extraction.tone import cues_in
from schemas.reasons import LanguageSupport
from schemas.signal import Signal


class MarkKind(StrEnum):
    """What a mark tells of."""

    ACTOR = "actor"
    TOPIC = "topic"
    COOPERATION = "cooperation"
    CONFLICT = "conflict"


@dataclass(frozen=True)
class Mark:
    """``text[start:end]`` and what it stands for: the actor with person and role, or the topic."""

    start: int
    end: int
    kind: MarkKind
    label: str
    about: str = ""


@dataclass(frozen=True)
class MarkedSignal:
    """A signal with its sentences as they were read, and the marks in text order."""

    signal: Signal
    sentences: Sequence[SentenceRead]
    marks: Sequence[Mark]


def marks_in(text: str, read: Sequence[SentenceRead], readers: Readers, support: LanguageSupport) -> list[Mark]:
    """Return the marks of ``text``; words of topics and tone where its language is known."""
    marks = list(_actors(read))
    if support is LanguageSupport.FULL:
        phrases = readers.phrases.find(text)
        count = len(readers.topic_ids)
        marks += [
            Mark(hit.start, hit.end, MarkKind.TOPIC, readers.topic_ids[hit.family])
            for hit in phrases
            if hit.family < count
        ]
        said = cues_in(phrases, count, text)
        starts = {cue.start for cue in said}
        folded = fold(text)
        for sentence in read:
            if len(sentence.hits) > 1:
                done = with_ground(folded, sentence.hits, (), sentence.start, sentence.end)
                said += (cue for cue in done if cue.start not in starts)
        for cue in said:
            if cue.value:
                marks.append(Mark(cue.start, cue.end, MarkKind.COOPERATION if cue.value > 0 else MarkKind.CONFLICT, ""))
    return sorted(marks, key=lambda mark: (mark.start, -mark.end))


def _actors(read: Sequence[SentenceRead]) -> Iterator[Mark]:
    for sentence in read:
        for hit in sentence.hits:
            person = f", {hit.person}" if hit.person else ""
            role = f", {hit.role}" if hit.role else ""
            yield Mark(hit.start, hit.end, MarkKind.ACTOR, hit.actor, f"{hit.type}{person}{role}")
