"""Which words make a burst of headlines different from what its key is usually about. Pure.

Log-odds of each word between the two sets with a prior, over their standard error (Monroe, Colaresi and Quinn, "Fightin'
Words", Political Analysis 16:4, 2008, eq. 22). A word counts once a headline, so that a long title weighs no more.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from schemas.plain_text import plain_line

_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")

#: Added to each count: what a word that was never seen is taken for.
_PRIOR = 0.1

#: Below this the difference may be chance.
_LEAST_Z = 0.9

_LONGEST_WORD = 24

#: Words that tell nothing by themselves, in the languages whose headlines are read most.
_EMPTY_WORDS = """
    a about after again against all also amid among an and any are as at back be been before being between both but by
    can could day days did do does down during each few first for former from get gets had has have he her here him his how
    if in into is it its just last latest less live made make makes many may might more most much must near new news next no
    not now of off on one only or other our out over own per put puts re report reports said same say says see sees set she
    should since so some still such take takes than that the their them then there these they this three through to today
    told too top two under until up update us use very video was watch way we week were what when where which while who why
    will with without would year years yet you your
    в во на и с со не по из за о об от для при к ко у до под над без как что это его её их он она они был была были будет
    или но а же бы ли так уже ещё после перед против между через который которые заявил заявила сообщил сообщили
    у в на і з із та не по від для при до під над без як що це його її їх він вона вони був була були буде або але
    la le les de du des et en un une el los las y que der die das und mit von im den dem ein eine"""
_EMPTY = frozenset(_EMPTY_WORDS.split())


def new_terms(
    now: Iterable[str], earlier: Sequence[str], *, known: Iterable[str] = (), limit: int = 4
) -> tuple[str, ...]:
    """Return at most ``limit`` words that stand out in the titles ``now`` against ``earlier``, most telling first.

    A word must be in two of the titles at least, or in the only one. ``known`` are texts whose words are no news: the
    names of the watched actors. The spelling is the most frequent one. The order of titles changes nothing.
    """
    known_words = {_stem(word) for text in known for word in _words(text)}
    spellings: dict[str, Counter[str]] = {}
    present, before = Counter[str](), Counter[str]()
    titles = [title for title in now if title]
    for title in titles:
        present.update(_stems(title, spellings))
    for title in earlier:
        before.update(_stems(title, {}))
    least = min(2, len(titles))
    scored = [
        (_z(count, len(titles), before[stem], len(earlier)), count, stem)
        for stem, count in present.items()
        if count >= least and stem not in known_words
    ]
    best = [(z, count, _spelling(spellings[stem])) for z, count, stem in scored if z >= _LEAST_Z]
    # Of words equally telling a name says more, and it is the one with a capital.
    best.sort(key=lambda s: (-s[0], -s[1], s[2][0].islower(), s[2]))
    return tuple(word for _, _, word in best[:limit])


def _z(here: int, titles: int, there: int, earlier: int) -> float:
    one, two = here + _PRIOR, there + _PRIOR
    # The rest of each set, at least the prior, so that a word in every title has finite odds.
    delta = math.log(one / (titles - here + 1.0)) - math.log(two / (earlier - there + 1.0))
    return delta / math.sqrt(1.0 / one + 1.0 / two) if earlier else delta + 1.0


def _words(title: str) -> list[str]:
    return [word for word in _WORD.findall(plain_line(title)) if 2 < len(word) <= _LONGEST_WORD]


def _stems(title: str, spellings: dict[str, Counter[str]]) -> set[str]:
    found = set()
    for word in _words(title):
        if word.casefold() not in _EMPTY:
            stem = _stem(word)
            found.add(stem)
            spellings.setdefault(stem, Counter())[word] += 1
    return found


def _stem(word: str) -> str:
    """Return ``word`` without the commonest English endings: ``detain``, ``detains`` and ``detained`` are one word."""
    text = word.casefold().replace("’", "'").removesuffix("'s")
    for ending in ("ations", "ation", "ings", "ing", "ed", "es", "s"):
        if text.isascii() and text.endswith(ending) and len(text) - len(ending) >= 4:
            return text.removesuffix(ending)
    return text


def _spelling(seen: Counter[str]) -> str:
    """Return the commonest spelling; a tie goes to the one that is no capital word, then by the alphabet."""
    return min(seen, key=lambda word: (-seen[word], word.isupper(), word))
