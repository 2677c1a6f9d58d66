"""Which actors of a sentence meet. Pure: text, hits and words of tone in, pairs of hits out.

Parties side by side meet where no clause parts them; the members of a list meet each other only where the sentence says so
("talks between A and B"); a place, a private person or a company meets somebody where something is done to somebody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import IntEnum
from itertools import combinations, groupby, pairwise, product
from operator import itemgetter
from typing import NamedTuple

from pipelines.extraction.actors.finder import ActorHit
from pipelines.extraction.parties import HELD, Party, has_shared, is_compound, is_led, parties_in
from pipelines.extraction.tone import Cue

#: Of a list with more members than this only the last or the first ones meet what stands beside it.
_LONGEST_LIST = 4

_JOINT_BEFORE = re.compile(r"\b(?:joint|together\b|(?:signed|agreed|negotiated) by )", re.IGNORECASE)
_TOGETHER = re.compile(
    r"\b(?:each other|one another|together|joint(?:ly)?|mutual(?:ly)?|bilateral(?:ly)?|reciprocal|trade (?:blame|barbs|fire)|"
    r"exchanged?|share (?:an?|one|the)|both sides|both countries|at loggerheads|at odds|met|meet|talks|"
    r"(?:speak|spoke|talk|talked)(?! of)|chat|swap|swapped|contact|negotiat\w+|ties|war games|drills|exercises|sign(?:s|ed)?|"
    r"agree\w*|argu(?:e|ed)|quarrel\w*|feud\w*|disput\w*|discuss\w*|compet\w*|allies|rivals?|foes|confrontation|ratif(?:y|ied)|delimitation|border|cease-?fire|truce|relations|cooperat\w+|clash\w*)\b",
    re.IGNORECASE,
)
_TOGETHER_CHARACTERS = 90
#: "the presidents of A and B" do something together; what is "with the support of A and B" does not.
_SPEAKING_OF = re.compile(
    r"(?:presidents?|ministers?|leaders?|ambassadors?|envoys?|delegations?|officials?|representatives?|governments?|heads|"
    r"troops|forces|armies|militar(?:y|ies)|navies|people|[A-Z][\w'’-]+) of(?: the)? $"
)
_OF = re.compile(r"[^,;:]*\b(?:of|on|in)\b[^,;:]*")
_AIMED = re.compile(r"[^,;:]*\b(?:on|against|with|to|by)\b(?: the| its)?\s*", re.IGNORECASE)

#: What begins a clause on another matter.
_CLAUSE_WORDS = frozenset(
    ("while", "whereas", "but", "although", "though", "because", "since", "when", "if", "after", "before", "until", "unless",
     "where")
)  # fmt: skip
#: How often "as" stands in phrases that begin none.
_NO_CLAUSE = (
    (" as a ", 1),
    (" as an ", 1),
    ("as well as ", 2),
    ("such as ", 1),
    ("as part of ", 1),
    ("as many as ", 2),
)

#: One more thing that the subject of a sentence does; the word for it begins so soon.
_AND_DOES = re.compile(r" and (?:also |then |has |had |will |to |later )?")
_DEED_CHARACTERS = 12
#: "A's juice and 1,500 kg of fruit from B", "A, relevant countries, and B": no verb, no clause.
_LISTED = re.compile(
    r"(?:['’]s)?(?: [\w’-]+){0,4},?(?: [\w’-]+){0,3},? (?:and|or|nor|as well as)"
    r"(?: (?!(?:is|was|are|were|has|have|had|will|would)\b)[\w,’-]+){0,7} "
)
_LISTED_CHARACTERS = 70
_BY_WAY_OF = re.compile(
    r"\b(?:about|from|leaving|fleeing|through|via|in exchange for|in return for)(?: the)? $", re.IGNORECASE
)
_OWNER_CHARACTERS = 25
_POSSESSION = re.compile(r"(?:['’]s|-based)?\s")
#: "Taliban-controlled Afghanistan", "Houthi-held parts of Yemen".
_HELD = re.compile(
    rf"{HELD}(?: (?:territory|areas?|parts?|regions?|provinces?|zones?|towns?|villages?) (?:in|of))?(?: the)? "
)
_ASIDE = re.compile(r",\s(?:an?|the|which|who|whose)\s")
_OF_THE_LAST = re.compile(r",\s(?:an?|which|who|whose)\s")

#: Who stands farther away, in text or over more heads, meets nobody; hostile text costs no more than this.
_FARTHEST_CHARACTERS = 600
_FARTHEST_PARTIES = 6

#: What is said right before or behind two actors is said of them.
_NEAR_CHARACTERS = 30


class _Grade(IntEnum):
    NOT = 0
    PERHAPS = 1  # where somebody has nobody nearer
    SURELY = 2


class Meeting(NamedTuple):
    """Two hits by which their actors meet, in text order, and the places and actors of the lists they are members of."""

    first: ActorHit
    second: ActorHit
    begin: int
    end: int
    own: frozenset[str]


class _Sentence(NamedTuple):
    text: str
    start: int
    end: int
    cues: Sequence[Cue]
    #: Two actors and no more.
    few: bool


def meetings_in(text: str, hits: Sequence[ActorHit], cues: Sequence[Cue], start: int, end: int) -> list[Meeting]:
    """Return one meeting for each two actors of the sentence ``text[start:end]`` that meet, in text order."""
    parties = parties_in(text, hits, start)
    sentence = _Sentence(text, start, end, cues, len({hit.actor for hit in hits}) == 2)
    surely: dict[tuple[str, str], Meeting] = {}
    perhaps: list[tuple[int, Meeting]] = []
    for number, party in enumerate(parties):
        together = party.several and _act_together(sentence, parties, number)
        if together:
            own = frozenset(hit.actor for hit in party.hits)
            for one, other in combinations(party.hits, 2):
                _note(surely, Meeting(one, other, party.start, party.end, own))
        if number + 1 == len(parties):
            break
        of_the_last = text.startswith(",", party.end) and _OF_THE_LAST.match(text, party.end) is not None
        ones = party.hits[-1:] if of_the_last else party.hits[-_LONGEST_LIST:]
        for grade, place in _beside(sentence, parties, number):
            later = parties[place]
            if together and later.somewhere:
                continue  # where they meet is no party to it
            # What several betweens share, they share alike.
            distance = later.start - (parties[place - 1] if party.between else party).end
            own = frozenset(hit.actor for hit in (*party.hits, *later.hits))
            for one, other in product(ones, later.hits[:_LONGEST_LIST]):
                meeting = Meeting(one, other, party.start, later.end, own)
                if grade is _Grade.SURELY:
                    _note(surely, meeting)
                else:
                    perhaps.append((distance, meeting))
    if perhaps:
        _settle(surely, perhaps, sentence.few)
    return sorted(surely.values(), key=lambda meeting: (meeting.first.start, meeting.second.start))


def _note(meetings: dict[tuple[str, str], Meeting], meeting: Meeting) -> None:
    one, other = meeting.first.actor, meeting.second.actor
    if one == other:
        return
    two = (one, other) if one < other else (other, one)
    known = meetings.get(two)
    if known is None or meeting.second.start - meeting.first.end < known.second.start - known.first.end:
        meetings[two] = meeting


def _settle(surely: dict[tuple[str, str], Meeting], perhaps: list[tuple[int, Meeting]], few: bool) -> None:
    """Let meet, the nearest first, who perhaps meet and of whom one meets nobody yet."""
    for _, alike in groupby(sorted(perhaps, key=itemgetter(0)), key=itemgetter(0)):
        met = {actor for two in surely for actor in two}
        for _, meeting in alike:
            if few or not met.issuperset((meeting.first.actor, meeting.second.actor)):
                _note(surely, meeting)


def _act_together(sentence: _Sentence, parties: Sequence[Party], number: int) -> bool:
    """Whether the members of a list do something with each other."""
    text, party = sentence.text, parties[number]
    if party.closed or has_shared(text, party.end):
        return True
    before = max(sentence.start, party.start - 24)
    if _JOINT_BEFORE.search(text, before, party.start):
        return True
    if is_compound(text, party):
        return False
    if is_led(text, sentence.start, party.start) and not _SPEAKING_OF.search(text, before, party.start):
        return False
    own = {hit.actor for hit in party.hits}
    strangers = (other.start for other in parties[number + 1 :] if any(hit.actor not in own for hit in other.hits))
    third = next(strangers, sentence.end)
    together = _TOGETHER.search(text, party.end, min(sentence.end, party.end + _TOGETHER_CHARACTERS))
    if together is None:
        if number or third < sentence.end:
            return False
        # Of a language whose words of tone are not known, a list by itself does.
        foreign = not text[party.hits[0].end : party.hits[-1].start].isascii()
        return foreign or any(cue.start >= party.end for cue in sentence.cues)
    if third < together.start():
        if text[party.end : third] == ", ":
            return True  # "A and B, C's rivals, …"
        # "the A and B sides of C have agreed"
        said_before = any(party.end <= cue.start < third for cue in sentence.cues)
        return not said_before and _OF.fullmatch(text, party.end, third) is not None
    return third == sentence.end or _AIMED.fullmatch(text, together.end(), third) is None


def _beside(sentence: _Sentence, parties: Sequence[Party], number: int) -> Iterator[tuple[_Grade, int]]:
    """Yield the places of later parties that ``parties[number]`` meets, and how surely."""
    text, party = sentence.text, parties[number]
    read_to = party.end  # the gaps of a list hold no clause
    for place in range(number + 1, min(len(parties), number + 1 + _FARTHEST_PARTIES)):
        other = parties[place]
        if other.start - party.end > _FARTHEST_CHARACTERS or text.find(";", party.end, other.start) >= 0:
            return
        clause = _has_clause(text, read_to, other.start)
        if clause and place > number + 1:
            break
        grade = _grade(sentence, party, other, clause)
        if number and place == number + 1 and _is_listed_with(sentence, party, other):
            grade = min(grade, _Grade.PERHAPS)
        if (
            number
            and grade is _Grade.SURELY
            and (_is_one_more_deed(sentence, party, other) or _is_aside(text, parties[number - 1], party, other))
        ):
            grade = _Grade.PERHAPS
        if grade is not _Grade.NOT:
            yield grade, place
        if place + 1 == len(parties):
            break
        if _is_listed_with(sentence, other, parties[place + 1]):
            read_to = parties[place + 1].start
        elif not _is_passed_over(text, other, parties[place + 1]):
            break
    if number + 2 < len(parties) and not party.somewhere and not is_led(text, sentence.start, party.start):
        yield from _reached(sentence, parties, number)


def _is_passed_over(text: str, party: Party, following: Party) -> bool:
    """Whether those before ``party`` meet those behind it: it is a place, a company, a matter of others or owns the next one."""
    return (
        party.somewhere
        or party.company
        or party.closed
        or (following.company and following.start - party.end < _OWNER_CHARACTERS)
        or (following.somewhere and party.hits[-1].type == "armed_group")
        or _POSSESSION.fullmatch(text, party.end, following.start) is not None
    )


def _reached(sentence: _Sentence, parties: Sequence[Party], number: int) -> Iterator[tuple[_Grade, int]]:
    """Yield whom the subject of a clause meets over the heads of others: "A praised B and attacked C", "A sent B arms from C"."""
    text, subject = sentence.text, parties[number]
    aside = True
    following = parties[number + 1 : number + 1 + _FARTHEST_PARTIES]
    for place, (before, other) in enumerate(pairwise(following), number + 2):
        if other.start - subject.end > _FARTHEST_CHARACTERS or text.find(";", before.end, other.start) >= 0:
            return
        if _is_one_more_deed(sentence, before, other):
            yield _Grade.SURELY, place
        elif aside and _is_aside(text, subject, before, other):
            aside = False
            yield _Grade.SURELY, place
        elif _has_clause(text, subject.end, other.start):
            return
        elif _BY_WAY_OF.search(text, before.end, other.start):
            yield _Grade.SURELY, place


def _is_listed_with(sentence: _Sentence, one: Party, other: Party) -> bool:
    """Whether both are named alike, each with what is its own: "juice from A and fruit from B", "A, some others and B"."""
    if one.somewhere != other.somewhere or other.start - one.end > _LISTED_CHARACTERS:
        return False
    if _LISTED.fullmatch(sentence.text, one.end, other.start) is None:
        return False
    return not any(
        one.end <= cue.start < other.start and (cue.verb or cue.value) and not cue.by for cue in sentence.cues
    )


def _is_aside(text: str, subject: Party, before: Party, other: Party) -> bool:
    """Whether ``before`` only tells who ``subject`` is: "A, an ally of B, attacked C"."""
    return _ASIDE.match(text, subject.end) is not None and text.find(",", before.end, other.start) >= 0


def _has_clause(text: str, begin: int, end: int) -> bool:
    gap = text[begin:end].lower()
    words = gap.replace(",", " ").split()
    if not _CLAUSE_WORDS.isdisjoint(words):
        return True
    if "as" in words and words.count("as") > sum(gap.count(phrase) * of for phrase, of in _NO_CLAUSE):
        return True
    return ", and " in gap or ": " in gap or " — " in gap or " – " in gap or " - " in gap or "? " in gap or "! " in gap


def _is_one_more_deed(sentence: _Sentence, before: Party, other: Party) -> bool:
    if sentence.text.find(" and ", before.end, other.start) < 0:
        return False
    does = _AND_DOES.search(sentence.text, before.end, other.start)
    assert does is not None, "the word was there"
    last = min(other.start, does.end() + _DEED_CHARACTERS)
    return any(cue.verb and does.end() <= cue.start < last for cue in sentence.cues)


def _grade(sentence: _Sentence, party: Party, other: Party, clause: bool) -> _Grade:
    if other.hits[0].type == "armed_group" and _POSSESSION.fullmatch(sentence.text, party.end, other.start):
        return _Grade.NOT
    if _HELD.fullmatch(sentence.text, party.end, other.start):
        return _Grade.SURELY
    between = [cue for cue in sentence.cues if party.end <= cue.start < other.start and _is_said_of(cue, party, other)]
    if party.company or other.company:
        return _Grade.SURELY if any(cue.value or cue.verb for cue in between) else _Grade.NOT
    if party.closed or other.closed:
        if any(cue.verb for cue in between):
            return _Grade.SURELY
        return _Grade.PERHAPS if (party.between or other.between) and not other.somewhere else _Grade.NOT
    weak, other_weak = party.somewhere or party.private, other.somewhere or other.private
    if (weak or other_weak) and not _is_something_done(sentence, party, other, between):
        return _Grade.PERHAPS if sentence.few and not (weak and other_weak) else _Grade.NOT
    return _Grade.PERHAPS if clause else _Grade.SURELY


def _is_something_done(sentence: _Sentence, party: Party, other: Party, between: Sequence[Cue]) -> bool:
    """Whether somebody does something to somebody here; what is agreed on somewhere is not done there."""
    somewhere = party.somewhere or other.somewhere
    if other.somewhere and party.hits[-1].kind == "person":
        return True  # "the minister is in Beijing"
    if any(
        cue.value < 0 or (cue.by and other.somewhere) or (cue.value > 0 and (cue.verb or not somewhere))
        for cue in between
    ):
        return True
    return any(
        (cue.value < 0 or cue.by or (cue.value > 0 and not somewhere))
        and (0 <= party.start - cue.end < _NEAR_CHARACTERS or 0 <= cue.start - other.end < _NEAR_CHARACTERS)
        for cue in sentence.cues
        if _is_said_of(cue, party, other)
    )


def _is_said_of(cue: Cue, party: Party, other: Party) -> bool:
    """Whether it is one of these two who does it, if it is known who does: more than to hold the place where something is."""
    return not cue.by or any(hit.actor == cue.by and not one.somewhere for one in (party, other) for hit in one.hits)
