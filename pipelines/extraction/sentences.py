"""Sentences by rules: a text in, half-open ranges of characters out, in order, none overlapping. Linear in the text."""

from __future__ import annotations

import re

#: What may end a sentence, what may close behind it, and the space. It begins with a set of characters and looks back
#: behind it, so that the search goes by the set.
_MARKS = r"[.!?…](?<![.!?…].)[.!?…]*+[\"”’»)\]']{0,3}+(?=\s)"
_END = re.compile(_MARKS, re.DOTALL)
_WIDE_MARKS = "。！？"
_END_OR_WIDE = re.compile(_MARKS + "|[。！？]++[”」』]?+", re.DOTALL)
_BREAK = re.compile(r"\n[^\S\n]*+\n\s*+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Behind these a full stop ends no sentence (folded, without the full stop).
_TITLES = _words(
    """mr mrs ms messrs dr prof gen lt col maj capt sgt cmdr adm brig sen rep reps sens gov hon rev st fr sr mt ft vs al
    approx ca cf e.g i.e jan feb mar apr jun jul aug sep sept oct nov dec amb atty dist assn dept
    г гг тыс млн млрд им ул д стр руб т.е т.н"""
)
#: Behind these it ends none when a number follows.
_NUMBERED = _words("no nos p pp art vol fig")
#: Behind these it does when a word follows that often begins one.
_MAYBE = _words("u.s u.k u.n e.u u.a.e d.c u.s.a a.m p.m inc ltd co corp jr bros plc etc т.д т.п др")
_STARTERS = _words(
    """the a an he she it they we i this that these those in on at but and however meanwhile after before when while if his her
    their its our there as for with by from last no not under despite although since what who why how you"""
)
_TOKEN_BEFORE = 24

#: A line that ends before this many characters was not broken by a wrap: it is a heading or an entry of a list.
_SHORT_LINE = 50
_BULLETS = "•*–—-·►▪"
_OPENERS = "\"“‘«„'([—–-"


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Return the sentences of ``text`` without the space around them. A blank line always ends a sentence."""
    spans: list[tuple[int, int]] = []
    ends = _END if text.isascii() or not any(mark in text for mark in _WIDE_MARKS) else _END_OR_WIDE
    begin = 0
    for gap in _BREAK.finditer(text):
        _split_paragraph(text, begin, gap.start(), ends, spans)
        begin = gap.end()
    _split_paragraph(text, begin, len(text), ends, spans)
    return spans


def _split_paragraph(text: str, begin: int, end: int, ends: re.Pattern[str], spans: list[tuple[int, int]]) -> None:
    line = text.find("\n", begin, end)
    while line >= 0:
        if _is_line_of_its_own(text, begin, line, end):
            _split_lines(text, begin, line, ends, spans)
            begin = line + 1
        line = text.find("\n", line + 1, end)
    _split_lines(text, begin, end, ends, spans)


def _is_line_of_its_own(text: str, begin: int, line: int, end: int) -> bool:
    """Whether the line that ends at ``line`` ends a sentence although no full stop says so."""
    line_begin = max(text.rfind("\n", begin, line) + 1, begin)
    following = text[line + 1 : min(line + 3, end)].lstrip()
    return (line - line_begin < _SHORT_LINE and text[line - 1 : line] not in ",;-") or (
        following != "" and following[0] in _BULLETS
    )


def _split_lines(text: str, begin: int, end: int, ends: re.Pattern[str], spans: list[tuple[int, int]]) -> None:
    for stop in ends.finditer(text, begin, end):
        mark, after = stop.span()
        if after < end and _ends_here(text, begin, mark, after, end):
            _add(text, begin, after, spans)
            begin = after
    _add(text, begin, end, spans)


def _add(text: str, begin: int, end: int, spans: list[tuple[int, int]]) -> None:
    while begin < end and text[begin].isspace():
        begin += 1
    if begin == end:
        return
    while text[end - 1].isspace():
        end -= 1
    spans.append((begin, end))


def _ends_here(text: str, begin: int, mark: int, after: int, end: int) -> bool:
    first = after
    while first < end and text[first].isspace():
        first += 1
    if first == end:
        return False
    index = first
    letter = text[index]
    if letter in _OPENERS and index + 1 < end:
        while index + 1 < end and (text[index] in _OPENERS or text[index] == " ") and index < first + 4:
            index += 1
        letter = text[index]
    if letter.islower():
        return False
    if text[mark] != "." or text[mark : mark + 2] == "..":
        return True
    token = text[max(begin, mark - _TOKEN_BEFORE) : mark].split()[-1:]
    word = token[0].lstrip(_OPENERS).lower() if token else ""
    if word in _NUMBERED:
        return not letter.isdigit()
    if word in _TITLES:
        return False
    if word in _MAYBE:
        return text[index : index + 12].split(" ", maxsplit=1)[0].strip(".,;:").lower() in _STARTERS
    # Single capital letters are initials: "J. Smith", "J.P. Morgan".
    if not text[mark - 1].isupper() or word == "i":
        return True
    return not all(len(part) == 1 and part.isalpha() for part in word.split("."))
