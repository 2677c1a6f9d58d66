"""Sentences of US news and Russian posts drawn at random and labelled by hand: by place in their file, without their text.

Annotations: ``line`` of the file, ``start`` and ``end`` in its text, ``check`` (SHA-256, 8 digits): no other text is scored.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import lzma
import sys
import tarfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel

from benchmarks.scores import Score, print_score
from pipelines.extraction.extractor import Extractor, extractor_for
from schemas.article import Article, Source
from schemas.ids import article_id, content_hash, milliseconds
from schemas.reasons import EventTimeReason

_ANNOTATIONS = Path(__file__).parent / "annotations"
_ITEMS_FILE = Path("data") / "headliner_2019_2021.jsonl.xz"
_POSTS_FILE = Path("data") / "telegram_ru_news_2024.tar.xz"
_POSTS = "telegram_ru_news_2024/messages.jsonl.gz"

#: A text as (its words, when it was published, its language).
Text = tuple[str, datetime, str]


class Judged(BaseModel):
    """One text with its labels; pairs as "AZE-RUS", None where pairs were not judged."""

    line: int
    start: int
    end: int
    check: str
    actors: list[str]
    optional_actors: list[str] = []
    pairs: list[str] | None = None
    optional_pairs: list[str] = []


def read_judged(path: Path) -> list[Judged]:
    """Return the annotations in ``path``."""
    return [Judged.model_validate_json(line) for line in path.read_text(encoding="utf-8").splitlines()]


def score(judged: Sequence[Judged], text_of: Callable[[int], Text], extractor: Extractor) -> tuple[Score, Score]:
    """Return the scores of actors and of pairs.

    :raises ValueError: a text is not the one that was labelled.
    """
    actors, pairs = Score(), Score()
    for one in judged:
        whole, at, language = text_of(one.line)
        text = whole[one.start : one.end]
        if hashlib.sha256(text.encode()).hexdigest()[:8] != one.check:
            raise ValueError(f"line {one.line} is another text than the one that was labelled")
        seen = extractor.explain(_article(one.line, text, at, language))
        actors.add(one.line, one.actors, one.optional_actors, (actor for s in seen for actor in s["actors"]))
        if one.pairs is not None:
            found = {"-".join(sorted((p["source"], p["target"]))) for s in seen for p in s["pairs"]}
            pairs.add(one.line, one.pairs, one.optional_pairs, found)
    return actors, pairs


def main(data: Path) -> int:
    """Print the scores; return 2 without the texts. Nothing must be reached: these tell how good it is on any text."""
    if not (data / _ITEMS_FILE).is_file() or not (data / _POSTS_FILE).is_file():
        print(f"NOT RUN: judged texts — needs {_ITEMS_FILE} and {_POSTS_FILE}", file=sys.stderr)
        return 2
    actors, pairs = score(read_judged(_ANNOTATIONS / "headlines.jsonl"), _items(data), extractor_for())
    print_score("US news actors", actors)
    print_score("US news pairs", pairs)
    actors, _ = score(read_judged(_ANNOTATIONS / "russian_posts.jsonl"), _posts(data), extractor_for())
    print_score("Russian posts actors", actors)
    return 0


def _items(data: Path) -> Callable[[int], Text]:
    with lzma.open(data / _ITEMS_FILE, "rt", encoding="utf-8") as lines:
        rows = lines.readlines()

    def text_of(line: int) -> Text:
        row = json.loads(rows[line])
        return f"{row['title'] or ''}\n\n{row['desc'] or ''}".strip(), datetime.fromisoformat(row["t"]), "en"

    return text_of


def _posts(data: Path) -> Callable[[int], Text]:
    with tarfile.open(data / _POSTS_FILE) as archive:
        member = archive.extractfile(_POSTS)
        if member is None:
            raise FileNotFoundError(f"{data / _POSTS_FILE} holds no {_POSTS}")
        rows = gzip.decompress(member.read()).decode("utf-8").splitlines()

    def text_of(line: int) -> Text:
        row = json.loads(rows[line])
        return row["text"], datetime.fromisoformat(row["date"]), "ru"

    return text_of


def _article(line: int, text: str, at: datetime, language: str) -> Article:
    return article_of(str(line), text, at, language)


def article_of(place: str, text: str, at: datetime, language: str) -> Article:
    """Return an article that is ``text`` and nothing else; ``place`` tells it from others."""
    at = at.astimezone(UTC)
    return Article(
        article_id=article_id("judged", place),
        revision=milliseconds(at),
        revised_at=at,
        source=Source(id="judged"),
        feed_id="judged",
        text=text,
        language=language,
        observed_at=at,
        event_time=at,
        event_time_reason=EventTimeReason.ARCHIVE,
        content_hash=content_hash("", "", text),
    )
