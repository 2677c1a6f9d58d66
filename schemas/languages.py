"""Languages by their two letters (ISO 639-1), and what people and exports call them instead. Pure."""

from __future__ import annotations

import re

#: Every code of ISO 639-1.
CODES = frozenset(
    re.findall(
        r"\w+",
        "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es"
        " et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki"
        " kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no"
        " nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te"
        " tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu",
    )
)

#: Languages without two letters that feeds name, or that the identification of languages tells from others (ISO 639-3).
LONG_CODES = frozenset(
    re.findall(
        r"\w+",
        "ace ady ary arz ast bcl ceb ckb cnr crh csb dsb ext fil fuv fur gag gcf gcr gom grc gug guw haw hbo hsb inh kab kbd kik"
        " kmr krc kum lez lij ltg mdf mhr mrj myv nds nso pcm pnb prs sah sdh scn szl tet tyv udm uzs vec wuu xal yue",
    )
)

#: Codes of countries, and codes of before 1989, that are taken for those of a language.
_COUNTRIES = {
    "al": "sq", "at": "de", "by": "be", "cn": "zh", "cz": "cs", "dk": "da", "eg": "ar", "gb": "en", "ge": "ka", "gr": "el",
    "il": "he", "iq": "ar", "ir": "fa", "iw": "he", "jp": "ja", "kz": "kk", "mx": "es", "rs": "sr", "sy": "ar", "ua": "uk",
    "us": "en", "vn": "vi",
}  # fmt: skip

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


def language_meant(text: str) -> str | None:
    """Return the two letters of the language that is likely meant by ``text``, however it is called; None: nobody knows."""
    code = language_code(text)
    code = _COUNTRIES.get(code, code) if code is not None else None
    return code if code in CODES else None
