"""What feedparser's own 2,091 stated expectations say of fields that we map, beside what our reader makes of the files.

An expectation is compared as text a reader sees, because that is what we map: markup and its sanitising are left out.
"""

from __future__ import annotations

import ast
import re
import sys
import tarfile
import time
from calendar import timegm
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from connectors.feeds.document import read_document
from connectors.feeds.plain_html import text_of_html, tidy
from connectors.feeds.wire import WireDocument, WireEntry
from connectors.feeds.wire_fields import language_code, one_line, web_address

FILE = Path("data") / "feedparser_tests.tar.xz"
AT_LEAST = 0.97
_EXPECT = re.compile(r"Expect:[ \t]*(.+)")
_HEADER = re.compile(r"Header:[ \t]*([\w-]+):[ \t]*(.+)")
_SHOWN = 40

#: Where feedparser keeps a field, and under what name we do.
_ENTRY_FIELDS = {
    ("title",): "title",
    ("title_detail", "value"): "title",
    ("summary",): "words",
    ("description",): "words",
    ("summary_detail", "value"): "words",
    ("content", "value"): "words",
    ("id",): "guid",
    ("guid",): "guid",
    ("link",): "link",
    ("published_parsed",): "published",
    ("issued_parsed",): "published",
    ("created_parsed",): "published",
    ("updated_parsed",): "updated",
    ("modified_parsed",): "updated",
    ("author",): "authors",
    ("author_detail", "name"): "authors",
    ("authors", "name"): "authors",
    ("tags", "term"): "categories",
    ("category",): "categories",
}
_FEED_FIELDS = {("title",): "feed title", ("title_detail", "value"): "feed title", ("language",): "feed language"}


@dataclass(frozen=True)
class Claim:
    """One comparison of an expectation: an entry's (or, without a number, the feed's) field is ``wanted``."""

    name: str
    entry: int | None
    wanted: object


@dataclass
class Agreement:
    """How many claims hold, by field, and the files in which one does not."""

    held: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    files: int = 0
    agreeing: int = 0
    others: list[str] = field(default_factory=list)


def main(data: Path | None) -> int:
    """Print the shares; return 1 where fewer files agree than :data:`AT_LEAST`, 2 without the files."""
    if data is None or not (data / FILE).is_file():
        print(f"NOT RUN: evaluate feeds — needs {FILE}", file=sys.stderr)
        return 2
    agreement = Agreement()
    seen = stating = 0
    for name, body in _files(data / FILE):
        seen += 1
        text = body.decode("utf-8", "replace")
        found = _EXPECT.search(text)
        stating += found is not None
        claims = list(claims_of(found[1])) if found else []
        if claims:
            _judge(name, body, text, claims, agreement)
    for key, asked in sorted(agreement.asked.items(), key=lambda item: -item[1]):
        print(f"{key:14} {agreement.held[key]:5} of {asked:5} agree  {agreement.held[key] / asked:.3f}")
    share = agreement.agreeing / max(1, agreement.files)
    print(f"{'files':14} {agreement.agreeing:5} of {agreement.files:5} agree  {share:.3f}")
    print(f"{seen:,} files, {stating:,} with an expectation, {agreement.files:,} of them of what we map")
    for line in agreement.others[:_SHOWN]:
        print(f"  {line}")
    return 0 if share >= AT_LEAST else 1


def _files(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as opened:
        for member in opened:
            stream = opened.extractfile(member) if member.isfile() else None
            if stream is not None:
                yield member.name.removeprefix("feedparser_tests/"), stream.read()


def claims_of(expectation: str) -> Iterator[Claim]:
    """Yield what ``expectation`` (Python, never run) states of the fields we map, as far as all its parts must hold."""
    try:
        tree = ast.parse(expectation.strip().removesuffix('-->",').removesuffix("-->").strip(), mode="eval").body
    except SyntaxError:
        return
    parts = tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]
    for part in parts:
        if not (isinstance(part, ast.Compare) and len(part.ops) == 1 and isinstance(part.ops[0], ast.Eq)):
            continue
        place = _place(part.left)
        try:
            wanted: object = ast.literal_eval(part.comparators[0])
        except ValueError:
            continue
        claim = _claim(place, wanted)
        if claim is not None:
            yield claim


