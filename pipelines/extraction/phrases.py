"""Phrases in text: one automaton over the folded text for topics and tone. ``*`` ends a stem; pure, linear in the text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from pipelines.extraction.actors.folding import fold

#: Characters that part words in phrases: the text is read as if spaces stood there.
_PARTING = '-"“”„«»‘()[]/\t*_'
_PARTED_ASCII = str.maketrans(dict.fromkeys((c for c in _PARTING if c.isascii()), " "))


class PhraseHit(NamedTuple):
    """``text[start:end]`` says ``kind`` in ``family``."""

    start: int
    end: int
    family: int
    kind: int


class Phrase(NamedTuple):
    """A phrase to find. In a family the longest of overlapping phrases counts; ``kind`` 0 takes the place and says nothing."""

    text: str
    family: int
    kind: int


class PhraseFinder:
    """Finds phrases. Made once per process; then only read, so threads may share it."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        compiled: dict[str, dict[str, list[tuple[int, int]]]] = {}
        for phrase in phrases:
            literal, rest = _compiled(phrase.text)
            compiled.setdefault(literal, {}).setdefault(rest, []).append((phrase.family, phrase.kind))
        literals = sorted(compiled)
        self._rests = [
            [(re.compile(rest).match, tuple(meanings)) for rest, meanings in sorted(compiled[literal].items())]
            for literal in literals
        ]
        # Without any phrase the automaton would refuse; a letter that folding never leaves stands in.
        self._automaton = AhoCorasick(literals or ["\N{KELVIN SIGN}"], matchkind=MatchKind.Standard)

    def find(self, text: str, folded: str | None = None) -> list[PhraseHit]:
        """Return the hits in ``text`` in its order; hits of different families may share a place.

        ``folded`` is the folded text where the caller has it.
        """
        parted = " " + parted_text(fold(text) if folded is None else folded)
        hits: list[PhraseHit] = []
        for index, start, end in self._automaton.find_matches_as_indexes(parted, overlapping=True):
            for match_rest, meanings in self._rests[index]:
                match = match_rest(parted, end)
                if match is not None:
                    stop = match.end() - 1
                    for family, kind in meanings:
                        hits.append(PhraseHit(start, stop, family, kind))
        return _longest(hits) if hits else hits


def parted_text(folded: str) -> str:
    """Return ``folded`` text, of the same length, with spaces for hyphens, quotes and brackets."""
    parted = folded.translate(_PARTED_ASCII) if folded.isascii() else _parted(folded)
    try:
        parted.encode()
    except UnicodeEncodeError:  # half of a character, which the automaton cannot read
        parted = parted.encode("utf-32", "surrogatepass").decode("utf-32", "replace")
    return parted


def _parted(folded: str) -> str:
    for mark in _PARTING:
        if mark in folded:
            folded = folded.replace(mark, " ")
    return folded


def _compiled(phrase: str) -> tuple[str, str]:
    """Return what the automaton looks for and a regular expression for what must follow it."""
    words = parted_text(fold(phrase.replace("*", "\N{BULLET}"))).split()
    literal = ""
    rest: list[str] = []
    for number, word in enumerate(words):
        stem = word.endswith("\N{BULLET}")
        bare = word.removesuffix("\N{BULLET}")
        if not rest:
            literal += " " + bare
            if stem or number == len(words) - 1:
                rest.append(r"\w*+" if stem else r"(?!\w)")
        else:
            rest.append(" {1,2}" + re.escape(bare) + (r"\w*+" if stem else r"(?!\w)"))
    return literal, "".join(rest)


def _longest(hits: list[PhraseHit]) -> list[PhraseHit]:
    """Keep in each family the leftmost and longest of overlapping hits, without those of kind 0."""
    hits.sort(key=lambda hit: (hit.start, -hit.end, hit.kind))
    taken: dict[int, int] = {}
    kept: list[PhraseHit] = []
    for hit in hits:
        if hit.start >= taken.get(hit.family, 0):
            taken[hit.family] = hit.end
            if hit.kind:
                kept.append(hit)
    return kept
