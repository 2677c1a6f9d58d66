"""A signal as rules look at it: folded once, places found once, for all rules that ask."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from functools import cached_property

from alerts.rules.folding import Folded, fold
from alerts.rules.model import Scope
from schemas.reasons import Tone
from schemas.signal import Signal

_WORD = re.compile(r"[\w\u0300-\u036f]+")
_PARAGRAPH_BREAK = re.compile(r"\n[^\S\n]*\n\s*")


class SignalView:
    """Everything about ``signal`` that more than one rule wants to know, computed at most once.

    A signal without sentences (a language nothing is known of) is looked at as one sentence.
    """

    def __init__(self, signal: Signal) -> None:
        self.signal = signal

    @cached_property
    def folded(self) -> Folded:
        """The text, folded."""
        return fold(self.signal.text)

    @cached_property
    def actor_types(self) -> dict[str, str]:
        """Type by actor id."""
        return {actor.id: actor.type for actor in self.signal.actors}

    @cached_property
    def tones(self) -> tuple[Tone, ...]:
        """Tone by sentence."""
        return tuple(s.tone for s in self.signal.sentences) or (self.signal.tone,)

    @cached_property
    def _sentence_starts(self) -> list[int]:
        return [s.start for s in self.signal.sentences] or [0]

    @cached_property
    def _paragraph_starts(self) -> list[int]:
        return [0, *(match.end() for match in _PARAGRAPH_BREAK.finditer(self.signal.text))]

    @cached_property
    def _word_starts(self) -> list[int]:
        return [match.start() for match in _WORD.finditer(self.signal.text)]

    @cached_property
    def _paragraph_of_sentence(self) -> list[int]:
        return [self.paragraph_at(start) for start in self._sentence_starts]

    def sentence_at(self, position: int) -> int:
        """Return the index of the sentence that character ``position`` lies in (or follows)."""
        return max(bisect_right(self._sentence_starts, position) - 1, 0)

    def paragraph_at(self, position: int) -> int:
        """Return the number of the paragraph that character ``position`` lies in."""
        return bisect_right(self._paragraph_starts, position) - 1

    def word_at(self, position: int) -> int:
        """Return the number of the last word that begins at or before character ``position``."""
        return bisect_right(self._word_starts, position) - 1

    def units(self, sentences: Iterable[int], scope: Scope) -> set[int]:
        """Return the sentences, paragraphs or the one article (0) that ``sentences`` lie in."""
        if scope is Scope.SENTENCE:
            return set(sentences)
        if scope is Scope.PARAGRAPH:
            return {self._paragraph_of_sentence[s] for s in sentences}
        return {0 for _ in sentences}

    def sentences_in(self, sentences: Iterable[int], units: set[int], scope: Scope) -> set[int]:
        """Return those of ``sentences`` that lie in ``units``."""
        if scope is Scope.SENTENCE:
            return units.intersection(sentences)
        if scope is Scope.PARAGRAPH:
            return {s for s in sentences if self._paragraph_of_sentence[s] in units}
        return set(sentences) if units else set()
