"""Files that people have (JSON Lines, .txt, .html) to articles: what a line leaves out is filled in. Nothing is printed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from connectors.archive.field_map import FieldMap
from connectors.archive.import_rows import Row, read_rows
from connectors.archive.imported_items import article_of, item_of
from pipelines.extraction.furniture import without_furniture
from schemas.article import Article
from schemas.errors import UnprocessableError, UsageError
from schemas.ids import article_id
from schemas.wire import decode_articles
from tocsin.html_page import read_page

#: The source of what names none.
NO_SOURCE = "unknown"

#: A first paragraph up to this length, on one line with more below it, is the title of a text.
_TITLE_CHARACTERS = 300
_ID_CHARACTERS = 200

Told = Callable[[int, int | None], None]


@dataclass(frozen=True)
class FoundArticle:
    """An article and its place (file, or file:line), or the mistake for which there is none."""

    place: str
    article: Article | None
    mistake: str = ""


def articles_in(path: Path, now: datetime, told: Told = lambda done, total: None) -> Iterator[FoundArticle]:
    """Yield the articles of ``path``, dated ``now`` where they bear no date; ``told`` hears bytes read and in all.

    :raises UsageError: the file cannot be read.
    """
    kind = path.suffix.lower()
    if kind in (".txt", ".html", ".htm"):
        raw = _read(path)
        yield _of_document(str(path), raw, now, html=kind != ".txt")
        told(len(raw), len(raw))
    else:
        for row in read_rows(path, told):
            yield _of_row(row, now)


def articles_on(stream: BinaryIO, now: datetime) -> Iterator[FoundArticle]:
    """Yield the articles of standard input: JSON Lines where the first line begins with a brace, else one text."""
    first = b""
    while not first.strip():
        first = stream.readline()
        if not first:
            return
    if not first.lstrip(b"\xef\xbb\xbf \t").startswith(b"{"):
        yield _of_document("-", first + stream.read(), now, html=first.lstrip()[:1] == b"<")
        return
    number = 0
    line = first
    while line:
        number += 1
        if line.strip():
            yield _of_row(_json_row(f"-:{number}", line), now)
        line = stream.readline()


def article_of_row(values: Mapping[str, object], now: datetime) -> Article:
    """Return the article in ``values``: an article of the log as it is, else what the usual names of fields tell.

    An ``article_id`` or ``id`` that is a text is kept, so that what is found can be joined to what was asked.

    :raises UnprocessableError: it has no words, or a date that cannot be read.
    """
    if values.get("kind") == "article" and "content_hash" in values:
        record = decode_articles(json.dumps(values).encode("utf-8", "replace"))
        assert isinstance(record, Article)
        return record
    paths = dict(FieldMap.guessed([values]).paths)
    row = dict(values)
    if "published" not in paths or row.get(paths["published"]) == "":
        paths["published"] = "published"
        row["published"] = now.isoformat()
    item = item_of(row, FieldMap(paths), UTC, NO_SOURCE)
    # The words as they came: extraction takes markup out itself, and it needs the blank lines between paragraphs.
    title, summary, text = (_carried(row[paths[key]]) if key in paths else "" for key in ("title", "summary", "text"))
    made = article_of(replace(item, title=title, summary=summary, text=text), None)
    name = next((one for key in ("article_id", "id") if isinstance(one := values.get(key), str) and one.strip()), None)
    if name is not None:
        name = _carried(name).strip()[:_ID_CHARACTERS]
    elif not (made.url or made.guid):
        name = article_id(made.source.id, made.content_hash)
    return made.changed(article_id=name) if name is not None else made


def _carried(value: object) -> str:
    """Return ``value`` as a text that a record can carry."""
    return str(value).encode("utf-8", "replace").decode().replace("\0", " ")


def _of_row(row: Row, now: datetime) -> FoundArticle:
    if row.values is None:
        return FoundArticle(row.place, None, row.mistake)
    try:
        return FoundArticle(row.place, article_of_row(row.values, now))
    except UnprocessableError as error:
        return FoundArticle(row.place, None, error.message)


def _json_row(place: str, line: bytes) -> Row:
    try:
        values = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        return Row(place, None, f"no JSON: {error}")
    return (
        Row(place, values)
        if isinstance(values, dict)
        else Row(place, None, f"not an object but {type(values).__name__}")
    )


def _of_document(place: str, raw: bytes, now: datetime, *, html: bool) -> FoundArticle:
    values: dict[str, object] = {"id": "" if place == "-" else Path(place).stem}
    try:
        if html:
            page = read_page(raw)
            values |= {"title": page.title, "text": page.text, "url": page.url, "language": page.language}
            values |= {"published": page.published} if page.published else {}
        else:
            values |= _title_and_text(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return FoundArticle(place, None, f"not UTF-8: {error.reason} at byte {error.start:,}")
    return _of_row(Row(place, values), now)


def _title_and_text(text: str) -> dict[str, object]:
    # Menus and tickers above an article are not its title.
    text = without_furniture(text)
    first, _, rest = text.strip().partition("\n")
    if rest.strip() and len(first) <= _TITLE_CHARACTERS:
        return {"title": first.strip(), "text": rest.strip()}
    return {"text": text.strip()}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
