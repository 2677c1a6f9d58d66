"""A hash of every signal of many real texts: what a change that should only be faster is compared by, before and after.

`python -m benchmarks.signal_digests > FILE` with the evaluation data; two files without a difference are the same findings.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import lzma
import os
import random
import sys
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from benchmarks.__main__ import data_folder
from pipelines.extraction.extractor import extractor_for
from pipelines.extraction.slices import SLICE_RECORDS
from schemas.article import Article, Source
from schemas.ids import article_id, content_hash, milliseconds
from schemas.reasons import EventTimeReason

#: Texts of each kind; drawn by a seed, so the same ones each time.
ITEMS, RSS_ITEMS, POSTS = 8_000, 4_000, 3_000
_SEED = 5

_NAMES = "Russia Россия Azerbaijan’s U.S. US Kyiv President Macron Ильхам Алиев attacked signed deal did not www.nato.int/news"

_DAY = datetime(2024, 6, 1, 12, tzinfo=UTC)


def main(data: Path | None) -> int:
    """Print kind, number and hash of each signal, without the extractor's version; return 2 without the texts."""
    if data is None:
        return 2
    extractor = extractor_for()
    articles = _articles(data)
    while chunk := list(islice(articles, SLICE_RECORDS)):
        for article, signal in zip(chunk, extractor.extract_many(chunk), strict=True):
            raw = signal.model_copy(update={"extractor_version": ""}).model_dump_json()
            print(article.feed_id, article.guid, hashlib.sha256(raw.encode()).hexdigest()[:24])
    print(f"names: {extractor.recognised_tokens} tokens", file=sys.stderr)
    return 0


def _articles(data: Path) -> Iterator[Article]:
    """Yield US items, items of the world, pages, Russian posts, analyses, and texts that nobody means well with."""
    choose = random.Random(_SEED)
    for row in _lines(data / "data" / "headliner_2019_2021.jsonl.xz", choose, ITEMS):
        yield _article("items", row["title"], row["desc"], "", "en", row["t"], "USA")
    for row in _lines(data / "data" / "global_rss_2026_02_05.jsonl.xz", choose, RSS_ITEMS):
        yield _article("rss", row["title"], row["summary"], "", row["lang"], row["published_utc"] or row["first_seen"])
    with tarfile.open(data / "data" / "article_extraction_benchmark.tar.xz") as archive:
        truth = json.loads(_member(archive, "article_extraction_benchmark/ground-truth.json"))
    for key in sorted(truth):
        yield _article("pages", "", "", truth[key]["articleBody"], "en", None, "USA")
        yield _article("pages", "", "", truth[key]["articleBody"], None, None)
    with tarfile.open(data / "data" / "telegram_ru_news_2024.tar.xz") as archive:
        rows = gzip.decompress(_member(archive, "telegram_ru_news_2024/messages.jsonl.gz")).decode().splitlines()
    for number, line in enumerate(choose.sample(rows, POSTS)):
        row = json.loads(line)
        yield _article("posts", "", "", row["text"], "ru" if number % 2 else None, row["date"], "RUS")
    for path in sorted((data / "samples").glob("*.txt")):
        yield _article("samples", "", "", path.read_text(encoding="utf-8"), None, "2025-02-01T00:00:00+00:00", "AZE")
    for text in _hostile(choose):
        yield _article("hostile", text[:300], "", text, None, None)


def _hostile(choose: random.Random) -> Iterator[str]:
    letters = (
        "aB .,\n\t\r\x00\x1f\x85\u2028\ud800\u0301\u202e\ufeffİßЁёґҐ’“”—-–·'\"()[]{}<>&;:/@_#%€£$9²٣ＡΣςÅáœ中、。あשال"
    )
    names = [*_NAMES.split(), "KYIV, Ukraine (AP) —"]
    for _ in range(400):
        yield "".join(choose.choice(letters) for _ in range(choose.randrange(400)))
        words = (
            choose.choice(names) + choose.choice([" ", choose.choice(letters)]) for _ in range(choose.randrange(60))
        )
        yield "".join(words)


def _lines(path: Path, choose: random.Random, count: int) -> Iterator[dict[str, str | None]]:
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, choose.sample(lines.readlines(), count))


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    if member is None:
        raise FileNotFoundError(f"the archive holds no {name}")
    return member.read()


_numbers: dict[str, int] = {}


def _article(
    kind: str,
    title: str | None,
    summary: str | None,
    text: str,
    language: str | None,
    at: str | None,
    country: str | None = None,
) -> Article:
    number = _numbers[kind] = _numbers.get(kind, 0) + 1
    day = datetime.fromisoformat(at).astimezone(UTC) if at else _DAY
    title, summary = title or "", summary or ""
    return Article(
        article_id=article_id(kind, str(number)),
        revision=milliseconds(day),
        revised_at=day,
        source=Source(id=kind, country=country),
        feed_id=kind,
        guid=str(number),
        title=title,
        summary=summary,
        text=text,
        language=language,
        observed_at=day,
        event_time=day,
        event_time_reason=EventTimeReason.ARCHIVE,
        content_hash=content_hash("", "", str(number)),
    )


if __name__ == "__main__":
    sys.exit(main(data_folder(os.environ)))
