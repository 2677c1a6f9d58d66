"""What exports call a language, as ISO 639-1: two letters, three, a tag or its English name. Pure."""

from __future__ import annotations

import re

_TAG = re.compile(r"[a-z]{2}(?:[-_].*)?", re.IGNORECASE)

#: Three letters (ISO 639-2, both kinds) and English names of the languages news services name.
_OF = {
    "ara": "ar", "arabic": "ar", "aze": "az", "azerbaijani": "az", "bel": "be", "belarusian": "be", "ben": "bn",
    "bengali": "bn", "bul": "bg", "bulgarian": "bg", "cat": "ca", "catalan": "ca", "ces": "cs", "cze": "cs",
    "czech": "cs", "chi": "zh", "zho": "zh", "chinese": "zh", "dan": "da", "danish": "da", "deu": "de", "ger": "de",
    "german": "de", "dut": "nl", "nld": "nl", "dutch": "nl", "ell": "el", "gre": "el", "greek": "el", "eng": "en",
    "english": "en", "est": "et", "estonian": "et", "fas": "fa", "per": "fa", "persian": "fa", "fin": "fi",
    "finnish": "fi", "fra": "fr", "fre": "fr", "french": "fr", "geo": "ka", "kat": "ka", "georgian": "ka",
    "heb": "he", "hebrew": "he", "hin": "hi", "hindi": "hi", "hrv": "hr", "croatian": "hr", "hun": "hu",
    "hungarian": "hu", "hye": "hy", "arm": "hy", "armenian": "hy", "ind": "id", "indonesian": "id", "ita": "it",
    "italian": "it", "jpn": "ja", "japanese": "ja", "kaz": "kk", "kazakh": "kk", "kor": "ko", "korean": "ko",
    "lav": "lv", "latvian": "lv", "lit": "lt", "lithuanian": "lt", "nor": "no", "norwegian": "no", "pol": "pl",
    "polish": "pl", "por": "pt", "portuguese": "pt", "ron": "ro", "rum": "ro", "romanian": "ro", "rus": "ru",
    "russian": "ru", "slk": "sk", "slo": "sk", "slovak": "sk", "slv": "sl", "slovenian": "sl", "spa": "es",
    "spanish": "es", "srp": "sr", "serbian": "sr", "swe": "sv", "swedish": "sv", "tha": "th", "thai": "th",
    "tur": "tr", "turkish": "tr", "ukr": "uk", "ukrainian": "uk", "urd": "ur", "urdu": "ur", "vie": "vi",
    "vietnamese": "vi",
}  # fmt: skip


def language_code(text: str | None) -> str | None:
    """Return the two letters of the language ``text`` names; None where it names none that is known."""
    word = (text or "").strip().lower()
    return word[:2] if _TAG.fullmatch(word) else _OF.get(word)
