"""Who only tells what others do: "…, the Turkish news agency reported". They stand in a sentence and meet nobody in it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipelines.extraction.actors.finder import ActorHit

_MEDIA = (
    "newspapers?|dail(?:y|ies)|news (?:agency|agencies|site|sites|outlets?|channel|reports)|agency|media|radio|television|TV|"
    "broadcasters?|press|witnesses|Post|Times|Journal|Herald|tabloid|think ?tanks?|study"
)
_UNNAMED = "officials?|sources?|analysts?|experts?|observers|diplomats?|police|spokes(?:man|woman|person)"
_SAID = "said|says?|reports?|reported|reporting|told|announced|quoted|wrote|warns?|warned|warning|finds?|found"

#: A last part of the sentence that tells who said it.
_LAST = re.compile(
    rf"[,”\"]\s*(?:according to [^,;:]{{0,80}}|[^,;:]{{0,90}}\b(?:{_SAID})\b[^,;:]{{0,70}})[.”\"\s]*$", re.IGNORECASE
)
#: … or a first one; only of media, because what officials say of others is between them and these.
_FIRST = re.compile(
    rf"(?:according to [^,;:]{{0,60}}\b(?:{_MEDIA})\b|[^,;:]{{0,60}}\b(?:{_MEDIA})(?: (?:is|are|has|have))? (?:{_SAID}))\b",
    re.IGNORECASE,
)
_OF_MEDIA = re.compile(rf"\b(?:{_MEDIA})\b", re.IGNORECASE)
_OF_UNNAMED = re.compile(rf"\b(?:{_UNNAMED})\b", re.IGNORECASE)

#: Without one of these parts of words nobody tells; they are looked for first because it costs little.
_TELLING = ("said", "say", "report", "told", "announced", "quoted", "wrote", "warn", "find", "found", "according")
_MEDIA_PARTS = (
    "news", "dail", "agency", "media", "radio", "tv", "televis", "broadcaster", "press", "witnesses", "post", "times", "journal",
    "herald", "tabloid", "think", "study",
)  # fmt: skip

#: A last part is no longer than this, a first one than that.
_LONGEST = 180
_LONGEST_FIRST = 130


def without_reporters(text: str, hits: Sequence[ActorHit], start: int, end: int) -> Sequence[ActorHit]:
    """Return the hits of the sentence ``text[start:end]`` that take part in what it tells.

    Officials take part unless others meet without them: of "Missiles hit a base, U.S. officials said" they are the best there is.
    """
    sentence = text[start:end].lower()
    if not any(word in sentence for word in _TELLING):
        return hits
    beginning = sentence[:_LONGEST_FIRST]
    first = _FIRST.match(text, start, end) if any(part in beginning for part in _MEDIA_PARTS) else None
    if first is not None:
        hits = [hit for hit in hits if hit.start >= first.end()]
    begin = max(start, end - _LONGEST)
    last = _LAST.search(text, begin, end) if hits and hits[-1].end > begin else None
    if last is None:
        return hits
    told = text[last.start() : end]
    others = [hit for hit in hits if hit.end <= last.start()]
    if _OF_MEDIA.search(told):
        return others
    telling = {hit.actor for hit in hits[len(others) :]}
    if (len(telling) == 1 or _OF_UNNAMED.search(told)) and len({hit.actor for hit in others}) > 1:
        return others
    return hits
