"""A saved web page to what a reader reads of it: title, paragraphs, and what the page says of itself. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

from schemas.plain_text import plain_text

#: Elements whose content is not the article. A form is read: some pages are one form as a whole.
_NOT_READ = frozenset(
    {"script", "style", "noscript", "template", "svg", "nav", "footer", "aside", "button", "select", "iframe"}
)
#: Elements that end a paragraph.
_BLOCKS = frozenset(
    {
        "p",
        "div",
        "li",
        "ul",
        "ol",
        "tr",
        "td",
        "th",
        "table",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "blockquote",
        "section",
    }
    | {"article", "main", "header", "figure", "figcaption", "pre", "hr", "dd", "dt", "body", "form"}
)
#: What pages call the time of publication and their name, in ``<meta>``.
_PUBLISHED = frozenset({"article:published_time", "datepublished", "date", "dc.date", "pubdate"})
_TITLES = frozenset({"og:title", "twitter:title"})

_CHARSET = re.compile(rb"charset\s*=\s*[\"']?([A-Za-z0-9._:-]{2,30})", re.IGNORECASE)


@dataclass(frozen=True)
class HtmlPage:
    """What a page holds; empty where it does not say."""

    title: str
    text: str
    published: str
    url: str
    language: str


def read_page(raw: bytes) -> HtmlPage:
    """Return the page in ``raw``; :raises UnicodeDecodeError: it is in no encoding it names, nor in UTF-8."""
    named = _CHARSET.search(raw[:4096])
    try:
        markup = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        if named is None:
            raise
        try:
            markup = raw.decode(named[1].decode())
        except LookupError:
            markup = raw.decode("utf-8-sig")
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    title = reader.said.get("title") or reader.heading or reader.name
    paragraphs = [one for one in reader.paragraphs() if one != title]
    return HtmlPage(
        title=title,
        text="\n\n".join(paragraphs),
        published=reader.said.get("published", ""),
        url=reader.said.get("url", ""),
        language=reader.said.get("language", "")[:2].lower(),
    )


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: dict[str, str] = {}
        self.heading = ""
        self.name = ""
        self._parts: list[str] = []
        self._unread: list[str] = []  # open elements that are not read, outermost first
        self._inside = ""  # title or h1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "html":
            self._say("language", values.get("lang", ""))
        elif tag == "meta":
            self._read_meta(values)
        elif tag == "link" and values.get("rel", "").lower() == "canonical":
            self._say("url", values.get("href", ""))
        if tag in _BLOCKS or tag == "br":
            self._parts.append("\n" if tag == "br" else "\n\n")
        if tag in _NOT_READ:
            self._unread.append(tag)
        elif tag in {"title", "h1"}:
            self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        if tag in self._unread:
            del self._unread[self._unread.index(tag) :]
        if tag in _BLOCKS:
            self._parts.append("\n\n")
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "title":
            self.name = _line(self.name + data)
        elif not self._unread:
            self._parts.append(data)
            if self._inside == "h1":
                self.heading = _line(f"{self.heading} {data}")

    def paragraphs(self) -> list[str]:
        """Return the paragraphs read, each on one line."""
        return [line for part in re.split(r"\n\s*\n", "".join(self._parts)) if (line := _line(part))]

    def _read_meta(self, values: dict[str, str]) -> None:
        name = (values.get("property") or values.get("name") or values.get("itemprop") or "").lower()
        if name in _PUBLISHED:
            self._say("published", values.get("content", ""))
        elif name in _TITLES:
            self._say("title", _line(values.get("content", "")))
        elif name == "og:url":
            self._say("url", values.get("content", ""))

    def _say(self, what: str, value: str) -> None:
        if value.strip():
            self.said.setdefault(what, value.strip())


def _line(text: str) -> str:
    return " ".join(plain_text(text).split())