def _place(node: ast.expr) -> tuple[str | int, ...]:
    """Return the names and numbers that lead to a value; empty where it is no plain path."""
    steps: list[str | int] = []
    while True:
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            step = node.slice.value
            steps.append(step if isinstance(step, str | int) else str(step))
            node = node.value
        elif isinstance(node, ast.Attribute):
            steps.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Call) and len(node.args) == 1:
            argument = node.args[0]
            if isinstance(node.func, ast.Name) and node.func.id == "len":
                return (*_place(argument), "len")
            if isinstance(node.func, ast.Attribute) and node.func.attr == "get" and isinstance(argument, ast.Constant):
                steps.append(str(argument.value))
                node = node.func.value
            else:
                return ()
        elif isinstance(node, ast.Name):
            return (node.id, *reversed(steps))
        else:
            return ()


def _claim(place: tuple[str | int, ...], wanted: object) -> Claim | None:
    if place == ("entries", "len"):
        return Claim("entries", None, wanted)
    if place == ("version",):
        return Claim("form", None, wanted)
    names = tuple(step for step in place[1:] if isinstance(step, str))
    if place[:1] == ("feed",) and names in _FEED_FIELDS:
        return Claim(_FEED_FIELDS[names], None, wanted)
    if place[:1] == ("entries",) and len(place) > 2 and isinstance(place[1], int) and names in _ENTRY_FIELDS:
        return Claim(_ENTRY_FIELDS[names], place[1], wanted)
    return None


def _judge(name: str, body: bytes, text: str, claims: list[Claim], agreement: Agreement) -> None:
    headers = {key.lower(): value.strip() for key, value in _HEADER.findall(text)}
    url = headers.get("content-location", f"http://127.0.0.1:8097/{name}")
    answer = read_document(body, url=url, content_type=headers.get("content-type"))
    agreement.files += 1
    agrees = True
    for claim in claims:
        holds = answer.document is not None and _holds(claim, answer.document)
        agreement.asked[claim.name] += 1
        agreement.held[claim.name] += holds
        agrees = agrees and holds
        if not holds:
            agreement.others.append(f"{name}: {claim.name} {claim.wanted!r:.80} {answer.error}")
    agreement.agreeing += agrees


def _holds(claim: Claim, document: WireDocument) -> bool:
    wanted = claim.wanted
    if claim.name == "entries":
        return len(document.entries) == wanted
    if claim.name == "form":
        return document.form == (wanted or "unknown")
    if claim.name == "feed title":
        return document.title in _shown(wanted, 500)
    if claim.name == "feed language":
        return document.language == language_code(str(wanted))
    if claim.entry is None or not -len(document.entries) <= claim.entry < len(document.entries):
        return False
    return _entry_holds(claim, document.entries[claim.entry])


def _entry_holds(claim: Claim, entry: WireEntry) -> bool:
    wanted = claim.wanted
    if claim.name in ("published", "updated"):
        moment: datetime | None = getattr(entry, claim.name)
        # What is not dated otherwise, feedparser answers with the one of the two that there is.
        return wanted is None if moment is None else moment == _moment(wanted)
    if claim.name == "title":
        return entry.title in _shown(wanted, 2000)
    if claim.name == "words":
        return bool({entry.summary, entry.content} & _texts(wanted))
    if claim.name == "guid":
        return (entry.guid or "") == str(wanted or "")
    if claim.name == "link":
        return entry.link == web_address(str(wanted or ""))
    names: tuple[str, ...] = getattr(entry, claim.name)
    # feedparser writes an author as "Name (address)"; we keep whom it names.
    return any(shown in names for shown in _shown(wanted, 200)) or any(name and name in str(wanted) for name in names)


def _shown(wanted: object, limit: int) -> set[str]:
    return {one_line(text, limit) for text in _texts(wanted)}


def _texts(wanted: object) -> set[str]:
    """Return what a reader sees of an expected value, which may be markup or plain."""
    text = wanted if isinstance(wanted, str) else ""
    return {text_of_html(text), tidy(text)}


def _moment(wanted: object) -> datetime | None:
    if not isinstance(wanted, tuple) or len(wanted) != 9 or not all(isinstance(part, int) for part in wanted):
        return None
    return datetime.fromtimestamp(timegm(time.struct_time(wanted)), UTC)
