"""What is wrong in a rule file: every mistake with its line, its key path and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from schemas.errors import UsageError

#: A file with more mistakes than this shows the first ones and says how many follow.
_SHOWN = 100


@dataclass(frozen=True, order=True)
class Mistake:
    """One mistake. ``line`` counts from 1; ``path`` is the key path, as ``rules[0].watch.pair``."""

    file: str
    line: int
    path: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        text = f"{self.file}:{self.line}: {where}{self.message}"
        return f"{text}\n    → {self.remedy}" if self.remedy else text


class RulesError(UsageError):
    """Rules that cannot be used, with all ``mistakes`` in the order of their files and lines.

    ``unreadable``: a file among them could not be read at all.
    """

    def __init__(self, mistakes: Iterable[Mistake], *, unreadable: bool = False) -> None:
        self.unreadable = unreadable
        self.mistakes: Sequence[Mistake] = tuple(sorted(set(mistakes)))
        lines = [str(mistake) for mistake in self.mistakes[:_SHOWN]]
        if len(self.mistakes) > _SHOWN:
            lines.append(f"and {len(self.mistakes) - _SHOWN} more mistakes")
        super().__init__("\n".join(lines))


def clipped(text: str) -> str:
    """Return ``text`` short enough for a message."""
    return text if len(text) <= 60 else text[:59] + "…"


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return "did you mean …?" when one of ``choices`` is close to ``word``, else all when they are few, else the nearest."""
    known = sorted(set(choices))
    close = get_close_matches(word[:80], known, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    if len(known) > 12:
        return f"the nearest are {one_of(get_close_matches(word[:80], known, n=3, cutoff=0.0))}"
    return f"use {one_of(known)}" if known else ""


def meant(word: str, choices: Iterable[str]) -> str | None:
    """Return the one of ``choices`` that ``word`` is no doubt a misspelling of."""
    close = get_close_matches(word[:80], sorted(set(choices)), n=1, cutoff=0.75)
    return close[0] if close else None


def one_of(words: Sequence[str]) -> str:
    """Return "a, b or c"."""
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""
