"""Copies of a text as publishers make them of a wire's: cut from the end, framed by their own words, reworded. Seeded, pure."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

CUT = 0.3
BOILERPLATE = 0.15
CHANGED = 0.1

#: Text and the words of a publisher in, a copy out. The choice of words is the generator's.
Copying = Callable[[Sequence[str], Sequence[str], random.Random], list[str]]


def cut(words: Sequence[str], _: Sequence[str], choose: random.Random) -> list[str]:
    """Return the text without the last 30 % of its words."""
    return list(words[: len(words) - round(CUT * len(words))])


def framed(words: Sequence[str], own: Sequence[str], choose: random.Random) -> list[str]:
    """Return the text with running words of ``own`` before and behind it, 15 % of its length in all."""
    count = max(1, round(BOILERPLATE * len(words)))
    begin = choose.randrange(max(1, len(own) - count))
    frame = own[begin : begin + count]
    before = choose.randrange(len(frame) + 1)
    return [*frame[:before], *words, *frame[before:]]


def reworded(words: Sequence[str], own: Sequence[str], choose: random.Random) -> list[str]:
    """Return the text with each tenth word, at random, exchanged for one of ``own``."""
    changed = set(choose.sample(range(len(words)), round(CHANGED * len(words))))
    return [choose.choice(own) if place in changed else word for place, word in enumerate(words)]


def _cut_and_framed(words: Sequence[str], own: Sequence[str], choose: random.Random) -> list[str]:
    kept = cut(words, own, choose)
    count = max(1, round(BOILERPLATE * len(words)))
    begin = choose.randrange(max(1, len(own) - count))
    return [*kept, *own[begin : begin + count]]


def _cut_and_reworded(words: Sequence[str], own: Sequence[str], choose: random.Random) -> list[str]:
    return reworded(cut(words, own, choose), own, choose)


#: By name, in the order of a report.
COPIES: Mapping[str, Copying] = {
    "cut": cut,
    "boilerplate": framed,
    "cut_and_boilerplate": _cut_and_framed,
    "reworded": reworded,
    "cut_and_reworded": _cut_and_reworded,
}
