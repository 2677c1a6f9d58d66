"""The mixed feed of the benchmarks: 900 short items and 100 pages as articles, the same ones at every run.

Real ones where the evaluation data are there; else invented ones of the same lengths, so that the benchmark runs anywhere.
"""

from __future__ import annotations

import json
import lzma
import random
import tarfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from schemas.article import Article, Source
from schemas.ids import article_id, content_hash, milliseconds
from schemas.reasons import EventTimeReason

ITEMS = 900
PAGES = 100

#: Mean words of a real item and of a real page; the invented ones have as many.
ITEM_WORDS = 37
PAGE_WORDS = 771

_ITEMS_FILE = Path("data") / "headliner_2019_2021.jsonl.xz"
_PAGES_FILE = Path("data") / "article_extraction_benchmark.tar.xz"
_TRUTH = "article_extraction_benchmark/ground-truth.json"
_SEED = 1
_DAY = datetime(2021, 6, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class MixedFeed:
    """``articles`` in the order of the feed, items and pages mixed; ``origin`` says what they are."""

    origin: str
    articles: tuple[Article, ...]


def mixed_feed(data: Path | None) -> MixedFeed:
    """Return the feed of the evaluation data in ``data``, or an invented one where they are not there."""
    choose = random.Random(_SEED)
    if data is not None and (data / _ITEMS_FILE).is_file() and (data / _PAGES_FILE).is_file():
        origin = f"{ITEMS} headliner items and {PAGES} bodies of the article benchmark, seed {_SEED}"
        items, pages = _real_items(data, choose), _real_pages(data, choose)
    else:
        origin = f"{ITEMS} invented items and {PAGES} invented pages of the same lengths, seed {_SEED}"
        items = [(_invented(choose, 10), _invented(choose, ITEM_WORDS - 10)) for _ in range(ITEMS)]
        pages = [_invented(choose, PAGE_WORDS) for _ in range(PAGES)]
    short = [_article("items", f"item-{i}", title, "", summary) for i, (title, summary) in enumerate(items)]
    long = [_article("pages", f"page-{i}", "", text, "") for i, text in enumerate(pages)]
    mixed = [*short, *long]
    choose.shuffle(mixed)
    return MixedFeed(origin, tuple(mixed))


def _real_items(data: Path, choose: random.Random) -> list[tuple[str, str]]:
    with lzma.open(data / _ITEMS_FILE, "rt", encoding="utf-8") as lines:
        chosen = choose.sample(lines.readlines(), ITEMS)
    rows = [json.loads(line) for line in chosen]
    return [(row["title"] or "", row["desc"] or "") for row in rows]


def _real_pages(data: Path, choose: random.Random) -> list[str]:
    with tarfile.open(data / _PAGES_FILE) as archive:
        member = archive.extractfile(_TRUTH)
        if member is None:
            raise FileNotFoundError(f"{data / _PAGES_FILE} holds no {_TRUTH}")
        truth = json.load(member)
    return choose.sample([truth[key]["articleBody"] for key in sorted(truth)], PAGES)


def _article(feed: str, guid: str, title: str, text: str, summary: str) -> Article:
    return Article(
        article_id=article_id(feed, guid),
        revision=milliseconds(_DAY),
        revised_at=_DAY,
        source=Source(id="mixed.example", country="USA"),
        feed_id=feed,
        guid=guid,
        title=title,
        text=text,
        summary=summary,
        language="en",
        observed_at=_DAY,
        event_time=_DAY,
        event_time_reason=EventTimeReason.ARCHIVE,
        content_hash=content_hash(title, summary, text),
    )


_WHO = (
    "The council", "A spokesman for the ministry", "France", "The Turkish foreign minister", "A farmer", "The coach", "NATO",
    "The company", "Police in the town", "The singer", "Kenya", "A court", "Residents", "The mayor of the port",
    "Poland's government", "The union", "A study", "The bank", "Ambassador Anna Novak", "Japan", "The airline", "Brazil",
)  # fmt: skip
_DID = (
    "said on Tuesday that it would meet", "welcomed a plan of", "has not yet answered", "criticised", "signed a deal with",
    "opened a new road for", "warned of floods after talks with", "won the match against", "published figures about",
    "sold tickets to", "is waiting for", "thanked", "remembered the summer with", "built a school beside", "lost a case to",
)  # fmt: skip
_WHOM = (
    "the neighbours", "India and its partners", "two thousand visitors", "the regional parliament", "Germany", "the orchestra",
    "a group of teachers", "the harbour", "its customers", "the old factory", "Argentina", "the champions", "small shops",
)  # fmt: skip
_HOW = (
    "in spite of the rain", "for the third year in a row", "before the end of the month", "as prices went up again",
    "while the market was closed", "with a budget of four million", "after a long night", "", "without giving a reason",
)  # fmt: skip


def _invented(choose: random.Random, words: int) -> str:
    """Return sentences with about as many actors as news has, ``words`` words long."""
    text: list[str] = []
    while len(text) < words:
        parts = [choose.choice(group) for group in (_WHO, _DID, _WHOM, _HOW)]
        text += (" ".join(part for part in parts if part) + ".").split()
    return " ".join(text[:words])
