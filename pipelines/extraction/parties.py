"""The parties of a sentence: its hits, each by itself or in a list ("A, B and C"), and what they stand there as. Pure.

There is no parser: words beside the hits and the marks between them are all that is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from pipelines.extraction.actors.finder import ActorHit
from pipelines.extraction.ground import ARMED


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PREPOSITION = (
    "in|from|to|with|against|on|at|for|by|over|near|into|of|about|towards?|across|through|such as|like|including"
)
_LISTED = re.compile(
    rf"\s*[,/]\s*(?:(?:{_PREPOSITION})\s+)?(?:the\s+)?"
    r"|\s*,?\s*(?:&|\band also\b|\band\b|\bor\b|\bas well as\b|\bbut also\b|\bи\b|\bта\b|\bі\b)\s*"
    rf"(?:(?:{_PREPOSITION})\s+)?"
    r"(?:(?:the|its|their|fellow|neighbou?ring|also|old)\s+(?:(?!of |in |to |on |by |for )[a-z-]+\s){0,2})?",
    re.IGNORECASE,
)
_COMPOUND = re.compile("\\s?[-\u2010\u2011–—/]\\s?")
#: "Turkish troops and Syrian rebels".
_NOUN_AND = re.compile(r" (?!(?:is|was|has|had|are|were|will|said|says|have) )(?:[A-Za-z][\w-]+ ){1,3}and (?:the )?")
#: "the president of A and his colleague of B", "journalists X Y of A and Z of B".
_AND_OF = re.compile(
    r",? and (?:(?:an?|the|its)(?: [a-z]+){1,2}|(?:[A-Z][\w'’-]+ ){0,2}[A-Z][\w'’-]+) (?P<by>of|from|in) (?:the )?"
)
_COMMA = re.compile(r",\s*(?:the\s+)?")
_OWNS = ("'s", "’s")
_COMMA_AND = re.compile(r",\s*and\b")
_LIST_GOES_ON = re.compile(r"(?:\s*,|\s+(?:and|or)\b)")
#: Two names of one actor with one of these between them are two places.
_OTHER_PART = re.compile(r",|\b(?:for|to|in|on|by|with|from|and|that|has|have|had|will|is|are|was|were|says?|said)\b")
_LEADING = _words(
    "in from to with against on at for by over near into of about toward towards across through like including"
)
_BEFORE_NAME = _words("the both its their all")
#: "between A and B", "the call of A and B", "the first meeting of the leaders of A and B".
_BETWEEN = re.compile(
    r"\b(?:between|among|amongst)(?: [a-z]+){0,2} $"
    r"|\b(?:calls?|talks|meetings?|summit|relations|ties|alliance|contacts|partnership|dialogue|negotiations)\b"
    r"(?: [a-z]+){0,3} of(?: the)? $",
    re.IGNORECASE,
)

#: Members of a list stand no farther apart; a mention that repeats its actor stands nearer.
_APART_CHARACTERS = 60
_REPEATED_CHARACTERS = 30
#: So far back words are looked at.
_BEFORE_CHARACTERS = 50

_LED_CHARACTERS = 30

#: What two have together. It stands behind a list or a compound.
_SHARED = re.compile(
    r"\W{1,2}(?:s )?(?:[a-z]+[ -]){0,2}(?P<what>relations?|peace|ties|war|wars|conflict|talks|negotiations?|dialogue|border|"
    r"summit|treaty|agreements?|deal|pact|trade|clash|clashes|fighting|truce|ceasefire|cease-fire|standoff|rivalry|rift|feud|"
    r"alliance|friendship|partnership|cooperation|disputes?|tensions?|exchange|hostilities|crisis|accord|meetings?|"
    r"rapprochement|normali[sz]ation|drills|exercises?|frontier)\b",
    re.IGNORECASE,
)
_AIMED_AT = re.compile(r"\s(?:against|with|on)\s", re.IGNORECASE)

#: An armed group is no place; what it holds of one may be named by it.
HELD = r"[ -](?:controlled|held|ruled|occupied|dominated|governed|seized|captured)\b"
_HELD = re.compile(HELD)
_SOMEWHERE = _words("in at near across around inside outside throughout off within")
_PART_OF_PLACE = _words(
    """the its south north east west occupied central part parts city cities province provinces capital region of and"""
)
_PLACE = re.compile(
    r" (?:[a-z]+ )?(?:villages?|towns?|city|cities|capital|coast|waters|territory|soil|port|provinces?|regions?|airspace|camp)\b"
)
#: "interest in Ukraine" is no place.
_ABOUT = _words("interest interested confidence trust invest invested faith")

#: People and things that stand for no state.
_PRIVATE = _words(
    """virologist scientist researcher professor doctor nurse hospital journalist reporter blogger writer author poet
    singer rapper musician band actor actress star director filmmaker film movie series drama novel book artist model
    chef cuisine restaurant businessman businesswoman businessmen billionaire tycoon oligarch entrepreneur fraudster
    criminal gangster lawyer student teacher tourist traveller traveler migrant refugee worker driver sailor captain
    pilot climber player striker midfielder goalkeeper coach champion athlete swimmer team club league national resident
    man woman men women boy girl couple family child children teenager company firm airline bank startup carmaker brand
    newspaper language music culture food wine dish festival market stock share families companies"""
)
_ITS_WORDS = re.compile(r"(?:['’]s)? ([a-z-]+)(?: ([a-z-]+))?")


class Party(NamedTuple):
    """Hits in text order that stand for one actor or, as members of a list, for several.

    ``somewhere``: only a place; ``private``: people or things of no state; ``company``: one; ``between``: "between A and B";
    ``closed``: these or "the A–B war": who has something with each other and, mostly, with nobody else.
    """

    hits: tuple[ActorHit, ...]
    start: int
    end: int
    several: bool
    somewhere: bool
    private: bool
    company: bool
    between: bool
    closed: bool


def parties_in(text: str, hits: Sequence[ActorHit], start: int) -> list[Party]:
    """Return the parties of the sentence that begins at ``start``; ``hits`` are its own, in order."""
    lists: list[list[ActorHit]] = [[hits[0]]]
    for before, hit in pairwise(hits):
        if _is_listed(text, lists[-1], before, hit, start):
            lists[-1].append(hit)
        else:
            lists.append([hit])
    parties: list[Party] = []
    for listed in lists:
        parties.append(_party(text, listed, start, parties[-1] if parties else None))
    return parties


def is_led(text: str, start: int, place: int) -> bool:
    """Whether a preposition stands right before ``place``."""
    words = text[max(start, place - _LED_CHARACTERS) : place].lower().split()
    if words and (words[-1] in _BEFORE_NAME or words[-1].endswith("ern")):
        words.pop()
    return bool(words) and (words[-1] in _LEADING or words[-2:] == ["such", "as"])


def is_compound(text: str, party: Party) -> bool:
    """Whether a list ends as "A-B" does."""
    return _COMPOUND.fullmatch(text, party.hits[-2].end, party.hits[-1].start) is not None


def has_shared(text: str, place: int) -> bool:
    """Whether something that two have with each other, and not against somebody else, is named at ``place``."""
    shared = _SHARED.match(text, place)
    if shared is None:
        return False
    aimed = _AIMED_AT.match(text, shared.end())
    # "the US-Israeli war on Iran", but "US-Chinese talks on Taiwan".
    return aimed is None or (aimed[0] == " on " and "war" not in shared["what"])


def _is_listed(text: str, listed: Sequence[ActorHit], before: ActorHit, hit: ActorHit, start: int) -> bool:
    gap = hit.start - before.end
    if gap > _APART_CHARACTERS:
        return False
    if before.actor == hit.actor:
        return gap < _REPEATED_CHARACTERS and _OTHER_PART.search(text, before.end, hit.start) is None
    if gap < 4 and _COMPOUND.fullmatch(text, before.end, hit.start):
        return True
    if _LISTED.fullmatch(text, before.end, hit.start):
        single = all(one.actor == before.actor for one in listed)
        if not _COMMA.fullmatch(text, before.end, hit.start):
            return not (single and _COMMA_AND.match(text, before.end))
        if single and text.startswith(_OWNS, hit.end):
            return False  # "a war on A, B's growing power"
        # "joining the enemies of A, B took …", "asked by A and B, C went": in front of the comma is a clause of its own.
        if single and is_led(text, start, listed[0].start):
            return _LIST_GOES_ON.match(text, hit.end) is not None
        return single or " and " not in text[listed[0].end : before.start]
    if " and " not in text[before.end : hit.start]:
        return False
    if _NOUN_AND.fullmatch(text, before.end, hit.start):
        return True
    parallel = _AND_OF.fullmatch(text, before.end, hit.start)
    return parallel is not None and f" {parallel['by']} " in text[max(start, before.start - 8) : before.start]


def _party(text: str, listed: Sequence[ActorHit], start: int, previous: Party | None) -> Party:
    first, last = listed[0], listed[-1]
    before = max(start if previous is None else previous.end, first.start - _BEFORE_CHARACTERS)
    several = len(listed) > 1 and any(hit.actor != first.actor for hit in listed)
    between = several and _BETWEEN.search(text, before, first.start) is not None
    compound = several and _COMPOUND.fullmatch(text, listed[-2].end, last.start) is not None
    return Party(
        tuple(listed),
        first.start,
        last.end,
        several,
        _is_somewhere(text, before, first, last, previous),
        _is_private(text, last),
        last.type == "company",
        between,
        between or (compound and has_shared(text, last.end)),
    )


def _is_somewhere(text: str, before: int, first: ActorHit, last: ActorHit, previous: Party | None) -> bool:
    if text.startswith(_OWNS, last.end) or (last.kind == "demonym" and _PLACE.match(text, last.end) is None):
        return False
    if first.type == ARMED and _HELD.match(text, first.end) is None:
        return False
    if previous is not None and previous.somewhere and text[previous.end : first.start] == ", ":
        return previous.hits[-1].actor == first.actor  # "in Baku, Azerbaijan"
    words = text[before : first.start].split()
    while words:
        word = words.pop()
        lowered = word.lower()
        if lowered in _SOMEWHERE:
            return not words or words[-1].lower() not in _ABOUT
        if lowered not in _PART_OF_PLACE and not word[0].isupper() and not lowered.endswith("ern"):
            return False
    return False


def _is_private(text: str, last: ActorHit) -> bool:
    if last.kind not in {"demonym", "name"}:
        return False
    words = _ITS_WORDS.match(text, last.end)
    return words is not None and any(
        word is not None and (word in _PRIVATE or word.removesuffix("s") in _PRIVATE) for word in words.groups()
    )
