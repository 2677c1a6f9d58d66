"""The one door to RE2: patterns of users, which cost linear time whatever they are, with a bound on their size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import re2

from alerts.rules.folding import fold_character

#: Longer patterns are refused unread; those that compile to more than so much memory are refused as too large.
MAX_PATTERN_CHARACTERS = 1_000
MAX_PATTERN_MEMORY_BYTES = 1 << 20


class PatternError(ValueError):
    """No RE2 pattern, or one that is too large."""


class UserPattern:
    """A compiled pattern. Without ``case`` it expects folded text (see :mod:`alerts.rules.folding`)."""

    def __init__(self, pattern: str, *, case: bool) -> None:
        if len(pattern) > MAX_PATTERN_CHARACTERS:
            raise PatternError(f"{len(pattern):,} characters, the limit is {MAX_PATTERN_CHARACTERS:,}")
        options = re2.Options()
        options.max_mem = MAX_PATTERN_MEMORY_BYTES
        options.log_errors = False
        options.case_sensitive = case
        try:
            # Any: google-re2 has no type information.
            self._compiled: Any = re2.compile(pattern if case else _folded(pattern), options)
        except re2.error as error:
            message = error.args[0] if error.args else error
            raise PatternError(
                message.decode(errors="replace") if isinstance(message, bytes) else str(message)
            ) from error

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield the non-empty, non-overlapping matches in ``text`` as (start, end), from the left."""
        for match in self._compiled.finditer(text):
            start, end = match.span()
            if start < end:
                yield start, end

    def matches_nothing(self) -> bool:
        """Tell whether the pattern is content with an empty text, and so would be found everywhere."""
        return self._compiled.search("") is not None


def _folded(pattern: str) -> str:
    """Fold what is not ASCII: RE2's syntax is all ASCII, and of the rest only letters have variants to be rid of."""
    return "".join(c if c.isascii() else _literal(fold_character(c)) for c in pattern)


def _literal(character: str) -> str:
    return character if character.isalnum() or not character.isascii() else "\\" + character
