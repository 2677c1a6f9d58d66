"""What armed actors do on the ground: "Taliban sweep in A", "B's troops advance in A", "the fall of A to the Taliban". Pure.

Others advance, sweep and take over too and mean no harm; so these words count only right behind, or right before, who is armed:
an armed group, or a state or an alliance whose forces are named. Folded text and hits in, cues of tone out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from pipelines.extraction.actors.finder import ActorHit
from pipelines.extraction.actors.folding import fold
from pipelines.extraction.tone import Cue, tone_words

ARMED = "armed_group"

#: Whose forces may be named behind them.
_HAVE_FORCES = frozenset(("country", "alliance", "territory"))

#: What is done stands so near to who does it, and in the same clause.
_BEHIND_CHARACTERS = 60
_BEFORE_CHARACTERS = 60
_CLAUSE = re.compile(
    r"[,;:.!?]|\b(?:as|while|after|before|when|but|since|until|because|amid|if|although|though|where|despite|says?|said)\b"
)
#: "the takeover of the country by …"
_OF_IT = r" of(?: [\w'-]+){1,3}"
_DENIED = re.compile(r"\b(?:not|never|no longer|without)\b|n't\b")


class _Words(NamedTuple):
    forces: re.Pattern[str]
    behind: re.Pattern[str]
    before: re.Pattern[str]


def with_ground(folded: str, hits: Sequence[ActorHit], cues: Sequence[Cue], start: int, end: int) -> Sequence[Cue]:
    """Return ``cues`` of the sentence ``folded[start:end]``, in its order, with those of what armed actors do on the ground.

    ``folded`` is the folded text, ``hits`` are those of the sentence, in order. A word that is a cue already stays that one.
    """
    words = _words()
    found: list[Cue] = []
    for number, hit in enumerate(hits):
        begin = hit.end
        if hit.type in _HAVE_FORCES:
            forces = words.forces.match(folded, begin, end)
            if forces is None:
                continue
            begin = forces.end()
        elif hit.type != ARMED:
            continue
        lower = max(start, hit.start - _BEFORE_CHARACTERS)
        stop = min(end if number + 1 == len(hits) else hits[number + 1].start, begin + _BEHIND_CHARACTERS)
        found += (_cue(match, hit.actor) for match in _said(words, folded, lower, hit.start, begin, stop))
    own = [one for one in found if not any(cue.start < one.end and one.start < cue.end for cue in cues)]
    return sorted((*cues, *own)) if own else cues


def _said(words: _Words, folded: str, lower: int, start: int, begin: int, stop: int) -> Iterator[re.Match[str]]:
    before = words.before.search(folded, lower, start)
    if before is not None:
        yield before
    clause = _CLAUSE.search(folded, begin, stop)
    if clause is not None:
        stop = clause.start()
    for match in words.behind.finditer(folded, begin, stop):
        if _DENIED.search(folded, begin, match.start()) is None:
            yield match


def _cue(match: re.Match[str], by: str) -> Cue:
    kind = match.lastgroup
    assert kind is not None, "each way to match is a group"
    return Cue(match.start(kind), match.end(kind), 0 if kind == "holds" else -1, False, by)


@cache
def _words() -> _Words:
    ground = tone_words().ground
    nouns = f"(?P<conflict>{_any(ground.conflict)})|(?P<holds>{_any(ground.holds)})"
    return _Words(
        re.compile(rf"(?:'s|-led)?(?: [a-z-]+)? {_any(ground.forces)}"),
        re.compile(nouns),
        re.compile(
            rf"(?:(?:{nouns})(?:{_OF_IT} by| of| by| from)|(?P<lost>{_any(ground.lost)})(?:{_OF_IT}| \w+)? to)"
            r"(?: the)?(?: [a-z-]+)?\s$"
        ),
    )


def _any(phrases: Sequence[str]) -> str:
    longest_first = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    patterns = (re.escape(fold(one)).replace(r"\*", r"\w*").replace(r"\ ", "[ -]") for one in longest_first)
    return rf"\b(?:{'|'.join(patterns)})\b"
