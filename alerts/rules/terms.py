"""Keyword terms, compiled: where each occurs in a text, and the literal without which it cannot."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Sequence

from alerts.rules.folding import fold
from alerts.rules.model import Near, Pattern, Phrase, Stem, Term
from alerts.rules.patterns import UserPattern
from alerts.rules.stems import LANGUAGES
from alerts.rules.view import SignalView

Span = tuple[int, int]

#: Between the words of a phrase: any white space that is no paragraph break.
_GAP = r"(?:[^\S\n]|\n(?!\s*\n))+"

#: Scripts written without spaces: a neighbouring letter there is no sign that a word goes on.
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


class CompiledTerm(ABC):
    """A term. ``literals``: folded texts of which at least one is in every folded text the term occurs in; empty = unknown."""

    literals: tuple[str, ...] = ()

    @abstractmethod
    def spans(self, view: SignalView) -> Sequence[Span]:
        """Return where the term occurs in ``Signal.text`` as (start, end), from the left."""


class _Words(CompiledTerm):
    def __init__(self, stems: Sequence[str], forms: Sequence[str]) -> None:
        self._rarest = max(stems, key=len)  # The longest word is seldom in a text by chance.
        self.literals = (self._rarest,)
        before = "" if _UNSPACED.match(stems[0][0]) or not stems[0][0].isalnum() else r"(?<!\w)"
        after = "" if _UNSPACED.match(stems[-1][-1]) or not stems[-1][-1].isalnum() else r"(?!\w)"
        self._regex = re.compile(before + _GAP.join(forms) + after)

    def spans(self, view: SignalView) -> Sequence[Span]:
        folded = view.folded
        if self._rarest not in folded.text:
            return ()
        return [folded.span(*match.span()) for match in self._regex.finditer(folded.text)]


class _ExactWords(_Words):
    def __init__(self, text: str) -> None:
        words = text.split()
        super().__init__(words, [re.escape(word) for word in words])
        self.literals = (fold(self._rarest).text,)

    def spans(self, view: SignalView) -> Sequence[Span]:
        text = view.signal.text
        return [match.span() for match in self._regex.finditer(text)] if self._rarest in text else ()


class _Pattern(CompiledTerm):
    def __init__(self, term: Pattern) -> None:
        self._case = term.case
        self._compiled = UserPattern(term.pattern, case=term.case)

    def spans(self, view: SignalView) -> Sequence[Span]:
        if self._case:
            return list(self._compiled.spans(view.signal.text))
        return [view.folded.span(*span) for span in self._compiled.spans(view.folded.text)]


class _Near(CompiledTerm):
    def __init__(self, term: Near) -> None:
        self._words = term.words
        self._groups = [[compile_term(choice) for choice in group] for group in term.groups]
        known = [group for group in self._groups if all(choice.literals for choice in group)]
        if known:
            rarest = max(known, key=lambda group: min(len(t) for choice in group for t in choice.literals))
            self.literals = tuple(text for choice in rarest for text in choice.literals)

    def spans(self, view: SignalView) -> Sequence[Span]:
        found: list[list[Span]] = []
        for group in self._groups:
            occurrences = sorted({span for choice in group for span in choice.spans(view)})
            if not occurrences:
                return ()
            found.append(occurrences)
        together = (self._from(view, i, first, found) for i, spans in enumerate(found) for first in spans)
        return sorted({span for span in together if span is not None})

    def _from(self, view: SignalView, group: int, first: Span, found: Sequence[list[Span]]) -> Span | None:
        """Return the shortest range that begins with ``first`` of ``group`` and holds one of every other group."""
        taken = [first]
        for other, spans in enumerate(found):
            if other == group:
                continue
            later = (spans[i] for i in range(bisect_left(spans, (first[1], 0)), len(spans)))
            following = next((s for s in later if all(s[0] >= t[1] or s[1] <= t[0] for t in taken)), None)
            if following is None:
                return None
            taken.append(following)
        last = max(taken)
        between = view.word_at(last[0]) - view.word_at(first[1] - 1) - 1
        same_paragraph = view.paragraph_at(first[0]) == view.paragraph_at(last[0])
        return (first[0], last[1]) if between <= self._words and same_paragraph else None


def compile_term(term: Term) -> CompiledTerm:
    """Return ``term`` ready to search; :raises PatternError: its pattern is none."""
    match term:
        case Phrase(case=True):
            return _ExactWords(term.text)
        case Phrase():
            words = fold(term.text).text.split()
            return _Words(words, [re.escape(word) for word in words])
        case Stem():
            inflected = [LANGUAGES[term.language](word) for word in fold(term.text).text.split()]
            return _Words([word.stem for word in inflected], [word.pattern for word in inflected])
        case Pattern():
            return _Pattern(term)
        case Near():
            return _Near(term)
