"""A headline the reader may not know the language of: what it is about, in words of ours. The original always stays. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alerts.explanation.key_history import Headline
from alerts.explanation.names import ActorNames
from schemas.alert_event import Evidence
from schemas.plain_text import plain_line

#: Languages as headlines carry them (ISO 639-1), in English; others are told by their code.
LANGUAGES = {
    "ar": "Arabic", "az": "Azerbaijani", "be": "Belarusian", "bg": "Bulgarian", "cs": "Czech", "de": "German", "el": "Greek",
    "es": "Spanish", "et": "Estonian", "fa": "Persian", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian",
    "hy": "Armenian", "it": "Italian", "ja": "Japanese", "ka": "Georgian", "kk": "Kazakh", "ko": "Korean", "lt": "Lithuanian",
    "lv": "Latvian", "nl": "Dutch", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sr": "Serbian",
    "tr": "Turkish", "uk": "Ukrainian", "zh": "Chinese",
}  # fmt: skip

_SENTENCE = 200


@dataclass(frozen=True)
class ForeignTitle:
    """A headline and the language it is written in (ISO 639-1)."""

    text: str
    language: str


def foreign_titles(shown: Sequence[Evidence], by_id: Mapping[str, Headline], target: str) -> tuple[ForeignTitle, ...]:
    """Return those headlines of ``shown`` that are known to be in another language than ``target``."""
    found = []
    for item in shown:
        headline = by_id.get(item.article_id)
        title = plain_line(item.title)
        if headline is not None and headline.language and headline.language != target and title:
            found.append(ForeignTitle(title, headline.language))
    return tuple(found)


def translated_line(translation: str) -> str:
    """Return ``In translation (by machine): “…”``; empty for none."""
    said = plain_line(translation, _SENTENCE)
    return f"In translation (by machine): “{said}”" if said else ""


def foreign_line(headline: Headline | None, title: str, sentence: str, names: ActorNames) -> str:
    """Return ``Russian: Azerbaijan, Russia; detention; “sentence that matched”``; empty for English and unknown languages."""
    if headline is None or headline.language in (None, "en", ""):
        return ""
    language = LANGUAGES.get(headline.language or "", plain_line(headline.language or "", 12))
    about = ", ".join(plain_line(names.display_name(actor), 40) for actor in headline.actors)
    topics = ", ".join(plain_line(topic.replace("_", " "), 40) for topic in headline.topics)
    matched = plain_line(sentence, _SENTENCE)
    quoted = f"“{matched}”" if matched and matched != plain_line(title, _SENTENCE) else ""
    return f"{language}: {'; '.join(filter(None, (about, topics, quoted)))}".removesuffix(": ")
