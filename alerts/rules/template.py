"""What a rule adds to its messages: a subject and a note with places that each message fills. Text in, checked text out.

A place is a word in braces; there is nothing else in it: no attribute, no index, no format, so a template can show only what
:data:`PLACES` names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from string import Formatter

from schemas.model import Part

#: Every place and what it holds.
PLACES: dict[str, str] = {
    "name": "what the key is called: Azerbaijan–Russia",
    "key": "the key as it is kept: AZE-RUS",
    "rule": "the rule",
    "severity": "its severity",
    "stories": "stories counted in the window",
    "publishers": "publishers counted in the window",
    "articles": "articles counted in the window",
    "hours": "length of the window in hours",
    "expected": "what was expected of the window",
    "times": "how many times as many as expected",
    "score": "the detector's score",
    "new": "the words that are new about the key",
}


class Template(Part):
    """``subject`` stands behind the severity in place of what is told there else, ``note`` below the first lines of a message."""

    subject: str = ""
    note: str = ""


def mistakes_in(text: str) -> Sequence[tuple[str | None, str]]:
    """Return what is wrong with ``text``: each wrong place once (None where braces do not match) and why."""
    found: dict[str | None, str] = {}
    parsed = Formatter().parse(text)
    try:
        for _, place, form, conversion in parsed:
            if place is not None and (place not in PLACES or form or conversion):
                found[_written(place, form, conversion)] = _WHY_NOT
    except ValueError as error:
        found[None] = str(error)
    return list(found.items())


_WHY_NOT = "a place is one of the names in braces, without anything else"


def _written(place: str, form: str | None, conversion: str | None) -> str:
    """Return what stands between the braces."""
    return place + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")


def filled(text: str, values: dict[str, str]) -> str:
    """Return ``text`` with its places filled; ``values`` has each of :data:`PLACES`."""
    return "".join(_pieces(text, values))


def _pieces(text: str, values: dict[str, str]) -> Iterator[str]:
    for words, place, _, _ in Formatter().parse(text):
        yield words
        if place is not None:
            yield values[place]
