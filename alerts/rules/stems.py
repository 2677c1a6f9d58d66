"""Words in any of their endings, by language: nouns and adjectives (English verbs too) from tables of inflections.

Deliberately smaller than a stemmer: a stem plus a known ending, so that what matches can be read off the table. Vowels
that come and go inside a word (рынок, рынка) are two stems.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from alerts.rules.folding import fold

#: A stem is never shorter than this: two letters would match half the dictionary.
_MIN_STEM_LETTERS = 3

_RUSSIAN = """
    а я о е ы и у ю ь й ой ей ём ем ом ью ою ею ам ям ами ями ах ях ов ев ёв
    ия ие ий ии ию ием ией иям иями иях
    ый ая яя ое ее ого его ому ему ым им ую юю ых их ыми ими ые
"""

_UKRAINIAN = """
    а я о е є у ю і ї и ь й ою ею єю ом ем єм ові еві єві ам ям ами ями ах ях ів їв ей
    ія ії ію ією іям іями іях
    ий ій ого ього ому ьому им ім ої ьої ьою их іх ими іми
"""


@dataclass(frozen=True)
class Inflected:
    """A word of a stem term: the ``stem`` every form begins with, and a regular expression of all forms (folded)."""

    stem: str
    pattern: str


def _by_table(table: str) -> Callable[[str], Inflected]:
    endings = sorted({fold(ending).text for ending in table.split()}, key=lambda e: (-len(e), e))
    any_ending = "(?:" + "|".join(endings) + ")?"

    def inflect(word: str) -> Inflected:
        stem = next(
            (word[: -len(e)] for e in endings if word.endswith(e) and len(word) - len(e) >= _MIN_STEM_LETTERS), word
        )
        return Inflected(stem, re.escape(stem) + any_ending)

    return inflect


def _english(word: str) -> Inflected:
    singular = word
    if re.search(r"(?:sh|ch|x|ss|zz)es$", word):
        singular = word[:-2]
    elif len(word) > 4 and word.endswith("ies"):
        singular = word[:-3] + "y"
    elif len(word) > _MIN_STEM_LETTERS and re.search(r"[^su]s$", word):
        singular = word[:-1]
    if re.search(r"[^aeiou]y$", singular):
        stem, endings = singular[:-1], "(?:y|ies|ied|ying)"
    elif singular.endswith("e"):
        stem, endings = singular[:-1], "(?:e|es|ed|ing)"
    elif re.search(r"^[^aeiou]{1,2}[aeiou][bdgmnpt]$", singular):
        stem, endings = singular, f"(?:s|es|{singular[-1]}?ed|{singular[-1]}?ing)?"
    else:
        stem, endings = singular, "(?:s|es|ed|ing)?"
    return Inflected(stem, re.escape(stem) + endings)


#: What ``{stem: …, language: …}`` can be written in; another language is one more entry.
LANGUAGES: dict[str, Callable[[str], Inflected]] = {
    "en": _english,
    "ru": _by_table(_RUSSIAN),
    "uk": _by_table(_UKRAINIAN),
}
