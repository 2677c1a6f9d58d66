"""Markup to plain text: what a reader would see, block by block on lines of their own. Pure."""

from __future__ import annotations

import html
import re

import nh3

from schemas.plain_text import plain_text

#: Elements that begin on a line of their own; without a break, "<p>one</p><p>two</p>" would become "onetwo".
_BLOCK = re.compile(
    r"<(?=/?(?:p|br|div|li|ul|ol|tr|td|th|table|h[1-6]|blockquote|section|article|figure|figcaption|pre|hr|dd|dt)\b)",
    re.IGNORECASE,
)
_BLANKS = re.compile(r"[^\S\n]+")
_EMPTY_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")


def text_of_html(markup: str) -> str:
    """Return the text of ``markup``; scripts, styles and comments are left out with their content."""
    if "<" in markup:
        markup = nh3.clean(_BLOCK.sub("\n<", markup), tags=set(), strip_comments=True)
    return tidy(html.unescape(markup))


def tidy(text: str) -> str:
    """Return ``text`` without invisible characters, with single blanks and at most one empty line in a row."""
    return _EMPTY_LINES.sub("\n\n", _BLANKS.sub(" ", plain_text(text)).replace("\n ", "\n")).strip()
