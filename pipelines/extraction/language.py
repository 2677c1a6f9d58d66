"""Languages without a network: which one a text is in, and how much can be found in it. Loads its model when first needed."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache, lru_cache
from importlib.metadata import version
from typing import Any

from schemas.reasons import LanguageSupport

#: So much of a text tells its language.
_LOOK_CHARACTERS = 400

_LETTER = re.compile(r"[^\W\d_]")
_ENGLISH_WORDS = frozenset(
    re.findall(
        r"\w+",
        "the of and to in a is that for it on was with as by at from his her he she they be are has have had not this which"
        " will but an or who were their been its said after over more than about into",
    )
)
#: Of running English text about two words of five are such; of a headline at least one of twelve, or none.
_ENGLISH_SHARE = 0.12
_SHORT_WORDS = 12

_NO_LETTERS = bytes(code for code in range(128) if not chr(code).isalpha())
_SCRIPTS = (
    ("latin", re.compile("[a-zA-Z\u00c0-\u024f\u1e00-\u1eff]")),
    ("cyrillic", re.compile("[\u0400-\u052f]")),
    ("arabic", re.compile("[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff]")),
    ("hebrew", re.compile("[\u0590-\u05ff]")),
    ("greek", re.compile("[\u0370-\u03ff]")),
    ("armenian", re.compile("[\u0530-\u058f]")),
    ("georgian", re.compile("[\u10a0-\u10ff]")),
    ("devanagari", re.compile("[\u0900-\u097f]")),
    ("thai", re.compile("[\u0e00-\u0e7f]")),
    ("hangul", re.compile("[\uac00-\ud7af\u1100-\u11ff]")),
    ("kana", re.compile("[\u3040-\u30ff]")),
    ("han", re.compile("[\u4e00-\u9fff]")),
)
_OTHER_SCRIPTS = {
    "ru": "cyrillic", "uk": "cyrillic", "be": "cyrillic", "bg": "cyrillic", "mk": "cyrillic", "kk": "cyrillic",
    "ky": "cyrillic", "mn": "cyrillic", "tg": "cyrillic", "ar": "arabic", "fa": "arabic", "ur": "arabic", "ps": "arabic",
    "he": "hebrew", "el": "greek", "hy": "armenian", "ka": "georgian", "hi": "devanagari", "mr": "devanagari",
    "ne": "devanagari", "th": "thai", "ko": "hangul", "ja": "kana", "zh": "han",
}  # fmt: skip
#: Written in either script.
_TWO_SCRIPTS = frozenset({"sr", "az", "uz", "kk", "mn", "ku", "bs"})

_FULL = frozenset({"en"})
_NAMES = frozenset({"ru", "uk"})


def support_of(language: str | None) -> LanguageSupport:
    """Return how much extraction can do for ``language`` (ISO 639-1)."""
    if language in _FULL:
        return LanguageSupport.FULL
    return LanguageSupport.NAMES if language in _NAMES else LanguageSupport.NONE


def understands(language: str) -> bool:
    """Tell whether tone, topics and who acts on whom are read in ``language`` (ISO 639-1)."""
    return support_of(language) is LanguageSupport.FULL


def identify(text: str, declared: str | None) -> str | None:
    """Return the ISO 639-1 code of the language of ``text``, None for a text without words.

    ``declared`` (a code, perhaps with a region) wins where the script of the text is its own and the words do not say
    otherwise; feeds are often declared English because their software is.
    """
    head = text[:_LOOK_CHARACTERS]
    words = head.lower().split()
    if not head[:1].isalpha() and _LETTER.search(head) is None:
        return None
    script = _script(head)
    claimed = _code_in(declared) if declared else None
    english = sum(map(_ENGLISH_WORDS.__contains__, words)) / len(words) if script == "latin" else 0.0
    if (
        claimed
        and (claimed != "en" or english >= _ENGLISH_SHARE or len(words) < _SHORT_WORDS)
        and _may_be(claimed, script)
    ):
        return claimed
    if english >= _ENGLISH_SHARE or (
        script == "latin" and head.isascii() and len(words) < _SHORT_WORDS and english > 0
    ):
        return "en"
    if script == "latin" and len(words) < 4 and head.isascii():
        return "en"  # nothing can tell; it is the likeliest
    return _classified(head)


def _script(text: str) -> str:
    if text.isascii() or 2 * len(text.encode("ascii", "ignore").translate(None, _NO_LETTERS)) > len(text):
        return "latin"
    counts = Counter({name: len(letters.findall(text)) for name, letters in _SCRIPTS})
    if counts["kana"] > 0 and counts["han"] > 0:
        return "kana"
    return max(_SCRIPTS, key=lambda script: counts[script[0]])[0]


def _code_in(declared: str) -> str:
    return declared.replace("_", "-").split("-")[0].lower()


@lru_cache(maxsize=256)
def _may_be(language: str, script: str) -> bool:
    if len(language) not in {2, 3} or not language.isalpha():
        return False
    return language in _TWO_SCRIPTS or _OTHER_SCRIPTS.get(language, "latin") == script


def _classified(head: str) -> str:
    return str(_classifier().classify(head)[0])


@cache
def _classifier() -> Any:  # Any: py3langid has no types
    from py3langid import langid

    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=False)


def identifier_version() -> str:
    """Return what the identification depends on, without loading it."""
    return f"py3langid {version('py3langid')}"
