"""Tone: words of cooperation and of conflict in a sentence, without those that are denied or ended; and what they amount to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pipelines.extraction.phrase_files import DATA, ToneFile, read_phrase_file
from pipelines.extraction.phrases import Phrase, PhraseHit
from schemas.reasons import Tone

TONE_FILE = DATA / "tone.yaml"

#: A denial reaches so many characters ahead, but not over these marks.
_REACH_CHARACTERS = 26
_ENDING_REACH_CHARACTERS = 40
_CLAUSE_MARK = re.compile("[,;:.!?]")

#: What somebody does to somebody says more than the words around it.
_VERB_WEIGHT = 2


class _Kind(IntEnum):
    NEUTRAL = 0  # takes the place of other words and says nothing
    COOPERATION_VERB = 1
    COOPERATION = 2
    CONFLICT_VERB = 3
    CONFLICT = 4
    ACT = 5
    NEGATION = 1  # in a family of its own, with the next
    REVERSAL = 2


#: Value, and whether somebody does it to somebody.
_MEANS: dict[int, tuple[int, bool]] = {
    _Kind.COOPERATION_VERB: (1, True),
    _Kind.COOPERATION: (1, False),
    _Kind.CONFLICT_VERB: (-1, True),
    _Kind.CONFLICT: (-1, False),
    _Kind.ACT: (0, True),
}


class Cue(NamedTuple):
    """A word at ``start``–``end``: ``value`` is 1 for cooperation, -1 for conflict; ``verb``: somebody does it to somebody.

    ``by``: the armed actor who alone does it (see ground.py), else empty.
    """

    start: int
    end: int
    value: int
    verb: bool
    by: str = ""


@cache
def tone_words(path: Path = TONE_FILE) -> ToneFile:
    """Return the words of tone; :raises UsageError: the file is wrong."""
    return read_phrase_file(path, ToneFile)


def tone_phrases(words: ToneFile, family: int) -> Iterator[Phrase]:
    """Yield the phrases of tone; they take the families ``family`` (tone) and ``family + 1`` (negations)."""
    groups = (
        (words.neutral, _Kind.NEUTRAL),
        (words.acts, _Kind.ACT),
        (words.cooperation.verbs, _Kind.COOPERATION_VERB),
        (words.cooperation.words, _Kind.COOPERATION),
        (words.conflict.verbs, _Kind.CONFLICT_VERB),
        (words.conflict.words, _Kind.CONFLICT),
    )
    for texts, kind in groups:
        for text in texts:
            yield Phrase(text, family, kind)
    for text in words.neutral:
        if text.split()[0] in words.negations:
            yield Phrase(text, family + 1, _Kind.NEUTRAL)  # "not only"
    for text in words.negations:
        yield Phrase(text, family + 1, _Kind.NEGATION)
    for text in words.reversals:
        yield Phrase(text, family + 1, _Kind.REVERSAL)


def cues_in(hits: Iterable[PhraseHit], family: int, text: str) -> list[Cue]:
    """Return the cues among ``hits``, in text order, without the denied ones ("did not attack").

    Cooperation that is ended is conflict ("suspended the talks").
    """
    cues: list[Cue] = []
    denied_to = ended_to = -1
    for hit in hits:
        if hit.family == family + 1:
            if hit.kind == _Kind.NEGATION:
                denied_to = _reach(text, hit.end)
            else:
                ended_to = _reach(text, hit.end, _ENDING_REACH_CHARACTERS)
        elif hit.family == family and hit.start >= denied_to:
            value, verb = _MEANS[hit.kind]
            cues.append(Cue(hit.start, hit.end, -1 if value > 0 and hit.start < ended_to else value, verb))
    return cues


def tone_of(cues: Sequence[Cue]) -> Tone:
    """Return what outweighs; neutral where nothing is said or both are said as loudly."""
    total = 0
    for cue in cues:
        total += cue.value * _VERB_WEIGHT if cue.verb else cue.value
    if total == 0:
        return Tone.NEUTRAL
    return Tone.COOPERATION if total > 0 else Tone.CONFLICT


def _reach(text: str, end: int, characters: int = _REACH_CHARACTERS) -> int:
    mark = _CLAUSE_MARK.search(text, end, end + characters)
    return mark.start() if mark is not None else end + characters
