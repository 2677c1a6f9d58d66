"""Where a report was written ("KYIV, Ukraine (AP) —") and whose it is ("… . (Vatican News)"), where nobody acts."""

from __future__ import annotations

import re

_AGENCY = re.compile(
    r" \((?:AP|AFP|Reuters|REUTERS|UPI|CNN|ANI|IANS|PTI|Xinhua|TASS|Interfax|dpa|DPA|EFE|ANSA|Kyodo|KYODO|Yonhap|Bloomberg|"
    r"RFE/RL|JTA)\)"
)
_PLACE = re.compile(
    r"(?:^|[\s.!?…\"”’)])([A-ZÀ-Þ][A-ZÀ-Þ'’. -]{2,30}(?:, [A-Z][\w. -]{2,30})?(?:, [A-Z][a-z]{2,8}\.? \d{1,2})?)$"
)
_LONGEST_PLACE = 90

#: Without an agency only at the beginning of a paragraph, and with a second place or a day, since "NATO - Russia" is none.
_BARE = re.compile(
    r"[^\S\n]{0,3}([A-ZÀ-Þ][A-ZÀ-Þ'’. -]{2,30}(?:, [A-Z][\w. -]{2,30}?)?(?:, [A-Z][a-z]{2,8}\.? \d{1,2})?"
    r"(?<=[\w.]))(?<=[a-z0-9.]) ?(?:—|–|--|-) ?(?=[A-Z“\"])"
)


#: Names in brackets behind a full stop: "… on Friday. (AFP via The Straits Times) (Reuters)".
_NAME = r"(?:[A-ZÀ-Þ][\w.&'’/-]*|via|of|the|and|in|on|for)"
_SOURCE = re.compile(rf"(?<=[.!?…\"”’)]) \({_NAME}(?: {_NAME}){{0,7}}\)")


def dateline_spans(text: str) -> list[tuple[int, int]]:
    """Return the ranges of ``text`` that are places in front of an agency's name or a dash, or sources in brackets."""
    spans = []
    begin = 0
    while begin >= 0:
        # Most lines begin as "The" does: a small letter behind a capital, which no such place has.
        second = text[begin + 1 : begin + 2]
        bare = _BARE.match(text, begin) if not second.islower() or text[begin].isspace() else None
        if bare is not None:
            spans.append(bare.span(1))
        line_end = text.find("\n", begin)
        begin = line_end + 1 if line_end >= 0 else -1
    for agency in _AGENCY.finditer(text) if " (" in text else ():
        begin = max(0, agency.start() - _LONGEST_PLACE)
        place = _PLACE.search(text[begin : agency.start()])
        if place is not None:
            spans.append((begin + place.start(1), agency.start()))
    if ". (" in text or '" (' in text or "” (" in text:
        spans += [source.span() for source in _SOURCE.finditer(text)]
    return sorted(spans)
