"""OPML, the list of feeds that readers exchange: text in, feeds out, and back. Folders are labels. Pure.

Lists come from strangers: document types are refused, depth and size are bounded, an outline that is no feed is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent, tostring

from pydantic import ValidationError

from connectors.feeds.safe_xml import UnsafeXmlError, read_xml
from connectors.feeds.settings import FeedSettings, shown_url
from schemas.errors import UsageError
from schemas.plain_text import plain_line
from schemas.reasons import SourceKind

#: The label that holds the folders of a feed, parted by slashes as OPML parts them.
FOLDER_LABEL = "folder"

#: What stands before the kind of a publisher in the category of an outline.
KIND_CATEGORY = "/kind/"
#: The category of a feed whose full text is read.
FULL_TEXT_CATEGORY = "/full-text"
MAX_BYTES = 15_000_000


@dataclass(frozen=True)
class Outline:
    """A feed of a list."""

    url: str
    title: str = ""
    folder: str = ""
    kind: str = ""
    full_text: bool = False


@dataclass(frozen=True)
class FeedList:
    """The feeds of a list, each address once, and what the outlines are called that name an address that cannot be read."""

    feeds: tuple[Outline, ...]
    refused: tuple[str, ...] = ()


def read_opml(body: bytes, name: str) -> FeedList:
    """Return the feeds in ``body``; ``name`` is what errors call it. :raises UsageError: it is no list of feeds."""
    try:
        if len(body) > MAX_BYTES:
            raise UnsafeXmlError(f"it has more than {MAX_BYTES:,} bytes")
        root = read_xml(body)
    except UnsafeXmlError as error:
        raise UsageError(f"{name}: {error}", remedy="export the list from your reader anew, as OPML") from error
    found: dict[str, Outline] = {}
    refused: list[str] = []
    if root.tag != "opml" or (top := root.find("body")) is None:
        raise UsageError(f"{name} is no OPML", remedy="export the list from your reader, as OPML")
    for outline, folders in _outlines(top, ()):
        url = (outline.get("xmlUrl") or outline.get("xmlurl") or "").strip()
        if not url:
            continue
        title = plain_line(outline.get("title") or outline.get("text") or "", 200)
        try:
            FeedSettings(id="feed", url=url)
        except ValidationError:
            refused.append(title or plain_line(shown_url(url), 200))
            continue
        categories = [category.strip() for category in (outline.get("category") or "").split(",")]
        full_text = FULL_TEXT_CATEGORY in categories
        found.setdefault(url, Outline(url, title, "/".join(folders), _kind_in(categories), full_text))
    return FeedList(tuple(found.values()), tuple(refused))


def _kind_in(categories: Sequence[str]) -> str:
    """Return the kind of publisher among the categories of an outline (OPML 2.0: parted by commas); empty for none."""
    kinds = (SourceKind.named(one.removeprefix(KIND_CATEGORY)) for one in categories if one.startswith(KIND_CATEGORY))
    return next((kind.value for kind in kinds if kind is not None), "")


def _outlines(parent: Element, folders: tuple[str, ...]) -> Iterator[tuple[Element, tuple[str, ...]]]:
    for outline in parent:
        if outline.tag != "outline":
            continue
        yield outline, folders
        named = plain_line(outline.get("text") or outline.get("title") or "", 100)
        yield from _outlines(outline, (*folders, named) if named else folders)


def write_opml(feeds: Sequence[FeedSettings]) -> str:
    """Return ``feeds`` as OPML 2.0, in the folders of their labels; addresses are as the settings have them."""
    root = Element("opml", version="2.0")
    SubElement(SubElement(root, "head"), "title").text = "Feeds of Tocsin"
    folders: dict[tuple[str, ...], Element] = {(): SubElement(root, "body")}
    for feed in feeds:
        path = tuple(filter(None, feed.labels.get(FOLDER_LABEL, "").split("/")))
        for depth in range(1, len(path) + 1):
            if path[:depth] not in folders:
                title = path[depth - 1]
                folders[path[:depth]] = SubElement(folders[path[: depth - 1]], "outline", text=title, title=title)
        name = feed.name or feed.id
        outline = SubElement(folders[path], "outline", type="rss", text=name, title=name, xmlUrl=feed.url)
        categories = [] if feed.kind is None else [KIND_CATEGORY + feed.kind.value]
        if categories := [*categories, *([FULL_TEXT_CATEGORY] if feed.full_text else [])]:
            outline.set("category", ",".join(categories))
    indent(ElementTree(root))
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"
