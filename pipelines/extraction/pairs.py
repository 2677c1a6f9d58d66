"""Pairs: which actors of a sentence meet, who acts on whom, and in what tone. Pure: hits and cues in, pairs out.

Who meets is found by where the hits stand (see meetings.py); direction and tone by the words around them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from pipelines.extraction.actors.finder import ActorHit
from pipelines.extraction.meetings import Meeting, meetings_in
from pipelines.extraction.reporters import without_reporters
from pipelines.extraction.tone import Cue, tone_of
from schemas.reasons import Tone

#: No sentence names actors more often than this; of a text that pretends to be one the beginning is read.
MOST_HITS = 100

#: In front of an actor: then it is no subject ("in Russia, Ukraine …"). "of" is none: "the army of Russia attacked".
_NO_SUBJECT = re.compile(r"\b(?:in|from|to|with|against|on|at|for|by|over|near|into|between|than|like|about|amid)"
                         r"(?: the| all| its| our| both)? $", re.IGNORECASE)  # fmt: skip
#: What parts an act from whom it meets.
_NEW_CLAUSE = re.compile(
    r"[;:!?]|\b(?:but|while|whereas|although|because|after|before|when|since|despite|amid)\b", re.I
)
_BY = re.compile(r"\bby\b[^,;:]{0,40}$", re.IGNORECASE)
_JOINED = re.compile(r"\W{0,3}(?:and|or|&)\W", re.IGNORECASE)

#: A verb behind one of these is suffered, not done.
_PASSIVE = re.compile(r"\b(?:was|were|is|are|be|been|being|gets?|got)(?: \w+)? $", re.IGNORECASE)
#: What begins an object behind a verb.
_OBJECT = re.compile(r"\s(?:a|an|the|its|their|this|that|new|recent|alleged|any|all|further)\s", re.IGNORECASE)

#: An act may stand so far from who does it and from whom it meets.
_FARTHEST_CHARACTERS = 110
_BEFORE_CHARACTERS = 16


class PairSeen(NamedTuple):
    """A pair in one sentence. Undirected ones have ``source < target``."""

    source: str
    target: str
    directed: bool
    tone: Tone


def pairs_in(
    text: str, hits: Sequence[ActorHit], cues: Sequence[Cue], start: int = 0, end: int | None = None
) -> list[PairSeen]:
    """Return the pairs of the sentence ``text[start:end]``; ``hits`` and ``cues`` are its own, in order."""
    if len(hits) < 2:
        return []
    if len(hits) > MOST_HITS:
        hits = hits[:MOST_HITS]
        cues = [cue for cue in cues if cue.end <= hits[-1].end]
    stop = len(text) if end is None else end
    hits = without_reporters(text, hits, start, stop)
    count = len({hit.actor for hit in hits})
    if count < 2:
        return []
    if cues:
        # "co-operation" in a name is none.
        cues = [cue for cue in cues if not any(hit.start <= cue.start < hit.end for hit in hits)]
    return [
        _pair(text, meeting, hits, cues, _tone(meeting, cues if count == 2 else _cues_of(text, meeting, hits, cues)))
        for meeting in meetings_in(text, hits, cues, start, stop)
    ]


def _tone(meeting: Meeting, cues: Sequence[Cue]) -> Tone:
    """Return the tone of the cues; those between the two count twice."""
    if len(cues) < 2:
        return tone_of(cues)
    return tone_of([*cues, *(cue for cue in cues if meeting.first.end <= cue.start < meeting.second.start)])


def _cues_of(text: str, meeting: Meeting, hits: Sequence[ActorHit], cues: Sequence[Cue]) -> list[Cue]:
    """Return the cues that speak of these two, and of those listed with them: around and between them up to somebody else."""
    own, first, second = meeting.own, meeting.first, meeting.second
    left = max((hit.end for hit in hits if hit.end <= meeting.begin and hit.actor not in own), default=-1)
    right = min((hit.start for hit in hits if hit.start >= meeting.end and hit.actor not in own), default=1 << 62)
    if right < 1 << 62:
        clause = _NEW_CLAUSE.search(text, meeting.end, right)
        right = clause.start() if clause is not None else right
    within = [hit.end for hit in hits if first.end <= hit.start < second.start and hit.actor not in own]
    if within:
        # Somebody else stands between: what leads up to the second one is said of these two.
        left = max(within)
    ends = (first.actor, second.actor)
    return [cue for cue in cues if cue.start >= left and cue.end <= right and (not cue.by or cue.by in ends)]


def _pair(text: str, meeting: Meeting, hits: Sequence[ActorHit], cues: Sequence[Cue], tone: Tone) -> PairSeen:
    ends = {meeting.first.actor, meeting.second.actor}
    verbs = [cue for cue in cues if cue.verb]
    if verbs:
        # Hits side by side: where somebody else stands between, the order of words says nothing of these two.
        for first, second in pairwise(hits):
            if {first.actor, second.actor} == ends:
                acting = _acting(text, first, second, verbs)
                if acting is not None:
                    return PairSeen(acting, min(ends - {acting}), True, tone)
    return PairSeen(min(ends), max(ends), False, tone)


def _acting(text: str, first: ActorHit, second: ActorHit, verbs: Sequence[Cue]) -> str | None:
    """Return which of two actors side by side acts on the other where the order of words says so, else None."""
    if second.start - first.end > 2 * _FARTHEST_CHARACTERS:
        return None
    between = [verb for verb in verbs if first.end <= verb.start and verb.end <= second.start]
    if not between:
        # "the downing of an Azerbaijani plane by Russian air defence"
        before = any(0 <= first.start - verb.end <= _BEFORE_CHARACTERS for verb in verbs)
        return second.actor if before and _BY.search(text[first.end : second.start]) else None
    act = between[-1]
    if _BY.search(text[act.end : second.start]):
        return first.actor if _is_object_of(text, first, between, second) else second.actor
    if second.start - act.end > _FARTHEST_CHARACTERS or act.start - first.end > _FARTHEST_CHARACTERS:
        return None
    if _NEW_CLAUSE.search(text, first.end, second.start) or _JOINED.match(text[first.end : act.start]):
        return None
    return None if _NO_SUBJECT.search(text[max(0, first.start - 16) : first.start]) else first.actor


def _is_object_of(text: str, first: ActorHit, between: Sequence[Cue], second: ActorHit) -> bool:
    """Whether what ``second`` does is what ``first`` speaks of: "Poland condemned an attack by Russia"."""
    verb, act = between[0], between[-1]
    if _PASSIVE.search(text[first.end : verb.start]) or _JOINED.search(text[verb.end : act.start]):
        return False
    if verb is not act:
        return _OBJECT.search(text[verb.end : act.start]) is not None
    by = text.lower().rfind("by", act.end, second.start) if text.isascii() else text.rfind("by", act.end, second.start)
    return len(text[act.end : by].split()) > 1 and _OBJECT.match(text[act.end : by]) is not None
