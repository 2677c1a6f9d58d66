"""The text that is analysed: title and body without markup, furniture of the page and unseen characters. Linear, bounded."""

from __future__ import annotations

import html
import re
from typing import NamedTuple

from pipelines.extraction.furniture import without_furniture
from schemas.article import Article
from schemas.reasons import CutReason

#: What of a body is read at all, before anything looks at it; 10 MB of hostile text cost no more than this.
MAX_RAW_CHARACTERS = 1_048_576

#: What of title and body is analysed. A long analysis has 30,000.
MAX_CHARACTERS = 200_000
MAX_TITLE_CHARACTERS = 2_000

_TAG = re.compile(
    r"<(?:/?[a-zA-Z][a-zA-Z0-9:-]{0,30}+(?:[\s/][^<>]{0,4000}+)?|!--[^<>]{0,4000}+|!DOCTYPE[^<>]{0,400}+)>"
)
_BLOCK = re.compile(
    r"</?(?:p|div|br|li|ul|ol|h[1-6]|tr|table|section|article|header|footer|blockquote|figure|figcaption|aside|main|hr|pre|dd|dt)"
    r"(?:[\s/][^<>]{0,4000}+)?>",
    re.IGNORECASE,
)
_UNREAD = ("script", "style", "noscript", "template")

_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_UNSEEN_SET = "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
_MARK_SET = "\u0300-\u036f\u0483-\u0489\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_UNSEEN = re.compile(f"[{_UNSEEN_SET}]")
_TOO_MANY_MARKS = re.compile(f"([{_MARK_SET}]{{2}})[{_MARK_SET}]++")
#: One look that tells whether there is anything for the two above.
_ODD = re.compile(f"[{_UNSEEN_SET}{_MARK_SET}]")
_LINE_ENDS = re.compile("[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
#: … and what tells whether there is anything for these two: all that is ASCII but tabs and line feeds, and the others.
_ODD_BYTES = bytes(code for code in (*range(32), 127) if chr(code) not in "\t\n")
_ASCII = bytes(range(128))
_ODD_ENDS = "\x85\u2028\u2029\ufffe\uffff"
_BLANK_LINES = re.compile(r"\n[^\S\n]*+\n\s*+")
_SPACES = re.compile(r"\s+")


class AnalysedText(NamedTuple):
    """``text`` begins with the ``title`` where there is one; ``cuts`` says why it is shorter than what was published."""

    title: str
    text: str
    cuts: tuple[CutReason, ...]


def analysed_text(article: Article, max_characters: int = MAX_CHARACTERS) -> AnalysedText:
    """Return the title as a paragraph, a blank line and the body (the text, or the summary where there is none)."""
    cuts = dict.fromkeys(article.cuts)
    raw_title, raw_body = article.title, article.text or article.summary
    if any(_is_odd(raw) and _CONTROLS.search(raw) for raw in (raw_title, raw_body[:MAX_RAW_CHARACTERS])):
        cuts[CutReason.CHARACTERS] = None
    title = _SPACES.sub(" ", _plain(raw_title[: 4 * MAX_TITLE_CHARACTERS])).strip()
    body = without_furniture(_plain(raw_body[:MAX_RAW_CHARACTERS]))
    if len(title) > MAX_TITLE_CHARACTERS or len(raw_title) > 4 * MAX_TITLE_CHARACTERS:
        title = title[:MAX_TITLE_CHARACTERS].rstrip()
        cuts[CutReason.RECORD_LIMIT] = None
    text = f"{title}\n\n{body}" if title and body else title or body
    if len(text) > max_characters or len(raw_body) > MAX_RAW_CHARACTERS:
        text = text[:max_characters].rstrip()
        cuts[CutReason.RECORD_LIMIT] = None
    return AnalysedText(title, text, tuple(cuts))


def _plain(text: str) -> str:
    if "<" in text:
        text = _without_tags(text)
    if "&" in text:
        text = html.unescape(text)
        if "<" in text and _TAG.search(text):
            # Escaped twice, as feeds do.
            text = html.unescape(_without_tags(text))
    if not text.isascii() and _ODD.search(_beyond_ascii(text)):
        text = _TOO_MANY_MARKS.sub(r"\1", _UNSEEN.sub("", text))
    if _is_odd(text):
        text = _CONTROLS.sub(" ", _LINE_ENDS.sub("\n", text.replace("\r\n", "\n")))
    if "\n" in text:
        text = _BLANK_LINES.sub("\n\n", text)
    return text.strip()


def _beyond_ascii(text: str) -> str:
    """Return the characters of ``text`` that are not ASCII: of English text few, and these are quick to look through."""
    return text.encode("utf-8", "surrogatepass").translate(None, _ASCII).decode("utf-8", "surrogatepass")


def _is_odd(text: str) -> bool:
    """Whether a control character, an odd line end or half a character may stand in ``text``; much faster than looking for it."""
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        return True
    return len(raw.translate(None, _ODD_BYTES)) != len(raw) or (
        len(raw) != len(text) and any(odd in text for odd in _ODD_ENDS)
    )


def _without_tags(text: str) -> str:
    for name in _UNREAD:
        text = _without_element(text, name)
    return _TAG.sub("", _BLOCK.sub("\n\n", text))


def _without_element(text: str, name: str) -> str:
    """Drop the elements ``name`` with what is in them; one that is never closed loses its tag only."""
    lowered = text.lower()
    if f"<{name}" not in lowered or len(lowered) != len(text):
        return text
    kept: list[str] = []
    position = 0
    while (begin := lowered.find(f"<{name}", position)) >= 0:
        end = lowered.find(f"</{name}", begin)
        if end < 0:
            break
        close = lowered.find(">", end)
        kept.append(text[position:begin])
        position = close + 1 if close >= 0 else len(text)
    kept.append(text[position:])
    return " ".join(kept)
