"""Characters that look like others, or like nothing: told by their names where a word is not what it seems."""

from __future__ import annotations

import unicodedata


def strange_letter(text: str) -> str:
    """Name the first character of ``text`` that is not ASCII, for it may look as if it were; "" where there is none."""
    strange = next((character for character in text if not character.isascii()), "")
    return f"{strange!r} in it is {unicodedata.name(strange, 'a character without a name')}" if strange else ""


def mixes_alphabets(name: str) -> bool:
    """Tell whether Latin letters stand beside others, or beside what cannot be seen: it looks like a name that it is not."""
    latin = any(character.isascii() and character.isalpha() for character in name)
    others = [character for character in name if not unicodedata.name(character, "").startswith("LATIN ")]
    return latin and any(character.isalpha() or unicodedata.category(character) == "Cf" for character in others)
