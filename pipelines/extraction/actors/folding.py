"""Text folded for look-up, character for character, so that a place in the folded text is the same place in the text."""

from __future__ import annotations

import unicodedata

#: Quotes, dashes and spaces that writers use for one another.
_ALIKE = {
    "’": "'", "‘": "'", "ʼ": "'", "ʹ": "'", "`": "'", "´": "'", "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-",
    "\u00a0": " ", "\u202f": " ", "\u2009": " ", "ё": "е", "ґ": "г",
}  # fmt: skip


def fold(text: str) -> str:
    """Return ``text`` in lower case with quotes, dashes and spaces made plain; always of the same length."""
    if text.isascii():
        return text.lower().replace("\n", " ")
    folded = text.lower()
    if len(folded) != len(text):
        folded = "".join(low if len(low := letter.lower()) == 1 else low[0] for letter in text)
    folded = folded.replace("\n", " ")
    for odd, plain in _ALIKE.items():
        if odd in folded:
            folded = folded.replace(odd, plain)
    return folded


def spellings(name: str) -> set[str]:
    """Return the folded forms under which ``name`` may stand in text: with and without accents and hyphens."""
    forms = {fold(name)}
    bare = "".join(letter for letter in unicodedata.normalize("NFD", name) if not unicodedata.combining(letter))
    # Й and Ї are letters of their own, not accented ones.
    if len(bare) == len(name) and not any("\u0400" <= letter <= "\u04ff" for letter in name):
        forms.add(fold(bare.translate(_UNDECOMPOSED)))
    return forms | {form.replace("-", " ") for form in forms if "-" in form}


_UNDECOMPOSED = str.maketrans(
    {"ı": "i", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ə": "a", "Ə": "A"}
)
