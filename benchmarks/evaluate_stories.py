"""Copies that find their story, and unrelated articles that are taken for one: by the rule the engine decides by.

`./run evaluate stories`; copies are generated from real pages and real feed items, the same ones at every run.
"""

from __future__ import annotations

import json
import lzma
import random
import sys
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from alerts.stories.likeness import Signature, alike, signature_of
from benchmarks.story_copies import COPIES
from pipelines.extraction.fingerprint import fingerprint_of

#: Of each kind of copy that much is found; a cut and reworded one is reported only.
FOUND_AT_LEAST = 0.95
REPORTED_ONLY = frozenset({"cut_and_reworded"})

_PAGES_FILE = Path("data") / "article_extraction_benchmark.tar.xz"
_TRUTH = "article_extraction_benchmark/ground-truth.json"
_ITEMS_FILE = Path("data") / "headliner_2019_2021.jsonl.xz"

#: Copies of each page and kind; items that are copied; items and titles that are compared each with each.
ROUNDS = 3
COPIED_ITEMS = 500
COMPARED = 10_000
_SEED = 1

#: Items as far apart as this in time are no two reports of one event.
_UNRELATED = timedelta(days=30)
_SHOWN = 12


@dataclass(frozen=True)
class Item:
    """An item of a feed."""

    at: datetime
    title: str
    text: str


def signature(text: str) -> Signature:
    """Return the signature of a text with a word."""
    made = signature_of(fingerprint_of(text))
    if made is None:
        raise ValueError("a text without a word has no signature")
    return made


def found_shares(texts: Sequence[str], others: Sequence[str], rounds: int) -> dict[str, float]:
    """Return by kind the share of copies of ``texts`` that are like their original; publishers' words are from ``others``."""
    choose = random.Random(_SEED)
    found = dict.fromkeys(COPIES, 0)
    for text in texts:
        words = text.split()
        original = signature(text)[None, :]
        for _ in range(rounds):
            own = choose.choice(others).split()
            for kind, copying in COPIES.items():
                found[kind] += bool(alike(original, signature(" ".join(copying(words, own, choose))))[0])
    return {kind: count / (rounds * len(texts)) for kind, count in found.items()}


def joined(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield each two of ``texts`` that are like each other, as (earlier, later) places."""
    signatures = np.stack([signature(text) for text in texts])
    for place in range(1, len(signatures)):
        for before in np.flatnonzero(alike(signatures[:place], signatures[place])):
            yield int(before), place


def _pages(data: Path) -> list[str]:
    with tarfile.open(data / _PAGES_FILE) as archive:
        member = archive.extractfile(_TRUTH)
        if member is None:
            raise FileNotFoundError(f"{data / _PAGES_FILE} holds no {_TRUTH}")
        truth = json.load(member)
    bodies = [truth[key]["articleBody"] for key in sorted(truth)]
    return [body for body in bodies if len(body.split()) >= 100]


def _items(data: Path) -> list[Item]:
    with lzma.open(data / _ITEMS_FILE, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in random.Random(_SEED).sample(lines.readlines(), COMPARED)]
    made = [
        Item(datetime.fromisoformat(row["t"]), row["title"] or "", f"{row['title']}\n\n{row['desc'] or ''}")
        for row in rows
    ]
    return [item for item in made if len(item.title.split()) >= 3]


def main(data: Path | None) -> int:
    """Print the shares found and what was joined wrongly; return 1 where a share falls short, 2 without data."""
    if data is None or not all((data / file).is_file() for file in (_PAGES_FILE, _ITEMS_FILE)):
        print(f"NOT RUN: evaluate stories — needs {_PAGES_FILE} and {_ITEMS_FILE}", file=sys.stderr)
        return 2
    pages, items = _pages(data), _items(data)
    short = [item.text for item in items[:COPIED_ITEMS]]
    reached = True
    for name, texts, rounds in (("pages", pages, ROUNDS), ("items", short, 1)):
        for kind, share in found_shares(texts, pages, rounds).items():
            print(f"{name:8} {kind:22} found {share:.3f} of {rounds * len(texts):,}")
            reached &= name != "pages" or kind in REPORTED_ONLY or share >= FOUND_AT_LEAST
    wrong = [f"{pages[one][:60]!r} and {pages[other][:60]!r}" for one, other in joined(pages)]
    print(f"{'pages':8} {'joined with another':22} {len(wrong)} of {len(pages) * (len(pages) - 1) // 2:,} twos {wrong}")
    for name, told in (("items", [item.text for item in items]), ("titles", [item.title for item in items])):
        far = [
            (one, other)
            for one, other in joined(told)
            if abs(items[one].at - items[other].at) >= _UNRELATED
        ]  # fmt: skip
        print(f"{name:8} {'joined 30 days apart':22} {len(far)} of {len(items) * (len(items) - 1) // 2:,} twos")
        for one, other in far[:_SHOWN]:
            print(f"{'':8}   {told[one][:70]!r} and {told[other][:70]!r}")
    return 0 if reached and not wrong else 1
