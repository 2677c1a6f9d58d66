"""Words of any European alphabet in small letters a to z, for names that a machine asks for. Pure."""

from __future__ import annotations

import unicodedata

#: Letters that no accent makes of a Latin one: ASCII as news agencies write them.
_OTHERS = str.maketrans(
    {
        "ə": "e", "ı": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ß": "ss", "æ": "ae", "œ": "oe", "ŋ": "n",
        "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "е": "e", "ё": "e", "є": "ye", "ж": "zh", "з": "z",
        "и": "i", "і": "i", "ї": "yi", "й": "y", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r",
        "с": "s", "т": "t", "у": "u", "ў": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch",
        "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya", "ә": "a", "ө": "o", "ү": "u", "ұ": "u", "қ": "k",
        "ғ": "g", "ң": "n", "һ": "h", "ј": "j", "љ": "lj", "њ": "nj", "ћ": "c", "ђ": "dj", "џ": "dz", "ѓ": "g", "ќ": "k",
        "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i", "κ": "k", "λ": "l",
        "μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s", "ς": "s", "τ": "t", "υ": "y", "φ": "f",
        "χ": "ch", "ψ": "ps", "ω": "o",
    }
)  # fmt: skip


def in_latin(text: str) -> str:
    """Return ``text`` in small letters, without accents and in Latin letters where that is known; other characters stay."""
    known = unicodedata.normalize("NFC", text).lower().translate(_OTHERS)
    parted = unicodedata.normalize("NFKD", known)
    return "".join(character for character in parted if not unicodedata.combining(character)).translate(_OTHERS)
