"""Texts without what readers overlook: case, accents, dash and quote variants, invisible characters. Offsets lead back."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_VARIANTS = {
    **dict.fromkeys("‐‑‒–—―−﹘﹣-", "-"),
    **dict.fromkeys("‘’‚‛′ʹʻʼˈ`´", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    # Letters that people write without their stroke or dot, and that Unicode does not decompose.
    **{"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "ς": "σ"},
}

#: Marks that stand on the letter before them, and characters nobody sees: they are taken out, never compared.
_REMOVED = re.compile("[\u0300-\u036f\u00ad\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]+")


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text; ``offsets[i]`` is where character ``i`` stands in the text as it was, None = in the same place.

    ``offsets`` ends with the length of the text as it was.
    """

    text: str
    offsets: Sequence[int] | None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the range of the text as it was that the range ``start..end`` of this one came from, the marks that stand
        on its last letter included."""
        if self.offsets is None:
            return start, end
        return self.offsets[start], self.offsets[end]


def fold_character(character: str) -> str:
    """Return the one character that stands for ``character`` (and for all its case, accent and dash variants)."""
    folded = character
    while (simpler := _one_step(folded)) != folded:
        folded = simpler
    return folded


def _one_step(character: str) -> str:
    if character.isspace() and character != "\n":
        return " "
    lowered = character.lower()
    for candidate in (unicodedata.normalize("NFKD", lowered), lowered):
        bare = "".join(c for c in candidate if not unicodedata.combining(c))
        if len(bare) == 1:  # A ligature or a fraction stays as it is: the folding keeps every character's place.
            return _VARIANTS.get(bare, bare)
    return character


class _Table(dict[int, str]):
    def __missing__(self, code: int) -> str:
        folded = fold_character(chr(code))
        self[code] = folded
        return folded


_table = _Table()


def fold(text: str) -> Folded:
    """Return ``text`` folded; equal foldings mean that a reader would take the words for the same."""
    if text.isascii():
        # ASCII has one dash and no accents; the backtick and odd spaces are the only variants in it.
        return Folded(text.lower().translate(_ASCII), None)
    folded = text.translate(_table)
    if not _REMOVED.search(folded):
        return Folded(folded, None)
    kept = [i for i, c in enumerate(folded) if not _REMOVED.match(c)]
    return Folded("".join(folded[i] for i in kept), [*kept, len(folded)])


_ASCII = {ord(c): fold_character(c) for c in "`\t\r\v\f\x1c\x1d\x1e\x1f"}
