"""What stands around an article on its page: exchange rates, links to other articles, bylines, credits. Taken out by line.

Only short lines go, and only for what they say themselves; a sentence of the article is never judged by its actors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

#: A longer line is text.
MAX_LINE_CHARACTERS = 200

#: A link's title behind "Read also:" on a line of its own is no longer than this.
_LINK_CHARACTERS = 150

#: So many of the letters of a line in another script than the text make it a foreign one.
_FOREIGN_SHARE = 0.7

#: With so much of it in ASCII no text is in another script, whatever addresses stand in it.
_SURELY_LATIN = 0.97

#: So many words of a text tell in which script it is.
_LOOK_WORDS = 400

_LEADING = r"[^\w\n“”\"'(«©]*+"


def _any(*parts: str) -> str:
    return "(?:" + "|".join(parts) + ")"


#: Furniture however it ends.
_ALWAYS = _any(
    r"(?:read|see|watch) (?:also|more|next)\s*[:|]",
    r"(?:also read|read (?:this|it) (?:too|next)|related(?: news| stories| articles)?)\s*:",
    r"more on th(?:is|e) (?:topic|subject|story)\s*:",
    r"subscribe (?:to|now)\b",
    r"sign up (?:for|to) (?:our|the|receive)\b",
    r"click here\b",
    r"download (?:the|our) app\b",
    r"(?:follow|join|find) (?:us|our (?:telegram|whatsapp|channel|page)) (?:on|in|at|for)\b",
    r"(?:join|follow) our (?:telegram|whatsapp|channel|page)\b",
    r"читайте (?:также|нас|ещё|еще|також)\b",
    r"читати також\b",
    r"(?:подписывай(?:ся|тесь)|подписаться|прислать новость|підписуйтесь|підписатися)\b",
    r"(?:authors?|editors?|photographer|(?:written|reported|reporting|edited|editing|compiled|translated) by)\s*[:–—]",
    r"(?:автор|редактор|корреспондент|кореспондент)\s*[:–—]",
    r"original article\s*:",
    r"(?:photos?|images?|pictures?|video|illustration|graphic|фото|видео|відео)"
    r"(?: credits?| by| source| courtesy(?: of)?)?\s*[:©|/]",
    "©",
    r"copyright\s*(?:©|\(c\)|\d{4}|:)",
    r"all rights reserved\b",
)
#: Furniture where the line is no sentence.
_UNLESS_SENTENCE = _any(
    r"(?:read|see|watch) (?:also|more|next|now|our|the full)\b",
    r"(?:reading|trending) now\b",
    r"(?:related|recommended|popular|latest|top|most read|more|all|other|show more)"
    r" (?:news|stories|articles|topics|posts|materials)\b",
    r"more (?:from|on|about)\b",
    r"most (?:read|popular)\b",
    r"don['’]t miss\b",
    r"share (?:this|on|the)\b",
    r"advertisement\b",
    r"(?:written|reported|reporting|edited|editing|compiled|translated|photos?|images?|pictures?) by\b",
    r"(?:photo|image|picture)s? courtesy\b",
    r"(?:sources?|via|источник|джерело)\s*:(?=.{0,80}$)",
)
_LEGAL = (
    r"\*+\s*(?=.*\b(?:banned|prohibited|outlawed|included in the list|recogni[sz]ed as|designated|foreign agents?"
    "|запрещ|признан))"
)
_FURNITURE = re.compile(rf"(?:{_LEGAL})|{_LEADING}{_ALWAYS}", re.IGNORECASE)
_FURNITURE_UNLESS_SENTENCE = re.compile(rf"{_LEADING}{_UNLESS_SENTENCE}", re.IGNORECASE)
#: The words that all these begin with: most lines begin with another one and need not be tried.
_FIRST_WORD = re.compile(rf"{_LEADING}(\w*+)")
_WORDS_OF_FURNITURE = """
    read see watch also related more subscribe sign click download follow join find author authors editor editors photographer
    written reported reporting edited editing compiled translated original photo photos image images picture pictures video
    illustration graphic all reading trending recommended popular latest top most other show don share advertisement source
    sources via
    """
_FIRST_WORDS = frozenset(_WORDS_OF_FURNITURE.split())
_SENTENCE_END = re.compile(r"[.!?…][\"”’»)\]]*\s*$")

#: "By Anna Novak and Paul Martin, Baku": names and no sentence.
_BY_NAMES = re.compile(
    r"\s*By:? (?:[A-ZÀ-Þ][\w.'’-]+(?:,? and |, | |$)){1,8}"
    r"(?:(?:in|for|at|correspondent|reporter|editor|staff|writer|the)\b.{0,40})?[^.!?]{0,3}$"
)
_WRITTEN_FOR = re.compile(r"[^.!?]{3,60}, (?:special(?:ly)?|exclusive(?:ly)?) (?:for|to) [^.!?]{2,60}$")
_ADDRESS = re.compile(rf"{_LEADING}(?:https?://|www\.)\S+\s*$", re.IGNORECASE)
_TICKER_CHARACTERS = 60
_DIGITS = re.compile(r"\d")
_LETTERS = re.compile(r"[^\W\d_]")
_FOREIGN_LETTERS = re.compile(r"[^\W\d_a-zA-Z\u00aa-\u024f\u1e00-\u1eff]")
#: Of a ticker: a price or a change, and codes of three letters at most.
_PRICE = re.compile(r"[$€£¥₽₴₼%]|[+−-]\s?\d|\d[.,]\d")
_LONG_WORD = re.compile(r"[^\W\d_]{4}")

#: Inside a line: in brackets, or at its end behind a caption.
_IN_BRACKETS = re.compile(
    r"[(\[](?:(?:additional |further )?(?:reporting|writing|editing|compiled|written|translated) by"
    r"|photos?(?: by|:)|images?(?: by|:)|pictures?(?: by|:)|file photo|фото)[^()\[\]\n]{0,300}[)\]][ ]?",
    re.IGNORECASE,
)
_CREDIT_AT_END = re.compile(
    r"(?<=[.!?…»”\"][ ])(?:Photo|Image|Picture|Video|Фото)(?: credit| by| courtesy)?(?: ?[:©/|]) ?"
    r"[^.\n]{2,60}(?:\.[a-z]{2,6})?\.?$",
    re.MULTILINE,
)
#: How credits begin; looking for words is much faster than for patterns.
_BRACKET_WORDS = (
    "additional ", "further ", "reporting ", "writing ", "editing ", "compiled ", "written ", "translated ",
    "photo", "image", "picture", "file photo",
)  # fmt: skip
#: Without one of these as it is written here nothing in brackets is taken for a credit.
_CREDIT_PARTS = ("ing by ", "ten by ", "led by ", "hoto", "mage", "icture", "ото")
_MOST_BRACKETS = 100
_CREDIT_WORDS = ("Photo", "Image", "Picture", "Video", "Фото")
_BEFORE_CREDITS = frozenset('.!?…»”"')
_ASCII = bytes(range(128))


def without_furniture(text: str) -> str:
    """Return ``text`` without the lines that are furniture and the credits within lines; blank lines part what they parted."""
    if _may_have_credit_in_brackets(text) and any(word in text for word in _CREDIT_PARTS):
        text = _IN_BRACKETS.sub("", text)
    if any(_may_be_credit(text, word) for word in _CREDIT_WORDS):
        text = _CREDIT_AT_END.sub("", text)
    if "\n" not in text:
        return text.rstrip()
    return "\n".join(_kept(text.split("\n"), _is_latin(text))).strip()


def _may_have_credit_in_brackets(text: str) -> bool:
    for bracket in "([":
        if text.count(bracket) > _MOST_BRACKETS:
            return True
        at = text.find(bracket)
        while at >= 0:
            beginning = text[at + 1 : at + 12]
            if beginning.lower().startswith(_BRACKET_WORDS) or not beginning.isascii():
                return True
            at = text.find(bracket, at + 1)
    return False


def _may_be_credit(text: str, word: str) -> bool:
    at = text.find(word)
    while at >= 0:
        if at > 1 and text[at - 1] == " " and text[at - 2] in _BEFORE_CREDITS:
            return True
        at = text.find(word, at + 1)
    return False


def _is_latin(text: str) -> bool:
    """Whether most words of ``text`` are in Latin letters; addresses are words of no script."""
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) - len(raw.translate(None, _ASCII)) >= _SURELY_LATIN * len(text):
        return True
    words = [word for word in text[: 20 * _LOOK_WORDS].split() if "/" not in word and _LETTERS.search(word)]
    foreign = sum(_FOREIGN_LETTERS.search(word) is not None for word in words)
    return len(words) > 2 * foreign


def _kept(lines: list[str], is_latin: bool) -> Iterator[str]:
    link_follows = False
    blank = False
    for line in lines:
        if not line or line.isspace():
            blank = True
            continue
        if link_follows and len(line) <= _LINK_CHARACTERS and line.rstrip()[-1] not in ".!?":
            link_follows = False
            continue
        link_follows = False
        if len(line) <= MAX_LINE_CHARACTERS and is_furniture(line, is_latin=is_latin):
            # "Read also:" alone is followed by the title of another article.
            link_follows = line.rstrip().endswith(":")
            blank = True
            continue
        if blank:
            yield ""
            blank = False
        yield line


def is_furniture(line: str, *, is_latin: bool) -> bool:
    """Whether ``line`` (of a text mainly in Latin letters or not) is no part of an article."""
    if _may_be_furniture(line) and (
        _FURNITURE.match(line) or (_FURNITURE_UNLESS_SENTENCE.match(line) and _SENTENCE_END.search(line) is None)
    ):
        return True
    # A word that each needs is looked for first: most lines have none of them.
    if "By" in line and _BY_NAMES.match(line):
        return True
    if (", spec" in line or ", exclusive" in line) and _WRITTEN_FOR.match(line):
        return True
    if ("://" in line or "www." in line) and _ADDRESS.match(line):
        return True
    if len(line) < _TICKER_CHARACTERS and _DIGITS.search(line) and _PRICE.search(line) and not _LONG_WORD.search(line):
        return True
    if is_latin and not line.isascii() and len(line.encode("ascii", "ignore")) < _FOREIGN_SHARE * len(line):
        letters = len(_LETTERS.findall(line))
        return letters > 2 and len(_FOREIGN_LETTERS.findall(line)) > _FOREIGN_SHARE * letters
    return False


def _may_be_furniture(line: str) -> bool:
    """Whether ``line`` begins with a word of furniture, or with something that is no word in Latin letters."""
    first = _FIRST_WORD.match(line)
    word = first[1].lower() if first is not None else ""
    return not word or word in _FIRST_WORDS or not word.isascii() or word.startswith("copyright") or line[0] == "*"
