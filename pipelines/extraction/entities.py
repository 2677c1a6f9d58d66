"""Names nobody has told us of: a statistical recogniser, asked only where a title or a foreign actor stands beside one.

Which sentences it reads depends on the article alone. The model itself is in :mod:`pipelines.extraction.name_model`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from pipelines.extraction.actors.finder import ActorHit
from pipelines.extraction.analysis import SentenceRead
from pipelines.extraction.name_model import NamedSpan
from schemas.signal import EntityFound

#: Of one article so many sentences are read at most, so that no article costs much.
MAX_SENTENCES = 2

#: … and of each sentence so much on either side of the name.
WINDOW_CHARACTERS = 80

_TITLE = (
    "(?:President|Premier|(?:Prime |Foreign |Deputy |Defen[cs]e |Interior |Finance |Energy |Economy )*Minister|Ambassador|"
    "Chancellor|Secretary of State|(?:Defen[cs]e|Foreign) Secretary|Envoy|(?:foreign|defen[cs]e|interior|prime) minister|"
    "ambassador|envoy|Ayatollah|(?:spokesman|spokeswoman|spokesperson)(?= [A-Z]))"
)
_NAME = r"[A-Z][a-zà-ÿ'’]+(?:[ -](?:al-|bin |van |von |de )?[A-Z][a-zà-ÿ'’]+){1,2}"
#: Each title has one of these in it; looking for words is much faster than for the pattern.
_TITLE_PARTS = ("inister", "resident", "ecretary", "mbassador", "nvoy", "spokes", "remier", "hancellor", "yatollah")
#: A title, perhaps with "of somebody", and right behind it two or three words with capitals.
_TITLED = re.compile(rf"\b{_TITLE},? ({_NAME})")
#: … or at most one small word behind an actor: "Russian tycoon Xx Yy".
_NAME_BEHIND = re.compile(rf"(?:'s|’s)? (?:[a-z]{{1,11}} )?({_NAME})")
_CAPITAL = re.compile(r"(?<![^\s\"“‘(])[A-Z]")
_WORDS = re.compile(r"\S+")

#: A sentence with more than this share of words with capitals is a headline, where capitals tell nothing.
_HEADLINE_SHARE = 0.7

_ROLE = re.compile(
    r"(?:'s|’s)? ((?:[A-Za-z-]+ ){0,4}?(?:president|premier|minister|chancellor|secretary|ambassador|envoy|leader|general|chief|"
    r"spokes(?:man|woman|person)|commander|governor|speaker|lawmaker|diplomat|official))(?: for [A-Za-z ]{3,30})?,? $",
    re.IGNORECASE,
)
_ROLE_OF = re.compile(r"([A-Za-z -]{4,60}?) (?:of|to) (?:the )?$")


class Passage(NamedTuple):
    """``text[start:end]`` is to be read by the model; it lies in sentence ``sentence``."""

    sentence: int
    start: int
    end: int


def passages_in(text: str, read: Sequence[SentenceRead], home: str | None) -> list[Passage]:
    """Return what is worth reading of an English text: at most two passages. ``home`` is the country of the publisher."""
    found: list[Passage] = []
    for number, sentence in enumerate(read):
        # A sentence without any actor is of no interest.
        at = _trigger(text, sentence, home) if sentence.hits else None
        if at is None:
            continue
        start = (
            text.find(" ", max(sentence.start, at - WINDOW_CHARACTERS), at)
            if at - sentence.start > WINDOW_CHARACTERS
            else -1
        )
        end = text.rfind(" ", at, min(sentence.end, at + WINDOW_CHARACTERS))
        begin = start + 1 if start >= 0 else sentence.start
        found.append(
            Passage(number, begin, end if sentence.end - at > WINDOW_CHARACTERS and end > at else sentence.end)
        )
        if len(found) == MAX_SENTENCES:
            break
    return found


def _trigger(text: str, sentence: SentenceRead, home: str | None) -> int | None:
    """Return where an unknown name stands behind a title, or behind an actor who is not of the publisher's country."""
    start, end = sentence.start, sentence.end
    may_be_titled = any(text.find(word, start, end) >= 0 for word in _TITLE_PARTS)
    for titled in _TITLED.finditer(text, start, end) if may_be_titled else ():
        if _is_unknown(titled.start(1), titled.end(1), sentence.hits):
            return None if _is_headline(text, sentence) else titled.start(1)
    for hit in sentence.hits:
        if hit.actor == home or hit.person is not None:
            continue
        behind = _NAME_BEHIND.match(text, hit.end, sentence.end)
        if behind is not None and _is_unknown(behind.start(1), behind.end(1), sentence.hits):
            return None if _is_headline(text, sentence) else behind.start(1)
    return None


def _is_unknown(start: int, end: int, hits: Sequence[ActorHit]) -> bool:
    return all(hit.end <= start or hit.start >= end for hit in hits)


def _is_headline(text: str, sentence: SentenceRead) -> bool:
    words = len(_WORDS.findall(text, sentence.start, sentence.end))
    return len(_CAPITAL.findall(text, sentence.start, sentence.end)) > _HEADLINE_SHARE * words


def entities_of(
    text: str, read: Sequence[SentenceRead], passages: Sequence[Passage], names: Sequence[Sequence[NamedSpan]]
) -> tuple[EntityFound, ...]:
    """Return the names that no actor's name covers, with actor and role where these stand in front ("French envoy X")."""
    gathered: dict[tuple[str, str, str | None, str | None], list[int]] = {}
    for passage, spans in zip(passages, names, strict=True):
        hits = read[passage.sentence].hits
        for span in spans:
            start, end = passage.start + span.start, passage.start + span.end
            if not _is_unknown(start, end, hits):
                continue
            name = " ".join(text[start:end].split()).removesuffix("'s").removesuffix("’s")
            actor, role = _acting_for(text, start, hits) if span.label == "PERSON" else (None, None)
            sentences = gathered.setdefault((name, span.label, actor, role), [])
            if passage.sentence not in sentences:
                sentences.append(passage.sentence)
    return tuple(
        EntityFound(text=name, label=label, actor=actor, role=role, sentences=tuple(sentences))
        for (name, label, actor, role), sentences in gathered.items()
        if len(name) > 2 and not any(letter.isdigit() for letter in name)
    )


def _acting_for(text: str, start: int, hits: Sequence[ActorHit]) -> tuple[str | None, str | None]:
    before = [hit for hit in hits if hit.end <= start and start - hit.end < 80 and hit.person is None]
    if not before:
        return None, None
    nearest = before[-1]
    role = _ROLE.fullmatch(text, nearest.end, start)
    if role is not None:
        return nearest.actor, role[1].strip()
    if start - nearest.end <= 2:
        held = _ROLE_OF.search(text[max(0, nearest.start - 70) : nearest.start])
        if held is not None and _ROLE.search(f" {held[1]} "):
            return nearest.actor, held[1].strip()
    return None, None
